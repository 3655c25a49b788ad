"""What a stop moves: the mails known by now to come due in it, and what becomes of them by each switch (queries).

Known are the enrollments that stand before an email and the messages that are queued; who enters or branches until
then is not.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.campaigns import house as houses
from nurture.campaigns.model import Campaign, CampaignState
from nurture.campaigns.tables import campaigns
from nurture.engine import revisions
from nurture.enrollments.model import EnrollmentState
from nurture.enrollments.tables import enrollments
from nurture.leads.tables import leads
from nurture.messages.model import MessageState
from nurture.messages.tables import messages
from nurture.policy.days import During, Tet
from nurture.policy.decide import Decision, Defer, Policy, Skip, decide, read_policy
from nurture.policy.house import House
from nurture.policy.windows import zone_of
from nurture.rules.facts import Facts

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail that is to come: of which campaign, for when, under what."""

    campaign: str | None
    at: datetime
    policy: Policy
    zone: str
    message_class: str


@dataclass(slots=True)
class Fate:
    """What becomes of the mails of the stop by one switch."""

    go: int = 0  # as planned, within the stop
    move: int = 0
    drop: int = 0
    first: datetime | None = None  # to when the first and the last of them move
    last: datetime | None = None

    def add(self, found: Decision) -> None:
        """Count one mail."""
        if isinstance(found, Skip):
            self.drop += 1
        elif isinstance(found, Defer):
            self.move += 1
            self.first = min(self.first or found.until, found.until)
            self.last = max(self.last or found.until, found.until)
        else:
            self.go += 1


@dataclass(frozen=True, slots=True)
class Stop:
    """The stop of a year as the policy has it, or would have it; `switch` is how it stands now."""

    new_year: date
    first: date
    last: date
    switch: str  # off | hold | drop
    due: int = 0
    by_campaign: Mapping[str, int] = field(default_factory=dict)  # an empty key: one-time emails
    fates: Mapping[str, Fate] = field(default_factory=dict)


def next_year(now: datetime) -> int:
    """The year of the next Tết that is not over: it begins in January or February."""
    return now.year + (now.month > 2)


def stop_of(conn: Connection, year: int, facts: Facts, *, now: datetime, zone: str) -> Stop | None:
    """The stop of a year and what it moves, for each way the switch can stand. None where no Tết is known."""
    house = houses.live(conn)
    tet = house.calendar.tet or Tet()
    span = tet.stop(year)
    if span is None:
        return None
    coming = [one for one in _mails(conn, span, facts, now=now, zone=zone) if _falls(one, span, zone)]
    switch = "off" if house.calendar.tet is None else house.calendar.tet.during.value
    count = Counter(one.campaign or "" for one in coming)
    switches = {"off": None, "hold": replace(tet, during=During.HOLD), "drop": replace(tet, during=During.DROP)}
    fates = {
        name: _fate(coming, replace(house, calendar=replace(house.calendar, tet=one)), span[0], zone)
        for name, one in switches.items()
    }
    return Stop(span[0] + tet.before * _DAY, *span, switch, len(coming), dict(count), fates)


def _fate(coming: list[Mail], house: House, first: date, zone: str) -> Fate:
    fate = Fate()
    known: dict[Mail, Decision] = {}
    noon = datetime.combine(first, time(12), UTC)
    holds = house.calendar.tet is not None and house.calendar.tet.during is During.HOLD
    for mail in coming:
        like = replace(mail, at=noon) if holds else mail  # whatever the hour within it, a stop has one end
        if like not in known:
            where = zone_of(like.zone, zone)
            known[like] = decide(like.policy, where, like.at, house=house.of(like.message_class))
        fate.add(known[like])
    return fate


def _falls(mail: Mail, span: tuple[date, date], fallback: str) -> bool:
    return span[0] <= mail.at.astimezone(zone_of(mail.zone, fallback)).date() <= span[1]


def _mails(conn: Connection, span: tuple[date, date], facts: Facts, *, now: datetime, zone: str) -> Iterator[Mail]:
    """Mails that come due between a day before the stop and one after it, by UTC."""
    start, end = (datetime.combine(day, time(), UTC) for day in (span[0] - _DAY, span[1] + 2 * _DAY))
    yield from _of_enrollments(conn, max(start, now), end, facts, zone)
    query = (
        sa.select(messages.c.not_before, messages.c.policy, messages.c.class_, campaigns.c.key)
        .select_from(messages.outerjoin(campaigns, campaigns.c.id == messages.c.campaign_id))
        .where(messages.c.state.in_([MessageState.QUEUED.value, MessageState.DEFERRED.value]))
        .where(messages.c.user_id.is_(None), messages.c.not_before >= start, messages.c.not_before < end)
    )
    for row in conn.execute(query):
        policy, where = read_policy(row.policy or {}, zone)
        yield Mail(row.key, max(row.not_before, now), policy, where.key, row.class_)


def _of_enrollments(conn: Connection, start: datetime, end: datetime, facts: Facts, zone: str) -> Iterator[Mail]:
    live = campaigns.c.state.in_([CampaignState.LIVE.value, CampaignState.PAUSED.value])
    query = (
        sa.select(enrollments.c.step, enrollments.c.due_at, enrollments.c.revision_id, campaigns.c.key, leads.c.zone)
        .join(campaigns, campaigns.c.id == enrollments.c.campaign_id)
        .join(leads, leads.c.id == enrollments.c.lead_id)
        .where(enrollments.c.state == EnrollmentState.ACTIVE.value, enrollments.c.waits_for.is_(None), live)
        .where(enrollments.c.due_at >= start, enrollments.c.due_at < end)
    )
    rows = conn.execute(query).all()
    ready = revisions.load(conn, sorted({row.revision_id for row in rows}), facts)
    for row in rows:
        campaign = ready[row.revision_id].campaign
        if campaign is not None and _sends_next(campaign, row.step):
            sending = campaign.sending
            yield Mail(row.key, row.due_at, sending.policy, row.zone or zone, sending.class_)


def _sends_next(campaign: Campaign, step_id: str | None) -> bool:
    """Whether an email comes when this step is due: it is one, or a wait before one."""
    step = campaign.steps.get(step_id or "")
    if step is not None and step.kind.startswith("wait") and not step.ways:
        step = campaign.steps.get(step.next or "")
    return step is not None and step.kind == "send_email"
