"""What people do to the list of addresses that must not be reached: refusals they were told, lists, lifting (queries).

The caller opened the transaction and has looked at the rights. Nothing is deleted; a line takes back another.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.activities.model import Kind
from nurture.activities.service import Activity, record
from nurture.consents import service, store
from nurture.consents.model import Channel, Scope, SuppressionReason, topic_scope
from nurture.consents.service import Said
from nurture.consents.tables import suppressions
from nurture.kernel.errors import ConflictError, InputError, NotFoundError, Problem
from nurture.kernel.i18n import N_
from nurture.kernel.signing import KeyRing
from nurture.leads.model import Lead

_CHUNK = 900
LONGEST_ORIGIN = 300
# What a person may lift, and what only with a word that the mailbox works again. A lead's own no is lifted by their own
# word; a complaint by nothing.
OURS = frozenset({SuppressionReason.BY_HAND, SuppressionReason.IMPORT})
MENDED = frozenset({SuppressionReason.BOUNCED})


def refuse(
    conn: Connection, keys: KeyRing, lead: Lead, channel: Channel, said: Said, topic: str = ""
) -> bool:  # fmt: skip
    """A lead's no that a person was told, with its proof; True when it is new. InputError without proof or address."""
    address = lead.email if channel is Channel.EMAIL else lead.phone
    if not address:
        text = N_("The lead has no email address") if channel is Channel.EMAIL else N_("The lead has no phone number")
        raise InputError([Problem("no_address", text)])
    if not said.proof.strip():
        raise InputError([Problem("no_proof", N_("A refusal is kept with its proof: who said it, how and when"),
                                  path="proof")])  # fmt: skip
    if channel is Channel.EMAIL and not topic:
        return service.unsubscribe(conn, keys, lead.id, address, said)
    scope = topic_scope(topic) if topic else Scope.ALL
    new = service.suppress(conn, keys, address, SuppressionReason.UNSUBSCRIBED, said=said, channel=channel, scope=scope)
    if not topic:
        return service.withdraw(conn, lead.id, said, channel=channel) or new
    if new:
        record(conn, Activity(lead.id, Kind.PREFERENCES, said.now, said.actor, said.cause,
                              detail={"refused": [topic]}), real=said.real)  # fmt: skip
    return new


def bar(
    conn: Connection, keys: KeyRing, addresses: Iterable[str], channels: Collection[Channel], said: Said,
    reason: SuppressionReason = SuppressionReason.BY_HAND,
) -> int:  # fmt: skip
    """Forbid these normalized addresses, or numbers, on these channels; gives how many lines are new."""
    hashes = sorted({keys.address_hash(one) for one in addresses})
    new = 0
    for start in range(0, len(hashes), _CHUNK):
        part = hashes[start : start + _CHUNK]
        for channel in channels:
            there = store.suppressed(conn, part, channel)
            lines = [
                {
                    "address_hash": one, "channel": channel.value, "reason": reason.value, "scope": Scope.ALL.value,
                    "origin": said.origin[:LONGEST_ORIGIN], "at": said.now,
                }
                for one in part
                if not any(line.reason is reason and line.scope == Scope.ALL for line in there.get(one, ()))
            ]  # fmt: skip
            if lines:
                conn.execute(suppressions.insert(), lines)
            new += len(lines)
    return new


def lift(conn: Connection, line_id: int, said: Said, *, mended: bool = False) -> "Barred":
    """Take back one line; gives it. `mended`: a person vouches that the mailbox works again.

    NotFoundError when it is not in force, ConflictError for what nobody but the lead may lift.
    """
    line = conn.execute(_IN_FORCE.where(suppressions.c.id == line_id)).one_or_none()
    if line is None:
        raise NotFoundError(N_("There is no such entry any more"))
    reason = SuppressionReason(line.reason)
    if reason in MENDED and not mended:
        text = N_("The mailbox refused mail for good. Lift it only when you know that it works again.")
        raise ConflictError(text)
    if reason not in OURS | MENDED:
        raise ConflictError(N_("Only the lead can take this back, on the page behind the unsubscribe link"))
    conn.execute(
        suppressions.insert().values(
            address_hash=line.address_hash,
            channel=line.channel,
            reason=line.reason,
            scope=line.scope,
            origin=said.origin,
            at=said.now,
            lifts=line.id,
        )
    )
    return _barred(line)


@dataclass(frozen=True, slots=True)
class Barred:
    """A line in force as a page shows it; never with the address, which nobody keeps."""

    id: int
    channel: Channel
    reason: SuppressionReason
    scope: str
    origin: str
    at: datetime
    until: datetime | None

    @property
    def liftable(self) -> bool:
        """Whether a person may take it back, if only by vouching for the mailbox."""
        return self.reason in OURS | MENDED


_LIFTED = suppressions.alias("lifted")
_IN_FORCE = sa.select(suppressions).where(
    suppressions.c.lifts.is_(None), ~sa.exists().where(_LIFTED.c.lifts == suppressions.c.id)
)


def lines_of(conn: Connection, keys: KeyRing, address: str) -> list[Barred]:
    """What is in force about an address or number, on every channel, the latest first."""
    query = _IN_FORCE.where(suppressions.c.address_hash == keys.address_hash(address))
    return [_barred(row) for row in conn.execute(query.order_by(suppressions.c.at.desc(), suppressions.c.id.desc()))]


def latest(conn: Connection, limit: int) -> list[Barred]:
    """The newest lines in force."""
    query = _IN_FORCE.order_by(suppressions.c.id.desc()).limit(limit)
    return [_barred(row) for row in conn.execute(query)]


def counts(conn: Connection, now: datetime) -> dict[tuple[Channel, SuppressionReason], int]:
    """How many lines are in force, by channel and reason; pauses that are over do not count."""
    until = suppressions.c.until
    inner = _IN_FORCE.where(sa.or_(until.is_(None), until > now)).subquery()
    query = sa.select(inner.c.channel, inner.c.reason, sa.func.count()).group_by(inner.c.channel, inner.c.reason)
    return {(Channel(channel), SuppressionReason(reason)): count for channel, reason, count in conn.execute(query)}


def _barred(row: sa.Row[tuple[object, ...]]) -> Barred:
    return Barred(
        row.id, Channel(row.channel), SuppressionReason(row.reason), row.scope, row.origin, row.at, row.until
    )  # fmt: skip
