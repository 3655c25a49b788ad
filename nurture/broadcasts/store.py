"""Queries on broadcasts, on the account of each, and on what came of their variants."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.activities.model import Kind
from nurture.activities.tables import activities
from nurture.broadcasts.model import TESTED, BroadcastState
from nurture.broadcasts.tables import broadcasts
from nurture.kernel.significance import Variant as Figure
from nurture.leads.store import visible
from nurture.leads.tables import leads
from nurture.messages.model import MessageState
from nurture.messages.store import Tally
from nurture.messages.tables import messages
from nurture.users.model import Person

# Those that may still become something else.
UNFINISHED = (MessageState.QUEUED.value, MessageState.DEFERRED.value, MessageState.SENDING.value)


@dataclass(frozen=True, slots=True)
class Stored:
    """A broadcast as stored."""

    id: int
    key: str
    name: str
    state: BroadcastState
    definition: Mapping[str, Any]
    version: int
    root_id: int
    before_state: str | None
    reason: str
    starts_at: datetime | None
    started_at: datetime | None
    written_until: int | None
    written_at: datetime | None
    texts: Mapping[str, Mapping[str, int]] | None
    winner: str | None
    result: Mapping[str, Any] | None
    decided_at: datetime | None
    decided_by: str | None
    launched_by: str | None
    seen: Mapping[str, Any] | None
    ended_at: datetime | None
    created_at: datetime
    created_by: str

    @property
    def is_tested(self) -> bool:
        """Whether its variants are tried on a part of the audience first."""
        return bool(self.definition.get("test"))


_NAMES = tuple(Stored.__slots__)


def _stored(row: Any) -> Stored:
    values = {name: getattr(row, name) for name in _NAMES}
    return Stored(**{**values, "state": BroadcastState(row.state), "root_id": row.root_id or row.id})


def get(conn: Connection, key: str) -> Stored | None:
    """The broadcast of this key."""
    row = conn.execute(sa.select(broadcasts).where(broadcasts.c.key == key)).one_or_none()
    return None if row is None else _stored(row)


def lock(conn: Connection, broadcast_id: int) -> Stored:
    """A broadcast as it is now; nobody else moves it until the transaction ends."""
    query = sa.select(broadcasts).where(broadcasts.c.id == broadcast_id).with_for_update(key_share=True)
    return _stored(conn.execute(query).one())


def every(conn: Connection, states: Sequence[BroadcastState] = (), limit: int = 200) -> list[Stored]:
    """Broadcasts, the newest first; or those in one of these states."""
    query = sa.select(broadcasts).order_by(broadcasts.c.id.desc()).limit(limit)
    if states:
        query = query.where(broadcasts.c.state.in_([state.value for state in states]))
    return [_stored(row) for row in conn.execute(query)]


def due(conn: Connection, now: datetime) -> list[Stored]:
    """Those with something to do: scheduled for now or earlier, sending, stopped before their audience was written."""
    scheduled = sa.and_(broadcasts.c.state == BroadcastState.SCHEDULED.value, broadcasts.c.starts_at <= now)
    sending = broadcasts.c.state == BroadcastState.SENDING.value
    half = sa.and_(
        broadcasts.c.state == BroadcastState.STOPPED.value,
        broadcasts.c.started_at.is_not(None),
        broadcasts.c.ended_at.is_(None),
    )
    query = sa.select(broadcasts).where(sa.or_(scheduled, sending, half)).order_by(broadcasts.c.id)
    return [_stored(row) for row in conn.execute(query)]


def keys(conn: Connection) -> list[str]:
    """Every key in use."""
    return list(conn.execute(sa.select(broadcasts.c.key)).scalars())


def names(conn: Connection) -> dict[str, str]:
    """Name by key, the newest first."""
    query = sa.select(broadcasts.c.key, broadcasts.c.name).order_by(broadcasts.c.id.desc())
    return {row.key: row.name for row in conn.execute(query)}


def called(conn: Connection, ids: Iterable[int]) -> dict[int, tuple[str, str]]:
    """Key and name of these broadcasts by id."""
    wanted = sorted(ids)
    if not wanted:
        return {}
    query = sa.select(broadcasts.c.id, broadcasts.c.key, broadcasts.c.name).where(broadcasts.c.id.in_(wanted))
    return {row.id: (row.key, row.name) for row in conn.execute(query)}


def set_(conn: Connection, broadcast_id: int, **values: Any) -> None:
    """Write these columns."""
    conn.execute(broadcasts.update().where(broadcasts.c.id == broadcast_id).values(**values))


# -- the account --


def tally(conn: Connection, broadcast_id: int, seen_by: Person | None = None) -> Tally:
    """How many emails of it stand where and why, as messages.store.tally; those of leads that somebody sees."""
    parts = (messages.c.state, messages.c.reason)
    query = sa.select(*parts, sa.func.count()).where(messages.c.broadcast_id == broadcast_id).group_by(*parts)
    if seen_by is not None and not seen_by.sees_all:
        query = query.where(messages.c.lead_id.in_(sa.select(leads.c.id).where(visible(seen_by))))
    return [(state, reason, int(count)) for state, reason, count in conn.execute(query)]


def counts(conn: Connection, ids: Iterable[int]) -> dict[int, dict[str, int]]:
    """For each of these broadcasts how many emails stand in which state."""
    parts = (messages.c.broadcast_id, messages.c.state)
    query = sa.select(*parts, sa.func.count()).where(messages.c.broadcast_id.in_(list(ids))).group_by(*parts)
    found: dict[int, dict[str, int]] = {}
    for broadcast_id, state, count in conn.execute(query):
        found.setdefault(broadcast_id, {})[state] = int(count)
    return found


def is_unfinished(conn: Connection, broadcast_id: int) -> bool:
    """Whether something of it waits or is on its way."""
    query = sa.select(messages.c.id).where(messages.c.broadcast_id == broadcast_id, messages.c.state.in_(UNFINISHED))
    return conn.execute(query.limit(1)).first() is not None


def next_handover(conn: Connection, broadcast_id: int) -> datetime | None:
    """The earliest instant for which an email of it waits; None when none does."""
    waiting = (MessageState.QUEUED.value, MessageState.DEFERRED.value)
    query = sa.select(sa.func.min(messages.c.not_before)).where(
        messages.c.broadcast_id == broadcast_id, messages.c.state.in_(waiting)
    )
    return conn.execute(query).scalar_one_or_none()


# -- what came of it --


def _clicked(broadcast_id: int, since: datetime) -> sa.Select[Any]:
    """Human clicks on emails of a broadcast: those that were not withdrawn."""
    return (
        sa.select(messages.c.id, messages.c.step, messages.c.occurrence, activities.c.url, activities.c.lead_id)
        .select_from(activities.join(messages, messages.c.id == activities.c.message_id))
        .where(
            activities.c.kind == Kind.CLICKED.value,
            activities.c.occurred_at >= since,
            activities.c.withdrawn_at.is_(None),
            messages.c.broadcast_id == broadcast_id,
        )
    )


def figures(conn: Connection, stored: Stored, *, tested: bool) -> list[Figure]:
    """For each variant how many emails the relay took and how many of those were clicked by a person.

    `tested`: only of those in the test.
    """
    if stored.started_at is None:
        return []
    mine = [messages.c.broadcast_id == stored.id, messages.c.step.is_not(None)]
    if tested:
        mine.append(messages.c.occurrence == TESTED)
    taken = messages.c.state == MessageState.SENT.value
    query = sa.select(messages.c.step, sa.func.count()).where(*mine, taken).group_by(messages.c.step)
    sent = {step: int(count) for step, count in conn.execute(query)}
    clicked = _clicked(stored.id, stored.started_at).where(*mine, taken).subquery()
    by_variant = sa.select(clicked.c.step, sa.func.count(clicked.c.id.distinct())).group_by(clicked.c.step)
    successes = {step: int(count) for step, count in conn.execute(by_variant)}
    return [Figure(step, count, successes.get(step, 0)) for step, count in sorted(sent.items())]


@dataclass(frozen=True, slots=True)
class Link:
    """One address in the email: how many people went there, and how often."""

    url: str
    people: int
    clicks: int


def links(conn: Connection, stored: Stored, limit: int = 20) -> list[Link]:
    """Human clicks by address, the most people first."""
    if stored.started_at is None:
        return []
    clicked = _clicked(stored.id, stored.started_at).subquery()
    people = sa.func.count(clicked.c.lead_id.distinct())
    query = sa.select(clicked.c.url, people, sa.func.count()).group_by(clicked.c.url)
    rows = conn.execute(query.order_by(people.desc(), clicked.c.url).limit(limit))
    return [Link(url or "", int(found), int(times)) for url, found, times in rows]


def last_gone(conn: Connection, broadcast_id: int) -> tuple[bool, datetime | None]:
    """Whether emails of the test have still to go for the first time, and when the last of them went."""
    mine = [messages.c.broadcast_id == broadcast_id, messages.c.occurrence == TESTED]
    waiting = sa.select(messages.c.id).where(
        *mine, messages.c.state.in_([MessageState.QUEUED.value, MessageState.SENDING.value])
    )
    if conn.execute(waiting.limit(1)).first() is not None:
        return True, None
    return False, conn.execute(sa.select(sa.func.max(messages.c.gone_at)).where(*mine)).scalar_one_or_none()
