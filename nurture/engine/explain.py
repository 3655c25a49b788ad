"""Why and why not, computed as of now: campaigns and opportunity of one lead. Reads the database, writes nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.engine import Connection

from nurture.campaigns import entries
from nurture.campaigns.model import Campaign, Entrance
from nurture.engine import revisions
from nurture.engine.known import Running
from nurture.enrollments import entry
from nurture.enrollments import store as enrollments
from nurture.kernel.reasons import Reason
from nurture.leads.model import Lead
from nurture.opportunities import store as opportunities
from nurture.opportunities.model import Criterion, Opportunity, Pipeline
from nurture.opportunities.qualify import candidate_of, qualify
from nurture.rules.evaluate import Trace, evaluate
from nurture.rules.facts import Facts
from nurture.rules.model import Rule
from nurture.scoring.model import Standing
from nurture.segments import service as segments
from nurture.segments.view import view


@dataclass(frozen=True, slots=True)
class Door:
    """One entrance of a campaign, and how a lead stands to what it asks for; no trace where only an event tells."""

    entrance: Entrance
    trace: Trace | None


@dataclass(frozen=True, slots=True)
class Way:
    """How a lead stands to one campaign: its entrances, the condition they share, and why it may not come in."""

    campaign: Running
    doors: tuple[Door, ...]
    when: Trace | None
    refusal: tuple[Reason, Mapping[str, Any]] | None


@dataclass(frozen=True, slots=True)
class Chance:
    """Whether an opportunity would open by itself now, criterion by criterion; none does while one is open."""

    pipeline: Pipeline
    criteria: tuple[Criterion, ...]
    trace: Trace | None  # of the extra rule
    open_ones: tuple[Opportunity, ...]  # newest first

    @property
    def holds(self) -> bool:
        """Whether every criterion holds."""
        return all(one.holds for one in self.criteria)


def segment(conn: Connection, key: str, lead_id: int, facts: Facts, now: datetime) -> Trace | None:
    """The rule of the segment on this lead; None when there is no such segment."""
    rule = segments.rule_of(conn, key, facts)
    return segments.explain(conn, rule, lead_id, now, facts) if rule is not None else None


def stands(
    conn: Connection, lead: Lead, running: Sequence[Running], pipeline: Pipeline | None, facts: Facts, now: datetime
) -> tuple[list[Way], Chance | None]:
    """How the lead stands to each campaign that is live or paused, and to an opportunity: a fixed number of queries.

    No chance while no pipeline is published.
    """
    open_ones = [(one, _readable(one, facts)) for one in running if one.definition]
    ways = [(one, campaign) for one, campaign in open_ones if campaign is not None]
    named = {key for _, one in ways for way in one.entry.entrances if (key := _segment(way))}
    of_segments = segments.rules_of(conn, sorted(named), facts)
    asked = {way.id: rule for _, one in ways for way in one.entry.entrances if (rule := _asks(way, of_segments))}
    shared = [one.entry.when for _, one in ways if one.entry.when is not None]
    extra = [pipeline.qualifying.when] if pipeline is not None and pipeline.qualifying.when is not None else []
    seen = view(conn, [lead.id], facts, [*asked.values(), *shared, *extra]).get(lead.id)
    past = enrollments.past_of(conn, lead.id)

    def trace(rule: Rule | None) -> Trace | None:
        return evaluate(rule, seen, now, facts) if rule is not None and seen is not None else None

    found = [
        Way(
            stored,
            tuple(Door(way, trace(asked.get(way.id))) for way in one.entry.entrances),
            trace(one.entry.when),
            entry.refusal(one.entry.again, past.get(stored.id, ()), now),
        )
        for stored, one in ways
    ]
    return found, _chance(conn, lead, pipeline, trace(pipeline.qualifying.when), now) if pipeline else None


def _segment(way: Entrance) -> str:
    """The segment that an entrance names, if any."""
    if way.kind == "segment":
        return str(way.config.key)
    return str(way.config.segment) if way.kind == "schedule" else ""


def _asks(way: Entrance, of_segments: Mapping[str, Rule]) -> Rule | None:
    """What of the lead's own an entrance asks for: of a segment its rule, so that it is seen why one is not in it."""
    key = _segment(way)
    return of_segments.get(key) if key else entries.standing(way) or entries.condition(way)


def _readable(one: Running, facts: Facts) -> Campaign | None:
    """The campaign; None for a revision that this version cannot read: its own page says so."""
    campaign = revisions.campaign(one.definition, facts)
    return campaign if isinstance(campaign, Campaign) else None


def _chance(conn: Connection, lead: Lead, pipeline: Pipeline, trace: Trace | None, now: datetime) -> Chance:
    standing = Standing(lead.id, lead.engagement, lead.fit, lead.temperature)
    deals = opportunities.in_pipeline(conn, lead.id, pipeline)
    candidate = candidate_of(standing, lead.lifecycle, pipeline.qualifying, trace, deals)
    open_ones = tuple(one for one in deals if one.is_open)
    return Chance(pipeline, qualify(candidate, pipeline.qualifying, now).criteria, trace, open_ones)
