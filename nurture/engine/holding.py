"""What holds the mail of a chunk of enrollments back besides their campaigns: a fixed number of queries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.campaigns import house as houses
from nurture.campaigns.tables import campaigns
from nurture.enrollments.model import Place
from nurture.policy import store
from nurture.policy.hours import Span
from nurture.policy.house import OPEN, House
from nurture.policy.silence import NOTHING, Quiet


@dataclass(frozen=True, slots=True)
class Holding:
    """The house's policy, whoever asks for silence, standstills, and when campaigns were let go on."""

    house: House = OPEN
    leads: Mapping[int, Quiet] = field(default_factory=dict)
    outages: Sequence[Span] = ()
    resumed: Mapping[int, datetime] = field(default_factory=dict)

    def quiet(self, lead_id: int) -> Quiet:
        """What asks for silence with a lead."""
        return self.leads.get(lead_id, NOTHING)


def load(conn: Connection, places: Sequence[Place], now: datetime) -> Holding:
    """What holds back the mails of these enrollments."""
    house = houses.live(conn)
    since = min((place.planned_at for place in places), default=now)
    outages = store.outages(conn, since, now) if house.late_start is not None and since < now else []
    ids = {place.campaign_id for place in places}
    return Holding(
        house,
        store.quiet(conn, sorted({place.lead_id for place in places})),
        outages,
        resumed(conn, ids) if outages else {},
    )


def resumed(conn: Connection, ids: set[int]) -> dict[int, datetime]:
    """When a person last let these campaigns go on, where anybody did."""
    query = sa.select(campaigns.c.id, campaigns.c.resumed_at)
    found = conn.execute(query.where(campaigns.c.id.in_(sorted(ids)), campaigns.c.resumed_at.is_not(None)))
    return {row.id: row.resumed_at for row in found}
