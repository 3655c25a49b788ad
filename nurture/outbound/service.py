"""Writing calls, letting them go, and keeping what came of them. The caller opened the transaction.

1. `write` puts calls into the outbox in the transaction that moves their enrollments on; their cause makes them one.
2. `let_go` looks at them for the last time and marks them as being handed over, under a new fence.
3. The caller talks, without any transaction.
4. `settle` keeps what came of it, only under the same fence.
5. `recover` finds those whose worker never came back: a webhook goes again, under the same id; a text message does not,
   unless its gateway takes the same message twice as one.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, assert_never

from sqlalchemy.engine import Connection, Row

from nurture.activities.model import Decided, Kind
from nurture.activities.service import Activity, Decision, decide_many, record_set
from nurture.kernel.database import upsert
from nurture.kernel.errors import ConflictError, ForbiddenError, NotFoundError
from nurture.kernel.i18n import N_
from nurture.kernel.identity import public_ids
from nurture.kernel.reasons import Reason
from nurture.outbound import store
from nurture.outbound.backoff import is_expired, retry_at
from nurture.outbound.classify import Verdict, classify
from nurture.outbound.model import (
    AGAIN,
    ENDED,
    Answer,
    Call,
    CallKind,
    CallState,
    Judge,
    Later,
    NewCall,
    Proceed,
    Stop,
)
from nurture.outbound.tables import outbox
from nurture.outbound.target import TargetError, read_target
from nurture.users.model import Person
from nurture.users.service import note

LEASE = timedelta(minutes=3)  # far longer than a conversation may take
_SHOWN_TEXT = 500


def write(conn: Connection, batch: Sequence[NewCall], *, now: datetime, real: datetime) -> int:
    """Put calls into the outbox, in one statement; those whose cause is there already stay. Gives how many are new."""
    if not batch:
        return 0
    ids = public_ids(len(batch))
    rows = [_row(each, new, now, real) for each, new in zip(batch, ids, strict=True)]
    insert = upsert(conn.dialect.name, outbox).on_conflict_do_nothing(index_elements=["cause"])
    new = set(conn.execute(insert.returning(outbox.c.cause), rows).scalars())
    skipped = [each for each in batch if each.state is CallState.SKIPPED and each.cause in new]
    decide_many(conn, [_skipped(each, now) for each in skipped])
    return len(new)


def _row(new: NewCall, public_id: str, now: datetime, real: datetime) -> dict[str, Any]:
    return {
        "public_id": public_id,
        "kind": new.kind.value,
        "cause": new.cause,
        "lead_id": new.lead_id,
        "campaign_id": new.campaign_id,
        "enrollment_id": new.enrollment_id,
        "step": new.step,
        "occurrence": new.occurrence,
        "name": new.name,
        "host": _host(new.target) if new.kind is CallKind.WEBHOOK else "",
        "target": new.target,
        "body": new.body,
        "class_": new.class_,
        "parts": new.parts,
        "policy": dict(new.policy),
        "webhook_id": f"msg_{public_id}",
        "state": new.state.value,
        "reason": new.reason,
        "detail": dict(new.detail) or None,
        "planned_at": new.planned_at,
        "not_before": new.planned_at,
        "created_at": real,
        "ended_at": now if new.state in ENDED else None,
    }


def _host(url: str) -> str:
    try:
        return read_target(url).shown_host
    except TargetError:
        return ""


def _skipped(new: NewCall, now: datetime) -> Decision:
    cause = f"enrollment:{new.enrollment_id}"
    return Decision(Decided.SEND, new.cause, "no", Reason(new.reason), now, new.lead_id, cause, new.detail)


def let_go(
    conn: Connection,
    judge: Judge,
    holder: str,
    *,
    now: datetime,
    real: datetime,
    at: datetime,
    limit: int = 16,
    resting: Sequence[str] = (),
) -> tuple[int, list[Call]]:
    """Mark calls that may leave as being handed over; what may not is put aside with its reason.

    `at` is database time. Gives how many were looked at, and those to hand over.
    """
    rows = store.due(conn, limit, now=now, real=real, resting=resting)
    calls = [
        store.as_call(row, fence=row.fence + 1, attempts=row.attempts + 1, first_at=row.first_at or real)
        for row in rows
    ]
    verdicts = judge(conn, calls) if calls else {}
    going = []
    for call in calls:
        match verdicts[call.id]:
            case Proceed():
                going.append(call)
            case Later(until, reason, detail):
                _set(conn, call.id, not_before=until, reason=reason.value, detail=dict(detail))
            case Stop(state, reason, detail):
                _set(conn, call.id, state=state.value, reason=reason.value, detail=dict(detail), ended_at=now)
                decide_many(conn, [_decision(call, reason, detail, now)])
            case unknown:
                assert_never(unknown)
    for call in going:
        _set(
            conn, call.id, state=CallState.SENDING.value, reason="", detail=None, fence=call.fence,
            attempts=call.attempts, first_at=call.first_at, tried_at=real, retry_at=None, lease_holder=holder,
            lease_until=at + LEASE,
        )  # fmt: skip
    return len(calls), going


def _set(conn: Connection, call_id: int, **values: Any) -> None:
    conn.execute(outbox.update().where(outbox.c.id == call_id).values(values))


def settle(
    conn: Connection, call: Call, answer: Answer, *, repeats: bool, now: datetime, real: datetime, jitter: float
) -> Verdict | None:
    """Keep what came of a conversation; None when the call is no longer this worker's. `jitter`: 0 to 1."""
    row = store.under_way(conn, call)
    if row is None:
        return None
    verdict = classify(call.kind, answer, repeats=repeats)
    again = None
    if verdict.state is CallState.QUEUED:
        again = retry_at(call.attempts, real, answer.wait_seconds, jitter)
        if is_expired(call.first_at, again):
            verdict, again = Verdict(CallState.FAILED, Reason.EXPIRED, verdict.detail, verdict.host_down), None
    _set(
        conn, call.id, status=answer.status or None, answer=answer.text, reference=answer.reference, retry_at=again,
        **_ending(verdict, now),
    )  # fmt: skip
    if again is None:
        _follow(conn, row, verdict, answer.status, now, real)
    return verdict


def _ending(verdict: Verdict, now: datetime) -> dict[str, Any]:
    return {
        "state": verdict.state.value,
        "reason": verdict.reason.value if verdict.reason else "",
        "detail": dict(verdict.detail) or None,
        "ended_at": now if verdict.state in ENDED else None,
        "lease_until": None,
        "lease_holder": None,
    }


def _follow(conn: Connection, row: Row[Any], verdict: Verdict, status: int, now: datetime, real: datetime) -> None:
    """The line in the timeline, which also wakes the enrollment that listens; the decision where it went wrong."""
    key = store.campaign_keys(conn, [row.campaign_id]).get(row.campaign_id) if row.campaign_id else None
    cause = f"enrollment:{row.enrollment_id}" if row.enrollment_id else f"call:{row.public_id}"
    kind: Kind | None = None
    detail: dict[str, Any] = {"call": row.public_id}
    if row.kind == CallKind.WEBHOOK.value:
        kind = Kind.WEBHOOK_ANSWERED
        detail |= {"name": row.name, "state": verdict.state.value, "status": status}
    elif verdict.state is CallState.SENT:
        kind = Kind.SMS_SENT
        detail |= {"text": row.body[:_SHOWN_TEXT], "parts": row.parts}
    if kind is not None:
        once = f"call:{row.public_id}:{row.fence}"
        line = Activity(row.lead_id, kind, now, "engine", cause, once, campaign_key=key, detail=detail)
        record_set(conn, [line], real=real)
    if verdict.reason is not None:
        decide_many(conn, [_decision(row, verdict.reason, verdict.detail, now)])


def _decision(call: Any, reason: Reason, detail: Mapping[str, Any], now: datetime) -> Decision:
    subject = f"call:{call.public_id}"
    cause = f"enrollment:{call.enrollment_id}" if call.enrollment_id else subject
    return Decision(Decided.SEND, subject, "no", reason, now, call.lead_id, cause, detail)


def recover(conn: Connection, *, repeats: Mapping[CallKind, bool], now: datetime, real: datetime, at: datetime) -> int:
    """Take calls whose worker never came back out of its hands; gives how many. `at` is database time."""
    rows = store.lost(conn, at)
    for row in rows:
        if repeats[CallKind(row.kind)]:
            _set(conn, row.id, retry_at=real, **_ending(Verdict(CallState.QUEUED), now))
        else:
            verdict = Verdict(CallState.UNKNOWN, Reason.GATEWAY_UNSURE)
            _set(conn, row.id, **_ending(verdict, now))
            _follow(conn, row, verdict, 0, now, real)
    return len(rows)


def cancel(conn: Connection, why: Mapping[int, Reason], *, now: datetime) -> None:
    """Take back text messages that have not gone, of these enrollments, each with its reason.

    Webhooks stay: what they tell has happened.
    """
    for reason in sorted(set(why.values())):
        ids = [key for key, one in why.items() if one is reason]
        conn.execute(
            outbox.update()
            .where(outbox.c.enrollment_id.in_(ids), outbox.c.kind == CallKind.SMS.value, store.QUEUED)
            .values(state=CallState.CANCELED.value, reason=reason.value, ended_at=now, retry_at=None)
        )


def retry(conn: Connection, person: Person, public_id: str, *, real: datetime) -> None:
    """A person has a call tried again, for another three days. ForbiddenError unless they define campaigns."""
    if not person.may_define:
        raise ForbiddenError(N_("Only marketers and administrators have calls tried again"))
    if store.get(conn, public_id, seen_by=person) is None:
        raise NotFoundError(N_("There is no such call"))
    try_again(conn, public_id, real=real, actor=person.actor)


def try_again(conn: Connection, public_id: str, *, real: datetime, actor: str) -> None:
    """Queue a failed or unresolved call again. NotFoundError, or ConflictError when its state does not allow it."""
    change = (
        outbox.update()
        .where(outbox.c.public_id == public_id, outbox.c.state.in_([one.value for one in AGAIN]))
        .values(state=CallState.QUEUED.value, reason="", detail=None, retry_at=None, first_at=None, ended_at=None)
    )
    if conn.execute(change).rowcount == 0:
        if store.get(conn, public_id) is None:
            raise NotFoundError(N_("There is no such call"))
        raise ConflictError(N_("This call is not one that failed"))
    note(conn, actor=actor, action="call.retry", subject=f"call:{public_id}", at=real)
