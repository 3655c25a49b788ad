"""The go: the last look at each message before it may leave, in one transaction (reads and writes the database).

What was committed before it counts: a refusal, a stop, a pause, the window, the cap. What passes is frozen, marked
`sending` under a new fence, and given to a sender; what does not stays queued with the reason, or is skipped with it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from nurture.activities.model import Decided
from nurture.activities.service import Decision, decide_many
from nurture.campaigns.model import CampaignState
from nurture.consents.model import Channel, Standing
from nurture.consents.store import given_of, suppressed
from nurture.delivery import store
from nurture.delivery.letter import Letter
from nurture.delivery.origin import origin
from nurture.kernel.context import Context
from nurture.kernel.database import update_rows
from nurture.kernel.reasons import Reason
from nurture.messages.model import MessageClass, MessageState, Purposes
from nurture.messages.service import follow_end
from nurture.messages.store import current_revisions
from nurture.messages.tables import messages
from nurture.messages.values import house_values, mailbox, message_values, staff_values
from nurture.policy.decide import Defer, Policy, Send, Skip, decide, read_policy
from nurture.policy.laws import subject_label

MOST = 64
LEASE = timedelta(minutes=21)
DOT_SECONDS = 600.0  # a sender writes no final dot later than this after it got the letter; the answer has as long
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_AUTOMATIC = frozenset({MessageClass.ADVERTISING.value, MessageClass.CARE.value})


@dataclass(frozen=True, slots=True)
class Cancel:
    """It is taken back: whom or what it was for is no more."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class Hold:
    """It stays queued until a person lets it go."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class _Instants:
    now: datetime  # engine
    real: datetime
    at: datetime  # database


_Outcome = Send | Defer | Skip | Cancel | Hold


def go(conn: Connection, ctx: Context, sender: str, ids: Sequence[int], *, at: datetime) -> list[Letter]:
    """Let at most 64 reserved messages go; gives the letters for the sender. `at` is database time."""
    if len(ids) > MOST:
        raise ValueError(f"at most {MOST} messages in one go")
    times = _Instants(ctx.clock.engine(), ctx.clock.real(), at)
    rows = store.letters(conn, sender, ids)
    if not rows:
        return []
    revisions = current_revisions(conn)
    judge = _Judge(conn, ctx, rows, times)
    letters: list[Letter] = []
    others: list[tuple[Row[Any], Defer | Skip | Cancel | Hold]] = []
    for row in rows:
        outcome = judge.outcome(row)
        revision = row.template_revision_id or _revision(row, revisions, ctx.settings.language)
        if isinstance(outcome, Send) and revision is None:
            outcome = Skip(Reason.NO_TEMPLATE, {"email": row.template_key})
        if isinstance(outcome, Send) and revision is not None:
            letters.append(_letter(row, revision, judge, ctx, times))
        elif not isinstance(outcome, Send):
            others.append((row, outcome))
    _mark_sending(conn, letters, rows, times)
    _put_aside(conn, others, times)
    return letters


class _Judge:
    """Decides for each row; what it needs was read for all of them at once."""

    def __init__(self, conn: Connection, ctx: Context, rows: Sequence[Row[Any]], times: _Instants) -> None:
        self._now = times.now
        self.address = {
            row.id: row.address or (row.lead_email if row.user_id is None else row.user_email) for row in rows
        }
        to_leads = [row for row in rows if row.user_id is None and row.lead_id is not None]
        mentioned = {one for row in to_leads for one in (self.address[row.id], row.lead_email) if one}
        self.hashes = {one: ctx.keys.address_hash(one) for one in mentioned}
        self._given = given_of(conn, sorted({row.lead_id for row in to_leads}), Channel.EMAIL.value)
        self._suppressed = suppressed(conn, self.hashes.values(), Channel.EMAIL.value)
        self._policy = {row.id: _policy(row, ctx.settings.zone) for row in rows}
        self._gone = self._read_gone(conn, to_leads, times)

    def _read_gone(self, conn: Connection, rows: Sequence[Row[Any]], times: _Instants) -> dict[int, list[datetime]]:
        spans = {row.id: rule.cap.span for row in rows if (rule := self._policy[row.id][0]) and rule.cap}
        capped = [row for row in rows if row.id in spans and self.address[row.id]]
        if not capped:
            return {}
        store.lock_quotas(conn, [self.hashes[self.address[row.id]] for row in capped], times.real)
        return store.gone(conn, sorted({row.lead_id for row in capped}), times.now - max(spans.values()))

    def tracking(self, row: Row[Any]) -> bool:
        """Whether this message's opens and clicks may be kept."""
        return row.user_id is None and Standing(reachable=True, given=self._given.get(row.lead_id, {})).tracking

    def outcome(self, row: Row[Any]) -> _Outcome:
        """What is to become of a message now."""
        early = self._taken_back(row)
        if early is not None:
            return early
        policy, zone = self._policy[row.id]
        if policy is None:
            return Skip(Reason.STEP_FAILED, {"error": "policy"})
        gone = self._gone.get(row.lead_id, []) if policy.cap is not None else []
        decided = decide(policy, zone, self._now, gone=gone, refusal=self._refusal(row))
        if isinstance(decided, Send):
            if row.lead_id in self._gone and row.class_ != MessageClass.TRANSACTIONAL.value:
                self._gone[row.lead_id].append(self._now)
            return decided
        if isinstance(decided, Defer) and decided.reason is Reason.CAPPED and row.purpose == Purposes.BROADCAST.value:
            return Skip(Reason.CAPPED, decided.detail)
        return decided

    def _taken_back(self, row: Row[Any]) -> Cancel | Hold | None:
        if row.lead_merged_into is not None:
            return Cancel(Reason.MERGED)
        if row.campaign_state == CampaignState.ARCHIVED.value:
            return Cancel(Reason.CAMPAIGN_STOPPED)
        if row.campaign_state == CampaignState.PAUSED.value:
            return Hold(Reason.CAMPAIGN_PAUSED)
        return None

    def _refusal(self, row: Row[Any]) -> tuple[Reason, Mapping[str, Any]] | None:
        if row.user_id is not None:
            gone = not self.address[row.id] or row.user_disabled_at is not None
            return (Reason.NO_ADDRESS, {}) if gone else None
        if row.lead_id is None:
            return Reason.NO_ADDRESS, {}
        refusal: tuple[Reason, Mapping[str, Any]] | None
        refusal = self._refused(row, self.address[row.id]) or self._refused(row, row.lead_email)
        if refusal is None and row.lead_paused_at is not None and row.class_ in _AUTOMATIC:
            known = row.lead_paused_reason in set(Reason)
            return (Reason(row.lead_paused_reason) if known else Reason.PAUSED_BY_HAND), {}
        return refusal

    def _refused(self, row: Row[Any], address: str | None) -> tuple[Reason, Mapping[str, Any]] | None:
        """What speaks against writing to this address of the lead: the frozen one, or the present one."""
        blocked = self._suppressed.get(self.hashes[address], ()) if address else ()
        return Standing(bool(address), self._given.get(row.lead_id, {}), blocked).refusal(row.class_)


def _policy(row: Row[Any], zone: str) -> tuple[Policy | None, ZoneInfo]:
    """What holds the message back; None when that cannot be read, which must not hold up the others."""
    try:
        return read_policy(row.policy, zone)
    except (ValueError, TypeError):
        return None, ZoneInfo(zone)


def _revision(row: Row[Any], revisions: Mapping[tuple[str, str], int], language: str) -> int | None:
    """The email in the message's language, else the installation's, else whichever there is."""
    for one in (row.language, language, "vi", "en"):
        if (row.template_key, one) in revisions:
            return revisions[row.template_key, one]
    return None


def _letter(row: Row[Any], revision: int, judge: _Judge, ctx: Context, times: _Instants) -> Letter:
    to_lead = row.user_id is None
    frozen = row.values_ if row.dated_at is not None and row.values_ else None
    seen = frozen or (_of_lead(row, ctx) if to_lead else _of_staff(row, ctx))
    address = judge.address[row.id]
    from_address, from_name, reply_to = origin(seen, row.sender, ctx.settings)
    return Letter(
        message_id=row.id,
        fence=row.fence + 1,
        template=revision,
        envelope_from=mailbox(ctx.settings.mail_from)[1],
        from_address=from_address,
        from_name=from_name,
        to_address=address,
        to_name=str((seen["lead"] if to_lead else seen["owner"]).get("name") or ""),
        reply_to=reply_to,
        header_id=row.header_id,
        dated=((row.dated_at or times.real) - _EPOCH) // _MICROSECOND,
        lead_id=row.lead_id if to_lead else 0,
        address_hash=judge.hashes[address] if to_lead else "",
        tracking=judge.tracking(row),
        values=seen,
        label=subject_label(ctx.settings.law, row.class_) if to_lead else "",
    )


def _of_lead(row: Row[Any], ctx: Context) -> dict[str, Any]:
    """What an email to a lead sees, as it is now."""
    owner = _Group(row, "owner_") if row.owner_id is not None else None
    company = _Group(row, "company_") if row.company_id is not None else None
    return message_values(_Group(row, "lead_"), owner, company, house_values(ctx.settings))


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
    "template_revision_id", "dated_at",
)  # fmt: skip


def _mark_sending(conn: Connection, letters: Sequence[Letter], rows: Sequence[Row[Any]], times: _Instants) -> None:
    dated = {row.id: row.dated_at or times.real for row in rows}
    same = (MessageState.SENDING.value, "", None, None, None, times.now, times.at + LEASE)
    marked = [
        (one.message_id, *same, one.fence, one.to_address, one.values, one.template, dated[one.message_id])
        for one in letters
    ]
    update_rows(conn, messages, _MARKED, marked)


def _put_aside(
    conn: Connection, others: Sequence[tuple[Row[Any], Defer | Skip | Cancel | Hold]], times: _Instants
) -> None:
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
            retry_at=None,
            lease_until=None,
            lease_holder=None,
        )
    )
    conn.execute(change, [_aside(row, outcome, times) for row, outcome in others])
    ended = [(row, outcome) for row, outcome in others if isinstance(outcome, Skip | Cancel)]
    follow_end(conn, [row for row, _ in ended])
    decide_many(conn, [_decision(row, outcome, times.now) for row, outcome in ended])


def _aside(row: Row[Any], outcome: Defer | Skip | Cancel | Hold, times: _Instants) -> dict[str, Any]:
    state, until, end = MessageState.QUEUED, row.not_before, None
    if isinstance(outcome, Defer):
        until = outcome.until
    elif isinstance(outcome, Skip | Cancel):
        state, end = (MessageState.SKIPPED if isinstance(outcome, Skip) else MessageState.CANCELED), times.now
    return {
        "which": row.id,
        "new_state": state.value,
        "new_reason": outcome.reason.value,
        "new_detail": dict(outcome.detail) if isinstance(outcome, Defer | Skip) else {},
        "new_not_before": until,
        "new_end": end,
    }


def _decision(row: Row[Any], outcome: Skip | Cancel, now: datetime) -> Decision:
    detail = outcome.detail if isinstance(outcome, Skip) else {}
    cause = f"enrollment:{row.enrollment_id}" if row.enrollment_id else f"message:{row.id}"
    return Decision(Decided.SEND, f"message:{row.id}", "no", outcome.reason, now, row.lead_id, cause, detail)
