"""Messages that may or may not have arrived, and what somebody says of them (reads and writes the database).

Nobody but a person, or a campaign's written policy, decides: it had gone, or it is sent again, the same mail under the
same Message-ID and Date, through the same last look as any other. Each is said once, by whoever comes first.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from nurture.activities.model import Kind
from nurture.activities.service import record_set
from nurture.broadcasts.tables import broadcasts
from nurture.campaigns.tables import campaigns
from nurture.delivery.timeline import line
from nurture.enrollments.model import EnrollmentState
from nurture.enrollments.tables import enrollments
from nurture.kernel.context import Context
from nurture.kernel.database import among, unindexed, update_rows
from nurture.kernel.errors import ForbiddenError, InputError, Problem
from nurture.kernel.i18n import N_
from nurture.kernel.text import clean
from nurture.leads.store import hold
from nurture.leads.tables import leads
from nurture.messages.model import MessageState
from nurture.messages.service import forget_values
from nurture.messages.tables import attempts, messages
from nurture.users.model import Person
from nurture.users.service import note

PART = 500  # messages in one transaction
_NAMED = 200  # messages that the audit names one by one
_POLICY_PAUSE = timedelta(minutes=1)  # before a campaign's policy sends again
# Spelled out, so that the partial index serves it.
_UNKNOWN = sa.text("messages.state = 'unknown'")


class Resolution(StrEnum):
    """What somebody says of a message that may have arrived."""

    SENT = "sent"  # it had gone
    AGAIN = "again"  # it is sent once more: the same mail, Message-ID and Date


@dataclass(frozen=True, slots=True)
class Which:
    """Which of the messages to leads that may have arrived. What is not said is not asked."""

    ids: tuple[int, ...] | None = None
    campaign_id: int | None = None
    broadcast_id: int | None = None
    since: datetime | None = None  # engine time at which they went
    until: datetime | None = None

    def conditions(self) -> list[sa.ColumnElement[bool]]:
        """As conditions on `messages`."""
        m = messages.c
        given: list[tuple[Any, Callable[[Any], Any]]] = [
            (self.ids, lambda ids: among(m.id, list(ids))),
            (self.campaign_id, m.campaign_id.__eq__),
            (self.broadcast_id, m.broadcast_id.__eq__),
            (self.since, m.gone_at.__ge__),
            (self.until, m.gone_at.__lt__),
        ]
        asked = [condition(value) for value, condition in given if value is not None]
        return [_UNKNOWN, unindexed(m.lead_id).is_not(None), m.user_id.is_(None), *asked]


def count(conn: Connection, which: Which) -> int:
    """How many there are."""
    return int(conn.execute(sa.select(sa.func.count()).select_from(messages).where(*which.conditions())).scalar_one())


def listed(conn: Connection, which: Which, *, before: int | None = None, limit: int = 50) -> Sequence[Row[Any]]:
    """What is known of each, the newest first: lead, address, email, when it went, by which relay, its Message-ID."""
    m, last = messages.c, sa.func.max(attempts.c.id)
    tried = sa.select(attempts.c.message_id, last.label("id")).group_by(attempts.c.message_id)
    tries = tried.where(attempts.c.message_id.in_(_ids(which, before, limit))).subquery()
    tables = (
        messages.join(leads, leads.c.id == m.lead_id)
        .outerjoin(campaigns, campaigns.c.id == m.campaign_id)
        .outerjoin(broadcasts, broadcasts.c.id == m.broadcast_id)
        .outerjoin(tries, tries.c.message_id == m.id)
        .outerjoin(attempts, attempts.c.id == tries.c.id)
    )
    columns: tuple[Any, ...] = (
        m.id, m.address, m.template_key, m.header_id, m.gone_at, m.dated_at, m.attempts,
        leads.c.name.label("lead_name"), leads.c.email.label("lead_email"), leads.c.public_id.label("lead_public_id"),
        campaigns.c.key.label("campaign_key"), campaigns.c.name.label("campaign_name"),
        broadcasts.c.key.label("broadcast_key"), broadcasts.c.name.label("broadcast_name"),
        attempts.c.route, attempts.c.at.label("tried_at"),
    )  # fmt: skip
    query = sa.select(*columns).select_from(tables).where(m.id.in_(_ids(which, before, limit)))
    return conn.execute(query.order_by(m.id.desc())).all()


def _ids(which: Which, before: int | None, limit: int) -> Any:
    query = sa.select(messages.c.id).where(*which.conditions()).order_by(messages.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(messages.c.id < before)
    return sa.select(query.subquery().c.id)


def resolve(conn: Connection, ctx: Context, by: Person | str, which: Which, how: Resolution, why: str) -> list[int]:
    """Say it of up to 500 of them, in the order in which they went; gives their ids. `why` is kept.

    ForbiddenError for a person who defines no campaigns, InputError without a reason. Those who sent again are to be
    rung for: `wake.messages`.
    """
    if isinstance(by, Person) and not by.may_define:
        raise ForbiddenError(N_("Only marketers and administrators may say what became of an email"))
    reason = clean(why, 300)
    if not reason:
        raise InputError([Problem("no_reason", N_("Say why"), path="why")])
    actor = by.actor if isinstance(by, Person) else by
    rows = _locked(conn, which)
    carry_out(conn, ctx, rows, how, actor=actor, why=reason)
    if rows:
        ids = [row.id for row in rows]
        detail = {"as": how.value, "why": reason, "count": len(ids), "messages": ids[:_NAMED]}
        note(conn, actor=actor, action="message.resolve", subject="messages", at=ctx.clock.real(), detail=detail)
    return [row.id for row in rows]


def _locked(conn: Connection, which: Which) -> Sequence[Row[Any]]:
    """The rows, with their leads and enrollments, which are locked before them, as everywhere."""
    m = messages.c
    columns: tuple[Any, ...] = (m.id, m.lead_id, m.enrollment_id, m.gone_at, m.template_key)
    some: sa.Select[Any] = (
        sa.select(*columns, campaigns.c.key.label("campaign_key"))
        .select_from(messages.outerjoin(campaigns, campaigns.c.id == m.campaign_id))
        .where(*which.conditions())
        .order_by(m.id)
        .limit(PART)
    )
    if conn.dialect.name == "sqlite":  # which has one writer
        return conn.execute(some).all()
    found = conn.execute(some).all()
    hold(conn, sorted({row.lead_id for row in found}))
    held = sorted({row.enrollment_id for row in found} - {None})
    e = enrollments.c.id
    conn.execute(sa.select(e).where(among(e, held)).order_by(e).with_for_update(key_share=True))
    again = some.where(among(m.id, [row.id for row in found]))
    return conn.execute(again.with_for_update(key_share=True, of=messages)).all()


def carry_out(
    conn: Connection, ctx: Context, rows: Sequence[Row[Any]], how: Resolution, *, actor: str, why: str
) -> None:
    """Do it to these rows, which stand as unknown and are locked; by the campaign's policy when nobody says why."""
    if not rows:
        return
    now, real = ctx.clock.engine(), ctx.clock.real()
    if how is Resolution.SENT:
        update_rows(conn, messages, _CLOSED, [(r.id, MessageState.SENT.value, "", None, now, real) for r in rows])
        went = [line(row, Kind.MESSAGE_SENT, row.gone_at or now, {}) for row in rows]
        record_set(conn, went, real=real, react=False)
        forget_values(conn, [row.id for row in rows])
    else:
        retry = None if why else real + _POLICY_PAUSE
        state = MessageState.QUEUED.value
        update_rows(conn, messages, _OPENED, [(r.id, state, "", None, None, real, retry, None) for r in rows])
        _hold(conn, rows)
    key = f"resolved:{real.timestamp():.6f}"
    told = {"as": how.value, "why": why}
    record_set(conn, [line(row, Kind.MESSAGE_RESOLVED, now, told, actor=actor, key=key) for row in rows], real=real)


_CLOSED = ("state", "reason", "detail", "ended_at", "resolved_at")
_OPENED = ("state", "reason", "detail", "ended_at", "resolved_at", "retry_at", "gone_at")


def _hold(conn: Connection, rows: Sequence[Row[Any]]) -> None:
    """Enrollments that wait for no other message wait for this one again: no two emails arrive side by side."""
    e = enrollments.c
    change = (
        enrollments.update()
        .where(e.id == sa.bindparam("which"), e.waits_for.is_(None), e.state == EnrollmentState.ACTIVE.value)
        .values(waits_for=sa.bindparam("message"))
    )
    held = sorted((row.enrollment_id, row.id) for row in rows if row.enrollment_id is not None)
    if held:
        conn.execute(change, [{"which": enrollment, "message": message} for enrollment, message in held])


def by_policy(conn: Connection, ctx: Context, rows: Sequence[Row[Any]]) -> None:
    """Resolve what has just become unknown, where its campaign says how; each message is sent again so once at most."""
    for how in Resolution:
        meant = [row for row in rows if _written(row) == how.value]
        carry_out(conn, ctx, meant, how, actor="engine", why="")


def _written(row: Row[Any]) -> str:
    """What the message's campaign says of such a one; nothing where a person has to."""
    written = row.when_unknown or ""
    return "" if row.resolved_at is not None or row.lead_id is None or row.user_id is not None else written
