"""Closing addresses, many at once: a bounce, a complaint, a lead's own no (queries).

What `consents.service` does for one, in a fixed number of statements. The keyed hash alone is kept, so that an address
stays closed when its lead is gone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.activities.model import Kind
from nurture.activities.service import Activity, record_set
from nurture.consents import store as standings
from nurture.consents.model import Channel, Method, Purpose, Scope, SuppressionReason
from nurture.consents.service import LONGEST_PROOF
from nurture.consents.tables import consents, suppressions
from nurture.kernel.database import among, insert_rows
from nurture.kernel.reasons import Reason
from nurture.kernel.text import clean
from nurture.messages.model import MessageClass, MessageState
from nurture.messages.service import WAITING, set_state
from nurture.messages.tables import messages


@dataclass(frozen=True, slots=True)
class Closing:
    """An address that must not be written to any more."""

    address_hash: str
    reason: SuppressionReason
    origin: str


@dataclass(frozen=True, slots=True)
class No:
    """A lead's own no, by mail or through their mail provider."""

    lead_id: int | None
    address_hashes: tuple[str, ...]
    cause: str
    method: Method
    proof: str = ""
    message_id: int | None = None
    campaign_key: str | None = None
    email_key: str | None = None
    actor: str = "lead"  # who writes it down, where that is somebody else


_CLOSED = ("address_hash", "channel", "reason", "scope", "origin", "at")


def close(conn: Connection, wanted: Sequence[Closing], now: datetime) -> set[str]:
    """Forbid these addresses; gives those that were not forbidden for that reason before."""
    first = {(one.address_hash, one.reason): one for one in reversed(wanted) if one.address_hash}
    in_force = standings.suppressed(conn, {one for one, _ in first}, Channel.EMAIL) if first else {}
    new = [
        one
        for (address_hash, reason), one in first.items()
        if not any(old.reason is reason and old.scope == Scope.ALL for old in in_force.get(address_hash, ()))
    ]
    rows = [(one.address_hash, Channel.EMAIL.value, one.reason.value, Scope.ALL.value, one.origin, now) for one in new]
    insert_rows(conn, suppressions, _CLOSED, rows)
    return {one.address_hash for one in new}


def take_back(conn: Connection, lead_ids: Sequence[int], reason: Reason, now: datetime, *, every: bool = False) -> None:
    """Cancel advertising to these leads that has not gone yet, or `every` mail of any class."""
    if not lead_ids:
        return
    query = sa.select(messages.c.id).where(
        among(messages.c.lead_id, sorted(set(lead_ids))), messages.c.user_id.is_(None),
        messages.c.state.in_([one.value for one in WAITING]),
    )  # fmt: skip
    if not every:
        query = query.where(messages.c.class_ == MessageClass.ADVERTISING.value)
    ids = list(conn.execute(query).scalars())
    if ids:
        set_state(conn, ids, MessageState.CANCELED, now=now, reason=reason)


_CONSENT = (
    "lead_id", "purpose", "channel", "given", "method", "proof", "origin", "occurred_at", "recorded_at",
)  # fmt: skip


def refuse(conn: Connection, nos: Sequence[No], *, now: datetime, real: datetime) -> None:
    """Write down these refusals with their proof, as the unsubscribe page does; saying it twice changes nothing."""
    if not nos:
        return
    reason = SuppressionReason.UNSUBSCRIBED
    closed = close(conn, [Closing(each, reason, no.cause) for no in nos for each in no.address_hashes], now)
    of_leads = {no.lead_id: no for no in reversed(nos) if no.lead_id is not None}
    latest = standings.given_of(conn, sorted(of_leads), Channel.EMAIL) if of_leads else {}
    withdrawn = [no for lead_id, no in of_leads.items() if latest.get(lead_id, {}).get(Purpose.ADVERTISING, (True,))[0]]
    insert_rows(conn, consents, _CONSENT, [_withdrawal(no, now, real) for no in withdrawn])
    new = [no for no in of_leads.values() if no in withdrawn or closed & set(no.address_hashes)]
    record_set(conn, [_line(no, now) for no in new], real=real)
    take_back(conn, list(of_leads), Reason.UNSUBSCRIBED, now)


def _withdrawal(no: No, now: datetime, real: datetime) -> tuple[object, ...]:
    return (
        no.lead_id, Purpose.ADVERTISING.value, Channel.EMAIL.value, False, no.method.value,
        clean(no.proof, LONGEST_PROOF), no.cause, now, real,
    )  # fmt: skip


def _line(no: No, now: datetime) -> Activity:
    return Activity(
        no.lead_id or 0, Kind.UNSUBSCRIBED, now, no.actor, no.cause, f"{no.cause}:refused", no.message_id,
        no.campaign_key, no.email_key, detail={"scope": Scope.ALL.value, "method": no.method.value},
    )  # fmt: skip
