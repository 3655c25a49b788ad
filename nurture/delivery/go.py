"""The go: the last look at each message before it may leave, in one transaction (reads and writes the database).

What was committed before it counts: a refusal, a stop, a pause, the window, the cap. What passes is frozen, marked
`sending` under a new fence, and given to a sender; what does not stays queued with the reason, or is skipped with it.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, TypeAlias

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.activities.model import Decided
from nurture.activities.service import Decision, decide_many
from nurture.delivery import store, turn_store
from nurture.delivery.desk import Desk, Wait
from nurture.delivery.judge import Cancel, Hold, Instants, Judge, Yield
from nurture.delivery.letter import Letter
from nurture.delivery.origin import origin
from nurture.delivery.packing import Common, Document
from nurture.delivery.relays import own_domains
from nurture.delivery.turn_store import Place
from nurture.kernel.context import Context
from nurture.kernel.database import Instant
from nurture.kernel.i18n import N_, translate
from nurture.kernel.reasons import Reason
from nurture.kernel.settings import Settings
from nurture.messages.model import MessageState, Purposes
from nurture.messages.service import follow_end
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


class Gone(NamedTuple):
    """What a look at those who come next in line came to."""

    letters: list[Letter]
    seen: int  # messages looked at
    last: Place | None  # the last of them
    left: Sequence[Place]  # those for which no sender had a hand free


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
    rows = turn_store.letters(conn, sender, ids)
    return _let(conn, ctx, rows, times, desk, sender)[0] if rows else []


def go_next(conn: Connection, ctx: Context, after: Place, most: int, *, at: datetime, desk: Desk) -> Gone:
    """Let those go that come next in line, at most so many; nobody needs to have reserved them."""
    times = Instants(ctx.clock.engine(), ctx.clock.real(), at)
    rows = turn_store.next_letters(conn, after, most, now=times.now, real=times.real, at=at)
    if not rows:
        return Gone([], 0, None, [])
    letters, left = _let(conn, ctx, rows, times, desk, "")
    return Gone(letters, len(rows), _place(rows[-1]), [_place(row) for row in left])


def _place(row: Any) -> Place:
    return Place(row.priority, row.not_before, row.id)


def _let(
    conn: Connection, ctx: Context, rows: Sequence[Any], times: Instants, desk: Desk | None, sender: str
) -> tuple[list[Letter], list[Any]]:
    """The letters that go, and the rows for which no sender had a hand free."""
    revisions = turn_store.current_revisions(
        conn, (row.template_key for row in rows if row.template_revision_id is None)
    )
    judge = Judge(conn, ctx, rows, times)
    writer = _Writer(judge, ctx.settings, times)
    letters: list[Letter] = []
    left: list[Any] = []
    others: list[tuple[Any, _No]] = []
    for row in rows:
        place = desk.ask(row, judge.address[row.id]) if desk is not None else None
        if isinstance(place, Wait):
            others.append((row, place))
            continue
        if desk is not None and place is None:
            left.append(row)
            continue
        outcome = judge.outcome(row)
        revision = row.template_revision_id or _revision(row, revisions, ctx.settings.language)
        if not isinstance(outcome, Send):
            others.append((row, outcome))
        elif revision is None:
            others.append((row, Skip(Reason.NO_TEMPLATE, {"email": row.template_key})))
        else:
            letters.append(writer.letter(row, revision))
            if desk is not None and place is not None:
                desk.take(place, row.id)
    marks = turn_store.Marks(times.now, times.real, times.at + LEASE)
    holders = [sender if desk is None else desk.given[one.message_id].sender for one in letters]
    turn_store.mark_sending(conn, marks, letters, holders)
    _put_aside(conn, _without_busy(conn, others), times)
    return letters, left


def _without_busy(conn: Connection, others: Sequence[tuple[Any, _No]]) -> list[tuple[Any, _No]]:
    """What ends lets its enrollment go on. One that somebody else is just moving is not waited for, since whoever
    moves it may wait for the message: it is asked again in a moment."""
    ending = {row.enrollment_id for row, outcome in others if isinstance(outcome, Skip | Cancel)} - {None}
    busy = ending - store.free_enrollments(conn, list(ending))
    return [(row, Yield() if row.enrollment_id in busy else outcome) for row, outcome in others]


def _revision(row: Any, revisions: Mapping[tuple[str, str], int], language: str) -> int | None:
    """The email in the message's language, else the installation's, else whichever there is."""
    for one in (row.language, language, "vi", "en"):
        if (row.template_key, one) in revisions:
            return revisions[row.template_key, one]
    return None


class _Writer:
    """Puts together what a sender must know of each message; what they share is worked out once."""

    def __init__(self, judge: Judge, settings: Settings, times: Instants) -> None:
        self._judge = judge
        self._settings = settings
        self._real = times.real
        self._house = house_values(settings)
        self._own = own_domains(settings)
        self._common = Common()
        self._envelope_from = mailbox(settings.mail_from)[1]

    def letter(self, row: Any, revision: int) -> Letter:
        """The letter of a message that goes."""
        to_lead = row.user_id is None
        seen = Document(row.frozen) if row.frozen else self._of_lead(row) if to_lead else Document(self._of_staff(row))
        address = self._judge.address[row.id]
        from_address, from_name, reply_to = origin(seen, row.sender, self._settings, self._own)
        return Letter(
            message_id=row.id,
            fence=row.fence + 1,
            template=revision,
            envelope_from=self._envelope_from,
            from_address=from_address,
            from_name=from_name,
            to_address=address,
            to_name=str((seen["lead"].get("name") if to_lead else row.user_name) or ""),
            reply_to=reply_to,
            header_id=row.header_id,
            dated=((row.dated_at or self._real) - _EPOCH) // _MICROSECOND,
            lead_id=row.lead_id if to_lead else 0,
            address_hash=self._judge.hashes[address] if to_lead else "",
            tracking=self._judge.tracking(row),
            values=seen,
            label=_label(row, self._settings),
            feedback=_feedback(row) if to_lead else "",
        )

    def _of_lead(self, row: Any) -> Document:
        """What an email to a lead sees, as it is now, and what it was written with."""
        people = turn_store.people(row)
        owner = people.owner if row.owner_id is not None else None
        company = people.company if row.company_id is not None else None
        line = self._judge.reason_line(row)
        seen = message_values(people.lead, owner, company, self._house, line)
        if row.values_:
            return Document({**seen, **row.values_})
        return self._common.document("lead", seen, (row.owner_id, row.company_id, line))

    def _of_staff(self, row: Any) -> dict[str, Any]:
        """What a mail to staff sees: what it was written with, and who reads it."""
        return {**staff_values(turn_store.people(row).reader, self._house), **(row.values_ or {})}


def _label(row: Any, settings: Settings) -> str:
    """What stands before the subject: what the law has a lead see, and of a test that it is one."""
    if row.purpose == Purposes.TEST.value:
        return " ".join(filter(None, (translate(settings.language, _TEST), subject_label(settings.law, row.class_))))
    return subject_label(settings.law, row.class_) if row.user_id is None else ""


def _feedback(row: Any) -> str:
    """`c12:advertising:welcome_hello`: campaign, broadcast or neither, class and email."""
    sent_by = f"c{row.campaign_id}" if row.campaign_id else f"b{row.broadcast_id}" if row.broadcast_id else "n"
    return f"{sent_by}:{row.class_}:{row.template_key}"


def _put_aside(conn: Connection, others: Sequence[tuple[Any, _No]], times: Instants) -> None:
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


def _aside(row: Any, outcome: _No, times: Instants) -> dict[str, Any]:
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


def _decision(row: Any, outcome: Skip | Cancel, now: datetime) -> Decision:
    detail = outcome.detail if isinstance(outcome, Skip) else {}
    cause = f"enrollment:{row.enrollment_id}" if row.enrollment_id else f"message:{row.id}"
    return Decision(Decided.SEND, f"message:{row.id}", "no", outcome.reason, now, row.lead_id, cause, detail)
