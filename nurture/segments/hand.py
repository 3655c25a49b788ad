"""Segments kept by hand: who is put in and taken out, by people and by steps of campaigns. Set-based.

It uses the database, in the caller's write transaction. Each join and leave is a row with its cause, and a line in the
lead's timeline.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.activities.model import Kind
from nurture.activities.service import Activity, record_set
from nurture.kernel.database import update_rows, upsert
from nurture.kernel.errors import ConflictError, NotFoundError
from nurture.kernel.i18n import N_
from nurture.leads.store import hold
from nurture.segments import store
from nurture.segments.model import Segment
from nurture.segments.tables import memberships


@dataclass(frozen=True, slots=True)
class Seat:
    """A lead's place in a segment, asked for by its key, and what asks for it."""

    lead_id: int
    segment: str
    cause: str
    campaign: str | None = None  # key, where a step asks


def kept(conn: Connection, keys: Sequence[str]) -> dict[str, Segment]:
    """The segments of these keys that are kept by hand and not archived."""
    return {one.key: one for one in store.every(conn, sorted(set(keys))) if one.by_hand}


def add(conn: Connection, key: str, lead_ids: Sequence[int], *, now: datetime, real: datetime, actor: str) -> list[int]:
    """Put leads in; gives those that were not. NotFoundError; ConflictError when a rule keeps it."""
    known = _one(conn, key)
    hold(conn, lead_ids)
    seats = [Seat(one, key, actor) for one in dict.fromkeys(lead_ids)]
    return [seat.lead_id for seat in join(conn, seats, known, now=now, real=real, actor=actor)]


def remove(
    conn: Connection, key: str, lead_ids: Sequence[int], *, now: datetime, real: datetime, actor: str
) -> list[int]:
    """Take leads out; gives those that were in. NotFoundError; ConflictError when a rule keeps it."""
    known = _one(conn, key)
    hold(conn, lead_ids)
    seats = [Seat(one, key, actor) for one in dict.fromkeys(lead_ids)]
    return [seat.lead_id for seat in leave(conn, seats, known, now=now, real=real, actor=actor)]


def _one(conn: Connection, key: str) -> dict[str, Segment]:
    segment = store.get(conn, key)
    if segment is None:
        raise NotFoundError(N_("There is no such segment"))
    known = kept(conn, [key])
    if not known:
        raise ConflictError(N_("A rule says who is in this segment"))
    return known


def join(
    conn: Connection, seats: Sequence[Seat], known: Mapping[str, Segment], *,
    now: datetime, real: datetime, actor: str = "engine",
) -> list[Seat]:  # fmt: skip
    """Take these seats, of segments that are known; gives those that were free. The leads are held."""
    wanted = {(known[seat.segment].id, seat.lead_id): seat for seat in seats}
    if not wanted:
        return []
    rows = [
        {"segment_id": segment_id, "lead_id": lead_id, "joined_at": now, "cause": seat.cause}
        for (segment_id, lead_id), seat in sorted(wanted.items(), key=lambda one: one[0])
    ]
    insert = upsert(conn.dialect.name, memberships).on_conflict_do_nothing()
    new = conn.execute(insert.returning(memberships.c.segment_id, memberships.c.lead_id), rows)
    taken = [wanted[row.segment_id, row.lead_id] for row in new]
    record_set(conn, [_line(seat, Kind.SEGMENT_JOINED, now, actor) for seat in taken], real=real)
    return taken


def leave(
    conn: Connection, seats: Sequence[Seat], known: Mapping[str, Segment], *,
    now: datetime, real: datetime, actor: str = "engine",
) -> list[Seat]:  # fmt: skip
    """Give these seats up; gives those that were taken. The leads are held."""
    wanted = {(known[seat.segment].id, seat.lead_id): seat for seat in seats}
    if not wanted:
        return []
    m = memberships.c
    some = (m.segment_id.in_(sorted({one for one, _ in wanted})), m.lead_id.in_(sorted({one for _, one in wanted})))
    there = conn.execute(sa.select(m.id, m.segment_id, m.lead_id).where(*some, m.left_at.is_(None)).order_by(m.id))
    mine = [(row.id, wanted[key]) for row in there if (key := (row.segment_id, row.lead_id)) in wanted]
    update_rows(conn, memberships, ["left_at", "left_cause"], [(number, now, seat.cause) for number, seat in mine])
    record_set(conn, [_line(seat, Kind.SEGMENT_LEFT, now, actor) for _, seat in mine], real=real)
    return [seat for _, seat in mine]


def _line(seat: Seat, kind: Kind, now: datetime, actor: str) -> Activity:
    detail = {"segment": seat.segment}
    return Activity(seat.lead_id, kind, now, actor, seat.cause, campaign_key=seat.campaign, detail=detail)
