"""The mail servers: how each stands, what is left of its day, what was learned. For administrators."""

from typing import Any

from flask import Blueprint, url_for
from flask.typing import ResponseReturnValue

from nurture.delivery import forecast, relays, route
from nurture.delivery.overview import View, views
from nurture.delivery.presets import PRESETS
from nurture.delivery.relays import Route
from nurture.delivery.state import COMPLAINTS, Ads
from nurture.kernel.errors import ForbiddenError, NotFoundError
from nurture.kernel.i18n import N_
from nurture.web import formats
from nurture.web.language import language, say
from nurture.web.page import context, go, now, read, real, render, toast, write, zone
from nurture.web.session import person

blueprint = Blueprint("relays", __name__)

_UNITS = ((N_("%(count)s a second"), 1), (N_("%(count)s a minute"), 60), (N_("%(count)s an hour"), 3600))


def _is_shown() -> bool:
    return person().may_administer


@blueprint.get("/settings/relays")
def index() -> ResponseReturnValue:
    """Every mail server."""
    _may_administer()
    with read() as conn:
        found = views(conn, context().settings, real())
        waiting, seen = forecast.of_waiting(conn, context().settings, now=now(), real=real())
    ahead = forecast.sentence(seen, language(), lambda at: formats.stamp(at, language(), zone())) if waiting else ""
    return render("relays/index.html", rows=[_row(one) for one in found], waiting=waiting, ahead=ahead,
                  several=len(found) > 1)  # fmt: skip


index.is_shown = _is_shown  # type: ignore[attr-defined]


def _row(one: View) -> dict[str, Any]:
    label, kind, icon = _state(one)
    preset = PRESETS[one.route.preset]
    return {
        "view": one, "key": one.route.key, "label": say(label), "kind": kind, "icon": icon,
        "why": route.sentence(one.reason, language()) if one.reason else "",
        "complaints": route.sentence(COMPLAINTS, language()) if one.ads is Ads.PAUSED else "",
        "rate": _rate(one.route.limits.rate), "share": formats.number(round(100 * one.share.rate, 2), language()),
        "watched": one.ads is Ads.WATCHED, "width": round(100 * one.filled, 1),
        "domains": [{"domain": d.domain, "rate": _rate(d.rate), "since": d.since, "said": d.said} for d in one.learned],
        "preset": preset.name, "note": say(preset.note) if preset.note else "",
        "goes_on": one.is_held or bool(one.reason) or one.ads is Ads.PAUSED,
    }  # fmt: skip


def _state(one: View) -> tuple[str, str, str]:
    """Label, look of its chip, icon."""
    if one.is_held:
        return N_("paused by a person"), "watch", "pause-circle"
    if one.reason:
        return N_("paused"), "bad", "exclamation-triangle"
    if one.ads is Ads.PAUSED:
        return N_("no advertising"), "bad", "exclamation-triangle"
    if one.day_limit is not None and one.next_at is not None:
        return N_("its day is used up"), "watch", "clock"
    return (N_("watched"), "watch", "exclamation-triangle") if one.ads is Ads.WATCHED else (
        N_("open"), "good", "check-circle")  # fmt: skip


def _rate(per_second: float | None) -> str:
    """In the smallest unit in which it is one or more."""
    if per_second is None:
        return say("no limit")
    text, seconds = next((one for one in _UNITS if per_second * one[1] >= 1), _UNITS[-1])
    count = per_second * seconds
    return say(text, count=formats.number(round(count) if count >= 10 else round(count, 1), language()))


@blueprint.post("/settings/relays/<key>/pause")
def pause(key: str) -> ResponseReturnValue:
    """Let nothing go by it."""
    one = _named(key)
    with write() as conn:
        route.pause(conn, one.key, person().name, real())
    toast(say("“%(name)s” is paused: nothing goes by it", name=key), undo=url_for("relays.resume", key=key))
    return go(url_for("relays.index"))


@blueprint.post("/settings/relays/<key>/resume")
def resume(key: str) -> ResponseReturnValue:
    """Let mail, and advertising, go by it again."""
    one = _named(key)
    with write() as conn:
        route.resume(conn, one.key, real())
    context().wake.messages.set()
    toast(say("“%(name)s” goes on", name=key))
    return go(url_for("relays.index"))


def _named(key: str) -> Route:
    _may_administer()
    for one in relays.of(context().settings):
        if one.key == key:
            return one
    raise NotFoundError


def _may_administer() -> None:
    if not person().may_administer:
        raise ForbiddenError(N_("Only administrators look after the mail servers"))
