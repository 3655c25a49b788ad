"""Engine health: what runs, what waits and for how long, what is wrong and what to do about it. For administrators."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint
from flask.typing import ResponseReturnValue

from nurture.engine import health, health_store, health_words
from nurture.engine.health import Finding
from nurture.engine.health_store import MOST_COUNTED
from nurture.engine.invariants import SAYINGS, Invariant, Process, Seen, Violation, judge
from nurture.kernel.errors import ForbiddenError
from nurture.kernel.i18n import N_
from nurture.web.language import language, say
from nurture.web.page import context, read, render
from nurture.web.session import person

blueprint = Blueprint("engine", __name__)

_PAST = 5
_MINUTES = 60
_HEIGHT = 40  # of a sparkline
_SAID_HERE = (Invariant.CLOCK, Invariant.WORKERS)  # nobody keeps them while nothing runs
_ROLES = {"web": N_("pages"), "clock": N_("clock"), "worker": N_("worker")}
# What waits: label, kinds of row with their states, what its age is called, where to look.
_WAITING = (
    (N_("Emails"), "message", ("queued", "deferred"), Invariant.MAIL, "sends.index"),
    (N_("Emails being handed over"), "message", ("sending",), None, "sends.index"),
    (N_("Emails of which it is not known whether they arrived"), "message", ("unknown",), None, "sends.unsure"),
    (N_("Opens and clicks to be judged"), "hit", ("unjudged",), Invariant.HITS, ""),
    (N_("Activities to be reacted to"), "reaction", ("waiting",), Invariant.REACTIONS, ""),
    (N_("Activities whose reaction fails"), "reaction", ("failing",), None, ""),
    (N_("Webhooks and text messages"), "call", ("queued",), Invariant.CALLS, ""),
)
_RATES = (
    ("sent", N_("Emails sent")),
    ("hits", N_("Opens and clicks")),
    ("steps", N_("Steps done")),
    ("reactions", N_("Activities reacted to")),
    ("failures", N_("Failures that were put off")),
)


def _is_shown() -> bool:
    return person().may_administer


@blueprint.get("/engine")
def index() -> ResponseReturnValue:
    """The page."""
    if not person().may_administer:
        raise ForbiddenError(N_("Only administrators look after the engine"))
    ctx = context()
    with read() as conn:
        at = health.times(ctx, conn)
        seen = health.measure(ctx, conn, at)
        standing = health_store.standing(conn)
        found = health.findings(conn, over=_PAST)
        rates = health_store.rates(conn, at.at - timedelta(minutes=_MINUTES))
    wrong = _wrong(found, seen, at.real)
    return render(
        "engine/index.html",
        wrong=wrong, past=[_told(one) for one in found if one.ended_at is not None],
        checks=_checks({one["key"] for one in wrong}), running=[_process(one, seen) for one in seen.processes],
        ticked=_span(seen.ticked), ticks=not any(one["key"] == Invariant.CLOCK.value for one in wrong), seen=seen,
        waiting=_waiting(standing, seen), rates=_rates(rates, at.at),
    )  # fmt: skip


index.is_shown = _is_shown  # type: ignore[attr-defined]


def _wrong(found: Sequence[Finding], seen: Seen, real: datetime) -> list[dict[str, Any]]:
    """What is kept as wrong, and whether anything runs at all, which is looked at now."""
    live = [one for one in judge(seen) if one.invariant in _SAID_HERE]
    keys = {one.invariant.value for one in live}
    kept = [one for one in found if one.ended_at is None and one.key not in map(str, _SAID_HERE)]
    return [_violation(one, real) for one in live] + [_told(one) for one in kept if one.key not in keys]


def _violation(one: Violation, real: datetime) -> dict[str, Any]:
    since = real - timedelta(seconds=one.detail.get("seconds", 0.0))
    return _told(Finding(one.invariant.value, one.subject, one.detail, since, real))


def _told(one: Finding) -> dict[str, Any]:
    return {
        "key": one.key, "text": health_words.broken(one.key, one.subject, one.detail, language()),
        "mend": health_words.mend(one.key, language()), "since": one.since, "ended": one.ended_at,
    }  # fmt: skip


def _checks(wrong: set[str]) -> list[dict[str, Any]]:
    return [{"text": say(SAYINGS[one].holds), "good": one.value not in wrong} for one in Invariant]


def _process(one: Process, seen: Seen) -> dict[str, Any]:
    own = one.figures
    return {
        "roles": [say(_ROLES[role]) for role in _ROLES if role in one.roles], "place": one.place,
        "ticks": seen.holder == one.place, "version": one.version, "up": _span(one.up), "seen": _span(one.age),
        "memory": health_words.size(own.memory, language()) if own.memory else "",
        "free": health_words.size(own.disk_free, language()) if own.disk_free >= 0 else "",
    }  # fmt: skip


def _span(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return say("%(count)s s", count=round(seconds)) if seconds < 60 else health_words.span(seconds, language())


def _waiting(standing: Mapping[tuple[str, str], int], seen: Seen) -> list[dict[str, Any]]:
    rows = []
    for label, kind, states, lag, endpoint in _WAITING:
        count = sum(standing.get((kind, state), 0) for state in states)
        rows.append({
            "label": say(label), "count": count, "capped": count >= MOST_COUNTED, "endpoint": endpoint,
            "late": _span(seen.lags.get(lag)) if lag is not None else "",
        })  # fmt: skip
    late = max(seen.steps.values(), default=0.0)
    return [{"label": say(N_("Steps of campaigns that are due")), "count": len(seen.steps), "campaigns": True,
             "late": _span(late) if late else ""}, *rows]  # fmt: skip


def _rates(found: Mapping[str, Mapping[datetime, float]], at: datetime) -> list[dict[str, Any]]:
    """Of each what was counted in each of the last sixty minutes, the present one last."""
    last = at.replace(second=0, microsecond=0)
    minutes = [last - timedelta(minutes=_MINUTES - 1 - number) for number in range(_MINUTES)]
    rows = []
    for what, label in _RATES:
        values = [found.get(what, {}).get(minute, 0.0) for minute in minutes]
        most = max(values)
        heights = [round(_HEIGHT * value / most, 1) if most else 0.0 for value in values]
        rows.append({"label": say(label), "total": round(sum(values)), "most": round(most), "heights": heights})
    return rows
