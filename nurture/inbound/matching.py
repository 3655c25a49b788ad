"""Which message and which lead a return is about, and how sure that is (queries; a fixed number for any many).

Our signed return path is believed. A Message-ID that is quoted is believed where the address fits, since whoever reads
a forwarded mail knows it too. An address alone tells whom, not which mail: of a bounce it is believed where we have
written to it lately.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from nurture.campaigns.tables import campaigns
from nurture.inbound.model import Return, What
from nurture.kernel.database import among
from nurture.leads.contacts import ids_with_contact, survivors
from nurture.leads.tables import leads
from nurture.messages.tables import messages
from nurture.users.tables import users

WRITTEN_WITHIN = timedelta(days=30)  # engine time; a bounce rarely takes more than five days
# Told by whoever got our mail; all else is told about them.
BY_SENDER = frozenset({What.REPLIED, What.AUTO_REPLY, What.CHALLENGE, What.UNSUBSCRIBED})
_CHUNK = 500


class Proof(IntEnum):
    """How a return names what it is about; more is surer."""

    NONE = 0
    ADDRESS = 1  # by the address alone
    QUOTED = 2  # by our Message-ID, and the address fits or is not said
    SIGNED = 3  # by our own return path


@dataclass(frozen=True, slots=True)
class Found:
    """Whom a return is about."""

    proof: Proof = Proof.NONE
    message: Row[Any] | None = None
    lead_id: int | None = None  # one that was merged is its winner
    address: str = ""  # that we wrote to, or that wrote to us
    email: str = ""  # the lead's present address
    lately: bool = False  # we have written to this address lately
    fits: bool = False  # whoever told it has the address that we wrote to
    ours: bool = False  # whoever told it works here
    erased: bool = False  # of a lead that was forgotten: no words of it are kept

    @property
    def message_id(self) -> int | None:
        """The message's id."""
        return None if self.message is None else int(self.message.id)


@dataclass(frozen=True, slots=True)
class _Known:
    """What the database has about a batch."""

    by_id: Mapping[int, Row[Any]]
    by_header: Mapping[str, Row[Any]]
    lead_of: Mapping[str, int]  # by address
    email_of: Mapping[int, str]  # by lead
    winner_of: Mapping[int, int]  # by lead
    lately: Mapping[str, Sequence[Row[Any]]]  # messages that went, by address
    staff: frozenset[str]


def match(conn: Connection, told: Sequence[Return], now: datetime, house: Collection[str] = ()) -> list[Found]:
    """Whom and what each is about, in their order. `house`: addresses that the house itself writes from."""
    known = _load(conn, told, now, frozenset(one.casefold() for one in house if one))
    return [_found(one, known) for one in told]


def teller(one: Return) -> str:
    """The address that a return says something about."""
    return (one.sender or one.address if one.what in BY_SENDER else one.address).strip().casefold()


def _found(one: Return, known: _Known) -> Found:
    address = teller(one)
    ours = one.what in BY_SENDER and address in known.staff
    signed = known.by_id.get(one.message_id) if one.message_id is not None else None
    if signed is not None:
        return _by_message(Proof.SIGNED, signed, address, known, ours=ours)
    quoted = known.by_header.get(one.header_id) if one.header_id else None
    if quoted is not None:
        found = _by_message(Proof.QUOTED, quoted, address, known, ours=ours)
        if found.fits or not address or one.what in BY_SENDER:
            return found
    lead_id = known.lead_of.get(address)
    went = known.lately.get(address, ())
    if lead_id is None:
        return Found(address=address, ours=ours, erased=quoted is not None and found.erased)
    only = went[0] if len(went) == 1 and one.what not in BY_SENDER else None
    email = known.email_of.get(lead_id, "")
    return Found(Proof.ADDRESS, only, lead_id, address, email, lately=bool(went), fits=True, ours=ours)


def _by_message(proof: Proof, row: Row[Any], address: str, known: _Known, *, ours: bool) -> Found:
    lead_id = known.winner_of.get(row.lead_id) if row.lead_id is not None and row.user_id is None else None
    email = known.email_of.get(lead_id or 0, "")
    written = row.address or email
    fits = bool(address) and address in {written.casefold(), email.casefold()}
    erased = lead_id is None and row.lead_id is not None and row.user_id is None
    return Found(proof, row, lead_id, written, email, lately=True, fits=fits, ours=ours, erased=erased)


def _load(conn: Connection, told: Sequence[Return], now: datetime, house: frozenset[str]) -> _Known:
    addresses = sorted({address for one in told if (address := teller(one))})
    rows = _messages(conn, {one.message_id for one in told} - {None}, {one.header_id for one in told} - {""})
    lead_of = ids_with_contact(conn, addresses, ())
    winners = survivors(conn, {row.lead_id for row in rows} - {None})
    every = sorted({*winners.values(), *lead_of.values()})
    query = sa.select(leads.c.id, leads.c.email).where(among(leads.c.id, every), leads.c.email.is_not(None))
    emails = {row.id: row.email for row in conn.execute(query)} if every else {}
    alone = sorted({lead_of[one] for one in addresses if one in lead_of})
    return _Known(
        {row.id: row for row in rows}, {row.header_id: row for row in rows}, lead_of, emails,
        winners,
        _lately(conn, alone, now), _staff(conn, addresses) | house,
    )  # fmt: skip


_OF_MESSAGE = (
    "id", "purpose", "lead_id", "user_id", "enrollment_id", "address", "header_id", "template_key", "state", "gone_at",
)  # fmt: skip
_MESSAGES: sa.Select[Any] = sa.select(
    *(messages.c[name] for name in _OF_MESSAGE), campaigns.c.key.label("campaign_key")
).select_from(messages.outerjoin(campaigns, campaigns.c.id == messages.c.campaign_id))


def _messages(conn: Connection, ids: Iterable[int | None], header_ids: Iterable[str]) -> list[Row[Any]]:
    found: dict[int, Row[Any]] = {}
    wanted = sorted(one for one in ids if one is not None)
    if wanted:
        found |= {row.id: row for row in conn.execute(_MESSAGES.where(among(messages.c.id, wanted)))}
    listed = sorted(header_ids)
    for start in range(0, len(listed), _CHUNK):
        query = _MESSAGES.where(messages.c.header_id.in_(listed[start : start + _CHUNK]))
        found |= {row.id: row for row in conn.execute(query)}
    return list(found.values())


def _lately(conn: Connection, lead_ids: Sequence[int], now: datetime) -> Mapping[str, Sequence[Row[Any]]]:
    """What went to these leads lately, by the address it went to."""
    if not lead_ids:
        return {}
    went = _MESSAGES.where(
        among(messages.c.lead_id, lead_ids), messages.c.user_id.is_(None), messages.c.address.is_not(None),
        messages.c.gone_at >= now - WRITTEN_WITHIN,
    )  # fmt: skip
    found = defaultdict(list)
    for row in conn.execute(went.order_by(messages.c.id)):
        found[row.address.casefold()].append(row)
    return found


def _staff(conn: Connection, addresses: Sequence[str]) -> frozenset[str]:
    """Which of these addresses are those of people who work here."""
    found: set[str] = set()
    for start in range(0, len(addresses), _CHUNK):
        part = addresses[start : start + _CHUNK]
        found |= set(conn.execute(sa.select(users.c.email).where(users.c.email.in_(part))).scalars())
    return frozenset(found)
