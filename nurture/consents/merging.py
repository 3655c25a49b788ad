"""The words of two leads that become one: a no is stronger than a yes (queries).

Every line goes along with its proof. A latest word that is a no stays the latest; an address that somebody's no closed
closes the one that is kept. A bounce says something of its address alone.
"""

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.consents import service, store
from nurture.consents.model import Channel, Method, Purpose, Standing, SuppressionReason
from nurture.consents.service import Said
from nurture.consents.tables import consents
from nurture.kernel.signing import KeyRing
from nurture.leads.model import Lead


def strictest(kept: Standing, other: Standing, *, reachable: bool) -> Standing:
    """How the two stand as one, on one channel. Pure."""
    given = {**other.given, **kept.given}
    for purpose in given:
        words = [one.given[purpose] for one in (kept, other) if purpose in one.given]
        no = [word for word in words if not word[0]]
        given[purpose] = max(no or words, key=lambda word: word[1])
    there = {(one.reason, one.scope) for one in kept.suppressed}
    more = tuple(
        one
        for one in other.suppressed
        if one.reason != SuppressionReason.BOUNCED and (one.reason, one.scope) not in there
    )
    return Standing(reachable, given, (*kept.suppressed, *more))


def standing_as_one(
    conn: Connection, keys: KeyRing, winner: Lead, loser: Lead, address: str | None, channel: Channel
) -> Standing:
    """How the winner would stand on this channel with this address, or number, after the merge."""
    rows = [(one.id, one.email if channel is Channel.EMAIL else one.phone) for one in (winner, loser)]
    found = store.standing(conn, keys, rows, channel)
    kept, other = rows if rows[0][1] == address else (rows[1], rows[0])
    return strictest(found[kept[0]], found[other[0]], reachable=bool(address))


def take_over(
    conn: Connection, keys: KeyRing, winner: Lead, loser: Lead, *, email: str | None, phone: str | None,
    actor: str, now: datetime, real: datetime,
) -> None:  # fmt: skip
    """The loser's lines are the winner's, who is reached by these from now on."""
    nos = [(channel, _nos(conn, (winner.id, loser.id), channel)) for channel in Channel]
    conn.execute(consents.update().where(consents.c.lead_id == loser.id).values(lead_id=winner.id))
    for channel, purposes in nos:
        _renew(conn, winner.id, channel, purposes, f"merge:{loser.public_id}", now, real)
    said = Said(Method.PERSON, f"merge:{loser.public_id}", actor, actor, now, real)
    for channel, address, both in (
        (Channel.EMAIL, email, (winner.email, loser.email)),
        (Channel.SMS, phone, (winner.phone, loser.phone)),
        (Channel.CALL, phone, (winner.phone, loser.phone)),
    ):
        _close(conn, keys, channel, address, [one for one in both if one and one != address], said)


def _nos(conn: Connection, lead_ids: tuple[int, int], channel: Channel) -> set[Purpose]:
    """The purposes for which the latest word of either is a no."""
    found = store.given_of(conn, lead_ids, channel)
    return {purpose for words in found.values() for purpose, (given, _) in words.items() if not given}


def _renew(
    conn: Connection, lead_id: int, channel: Channel, nos: Collection[Purpose], origin: str, now: datetime,
    real: datetime,
) -> None:  # fmt: skip
    """Where a yes of the other is newer than the no: the no once more, with its own proof."""
    latest = store.given_of(conn, [lead_id], channel).get(lead_id, {})
    for purpose in sorted(nos):
        if not latest[purpose][0]:
            continue
        query = sa.select(consents).where(
            consents.c.lead_id == lead_id, consents.c.purpose == purpose.value, consents.c.channel == channel.value,
            sa.not_(consents.c.given),
        )  # fmt: skip
        no = conn.execute(query.order_by(consents.c.occurred_at.desc(), consents.c.id.desc()).limit(1)).one()
        again = {
            "lead_id": lead_id, "purpose": purpose.value, "channel": channel.value, "given": False,
            "method": no.method, "proof": no.proof, "origin": origin, "ip": no.ip,
            "occurred_at": max(now, latest[purpose][1]), "recorded_at": real,
        }  # fmt: skip
        conn.execute(consents.insert().values(again))


def _close(
    conn: Connection, keys: KeyRing, channel: Channel, address: str | None, others: Collection[str], said: Said
) -> None:
    if not address or not others:
        return
    hashes = [keys.address_hash(one) for one in others]
    for lines in store.suppressed(conn, hashes, channel).values():
        for one in lines:
            if one.reason != SuppressionReason.BOUNCED:
                service.suppress(
                    conn, keys, address, one.reason, said=said, channel=channel, scope=one.scope, until=one.until
                )
