"""What a sender found out becomes the messages' state, once: only where fence and holder still match.

Reads and writes the database, within the caller's transaction.
"""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy.engine import Connection

from nurture.activities.model import Decided, Kind
from nurture.activities.service import Activity, Decision, decide_many, record_messages, record_set
from nurture.consents.model import Method, SuppressionReason
from nurture.consents.service import Said, suppress
from nurture.delivery import turn_store
from nurture.delivery.backoff import retry_at, within_last_day
from nurture.delivery.bounce import HARD, BounceReason
from nurture.delivery.classify import TAKEN, classify
from nurture.delivery.model import Phase, Report, RouteTrouble, Verdict
from nurture.delivery.resolve import by_policy
from nurture.delivery.timeline import is_to_lead, line
from nurture.kernel.context import Context
from nurture.kernel.database import insert_rows, update_rows
from nurture.kernel.reasons import Reason
from nurture.messages.model import ENDED, MessageState
from nurture.messages.service import follow_end
from nurture.messages.tables import attempts, messages

# Phases that are no conversation about the message: nothing is kept of them as an attempt.
_NO_ATTEMPT = frozenset({Phase.HELD, Phase.RENDER})


@dataclass(frozen=True, slots=True)
class Settled:
    """What a batch came to: messages by state, and what it says about the route."""

    states: Counter[str] = field(default_factory=Counter)
    trouble: RouteTrouble | None = None
    answer: str = ""  # of the trouble
    wait_seconds: int = 0
    reacts: bool = False  # activities wait for their effects


class _Case(NamedTuple):
    row: Any
    report: Report
    route: str
    verdict: Verdict
    retry: datetime | None


class Told(NamedTuple):
    """What a sender says, who goes by that route."""

    sender: str
    route: str
    reports: Sequence[Report]


def settle(conn: Connection, ctx: Context, sender: str, route: str, reports: Sequence[Report]) -> Settled:
    """Write what became of messages under way with this sender. What was settled or recovered before is left alone."""
    return settle_all(conn, ctx, [Told(sender, route, reports)])[0]


def settle_all(conn: Connection, ctx: Context, told: Sequence[Told]) -> list[Settled]:
    """The same of several senders at once; gives what each batch came to, in their order."""
    now, real = ctx.clock.engine(), ctx.clock.real()
    cases = _cases(conn, told, real)
    if not cases:
        return [Settled()] * len(told)
    _write_states(conn, [case for case in cases if case.verdict is not TAKEN], now)
    turn_store.mark_sent(conn, [case.row.id for case in cases if case.verdict is TAKEN], now)
    _write_attempts(conn, cases, real)
    _write_timeline(conn, ctx, cases, now, real)
    follow_end(conn, [case.row for case in cases if case.verdict.state in ENDED])
    by_policy(conn, ctx, [case.row for case in cases if case.verdict.state is MessageState.UNKNOWN])
    return [_summary([case for case in cases if case.row.lease_holder == one.sender]) for one in told]


def _cases(conn: Connection, told: Sequence[Told], real: datetime) -> list[_Case]:
    """What is still under way with those who report of it, under the fence that they report of."""
    found = {(one.sender, report.message_id): (report, one.route) for one in told for report in one.reports}
    rows = turn_store.these_under_way(conn, list({message for _, message in found}))
    known = ((row, found.get((row.lease_holder, row.id))) for row in rows)
    return [_case(row, *one, real) for row, one in known if one is not None and one[0].fence == row.fence]


def _case(row: Any, report: Report, route: str, real: datetime) -> _Case:
    verdict = classify(report)
    if verdict is TAKEN:
        return _Case(row, report, route, verdict, None)
    if verdict.state is MessageState.UNKNOWN and row.delivered_at is not None:
        verdict = Verdict(MessageState.SENT)  # its receiver has told of it before its sender did
    if verdict.trouble is not None:
        verdict = replace(verdict, detail={**verdict.detail, "route": route})
    if verdict.state is not MessageState.DEFERRED:
        return _Case(row, report, route, verdict, None)
    # Jitter spreads the load, it keeps no secret.
    wished = retry_at(row.attempts + 1, real, verdict.wait_seconds, random.random())  # noqa: S311
    since = max(row.dated_at, row.resolved_at) if row.resolved_at else row.dated_at
    retry = within_last_day(since, real, wished)
    if retry is None:
        verdict = replace(verdict, state=MessageState.REJECTED, reason=Reason.EXPIRED)
    return _Case(row, report, route, verdict, retry)


_CHANGED = ("state", "reason", "detail", "attempts", "retry_at", "gone_at", "ended_at", "lease_until", "lease_holder")


def _write_states(conn: Connection, cases: Sequence[_Case], now: datetime) -> None:
    update_rows(conn, messages, _CHANGED, [_state(case, now) for case in cases])


def _state(case: _Case, now: datetime) -> tuple[Any, ...]:
    state, reason = case.verdict.state, case.verdict.reason
    return (
        case.row.id,
        state.value,
        reason.value if reason else "",
        dict(case.verdict.detail) or None,
        case.row.attempts + (case.report.phase not in _NO_ATTEMPT),
        case.retry,
        None if state is MessageState.QUEUED else case.row.gone_at,
        now if state in ENDED else None,
        None,
        None,
    )


_ATTEMPT = ("message_id", "number", "at", "route", "phase", "outcome", "code", "enhanced", "answer", "reason")


def _write_attempts(conn: Connection, cases: Sequence[_Case], real: datetime) -> None:
    lines = [
        (
            case.row.id,
            case.row.attempts + 1,
            real,
            case.route,
            case.report.phase.value,
            case.verdict.state.value,
            case.report.code or None,
            case.report.enhanced or None,
            case.report.answer,
            case.verdict.detail.get("reason"),
        )
        for case in cases
        if case.report.phase not in _NO_ATTEMPT
    ]
    insert_rows(conn, attempts, _ATTEMPT, lines)


def _write_timeline(conn: Connection, ctx: Context, cases: Sequence[_Case], now: datetime, real: datetime) -> None:
    """Activities, decisions, suppressions."""
    to_leads = [case for case in cases if is_to_lead(case.row)]
    sent = [case.row for case in to_leads if case.verdict.state is MessageState.SENT]
    bounced = [case for case in to_leads if case.verdict.state is MessageState.BOUNCED]
    told = ((row.id, row.lead_id, row.campaign_key, row.template_key) for row in sent)
    record_messages(conn, Kind.MESSAGE_SENT, told, now, real)
    record_set(conn, [_activity(case, Kind.MESSAGE_BOUNCED, now) for case in bounced], real=real)
    for case in cases:
        if case.verdict.suppress and case.row.address:
            origin = f"message:{case.row.id}"
            said = Said(Method.STATEMENT, origin, "engine", origin, now, real)
            suppress(conn, ctx.keys, case.row.address, SuppressionReason.BOUNCED, said=said)
    ours = [case for case in cases if case.report.phase is Phase.RENDER]
    decide_many(conn, [_decision(case, now) for case in ours])


def _activity(case: _Case, kind: Kind, now: datetime) -> Activity:
    return line(case.row, kind, now, case.verdict.detail)


def _decision(case: _Case, now: datetime) -> Decision:
    subject = f"message:{case.row.id}"
    reason = case.verdict.reason or Reason.TEMPLATE_ERROR
    return Decision(Decided.SEND, subject, "no", reason, now, case.row.lead_id, subject, case.verdict.detail)


def _summary(cases: Sequence[_Case]) -> Settled:
    states = Counter(case.verdict.state.value for case in cases)
    reacts = MessageState.BOUNCED.value in states and any(
        case.verdict.state is MessageState.BOUNCED and is_to_lead(case.row) for case in cases
    )
    troubled = [case for case in cases if case.verdict.trouble is not None]
    if not troubled:
        return Settled(states, reacts=reacts)
    worst = max(troubled, key=lambda case: case.verdict.trouble is RouteTrouble.PAUSE)
    said = f"{worst.report.code or ''} {worst.report.answer or worst.report.phase.value}".strip()
    return Settled(states, worst.verdict.trouble, said, worst.verdict.wait_seconds, reacts)


@dataclass(frozen=True, slots=True)
class LaterBounce:
    """A refusal that came back after the relay had taken the message."""

    message_id: int
    reason: BounceReason
    detail: Mapping[str, Any] = field(default_factory=dict)  # `answer`: what the receiver said

    @property
    def told(self) -> dict[str, Any]:
        """What message and timeline keep of it."""
        return {"answer": "", **self.detail, "hard": self.reason in HARD, "reason": self.reason.value}


def bounced_later(conn: Connection, ctx: Context, found: Sequence[LaterBounce]) -> list[int]:
    """Turn messages that went, or may have gone, into bounced; gives the ids of those that were not so already.

    Each with its line in the timeline, to be reacted to (ring `wake.reactions` after the commit when any id is given).
    One still under way is taken from its sender, whose report then changes nothing. Suppressing the address is for
    the caller. Of several for one message the first counts.
    """
    now, real = ctx.clock.engine(), ctx.clock.real()
    wanted = {one.message_id: one for one in reversed(found)}
    rows = turn_store.gone_out(conn, sorted(wanted))
    update_rows(conn, messages, _LATER, [_later(wanted[row.id], now) for row in rows])
    told = [line(row, Kind.MESSAGE_BOUNCED, now, wanted[row.id].told) for row in rows if is_to_lead(row)]
    record_set(conn, told, real=real)
    follow_end(conn, rows)
    return [row.id for row in rows]


def arrived_later(conn: Connection, ctx: Context, ids: Sequence[int]) -> None:
    """What may have gone, or is to be sent once more, has gone: its receiver says that it is there.

    Nobody needs to resolve it any more, and it is not sent again.
    """
    now, real = ctx.clock.engine(), ctx.clock.real()
    rows = turn_store.unsure(conn, sorted(set(ids)))
    update_rows(conn, messages, _ARRIVED, [_arrived(row, now) for row in rows])
    told = [line(row, Kind.MESSAGE_SENT, row.gone_at or now, {}) for row in rows if is_to_lead(row)]
    record_set(conn, told, real=real, react=False)
    follow_end(conn, rows)


_ARRIVED = ("state", "reason", "detail", "retry_at", "gone_at", "ended_at", "lease_until", "lease_holder")


def _arrived(row: Any, now: datetime) -> tuple[Any, ...]:
    return row.id, MessageState.SENT.value, "", None, None, row.gone_at or now, now, None, None


_LATER = ("state", "reason", "detail", "retry_at", "ended_at", "lease_until", "lease_holder")


def _later(one: LaterBounce, now: datetime) -> tuple[Any, ...]:
    why = Reason.HARD_BOUNCE if one.reason in HARD else Reason.SOFT_BOUNCE
    return one.message_id, MessageState.BOUNCED.value, why.value, one.told, None, now, None, None
