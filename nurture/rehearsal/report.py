"""What came of a rehearsal, read from its stage: sends by day and hour, skips, dead ends, tasks (queries)."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.activities.tables import decisions
from nurture.campaigns.model import Campaign
from nurture.campaigns.tables import campaigns
from nurture.enrollments.model import EnrollmentState
from nurture.enrollments.tables import enrollments, experiments, passages
from nurture.kernel.reasons import Reason
from nurture.leads.tables import leads
from nurture.messages.model import COUNTED, MessageState, Purposes
from nurture.messages.tables import messages
from nurture.outbound.tables import outbox
from nurture.tasks.model import TaskState
from nurture.tasks.tables import tasks
from nurture.users.tables import users

_TO_LEADS = (Purposes.CAMPAIGN.value, Purposes.BROADCAST.value)
_WENT = tuple(one.value for one in COUNTED)
_SHOWN = 5  # leads named beside a count


@dataclass(frozen=True, slots=True)
class Slot:
    """So many emails in one hour of a local day."""

    day: str  # YYYY-MM-DD, in the house's zone
    hour: int
    count: int


@dataclass(frozen=True, slots=True)
class StepTold:
    """How many came to a step, what came of them, and how many stand there at the end."""

    step: str
    reached: int
    outcomes: Mapping[str, int]
    here: int
    skipped: Mapping[str, int]  # by reason


@dataclass(frozen=True, slots=True)
class Shift:
    """Emails that were moved or left out, for a reason."""

    step: str
    outcome: str  # later | no
    reason: str
    count: int


@dataclass(frozen=True, slots=True)
class Stays:
    """Leads that are still under way at the end."""

    step: str | None
    held: str | None
    count: int
    leads: Sequence[str]  # addresses of a few


@dataclass(frozen=True, slots=True)
class Collision:
    """Another campaign that writes to the same leads."""

    campaign: str
    leads: int
    mails: int
    same_day: int  # days on which one lead gets mail of both


@dataclass(frozen=True, slots=True)
class Duty:
    """Tasks of one kind that somebody would have to do by a local day."""

    day: str  # YYYY-MM-DD, in the house's zone
    who: str  # name of the member of staff; empty: nobody has them
    kind: str
    count: int


@dataclass(frozen=True, slots=True)
class Called:
    """Webhooks or text messages of a step, by what came of them."""

    kind: str  # webhook | sms
    step: str
    state: str
    reason: str
    count: int


@dataclass(frozen=True, slots=True)
class Won:
    """What was decided of a split; without a winner the reason says why."""

    step: str
    winner: str
    reason: str


@dataclass(frozen=True, slots=True)
class Report:
    """The answer of a rehearsal. Instants are ISO 8601 in UTC; everything counts from its begin."""

    request: Mapping[str, Any]
    begun: str
    ended: str
    complete: bool  # False: it was stopped before its end
    leads: int
    enrolled: int
    refused: Mapping[str, int]  # why leads were not enrolled
    sent: int  # emails of this campaign
    calendar: Sequence[Slot]
    steps: Sequence[StepTold]
    shifts: Sequence[Shift]
    ended_by: Mapping[str, int]  # reasons of those who left, `done` for the end
    goal: int
    stays: Sequence[Stays]
    untaken: Sequence[str]  # ways that nobody took: `did_they_click.then`
    collisions: Sequence[Collision]
    duties: Sequence[Duty] = ()
    task_ends: Mapping[str, int] = field(default_factory=dict)  # tasks by outcome, `open`, `canceled`
    calls: Sequence[Called] = ()
    winners: Sequence[Won] = ()

    @property
    def campaign(self) -> str:
        """Which campaign was played."""
        return str(self.request["campaign"])

    @property
    def begun_at(self) -> datetime:
        """The first instant."""
        return datetime.fromisoformat(self.begun)

    @property
    def ended_at(self) -> datetime:
        """The last instant."""
        return datetime.fromisoformat(self.ended)

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


def report(
    conn: Connection,
    campaign: Campaign,
    request: Mapping[str, Any],
    *,
    begun: datetime,
    ended: datetime,
    complete: bool,
    leads_count: int,
    zone: ZoneInfo,
) -> Report:
    """What the stage holds about this campaign since the begin."""
    mine = conn.execute(sa.select(campaigns.c.id).where(campaigns.c.key == campaign.key)).scalar_one()
    steps = _steps(conn, campaign, mine, begun)
    states = _ends(conn, mine, begun)
    calendar = _calendar(conn, mine, begun, zone)
    return Report(
        request,
        begun.isoformat(),
        ended.isoformat(),
        complete,
        leads_count,
        _entered(conn, mine, begun),
        _refused(conn, campaign.key, mine, begun),
        sum(one.count for one in calendar),
        calendar,
        steps,
        _shifts(conn, mine, begun),
        states,
        states.get(Reason.GOAL_REACHED.value, 0),
        _stays(conn, mine, begun),
        untaken(campaign, {one.step: one for one in steps}),
        _collisions(conn, mine, begun, zone),
        _duties(conn, campaign.key, begun, zone),
        _task_ends(conn, campaign.key, begun),
        _calls(conn, mine, begun),
        _winners(conn, mine, begun),
    )


def untaken(campaign: Campaign, told: Mapping[str, StepTold]) -> list[str]:
    """Ways with steps in them that nobody took, of steps that somebody passed. A way within such a way is not named."""
    found = []
    for step in campaign.steps.values():
        passed = sum(told[step.id].outcomes.values()) if step.id in told else 0
        for way in step.ways:
            name = f"{step.id}.{way}"
            within = [one.id for one in campaign.steps.values() if one.way == name]
            if passed and within and not any(told[one].reached for one in within if one in told):
                found.append(name)
    return found


def _of(mine: int, begun: datetime) -> sa.Select[int]:
    """Enrollments of this campaign that took part since the begin."""
    ended = sa.or_(enrollments.c.ended_at.is_(None), enrollments.c.ended_at >= begun)
    return sa.select(enrollments.c.id).where(enrollments.c.campaign_id == mine, ended)


def _entered(conn: Connection, mine: int, begun: datetime) -> int:
    query = sa.select(sa.func.count()).where(enrollments.c.campaign_id == mine, enrollments.c.entered_at >= begun)
    return int(conn.execute(query).scalar_one())


def _refused(conn: Connection, key: str, mine: int, begun: datetime) -> dict[str, int]:
    """Why leads were not taken in that never came in."""
    inside = sa.select(enrollments.c.lead_id).where(enrollments.c.campaign_id == mine)
    query = sa.select(decisions.c.reason, sa.func.count(decisions.c.lead_id.distinct()).label("number")).where(
        decisions.c.subject == f"campaign:{key}",
        decisions.c.outcome == "no",
        decisions.c.at >= begun,
        decisions.c.lead_id.not_in(inside),
    )
    return {row.reason: row.number for row in conn.execute(query.group_by(decisions.c.reason))}


def _calendar(conn: Connection, mine: int, begun: datetime, zone: ZoneInfo) -> list[Slot]:
    went = messages.c.state.in_(_WENT)
    query = sa.select(messages.c.gone_at).where(messages.c.campaign_id == mine, went, messages.c.gone_at >= begun)
    query = query.where(messages.c.purpose.in_(_TO_LEADS))
    found = Counter(at.astimezone(zone).replace(minute=0, second=0) for at in conn.execute(query).scalars())
    hours = Counter[tuple[str, int]]()
    for wall, count in found.items():
        hours[wall.date().isoformat(), wall.hour] += count
    return [Slot(day, hour, count) for (day, hour), count in sorted(hours.items())]


def _steps(conn: Connection, campaign: Campaign, mine: int, begun: datetime) -> list[StepTold]:
    outcomes: dict[str, Counter[str]] = defaultdict(Counter)
    through = sa.select(passages.c.step, passages.c.outcome, sa.func.count()).where(
        passages.c.campaign_id == mine, passages.c.at >= begun
    )
    for step, outcome, count in conn.execute(through.group_by(passages.c.step, passages.c.outcome)):
        outcomes[step][outcome] += count
    active = enrollments.c.state == EnrollmentState.ACTIVE.value
    at = sa.select(enrollments.c.step, sa.func.count()).where(enrollments.c.campaign_id == mine, active)
    here = {step: count for step, count in conn.execute(at.group_by(enrollments.c.step)) if step is not None}
    skipped: dict[str, Counter[str]] = defaultdict(Counter)
    skip = sa.select(messages.c.step, messages.c.reason, sa.func.count()).where(
        messages.c.campaign_id == mine, messages.c.state == MessageState.SKIPPED.value, messages.c.planned_at >= begun
    )
    for step, reason, count in conn.execute(skip.group_by(messages.c.step, messages.c.reason)):
        skipped[step][reason] += count
    return [
        StepTold(
            step,
            sum(outcomes[step].values()) + here.get(step, 0),
            dict(outcomes[step]),
            here.get(step, 0),
            dict(skipped[step]),
        )
        for step in campaign.steps
    ]


def _shifts(conn: Connection, mine: int, begun: datetime) -> list[Shift]:
    """How many emails waited or were left out, by step and reason; one that waited twice counts once."""
    query = sa.select(decisions.c.subject, decisions.c.outcome, decisions.c.reason, decisions.c.cause).where(
        decisions.c.at >= begun, decisions.c.kind == "send", decisions.c.cause.like("enrollment:%")
    )
    ours: set[int] = set(conn.execute(_of(mine, begun)).scalars())
    seen: set[tuple[str, str, str]] = set()
    found: Counter[tuple[str, str, str]] = Counter()
    for subject, outcome, reason, cause in conn.execute(query.distinct()):
        number = cause.removeprefix("enrollment:").partition("/")[0]
        if not number.isdigit() or int(number) not in ours or (subject, outcome, reason) in seen:
            continue
        seen.add((subject, outcome, reason))
        step = subject.partition("/")[2] if subject.startswith("enrollment:") else ""
        found[step, outcome, reason] += 1
    return [Shift(*key, count) for key, count in sorted(found.items())]


def _ends(conn: Connection, mine: int, begun: datetime) -> dict[str, int]:
    query = sa.select(enrollments.c.reason, sa.func.count()).where(
        enrollments.c.campaign_id == mine, enrollments.c.ended_at >= begun
    )
    return {reason or "": count for reason, count in conn.execute(query.group_by(enrollments.c.reason))}


def _stays(conn: Connection, mine: int, begun: datetime) -> list[Stays]:
    query = (
        sa.select(enrollments.c.step, enrollments.c.held, leads.c.email)
        .join(leads, leads.c.id == enrollments.c.lead_id)
        .where(enrollments.c.id.in_(_of(mine, begun)), enrollments.c.state == EnrollmentState.ACTIVE.value)
        .order_by(enrollments.c.id)
    )
    found: dict[tuple[str | None, str | None], list[str]] = defaultdict(list)
    for step, held, email in conn.execute(query):
        found[step, held].append(email or "")
    return [Stays(step, held, len(who), who[:_SHOWN]) for (step, held), who in found.items()]


def _collisions(conn: Connection, mine: int, begun: datetime, zone: ZoneInfo) -> list[Collision]:
    """Other campaigns and broadcasts that wrote to leads who got mail of this one."""
    query = (
        sa.select(messages.c.lead_id, messages.c.campaign_id, messages.c.gone_at, campaigns.c.key)
        .outerjoin(campaigns, campaigns.c.id == messages.c.campaign_id)
        .where(messages.c.gone_at >= begun, messages.c.state.in_(_WENT), messages.c.purpose.in_(_TO_LEADS))
    )
    days: dict[int, set[str]] = defaultdict(set)
    others: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for lead_id, campaign_id, gone_at, key in conn.execute(query):
        day = gone_at.astimezone(zone).date().isoformat()
        if campaign_id == mine:
            days[lead_id].add(day)
        else:
            others[key or "broadcast"].append((lead_id, day))
    found = []
    for key, mails in sorted(others.items()):
        shared = [(lead, day) for lead, day in mails if lead in days]
        if shared:
            both = len({(lead, day) for lead, day in shared if day in days[lead]})
            found.append(Collision(key, len({lead for lead, _ in shared}), len(shared), both))
    return found


def _duties(conn: Connection, key: str, begun: datetime, zone: ZoneInfo) -> list[Duty]:
    owner = sa.case((tasks.c.for_owner, leads.c.owner_id), else_=tasks.c.owner_id)
    query = (
        sa.select(tasks.c.due_at, sa.func.coalesce(users.c.name, ""), tasks.c.kind)
        .join(leads, leads.c.id == tasks.c.lead_id)
        .outerjoin(users, sa.and_(users.c.id == owner, users.c.disabled_at.is_(None)))
        .where(tasks.c.campaign_key == key, tasks.c.created_at >= begun)
    )
    found = Counter((at.astimezone(zone).date().isoformat(), who, kind) for at, who, kind in conn.execute(query))
    return [Duty(*each, count) for each, count in sorted(found.items())]


def _task_ends(conn: Connection, key: str, begun: datetime) -> dict[str, int]:
    ended = sa.case((tasks.c.state == TaskState.DONE.value, tasks.c.outcome), else_=tasks.c.state)
    query = sa.select(ended, sa.func.count()).where(tasks.c.campaign_key == key, tasks.c.created_at >= begun)
    return {row[0]: row[1] for row in conn.execute(query.group_by(ended).order_by(ended))}


def _calls(conn: Connection, mine: int, begun: datetime) -> list[Called]:
    names = (outbox.c.kind, outbox.c.step, outbox.c.state, outbox.c.reason)
    query = sa.select(*names, sa.func.count()).where(outbox.c.campaign_id == mine, outbox.c.planned_at >= begun)
    return [Called(*row) for row in conn.execute(query.group_by(*names).order_by(*names))]


def _winners(conn: Connection, mine: int, begun: datetime) -> list[Won]:
    e = experiments.c
    query = sa.select(e.step, e.winner, e.reason).where(e.campaign_id == mine, e.decided_at >= begun)
    return [Won(row.step, row.winner or "", row.reason or "") for row in conn.execute(query.order_by(e.step))]
