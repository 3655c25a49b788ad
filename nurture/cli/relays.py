"""`nurture relays`: how each relay stands and what it may take; pause it, let it go on, try it out."""

from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import click

from nurture.cli.main import main
from nurture.cli.options import json_option
from nurture.cli.output import instant, report, table
from nurture.cli.state import State, pass_state
from nurture.cli.words import LANGUAGE, _
from nurture.delivery import forecast, relays, route
from nurture.delivery.conversation import Conversation, Timeouts
from nurture.delivery.overview import View, views
from nurture.delivery.presets import PRESETS
from nurture.delivery.relays import Route
from nurture.delivery.state import Ads
from nurture.delivery.wire import ConversationEnded
from nurture.kernel.errors import NotFoundError, OutsideError
from nurture.kernel.i18n import N_, translate
from nurture.kernel.settings import Settings

_QUICK = Timeouts(connect=15, greeting=15, command=15)


@main.group("relays", invoke_without_command=True)  # fmt: skip
@json_option
@pass_state
@click.pass_context
def relays_(ctx: click.Context, state: State, *, as_json: bool) -> None:
    """List, unless a command follows."""
    if ctx.invoked_subcommand is not None:
        return
    with state.context() as context, context.database.snapshot() as conn:
        now, real = context.clock.engine(), context.clock.real()
        found = views(conn, context.settings, real)
        waiting, seen = forecast.of_waiting(conn, context.settings, now=now, real=real)
        zone = context.settings.local_zone
    header = (_("relay"), _("state"), _("of its day"), _("rate"), _("complaints"), _("next"))
    lines = table(header, [_line(one, zone) for one in found])
    lines += [line for one in found for line in _more(one, zone)]
    if waiting:
        lines += ["", _("%(count)s mails wait", count=waiting)]
        lines.append(forecast.sentence(seen, LANGUAGE, lambda at: instant(at, zone)))
    data = {
        "relays": [_data(one) for one in found], "waiting": waiting,
        "through": seen.end.isoformat() if seen.end is not None and waiting else None,
    }  # fmt: skip
    report(data, lines, as_json=as_json)


def _line(one: View, zone: ZoneInfo) -> tuple[str, ...]:
    used = f"{one.day_used} / {one.day_limit}" if one.day_limit is not None else _("no limit")
    share = f"{100 * one.share.rate:.2f} %" if one.share.complaints else "0"
    next_at = one.next_at or (one.retry_at if not one.is_open else None)
    return (
        one.route.key, translate(LANGUAGE, state_of(one)), used, rate(one.route.limits.rate), share,
        instant(next_at, zone) if next_at is not None else "",
    )  # fmt: skip


def state_of(one: View) -> str:
    """How a relay stands, as a message id."""
    if one.is_held:
        return N_("paused by a person")
    if one.reason:
        return N_("paused")
    if one.ads is Ads.PAUSED:
        return N_("no advertising")
    return N_("watched") if one.ads is Ads.WATCHED else N_("open")


def rate(per_second: float | None) -> str:
    """`14/second`, `20/minute`, `50/hour`: the largest unit in which it is a small number."""
    if per_second is None:
        return _("no limit")
    for unit, seconds in ((_("second"), 1), (_("minute"), 60), (_("hour"), 3600)):
        if per_second * seconds >= 1 or seconds == 3600:
            return f"{per_second * seconds:.3g}/{unit}"
    raise AssertionError("an hour is the last")


def _more(one: View, zone: ZoneInfo) -> list[str]:
    """What a line of the table has no room for."""
    lines = [f"{one.route.key}: {one.route.way.shown}"]
    if one.reason:
        lines.append(f"    {route.sentence(one.reason, LANGUAGE)} ({one.held_by})" if one.held_by else
                     f"    {route.sentence(one.reason, LANGUAGE)}")  # fmt: skip
    if one.is_warming:
        lines.append("    " + _("Warming up: at most %(count)s on this day", count=one.day_limit))
    lines += [
        "    " + _("%(domain)s is slow: %(rate)s, learned at %(time)s (%(said)s)", domain=learned.domain,
                   rate=rate(learned.rate), time=instant(learned.since, zone), said=learned.said)
        for learned in one.learned
    ]  # fmt: skip
    note = PRESETS[one.route.preset].note
    return [*lines, *([f"    {translate(LANGUAGE, note)}"] if note else [])] if len(lines) > 1 or note else []


def _data(one: View) -> dict[str, Any]:
    return {
        "key": one.route.key, "url": one.route.way.shown, "preset": one.route.preset, "weight": one.route.weight,
        "from": sorted(one.route.domains), "open": one.is_open, "held": one.is_held, "reason": one.reason,
        "since": one.since.isoformat() if one.since else None,
        "retry_at": one.retry_at.isoformat() if one.retry_at else None,
        "day": one.day.isoformat(), "used": one.day_used, "limit": one.day_limit, "warming": one.is_warming,
        "next_at": one.next_at.isoformat() if one.next_at else None, "rate": one.route.limits.rate,
        "sent": one.share.sent, "complaints": one.share.complaints, "advertising": one.ads.value if one.ads else "",
        "domains": [{"domain": d.domain, "rate": d.rate, "since": d.since.isoformat()} for d in one.learned],
    }  # fmt: skip


def named(settings: Settings, key: str) -> Route:
    """The relay of this key."""
    for one in relays.of(settings):
        if one.key == key:
            return one
    known = ", ".join(one.key for one in relays.of(settings))
    raise NotFoundError(N_("There is no relay “%(key)s”; there are: %(known)s"), key=key, known=known)


@relays_.command("pause", help=_("Let nothing go by a relay until it is resumed. Mail that waits may go by others."))
@click.argument("key", metavar=_("KEY"))
@json_option
@pass_state
def pause(state: State, key: str, *, as_json: bool) -> None:
    """Pause."""
    with state.context() as context:
        one = named(context.settings, key)
        with context.database.write() as conn:
            route.pause(conn, one.key, "cli", context.clock.real())
    report({"key": key, "state": "paused"}, [_("%(key)s is paused.", key=key)], as_json=as_json)


@relays_.command("resume", help=_("Let mail go by a relay again, advertising too. Complaints count anew."))
@click.argument("key", metavar=_("KEY"))
@json_option
@pass_state
def resume(state: State, key: str, *, as_json: bool) -> None:
    """Let it go on."""
    with state.context() as context:
        one = named(context.settings, key)
        with context.database.write() as conn:
            asked = route.resume(conn, one.key, context.clock.real())
    lines = [_("%(key)s is open; %(count)s mails are asked about again.", key=key, count=asked)]
    report({"key": key, "state": "open", "asked": asked}, lines, as_json=as_json)


@relays_.command("test", help=_("Talk to a relay. Greeting, encryption and sign-in, without handing over a mail."))
@click.argument("key", metavar=_("KEY"))
@json_option
@pass_state
def test(state: State, key: str, *, as_json: bool) -> None:
    """Try it out; needs no database."""
    one = named(state.settings, key)
    try:
        line = Conversation(one.way, replace(_QUICK))
    except ConversationEnded as ended:
        said = str(ended.reply) if ended.reply is not None else ended.cause
        raise OutsideError(
            N_("%(relay)s does not take us (%(phase)s): %(said)s"), relay=one.way.shown, phase=ended.phase, said=said
        ) from ended
    pipelines = line.pipelines
    line.quit()
    report(
        {"key": key, "url": one.way.shown, "pipelining": pipelines},
        [_("%(relay)s takes us: greeting, encryption and sign-in went well.", relay=one.way.shown)],
        as_json=as_json,
    )
