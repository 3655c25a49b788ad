"""What journeys share: real emails, and time that goes from one thing that is due to the next, as in a house."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.activities.model import Kind
from nurture.activities.service import Activity, record_set
from nurture.campaigns.house import publish as publish_house
from nurture.campaigns.tables import campaigns
from nurture.engine.leave import examine
from nurture.engine.react import react
from nurture.engine.tick import tick
from nurture.engine.upkeep import upkeep
from nurture.enrollments.tables import enrollments
from nurture.kernel.context import Context
from nurture.leads.tables import leads
from nurture.messages.tables import messages
from nurture.rehearsal.transport import Recorder
from tests.faults.ground import email, publish
from tests.storage import ticking
from tests.storage.ticking import clock, rows

_ROUNDS = 100  # at one instant: campaigns that lead into each other go round some times


def publish_emails(context: Context, *keys: str) -> None:
    """Emails of these keys in both languages, which can be written out."""
    with context.database.write() as conn:
        for key in keys:
            for language in ("vi", "en"):
                publish(conn, replace(email(), key=key, language=language), context.clock.engine())


def keep_house(context: Context, text: str) -> None:
    """The policy of the whole house is this."""
    with context.database.write() as conn:
        publish_house(conn, text, context.clock.engine())


def leave(conn: Connection, lead_ids: list[int], *, now: datetime, real: datetime) -> None:
    """Goals and exits, looked at whenever something happened, as the running process does."""
    examine(conn, lead_ids, now, real)


def add_leads(context: Context, count: int, **facts: Any) -> list[int]:
    """So many leads with a name and an address, who agreed to advertising; gives their ids."""
    ids = ticking.add_leads(context, count, **{"name": "Nguyễn Thị Mai", **facts})
    with context.database.write() as conn:
        now, real = context.clock.engine(), context.clock.real()
        record_set(conn, [Activity(lead, Kind.CREATED, now, "cli", "test") for lead in ids], real=real)
    return ids


def leads_in(context: Context, *zones: str) -> list[int]:
    """One lead in each of these zones."""
    return [add_leads(context, 1, zone=zone)[0] for zone in zones]


@dataclass(slots=True)
class House:
    """A running house whose relay takes everything: reactions, upkeep, tick and the real go, in turn."""

    context: Context
    look: timedelta = timedelta(hours=12)  # at most so long from one look to the next
    relay: Recorder = field(init=False)

    def __post_init__(self) -> None:
        self.relay = Recorder(self.context)

    def settle(self) -> None:
        """Everything that belongs to this instant, until nothing is left."""
        for _ in range(_ROUNDS):
            reacted = react(self.context, 10_000, after=(leave,))
            upkeep(self.context)
            report = tick(self.context)
            letters = self.relay.hand_over()
            if not (reacted or letters or report.advanced or report.looked_at or report.stopped):
                return
        raise AssertionError("this instant does not come to rest")

    def until(self, at: datetime) -> None:
        """Run until then, from one due thing to the next, at least twice a day."""
        self.settle()
        while (now := self.context.clock.engine()) < at:
            clock(self.context).engine_at = min(at, self._next(now))
            self.settle()

    def on(self, span: timedelta) -> None:
        """Run for so long."""
        self.until(self.context.clock.engine() + span)

    def stopped_until(self, at: datetime) -> None:
        """Nothing runs until then; then it starts again."""
        clock(self.context).engine_at = at
        self.settle()

    def _next(self, now: datetime) -> datetime:
        with self.context.database.read() as conn:
            live = sa.select(campaigns.c.id).where(campaigns.c.state == "live")
            idle = (enrollments.c.state == "active", enrollments.c.waits_for.is_(None), enrollments.c.due_at > now)
            first = sa.select(sa.func.min(enrollments.c.due_at)).where(*idle, enrollments.c.campaign_id.in_(live))
            mail = sa.select(sa.func.min(messages.c.not_before)).where(
                messages.c.state == "queued", messages.c.not_before > now
            )
            due = [conn.execute(first).scalar(), conn.execute(mail).scalar(), now + self.look]
        return min(one for one in due if one is not None)


def gone(context: Context, *columns: str) -> list[Any]:
    """The messages that the relay took, in the order of leaving, as tuples of these columns."""
    chosen = sa.select(*(messages.c[name] for name in columns)).where(messages.c.state == "sent")
    return [tuple(row) for row in rows(context, chosen.order_by(messages.c.gone_at, messages.c.id))]


def local_times(context: Context, column: str = "gone_at") -> dict[str, list[datetime]]:
    """When the mails of each lead left by the clock on its wall, by zone; without the zone itself."""
    query = (
        sa.select(leads.c.zone, messages.c[column])
        .join(leads, leads.c.id == messages.c.lead_id)
        .where(messages.c.state == "sent")
        .order_by(messages.c.gone_at)
    )
    found: dict[str, list[datetime]] = {}
    for zone, at in rows(context, query):
        found.setdefault(zone, []).append(at.astimezone(ZoneInfo(zone)).replace(tzinfo=None))
    return found


def states(context: Context) -> dict[str, int]:
    """How many messages stand in which state."""
    query = sa.select(messages.c.state, sa.func.count()).group_by(messages.c.state)
    return {str(state): int(count) for state, count in rows(context, query)}


def gaps(instants: Sequence[datetime]) -> list[timedelta]:
    """From each instant to the next."""
    return [after - before for before, after in itertools.pairwise(instants)]
