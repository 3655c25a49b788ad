"""What came late after a standstill and waits for a person: list it, let it go, drop it (queries).

An enrollment waits before its email is written; a message waits that was written already. Whoever lets them go takes
now for the instant they were planned for, so that what follows counts from now, and windows, caps and the gap hold.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.activities.model import Decided
from nurture.activities.service import Decision, decide_many
from nurture.campaigns.tables import campaigns
from nurture.enrollments.advance import DROPPED
from nurture.enrollments.model import EnrollmentState
from nurture.enrollments.tables import enrollments
from nurture.kernel.database import Database, among, unindexed
from nurture.kernel.errors import ForbiddenError, InputError, NotFoundError
from nurture.kernel.i18n import N_
from nurture.kernel.reasons import Reason
from nurture.leads.store import visible
from nurture.leads.tables import leads
from nurture.messages.model import MessageState
from nurture.messages.service import set_state
from nurture.messages.tables import messages
from nurture.users.model import Person
from nurture.users.service import note

RELEASE, DROP = "release", "drop"
PART = 1000
# Spelled out, so that the partial indexes serve them.
_ENROLLED = sa.and_(
    sa.text("enrollments.state = 'active' AND enrollments.waits_for IS NULL"),
    enrollments.c.held == Reason.HELD_LATE.value,
    enrollments.c.due_at.is_(None),
)
_QUEUED = sa.and_(
    sa.text("messages.state IN ('queued', 'deferred')"),
    messages.c.reason == Reason.HELD_LATE.value,
)


@dataclass(frozen=True, slots=True)
class Late:
    """One mail that waits: `enrollment:12` or `message:7`, whom it is for, and when it was planned."""

    id: str
    campaign: str | None  # key; None for a one-time email
    lead: str  # public id
    name: str
    step: str
    planned_at: datetime
    lead_id: int


@dataclass(frozen=True, slots=True)
class Pile:
    """How many wait in a campaign (or in none), since when."""

    campaign: str | None
    name: Mapping[str, str]
    count: int
    since: datetime


def piles(conn: Connection, campaign: str | None = None) -> list[Pile]:
    """What waits, by campaign, the longest waiting first."""
    parts = []
    for table, which in ((enrollments, _ENROLLED), (messages, _QUEUED)):
        parts.append(sa.select(table.c.campaign_id, table.c.planned_at).where(which))
    both = sa.union_all(*parts).subquery()
    query = (
        sa.select(campaigns.c.key, campaigns.c.name, sa.func.count(), sa.func.min(both.c.planned_at).label("since"))
        .select_from(both.outerjoin(campaigns, campaigns.c.id == both.c.campaign_id))
        .group_by(campaigns.c.id, campaigns.c.key, campaigns.c.name)
        .order_by(sa.literal_column("since"))
    )
    if campaign is not None:
        query = query.where(campaigns.c.key == campaign)
    return [Pile(row[0], row[1] or {}, row[2], row[3]) for row in conn.execute(query)]


def listed(
    conn: Connection, campaign: str | None = None, limit: int = 50, *, seen_by: Person | None = None
) -> list[Late]:
    """What waits, one by one, the longest waiting first; of the leads that this person sees."""
    found = []
    for word, table, which in (("enrollment", enrollments, _ENROLLED), ("message", messages, _QUEUED)):
        query = (
            sa.select(table.c.id, table.c.step, table.c.planned_at, table.c.lead_id, campaigns.c.key,
                      leads.c.public_id, leads.c.name, leads.c.email)
            .select_from(table.join(leads, leads.c.id == table.c.lead_id).outerjoin(
                campaigns, campaigns.c.id == table.c.campaign_id))
            .where(which).order_by(table.c.planned_at, table.c.id).limit(limit)
        )  # fmt: skip
        if campaign is not None:
            query = query.where(campaigns.c.key == campaign)
        if seen_by is not None:
            query = query.where(visible(seen_by))
        found += [
            Late(f"{word}:{row.id}", row.key, row.public_id, row.name or row.email or "", row.step or "",
                 row.planned_at, row.lead_id)
            for row in conn.execute(query)
        ]  # fmt: skip
    return sorted(found, key=lambda one: (one.planned_at, one.id))[:limit]


def decide_all(
    database: Database, person: Person | None, verb: str, *, campaign: str | None = None, now: datetime, real: datetime
) -> int:
    """As `decide_by`, about all or all of a campaign: in parts, each a transaction of its own with its audit line.

    One that is cut off leaves the rest as it waited, to be decided about again.
    """
    with database.read() as conn:
        waiting = [one.campaign for one in piles(conn, campaign)]
    total = 0
    # campaign by campaign, so that an index serves each part; None is what is left, one-time emails
    for key in [campaign] if campaign else sorted(waiting, key=lambda one: (one is None, one)) or [None]:
        count = PART
        while count == PART:
            with database.write() as conn:
                count = decide_by(conn, person, verb, campaign=key, most=PART, now=now, real=real)
            total += count
    return total


def decide_by(
    conn: Connection,
    person: Person | None,
    verb: str,
    *,
    campaign: str | None = None,
    ids: Iterable[str] | None = None,
    most: int | None = None,
    now: datetime,
    real: datetime,
) -> int:
    """Let go (`release`) or drop what waits: all, all of a campaign, or these; at most so many. Gives how many.

    None as person is the command line. ForbiddenError unless they define campaigns.
    """
    if person is not None and not person.may_define:
        raise ForbiddenError(N_("Only marketers and administrators decide about late mails"))
    if verb not in {RELEASE, DROP}:
        raise InputError(N_("There is no such choice"))
    wanted = None if ids is None else _wanted(ids)
    enrolled = _chosen(conn, enrollments, _ENROLLED, campaign, None if wanted is None else wanted["enrollment"], most)
    left = None if most is None else most - len(enrolled)
    queued = _chosen(conn, messages, _QUEUED, campaign, None if wanted is None else wanted["message"], left)
    if wanted is not None and not enrolled and not queued:
        raise NotFoundError(N_("Somebody has decided this already"))
    act = _release if verb == RELEASE else _drop
    act(conn, enrolled, queued, now)
    count = len(enrolled) + len(queued)
    actor = person.actor if person is not None else "cli"
    detail = {"count": count, "campaign": campaign}
    note(conn, actor=actor, action=f"late.{verb}", subject=f"campaign:{campaign or ''}", at=real, detail=detail)
    return count


def _wanted(ids: Iterable[str]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {"enrollment": [], "message": []}
    for one in ids:
        kind, _, number = one.partition(":")
        if kind not in found or not number.isdecimal() or len(number) > 18:
            raise InputError(N_("There is no such mail"))
        found[kind].append(int(number))
    return found


def _chosen(
    conn: Connection,
    table: sa.Table,
    which: sa.ColumnElement[bool],
    campaign: str | None,
    ids: Sequence[int] | None,
    most: int | None,
) -> list[Any]:
    """The rows, at most so many, locked until the transaction ends."""
    if ids is not None and not ids:
        return []
    query = sa.select(table).where(which).order_by(table.c.id).limit(most).with_for_update(key_share=True)
    if campaign is not None:
        key = sa.select(campaigns.c.id).where(campaigns.c.key == campaign)
        query = query.where(table.c.campaign_id.in_(key))
    if ids is not None:
        query = query.where(table.c.id.in_(ids))
    return list(conn.execute(query))


def _release(conn: Connection, enrolled: Sequence[Any], queued: Sequence[Any], now: datetime) -> None:
    _go_on(conn, [(row.id, row.memory) for row in enrolled], now)
    change = messages.update().where(among(messages.c.id, [row.id for row in queued]))
    conn.execute(change.values(reason="", detail=None, not_before=now))


def _drop(conn: Connection, enrolled: Sequence[Any], queued: Sequence[Any], now: datetime) -> None:
    """An enrollment remembers that this mail is dropped: its step writes it as not sent, and goes on."""
    marks = [(row.id, {**(row.memory or {}), DROPPED: f"{row.step}/{row.occurrence}"}) for row in enrolled]
    _go_on(conn, marks, now)
    ids = [row.id for row in queued]
    gone = set(set_state(conn, ids, MessageState.SKIPPED, now=now, reason=Reason.LATE_DROPPED)) if ids else set()
    decide_many(
        conn,
        [
            Decision(
                Decided.SEND, f"message:{row.id}", "no", Reason.LATE_DROPPED, now, row.lead_id, f"message:{row.id}"
            )
            for row in queued
            if row.id in gone
        ],
    )


def _go_on(conn: Connection, rows: Sequence[tuple[int, Mapping[str, Any] | None]], now: datetime) -> None:
    if rows:
        change = enrollments.update().where(enrollments.c.id == sa.bindparam("place"))
        change = change.values(
            due_at=sa.bindparam("at", type_=enrollments.c.due_at.type),
            planned_at=sa.bindparam("at", type_=enrollments.c.due_at.type),
            held=None,
            held_detail=None,
            memory=sa.bindparam("kept", type_=enrollments.c.memory.type),
        )
        conn.execute(change, [{"place": place, "at": now, "kept": memory} for place, memory in rows])


def waits(conn: Connection, campaign_id: int) -> list[tuple[str, int]]:
    """Why leads of a campaign and mails of it wait, besides their steps: reason codes with how many, most first."""
    here = sa.select(enrollments.c.held.label("reason")).where(
        enrollments.c.campaign_id == campaign_id,
        enrollments.c.state == EnrollmentState.ACTIVE.value,
        enrollments.c.held.is_not(None),
    )
    there = sa.select(messages.c.reason).where(
        messages.c.campaign_id == campaign_id,
        messages.c.state.in_([MessageState.QUEUED.value, MessageState.DEFERRED.value]),
        messages.c.reason != "",
    )
    both = sa.union_all(here, there).subquery()
    query = sa.select(both.c.reason, sa.func.count()).group_by(both.c.reason)
    return [(row[0], row[1]) for row in conn.execute(query.order_by(sa.func.count().desc(), both.c.reason))]


def waiting(campaign_id: int, reason: str) -> sa.Select[Any]:
    """The ids of the enrollments that `waits` counts for a reason."""
    here = sa.select(enrollments.c.id).where(
        enrollments.c.campaign_id == campaign_id,
        enrollments.c.state == EnrollmentState.ACTIVE.value,
        enrollments.c.held == reason,
    )
    there = sa.select(messages.c.enrollment_id).where(
        messages.c.campaign_id == campaign_id,
        messages.c.state.in_([MessageState.QUEUED.value, MessageState.DEFERRED.value]),
        messages.c.reason == reason,
        messages.c.enrollment_id.is_not(None),
    )
    return sa.select(sa.union_all(here, there).subquery().c.id)


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply that nobody has looked at yet: whose, and since when."""

    lead: str  # public id
    name: str
    at: datetime


def desk(
    conn: Connection, owner_id: int | None, *, late: bool, most: int
) -> tuple[list[tuple[int | None, int, datetime]], list[Reply]]:
    """What waits for a person, in one query: late mails by campaign id, how many and since when; and replies.

    With `owner_id` only replies of that person's own leads and of leads without an owner.
    """
    answers = sa.select(
        sa.literal("reply", sa.Text).label("kind"),
        leads.c.id.label("id"),
        leads.c.public_id.label("key"),
        sa.func.coalesce(sa.func.nullif(leads.c.name, ""), leads.c.email, leads.c.public_id).label("name"),
        sa.literal(1, sa.Integer).label("count"),
        leads.c.replied_at.label("since"),
    ).where(leads.c.replied_at.is_not(None))
    if owner_id is not None:
        owner = unindexed(leads.c.owner_id)  # few leads wait, and many are somebody's
        answers = answers.where(sa.or_(owner == owner_id, owner.is_(None)))
    first = answers.order_by(leads.c.replied_at, leads.c.id).limit(most).subquery()
    parts: list[sa.Select[Any]] = [sa.select(first)]
    for table, which in ((enrollments, _ENROLLED), (messages, _QUEUED)) if late else ():
        columns = (
            sa.literal("late", sa.Text), table.c.campaign_id, sa.cast(sa.null(), sa.Text), sa.cast(sa.null(), sa.Text),
            sa.func.count(), sa.func.min(table.c.planned_at),
        )  # fmt: skip
        # not by its index: SQLite would walk through every row there is instead of the few that wait
        parts.append(sa.select(*columns).select_from(table).where(which).group_by(unindexed(table.c.campaign_id)))
    piles: dict[int | None, tuple[int, datetime]] = {}
    replies = []
    for row in conn.execute(sa.union_all(*parts)):
        if row.kind == "reply":
            replies.append(Reply(row.key, row.name, row.since))
        else:
            count, since = piles.get(row.id, (0, row.since))
            piles[row.id] = count + row[4], min(since, row.since)
    return [(key, *found) for key, found in piles.items()], sorted(replies, key=lambda one: one.at)
