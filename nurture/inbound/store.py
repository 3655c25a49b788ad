"""Queries of what came back: kept once for each source and key, and listed for people."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from nurture.inbound.deciding import Case
from nurture.inbound.model import Handling, Return, What
from nurture.inbound.tables import returns
from nurture.kernel.database import among, insert_new, unindexed, update_rows
from nurture.kernel.signing import KeyRing
from nurture.kernel.text import clean
from nurture.leads.store import visible
from nurture.leads.tables import leads
from nurture.users.model import Person

LONGEST_TEXT = 20_000
LARGEST_RAW = 256 * 1024  # bytes; of a larger mail its words are kept
_LONGEST_KEY = 200
_TOLD = (
    "source", "key", "what", "reason", "status", "diagnostic", "at", "recorded_at", "engine_at", "sender", "subject",
    "text",
)  # fmt: skip
_MADE = ("message_id", "lead_id", "address_hash", "outcome", "refusal", "raw", "state")


def key_of(one: Return) -> str:
    """Its key, short enough to be kept."""
    key = clean(one.key, 10_000)
    return key if len(key) <= _LONGEST_KEY else hashlib.sha256(key.encode()).hexdigest()


def add(conn: Connection, told: Sequence[Return], *, now: datetime, real: datetime) -> list[tuple[int, Return]]:
    """Keep those that are new; gives them with their ids, in the order in which they were told."""
    first: dict[tuple[str, str], Return] = {}
    for one in told:
        first.setdefault((one.source, key_of(one)), one)
    rows = [_row(key, one, now, real) for key, one in sorted(first.items(), key=lambda item: item[0])]
    new = {(source, key): number for number, source, key in insert_new(conn, returns, _TOLD, rows, _NAMED)}
    return [(new[key], one) for key, one in first.items() if key in new]


_NAMED = ("id", "source", "key")


def _row(key: tuple[str, str], one: Return, now: datetime, real: datetime) -> tuple[Any, ...]:
    return (
        *key, one.what.value, one.reason.value if one.reason else "", clean(one.status, 20),
        clean(one.diagnostic, 1_000), min(one.at, real), real, now, clean(one.sender, 320), clean(one.subject),
        written(one.text),
    )  # fmt: skip


def written(text: str) -> str:
    """Text of several lines as a database takes it."""
    kept = text.replace("\r\n", "\n").replace("\x00", "")[:LONGEST_TEXT]
    return kept.encode("utf-8", "replace").decode("utf-8").strip()


def save(conn: Connection, keys: KeyRing, cases: Sequence[Case], raws: Mapping[str, bytes]) -> None:
    """Write what was made of them."""
    update_rows(conn, returns, _MADE, [_made(keys, case, raws.get(case.told.key)) for case in cases])
    # What a machine tells of a lead that was forgotten counts, without its words; what a person writes, a person reads.
    bare = [case.id for case in cases if case.found.erased and case.handling is Handling.NONE]
    if bare:
        empty = {"diagnostic": "", "sender": "", "subject": "", "text": "", "refusal": ""}
        conn.execute(returns.update().where(among(returns.c.id, bare)).values(empty))


def _made(keys: KeyRing, case: Case, raw: bytes | None) -> tuple[Any, ...]:
    wanted = case.handling is Handling.WAITING and raw is not None and len(raw) <= LARGEST_RAW
    return (
        case.id, case.found.message_id, case.found.lead_id,
        keys.address_hash(case.found.address) if case.found.address else "", case.outcome.value,
        case.refusal.words if case.refusal else "", raw if wanted else None, case.handling.value,
    )  # fmt: skip


# for people

_LISTED = (
    "id", "what", "source", "message_id", "lead_id", "engine_at", "at", "outcome", "address_hash", "sender", "subject",
    "text", "refusal", "state", "handled_at", "handled_by", "diagnostic",
)  # fmt: skip
_WAITS = sa.text("returns.state = 'waiting'")  # spelled out, so that the partial index serves it
_FOR_PEOPLE = sa.text("returns.state <> ''")  # likewise: few of many
_REPLIES = returns.c.what.in_([What.REPLIED.value, What.UNSUBSCRIBED.value])


def _listing() -> sa.Select[Any]:
    return sa.select(
        *(returns.c[name] for name in _LISTED),
        leads.c.public_id.label("lead"),
        leads.c.name.label("lead_name"),
        leads.c.email.label("lead_email"),
        leads.c.owner_id,
        leads.c.replied_at,
    ).select_from(returns.outerjoin(leads, leads.c.id == returns.c.lead_id))


def replies(
    conn: Connection, person: Person, *, waiting: bool = True, before: int | None = None, limit: int = 50
) -> tuple[Sequence[Row[Any]], int | None]:
    """Replies of leads that the person sees, the latest first, and the id to go on before."""
    query = _listing().where(_REPLIES, unindexed(returns.c.lead_id).is_not(None), _FOR_PEOPLE)
    query = query.where(visible(person))
    if waiting:
        query = query.where(_WAITS)
    return _page(conn, query, before, limit)


def strays(
    conn: Connection, *, waiting: bool = True, before: int | None = None, limit: int = 50
) -> tuple[Sequence[Row[Any]], int | None]:
    """Mail of which nobody knows whose it is, or that could not be read, or proves nothing."""
    query = _listing().where(sa.or_(~_REPLIES, returns.c.lead_id.is_(None)), _FOR_PEOPLE)
    if waiting:
        query = query.where(_WAITS)
    return _page(conn, query, before, limit)


def _page(
    conn: Connection, query: sa.Select[Any], before: int | None, limit: int
) -> tuple[Sequence[Row[Any]], int | None]:
    if before is not None:
        query = query.where(returns.c.id < before)
    rows = conn.execute(query.order_by(returns.c.id.desc()).limit(limit + 1)).all()
    return rows[:limit], rows[limit - 1].id if len(rows) > limit else None


def one(conn: Connection, return_id: int, person: Person) -> Row[Any] | None:
    """One that the person may see: replies of their leads; what belongs to nobody is for administrators."""
    query = _listing().where(returns.c.id == return_id, _FOR_PEOPLE)
    allowed = sa.and_(returns.c.lead_id.is_not(None), visible(person))
    return conn.execute(query if person.may_administer else query.where(allowed)).first()


def waiting_of(conn: Connection, lead_ids: Sequence[int]) -> dict[int, Row[Any]]:
    """The latest reply of each lead that nobody has handled yet."""
    query = _listing().where(
        _REPLIES, returns.c.state == Handling.WAITING.value, returns.c.lead_id.in_(sorted(set(lead_ids)))
    )
    return {row.lead_id: row for row in conn.execute(query.order_by(returns.c.id))} if lead_ids else {}


def raw_of(conn: Connection, return_id: int) -> bytes | None:
    """The mail itself, where it was kept."""
    return conn.execute(sa.select(returns.c.raw).where(returns.c.id == return_id)).scalar_one_or_none()


def handle(conn: Connection, ids: Sequence[int], state: Handling, *, now: datetime, actor: str) -> list[int]:
    """Note what a person has done with these; gives those that waited. The mail itself stays only where it is kept."""
    change = returns.update().where(returns.c.id.in_(list(ids)), returns.c.state == Handling.WAITING.value)
    done = change.values(**_handled(state, now, actor))
    return list(conn.execute(done.returning(returns.c.id)).scalars())


def _handled(state: Handling, now: datetime, actor: str) -> dict[str, Any]:
    gone = {} if state is Handling.KEPT else {"raw": None}
    return {"state": state.value, "handled_at": now, "handled_by": actor, **gone}


def handle_of_lead(conn: Connection, lead_id: int, state: Handling, *, now: datetime, actor: str) -> bool:
    """The same of all that a lead has written; whether anything waited."""
    mine = (returns.c.lead_id == lead_id, _REPLIES, returns.c.state == Handling.WAITING.value)
    change = returns.update().where(*mine).values(**_handled(state, now, actor))
    return bool(conn.execute(change).rowcount)


def counts(conn: Connection, person: Person) -> tuple[int, int]:
    """How many replies and how many strays wait for this person."""
    waits = _WAITS
    mine = sa.select(sa.func.count()).select_from(returns.join(leads, leads.c.id == returns.c.lead_id))
    replies_waiting = conn.execute(mine.where(waits, _REPLIES, visible(person))).scalar_one()
    if not person.may_administer:
        return int(replies_waiting), 0
    other = sa.select(sa.func.count()).select_from(returns)
    return int(replies_waiting), int(
        conn.execute(other.where(waits, sa.or_(~_REPLIES, returns.c.lead_id.is_(None)))).scalar_one()
    )
