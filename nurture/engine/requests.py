"""What people ask us to do with their data, by when, and doing it (queries; in the caller's write transaction).

The due dates are the law profile's. A marketer or an admin looks after requests; only an admin erases.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from nurture.campaigns import house as houses
from nurture.consents.model import Method
from nurture.consents.requests import DataRequest, RequestKind, RequestState
from nurture.consents.tables import data_requests
from nurture.engine.erasing import Erasure, erase
from nurture.kernel.errors import ConflictError, ForbiddenError, InputError, NotFoundError, Problem
from nurture.kernel.i18n import N_
from nurture.kernel.signing import KeyRing
from nurture.leads.desk import Hand
from nurture.leads.model import Lead
from nurture.leads.tables import leads
from nurture.policy.days import Calendar
from nurture.policy.law import Law
from nurture.users import service as staff
from nurture.users.model import Person, may_see_lead

LONGEST_WORDS = 4_000
_WEEKEND = 5  # Saturday, counted from Monday
_OPEN = data_requests.c.state == RequestState.OPEN.value


@dataclass(frozen=True, slots=True)
class Listed:
    """A request, and whose it is as far as that is still known."""

    request: DataRequest
    lead_public_id: str
    name: str  # empty when erased
    erased: bool


def due(law: Law, kind: RequestKind, asked_at: datetime, calendar: Calendar, zone: ZoneInfo) -> tuple[Any, Any]:
    """By when the person is to be answered, and by when it is to be done; None where the law names no day.

    The first counts working days, Saturdays, Sundays and the house's days off left out.
    """
    span = law.erased_within if kind is RequestKind.ERASE else law.exported_within
    answer = None if law.answer_within is None else _working(asked_at, law.answer_within.days, calendar, zone)
    return answer, None if span is None else asked_at + span


def _working(start: datetime, days: int, calendar: Calendar, zone: ZoneInfo) -> datetime:
    at = start
    while days > 0:
        at += timedelta(days=1)
        day = at.astimezone(zone).date()
        if day.weekday() < _WEEKEND and not calendar.holds(day):
            days -= 1
    return at


def ask(
    conn: Connection, lead_id: int, kind: RequestKind, via: Method, words: str, *, law: Law, zone: ZoneInfo,
    asked_at: datetime, real: datetime, origin: str, actor: str,
) -> DataRequest:  # fmt: skip
    """Keep what a person asked; the same asked again while it is open is the request that there is."""
    before = conn.execute(_ALL.where(_OPEN, data_requests.c.lead_id == lead_id, data_requests.c.kind == kind.value))
    if (row := before.first()) is not None:
        return _request(row)
    answer_by, due_at = due(law, kind, asked_at, houses.live(conn).calendar, zone)
    values = {
        "public_id": secrets.token_hex(6), "lead_id": lead_id, "kind": kind.value, "via": via.value,
        "words": words.strip()[:LONGEST_WORDS], "asked_at": asked_at, "answer_by": answer_by, "due_at": due_at,
        "state": RequestState.OPEN.value, "origin": origin,
    }  # fmt: skip
    conn.execute(data_requests.insert().values(values))
    detail = {"kind": kind.value, "via": via.value}
    staff.note(
        conn, actor=actor, action="request.ask", subject=f"request:{values['public_id']}", at=real, detail=detail
    )
    return _one(conn, str(values["public_id"]))


def write_down(
    conn: Connection, hand: Hand, lead: Lead, kind: str, via: str, words: str, *, law: Law, zone: ZoneInfo
) -> DataRequest:  # fmt: skip
    """A member of staff keeps what the lead asked of them."""
    if not (hand.person.may_edit and may_see_lead(hand.person, lead.owner_id)):
        raise ForbiddenError(N_("You may look at leads, not change them"))
    if kind not in set(RequestKind):
        raise InputError([Problem("no_kind", N_("Choose what was asked"), path="kind")])
    if via not in set(Method):
        raise InputError([Problem("no_way", N_("Choose how it reached us"), path="via")])
    if not words.strip():
        raise InputError([Problem("no_words", N_("Write down what was asked, as it was said"), path="words")])
    return ask(
        conn, lead.id, RequestKind(kind), Method(via), words, law=law, zone=zone, asked_at=hand.now, real=hand.real,
        origin=hand.person.actor, actor=hand.person.actor,
    )  # fmt: skip


def answered(conn: Connection, hand: Hand, public_id: str) -> DataRequest:
    """The person was told that it was heard, and what happens."""
    one = _held(conn, hand.person, public_id)
    if one.answered_at is None:
        _change(conn, one, hand, "request.answer", answered_at=hand.now)
    return _one(conn, public_id)


def done(conn: Connection, hand: Hand, public_id: str) -> DataRequest:
    """The copy of the data was handed to the person."""
    one = _held(conn, hand.person, public_id)
    if one.kind is not RequestKind.EXPORT:
        raise ConflictError(N_("A request to be forgotten is done by erasing"))
    ended = {"answered_at": one.answered_at or hand.now, "ended_at": hand.now, "ended_by": hand.person.actor}
    _change(conn, one, hand, "request.done", state=RequestState.DONE.value, **ended)
    return _one(conn, public_id)


def refuse(conn: Connection, hand: Hand, public_id: str, why: str) -> DataRequest:
    """It is not done, for a reason that the person was told."""
    one = _held(conn, hand.person, public_id)
    note = why.strip()[:LONGEST_WORDS]
    if not note:
        raise InputError(
            [Problem("no_reason", N_("Say why it is not done; the person is owed the reason"), path="note")]
        )
    ended = {"answered_at": one.answered_at or hand.now, "ended_at": hand.now, "ended_by": hand.person.actor}
    _change(conn, one, hand, "request.refuse", state=RequestState.REFUSED.value, note=note, **ended)
    return _one(conn, public_id)


def forget(conn: Connection, keys: KeyRing, hand: Hand, public_id: str) -> Erasure:
    """Erase the lead that asked for it; the request stays, without its words."""
    if not hand.person.may_administer:
        raise ForbiddenError(N_("Only an admin erases"))
    one = _held(conn, hand.person, public_id)
    if one.kind is not RequestKind.ERASE:
        raise ConflictError(N_("This request asks for a copy, not to be forgotten"))
    why, actor = f"request:{public_id}", hand.person.actor
    found = erase(conn, keys, one.lead_id, now=hand.now, real=hand.real, actor=actor, why=why)
    ended = {"answered_at": one.answered_at or hand.now, "ended_at": hand.now, "ended_by": hand.person.actor}
    _change(conn, one, hand, "request.done", state=RequestState.DONE.value, **ended)
    return found


def end_of(conn: Connection, lead_id: int, kind: RequestKind, *, now: datetime, actor: str) -> None:
    """Open requests of this kind are done: what they ask was done on another way."""
    change = data_requests.update().where(_OPEN, data_requests.c.lead_id == lead_id, data_requests.c.kind == kind.value)
    conn.execute(change.values(state=RequestState.DONE.value, ended_at=now, ended_by=actor))


def note_export(conn: Connection, lead: Lead, *, real: datetime, actor: str) -> None:
    """The audit's line of a copy that was made."""
    staff.note(conn, actor=actor, action="lead.export", subject=f"lead:{lead.public_id}", at=real)


def _change(conn: Connection, one: DataRequest, hand: Hand, action: str, **values: Any) -> None:
    conn.execute(data_requests.update().where(data_requests.c.id == one.id).values(values))
    subject = f"request:{one.public_id}"
    staff.note(conn, actor=hand.person.actor, action=action, subject=subject, at=hand.real)


# looking

_ALL = sa.select(data_requests)
_LISTED = sa.select(
    data_requests, leads.c.public_id.label("lead_public_id"), leads.c.name, leads.c.email, leads.c.phone,
    leads.c.erased_at,
).join(leads, leads.c.id == data_requests.c.lead_id)  # fmt: skip


def opened(conn: Connection, person: Person) -> list[Listed]:
    """Every request that is open, the most pressing first."""
    _may(person)
    soonest = sa.func.coalesce(
        sa.case((data_requests.c.answered_at.is_(None), data_requests.c.answer_by)), data_requests.c.due_at
    )
    return _listed(conn.execute(_LISTED.where(_OPEN).order_by(soonest, data_requests.c.id).limit(500)).all())


def ended(conn: Connection, person: Person, limit: int = 100) -> list[Listed]:
    """The latest that were done or refused."""
    _may(person)
    query = _LISTED.where(~_OPEN).order_by(data_requests.c.ended_at.desc(), data_requests.c.id.desc())
    return _listed(conn.execute(query.limit(limit)).all())


def get(conn: Connection, person: Person, public_id: str) -> Listed:
    """One request. NotFoundError when there is none."""
    _may(person)
    row = conn.execute(_LISTED.where(data_requests.c.public_id == public_id)).first()
    if row is None:
        raise NotFoundError(N_("There is no such request"))
    return _listed([row])[0]


def _listed(rows: Sequence[Row[Any]]) -> list[Listed]:
    return [
        Listed(_request(row), row.lead_public_id, row.name or row.email or row.phone or "", row.erased_at is not None)
        for row in rows
    ]


def _may(person: Person) -> None:
    if not person.may_define:
        raise ForbiddenError(N_("Requests about data are for marketers and admins"))


def _held(conn: Connection, person: Person, public_id: str) -> DataRequest:
    _may(person)
    query = _ALL.where(data_requests.c.public_id == public_id).with_for_update(key_share=True)
    row = conn.execute(query).first()
    if row is None:
        raise NotFoundError(N_("There is no such request"))
    if row.state != RequestState.OPEN.value:
        raise ConflictError(N_("This request was ended before"))
    return _request(row)


def _one(conn: Connection, public_id: str) -> DataRequest:
    return _request(conn.execute(_ALL.where(data_requests.c.public_id == public_id)).one())


def _request(row: Row[Any]) -> DataRequest:
    return DataRequest(
        row.id, row.public_id, row.lead_id, RequestKind(row.kind), row.via, row.words, row.asked_at, row.answer_by,
        row.due_at, RequestState(row.state), row.answered_at, row.ended_at, row.ended_by, row.note, row.origin,
    )  # fmt: skip
