"""What came of each way of a split and of a group without mail, and which way was chosen (queries).

In the caller's transaction. Each lead counts once, in the way it went first. Clicks are those in emails of the campaign
after the split, machines' apart. Of a split that has a winner only those count who came before it was chosen, since
later ones had no choice; after it is split again, only those who come from then on. Leads without mail are left out of
splits.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.activities.model import Decided, Kind
from nurture.activities.service import Decision, decide_many
from nurture.activities.tables import activities
from nurture.campaigns import store as campaign_store
from nurture.campaigns.definition import from_revision
from nurture.campaigns.steps.holdout import HELD, MAILED, Holdout
from nurture.campaigns.steps.split import By, Split
from nurture.enrollments.experiment import Looks
from nurture.enrollments.tables import enrollments, experiments, passages
from nurture.kernel.database import Instant, upsert
from nurture.kernel.errors import ForbiddenError, InputError, NotFoundError
from nurture.kernel.i18n import N_
from nurture.kernel.reasons import Reason
from nurture.kernel.significance import Variant
from nurture.rules.facts import Facts
from nurture.users.model import Person
from nurture.users.service import note

AUTOMATIC = "engine"


@dataclass(frozen=True, slots=True)
class Kept:
    """What was last decided about a split."""

    winner: str | None
    reason: Reason
    detail: Mapping[str, Any]
    decided_by: str
    decided_at: datetime
    tests: Looks = field(default_factory=Looks)
    since: datetime | None = None  # passages before do not count


@dataclass(frozen=True, slots=True)
class Counts:
    """Leads of one step by way, and those of them that count as a success."""

    begun: datetime | None = None
    leads: Mapping[str, int] = field(default_factory=dict)
    clicks: Mapping[str, int] = field(default_factory=dict)
    goals: Mapping[str, int] = field(default_factory=dict)

    def of(self, ways: Collection[str], by: By) -> tuple[Variant, ...]:
        """These ways as they are compared, nobody's included."""
        hits = self.clicks if by is By.CLICKS else self.goals
        return tuple(Variant(way, self.leads.get(way, 0), hits.get(way, 0)) for way in ways)

    @property
    def groups(self) -> tuple[Variant, Variant]:
        """The leads with and without mail, by the goal."""
        mailed, held = self.of((MAILED, HELD), By.GOAL)
        return mailed, held


def winners(conn: Connection, campaign_ids: Collection[int]) -> dict[int, dict[str, str]]:
    """The chosen ways by campaign and step."""
    query = sa.select(experiments.c.campaign_id, experiments.c.step, experiments.c.winner)
    query = query.where(experiments.c.campaign_id.in_(sorted(campaign_ids)), experiments.c.winner.is_not(None))
    found: dict[int, dict[str, str]] = {}
    for campaign_id, step, winner in conn.execute(query):
        found.setdefault(campaign_id, {})[step] = winner
    return found


@dataclass(frozen=True, slots=True)
class Told:
    """The figures of steps, and what was last decided about splits, by step."""

    counts: Mapping[str, Counts]
    kept: Mapping[str, Kept]


def told(conn: Connection, campaign_id: int, key: str, splits: Sequence[str], holdouts: Sequence[str]) -> Told:
    """All there is to tell of these steps of a campaign; one query."""
    decided = sa.select(
        experiments.c.step, sa.cast(sa.null(), sa.Text), *(sa.cast(sa.null(), sa.Integer) for _ in range(3)),
        sa.cast(sa.null(), Instant), *(experiments.c[name] for name in _DECIDED),
    ).where(experiments.c.campaign_id == campaign_id)  # fmt: skip
    rows = conn.execute(_figures(campaign_id, key, splits, holdouts).union_all(decided)).all()
    counts: dict[str, Counts] = {}
    for step, way, leads, clicks, goals, begun, *_ in (row for row in rows if row.reason is None):
        one = counts.get(step, Counts())
        counts[step] = Counts(
            begun if one.begun is None else min(begun, one.begun),
            {**one.leads, way: leads},
            {**one.clicks, way: int(clicks)},
            {**one.goals, way: int(goals)},
        )
    return Told(counts, {row.step: _kept(row) for row in rows if row.reason is not None})


_KEPT = sa.select(experiments).where(experiments.c.campaign_id == sa.bindparam("campaign"))


def kept(conn: Connection, campaign_id: int) -> dict[str, Kept]:
    """What was last decided about each split of a campaign, by step."""
    rows = conn.execute(_KEPT, {"campaign": campaign_id})
    return {row.step: _kept(row) for row in rows}


def is_begun(conn: Connection, campaign_id: int, steps: Collection[str], until: datetime) -> bool:
    """Whether anybody has come to one of these steps by then."""
    return conn.execute(_BEGUN, {"campaign": campaign_id, "steps": sorted(steps), "until": until}).first() is not None


_BEGUN = (
    sa.select(passages.c.id)
    .where(
        passages.c.campaign_id == sa.bindparam("campaign"),
        passages.c.step.in_(sa.bindparam("steps", expanding=True)),
        passages.c.planned_at <= sa.bindparam("until"),
    )
    .limit(1)
)
_DECIDED = ("winner", "reason", "detail", "decided_by", "decided_at", "tests", "smallest", "since")


def _kept(row: Any) -> Kept:
    looks = Looks(row.tests, row.smallest)
    return Kept(row.winner, Reason(row.reason), row.detail, row.decided_by, row.decided_at, looks, row.since)


def _figures(campaign_id: int, key: str, splits: Sequence[str], holdouts: Sequence[str]) -> sa.Select[Any]:
    """Leads of each way of each step, those of them who clicked and who reached the goal, and the first instant."""
    first = _first(campaign_id, splits, holdouts)
    clicked = sa.exists().where(
        activities.c.lead_id == first.c.lead_id,
        activities.c.kind == Kind.CLICKED.value,
        activities.c.campaign_key == key,
        activities.c.occurred_at >= first.c.planned_at,
        activities.c.withdrawn_at.is_(None),
        first.c.step.in_(splits),
    )
    reached = sa.exists().where(
        enrollments.c.id == first.c.enrollment_id, enrollments.c.reason == Reason.GOAL_REACHED.value
    )
    nothing = (sa.cast(sa.null(), experiments.c[name].type).label(name) for name in _DECIDED)
    return (
        sa.select(
            first.c.step,
            first.c.outcome,
            sa.func.count(),
            sa.func.sum(sa.case((clicked, 1), else_=0)),
            sa.func.sum(sa.case((reached, 1), else_=0)),
            sa.func.min(first.c.planned_at, type_=Instant),
            *nothing,
        )
        .where(first.c.nth == 1)
        .group_by(first.c.step, first.c.outcome)
    )


def _first(campaign_id: int, splits: Sequence[str], holdouts: Sequence[str]) -> sa.Subquery:
    """Passages through these steps that count; `nth` 1 is a lead's first through a step."""
    mute = passages.alias("mute")
    is_held = sa.exists().where(
        mute.c.enrollment_id == passages.c.enrollment_id, mute.c.step.in_(holdouts), mute.c.outcome == HELD
    )
    kept, at = experiments.c, passages.c.at
    counts = sa.and_(
        sa.or_(kept.since.is_(None), at > kept.since),
        sa.or_(kept.winner.is_(None), at <= kept.decided_at),
        ~is_held,
    )
    nth = sa.func.row_number().over(
        partition_by=(passages.c.step, enrollments.c.lead_id), order_by=(passages.c.planned_at, passages.c.id)
    )
    columns = (passages.c[name] for name in ("step", "outcome", "planned_at", "enrollment_id"))
    decided = sa.and_(kept.campaign_id == passages.c.campaign_id, kept.step == passages.c.step)
    return (
        sa.select(*columns, enrollments.c.lead_id, nth.label("nth"))
        .join(enrollments, enrollments.c.id == passages.c.enrollment_id)
        .outerjoin(experiments, decided)
        .where(
            passages.c.campaign_id == campaign_id,
            passages.c.step.in_([*splits, *holdouts]),
            sa.or_(passages.c.step.in_(holdouts), counts),
        )
        .subquery("first")
    )


def keep(conn: Connection, campaign_id: int, key: str, step: str, decided: Kept) -> None:
    """Keep what was decided, for good among the decisions."""
    values = {
        "winner": decided.winner,
        "reason": decided.reason.value,
        "detail": dict(decided.detail),
        "decided_by": decided.decided_by,
        "decided_at": decided.decided_at,
        "tests": decided.tests.count,
        "smallest": decided.tests.smallest,
        "since": decided.since,
    }
    insert = upsert(conn.dialect.name, experiments).values(campaign_id=campaign_id, step=step, **values)
    conn.execute(insert.on_conflict_do_update(index_elements=["campaign_id", "step"], set_=values))
    subject, outcome = f"campaign:{key}/{step}", decided.winner or "no"
    line = Decision(Decided.COMPARE, subject, outcome, decided.reason, decided.decided_at, None, decided.decided_by,
                    decided.detail)  # fmt: skip
    decide_many(conn, [line])


def choose(
    conn: Connection, key: str, step: str, way: str, facts: Facts, *, now: datetime, real: datetime, actor: str
) -> None:
    """A person chooses the winner of a split, or with an empty way lets it be split again.

    NotFoundError when there is no such campaign or split, InputError when it has no such way.
    """
    stored = campaign_store.lock(conn, key)
    if stored is None or not stored.definition:
        raise NotFoundError(N_("There is no such campaign"))
    found = from_revision(stored.definition, facts).steps.get(step)
    if found is None or not isinstance(found.config, Split):
        raise NotFoundError(N_("The campaign compares no ways at this step"))
    if way and way not in found.config.weights:
        raise InputError(N_("There is no such way"))
    before = kept(conn, stored.id).get(step)
    if (before.winner if before is not None else None) == (way or None):
        return
    if way:
        tests, since = (Looks(), None) if before is None else (before.tests, before.since)
        chosen = Kept(way, Reason.CHOSEN_BY_HAND, {"way": way}, actor, now, tests, since)
    else:
        chosen = Kept(None, Reason.SPLIT_AGAIN, {}, actor, now, since=now)
    keep(conn, stored.id, key, step, chosen)
    detail = {"step": step, "way": way}
    note(conn, actor=actor, action="campaign.winner", subject=f"campaign:{key}", at=real, detail=detail)


def choose_as(
    conn: Connection, person: Person, key: str, step: str, way: str, facts: Facts, *, now: datetime, real: datetime
) -> None:
    """The same by a member of staff. ForbiddenError unless they define campaigns."""
    if not person.may_define:
        raise ForbiddenError(N_("Only marketers and administrators steer campaigns"))
    choose(conn, key, step, way, facts, now=now, real=real, actor=person.actor)


def compared(steps: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """The splits and the groups without mail among a campaign's steps, by id."""
    splits = [key for key, step in steps.items() if isinstance(step.config, Split)]
    return splits, [key for key, step in steps.items() if isinstance(step.config, Holdout)]
