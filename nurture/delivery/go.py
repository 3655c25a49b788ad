"""The go: the last look at each message before it may leave, in one transaction (reads and writes the database).

What was committed before it counts: a refusal, a stop, a pause, the window, the cap. What passes is frozen, marked
`sending` under a new fence, and given to a sender; what does not stays queued with the reason, or is skipped with it.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from nurture.activities.model import Decided
from nurture.activities.service import Decision, decide_many
from nurture.delivery import store
from nurture.delivery.desk import Desk, Given, Place, Wait
from nurture.delivery.judge import Cancel, Hold, Instants, Judge, Yield
from nurture.delivery.letter import Letter
from nurture.delivery.origin import origin
from nurture.delivery.relays import own_domains
from nurture.kernel.context import Context
from nurture.kernel.database import Instant, update_rows
from nurture.kernel.i18n import N_, translate
from nurture.kernel.reasons import Reason
from nurture.kernel.settings import Settings
from nurture.messages.model import MessageState, Purposes
from nurture.messages.service import follow_end
from nurture.messages.store import current_revisions
from nurture.messages.tables import messages
from nurture.messages.values import house_values, mailbox, message_values, staff_values
from nurture.policy.decide import Defer, Send, Skip
from nurture.policy.laws import subject_label

MOST = 64
LEASE = timedelta(minutes=21)
DOT_SECONDS = 600.0  # a sender writes no final dot later than this after it got the letter; the answer has as long
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MOMENT = timedelta(seconds=2)  # real time after which one that has let another go first asks again
_TEST = N_("[Test]")
_No: TypeAlias = Defer | Skip | Cancel | Hold | Yield | Wait


def go(
    conn: Connection,
    ctx: Context,
    sender: str,
    ids: Sequence[int],
    *,
    at: datetime,
    most: int = MOST,
    desk: Desk | None = None,
) -> list[Letter]:
    """Let at most 64 reserved messages go, more where nobody waits; gives the letters. `at` is database time.

    The desk says by which relay each goes, to which sender, and which has to wait for one. Without a desk all go to the
    sender that holds them.
    """
    if len(ids) > most:
        raise ValueError(f"at most {most} messages in one go")
    times = Instants(ctx.clock.engine(), ctx.clock.real(), at)
    rows = store.letters(conn, sender, ids)
    if not rows:
        return []
    revisions = current_revisions(conn)
    judge = Judge(conn, ctx, rows, times)
    letters: list[Letter] = []
    others: list[tuple[Row[Any], _No]] = []
    for row in rows:
        place = desk.ask(row, judge.address[row.id]) if desk is not None else None
        if isinstance(place, Wait):
            others.append((row, place))
        if desk is not None and not isinstance(place, Place):
            continue
        outcome = judge.outcome(row)
        revision = row.template_revision_id or _revision(row, revisions, ctx.settings.language)
        if isinstance(outcome, Send) and revision is None:
            outcome = Skip(Reason.NO_TEMPLATE, {"email": row.template_key})
        if isinstance(outcome, Send) and revision is not None:
            letters.append(_letter(row, revision, judge, ctx, times))
            if desk is not None and isinstance(place, Place):
                desk.take(place, row.id)
        elif not isinstance(outcome, Send):
            others.append((row, outcome))
    _mark_sending(conn, letters, rows, times, {} if desk is None else desk.given, sender)
    _put_aside(conn, _without_busy(conn, others), times)
    return letters


def _without_busy(conn: Connection, others: Sequence[tuple[Row[Any], _No]]) -> list[tuple[Row[Any], _No]]:
    """What ends lets its enrollment go on. One that somebody else is just moving is not waited for, since whoever
    moves it may wait for the message: it is asked again in a moment."""
    ending = {row.enrollment_id for row, outcome in others if isinstance(outcome, Skip | Cancel)} - {None}
    busy = ending - store.free_enrollments(conn, list(ending))
    return [(row, Yield() if row.enrollment_id in busy else outcome) for row, outcome in others]


def _revision(row: Row[Any], revisions: Mapping[tuple[str, str], int], language: str) -> int | None:
    """The email in the message's language, else the installation's, else whichever there is."""
    for one in (row.language, language, "vi", "en"):
        if (row.template_key, one) in revisions:
            return revisions[row.template_key, one]
    return None


def _letter(row: Row[Any], revision: int, judge: Judge, ctx: Context, times: Instants) -> Letter:
    to_lead = row.user_id is None
    frozen = row.values_ if row.dated_at is not None and row.values_ else None
    seen = frozen or (_of_lead(row, judge, ctx) if to_lead else _of_staff(row, ctx))
    address = judge.address[row.id]
    from_address, from_name, reply_to = origin(seen, row.sender, ctx.settings, own_domains(ctx.settings))
    return Letter(
        message_id=row.id,
        fence=row.fence + 1,
        template=revision,
        envelope_from=mailbox(ctx.settings.mail_from)[1],
        from_address=from_address,
        from_name=from_name,
        to_address=address,
        to_name=str((seen["lead"].get("name") if to_lead else row.user_name) or ""),
        reply_to=reply_to,
        header_id=row.header_id,
        dated=((row.dated_at or times.real) - _EPOCH) // _MICROSECOND,
        lead_id=row.lead_id if to_lead else 0,
        address_hash=judge.hashes[address] if to_lead else "",
        tracking=judge.tracking(row),
        values=seen,
        label=_label(row, ctx.settings),
        feedback=_feedback(row) if to_lead else "",
    )


def _label(row: Row[Any], settings: Settings) -> str:
    """What stands before the subject: what the law has a lead see, and of a test that it is one."""
    if row.purpose == Purposes.TEST.value:
        return " ".join(filter(None, (translate(settings.language, _TEST), subject_label(settings.law, row.class_))))
    return subject_label(settings.law, row.class_) if row.user_id is None else ""


def _feedback(row: Row[Any]) -> str:
    """`c12:advertising:welcome_hello`: campaign, broadcast or neither, class and email."""
    sent_by = f"c{row.campaign_id}" if row.campaign_id else f"b{row.broadcast_id}" if row.broadcast_id else "n"
    return f"{sent_by}:{row.class_}:{row.template_key}"


def _of_lead(row: Row[Any], judge: Judge, ctx: Context) -> dict[str, Any]:
    """What an email to a lead sees, as it is now, and what it was written with."""
    owner = _Group(row, "owner_") if row.owner_id is not None else None
    company = _Group(row, "company_") if row.company_id is not None else None
    line = judge.reason_line(row)
    seen = message_values(_Group(row, "lead_"), owner, company, house_values(ctx.settings), line)
    return {**seen, **(row.values_ or {})}


def _of_staff(row: Row[Any], ctx: Context) -> dict[str, Any]:
    """What a mail to staff sees: what it was written with, and who reads it."""
    return {**staff_values(_Group(row, "user_"), house_values(ctx.settings)), **(row.values_ or {})}


class _Group:
    """The columns of a row whose names begin alike, as attributes without that beginning."""

    __slots__ = ("_prefix", "_row")

    def __init__(self, row: Row[Any], prefix: str) -> None:
        self._row = row
        self._prefix = prefix

    def __getattr__(self, name: str) -> Any:
        return getattr(self._row, self._prefix + name)


_MARKED = (
    "state", "reason", "detail", "retry_at", "ended_at", "gone_at", "lease_until", "fence", "address", "values_",
    "template_revision_id", "dated_at", "address_hash", "lease_holder",
)  # fmt: skip


def _mark_sending(
    conn: Connection,
    letters: Sequence[Letter],
    rows: Sequence[Row[Any]],
    times: Instants,
    given: Mapping[int, Given],
    sender: str,
) -> None:
    dated = {row.id: row.dated_at or times.real for row in rows}
    same = (MessageState.SENDING.value, "", None, None, None, times.now, times.at + LEASE)
    marked = [
        (
            one.message_id,
            *same,
            one.fence,
            one.to_address,
            one.values,
            one.template,
            dated[one.message_id],
            one.address_hash or None,
            given[one.message_id].sender if given else sender,
        )
        for one in letters
    ]
    update_rows(conn, messages, _MARKED, marked)


def _put_aside(conn: Connection, others: Sequence[tuple[Row[Any], _No]], times: Instants) -> None:
    if not others:
        return
    change = (
        messages.update()
        .where(messages.c.id == sa.bindparam("which"))
        .values(
            state=sa.bindparam("new_state"),
            reason=sa.bindparam("new_reason"),
            detail=sa.bindparam("new_detail"),
            not_before=sa.bindparam("new_not_before"),
            ended_at=sa.bindparam("new_end"),
            retry_at=sa.bindparam("new_retry", type_=Instant),
            lease_until=None,
            lease_holder=None,
        )
    )
    conn.execute(change, [_aside(row, outcome, times) for row, outcome in others])
    ended = [(row, outcome) for row, outcome in others if isinstance(outcome, Skip | Cancel)]
    follow_end(conn, [row for row, _ in ended])
    decide_many(conn, [_decision(row, outcome, times.now) for row, outcome in ended])


def _aside(row: Row[Any], outcome: _No, times: Instants) -> dict[str, Any]:
    state, until, end, retry = MessageState.QUEUED, row.not_before, None, None
    if isinstance(outcome, Defer):
        until = outcome.until
    elif isinstance(outcome, Skip | Cancel):
        state, end = (MessageState.SKIPPED if isinstance(outcome, Skip) else MessageState.CANCELED), times.now
    elif isinstance(outcome, Yield):
        retry = times.real + _MOMENT
    elif isinstance(outcome, Wait):
        retry = outcome.until
    return {
        "which": row.id,
        "new_state": state.value,
        "new_reason": "" if isinstance(outcome, Yield) else outcome.reason.value,
        "new_detail": {} if isinstance(outcome, Cancel | Yield) else dict(outcome.detail),
        "new_not_before": until,
        "new_end": end,
        "new_retry": retry,
    }


def _decision(row: Row[Any], outcome: Skip | Cancel, now: datetime) -> Decision:
    detail = outcome.detail if isinstance(outcome, Skip) else {}
    cause = f"enrollment:{row.enrollment_id}" if row.enrollment_id else f"message:{row.id}"
    return Decision(Decided.SEND, f"message:{row.id}", "no", outcome.reason, now, row.lead_id, cause, detail)
