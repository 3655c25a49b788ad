"""Why and why not, computed as of now: campaigns and opportunity of one lead. Reads the database, writes nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.engine import Connection

from nurture.campaigns import store as campaigns
from nurture.campaigns.definition import from_revision
from nurture.campaigns.model import CampaignState
from nurture.enrollments import entry
from nurture.enrollments import store as enrollments
from nurture.kernel.errors import DefinitionError
from nurture.kernel.reasons import Reason
from nurture.leads.model import Lead, Lifecycle
from nurture.opportunities import published
from nurture.opportunities import store as opportunities
from nurture.opportunities.model import Candidate, Criterion, Pipeline
from nurture.opportunities.qualify import qualify
from nurture.rules.evaluate import Trace, evaluate
from nurture.rules.facts import Facts
from nurture.segments import service as segments
from nurture.segments.view import view


@dataclass(frozen=True, slots=True)
class Way:
    """How a lead stands to one campaign: its entry condition, and why it may not come in."""

    campaign: campaigns.Stored
    segment: str | None
    trace: Trace | None  # the entry segment's rule; None for a campaign that is entered by hand
    refusal: tuple[Reason, Mapping[str, Any]] | None


@dataclass(frozen=True, slots=True)
class Chance:
    """Whether an opportunity would open by itself now, criterion by criterion."""

    pipeline: Pipeline
    criteria: tuple[Criterion, ...]
    trace: Trace | None  # of the extra rule

    @property
    def holds(self) -> bool:
        """Whether every criterion holds."""
        return all(one.holds for one in self.criteria)


def segment(conn: Connection, key: str, lead_id: int, facts: Facts, now: datetime) -> Trace | None:
    """The rule of the segment on this lead; None when there is no such segment."""
    rule = segments.rule_of(conn, key, facts)
    return segments.explain(conn, rule, lead_id, now, facts) if rule is not None else None


def ways(conn: Connection, lead_id: int, facts: Facts, now: datetime) -> list[Way]:
    """How the lead stands to each campaign that is live or paused."""
    found = []
    for stored in campaigns.every(conn, (CampaignState.LIVE, CampaignState.PAUSED)):
        try:
            campaign = from_revision(stored.definition, facts)
        except DefinitionError:
            continue  # a revision that this version cannot read: its own page says so
        key = campaign.entry.segment
        past = enrollments.past(conn, stored.id, [lead_id]).get(lead_id, [])
        refusal = entry.refusal(campaign.entry.again, past, now)
        found.append(Way(stored, key, segment(conn, key, lead_id, facts, now) if key else None, refusal))
    return found


def chance(conn: Connection, lead: Lead, facts: Facts, now: datetime) -> Chance | None:
    """The criteria of an automatic opportunity, as of now; None while no pipeline is published."""
    pipeline = published.live(conn, facts)
    if pipeline is None:
        return None
    trace = None
    if pipeline.qualifying.when is not None:
        seen = view(conn, [lead.id], facts, [pipeline.qualifying.when]).get(lead.id)
        trace = evaluate(pipeline.qualifying.when, seen, now, facts) if seen is not None else None
    is_open = any(
        one.pipeline == pipeline.key and one.product_line == pipeline.product_line
        for one in opportunities.open_of_leads(conn, [lead.id]).get(lead.id, [])
    )
    closed_at = opportunities.last_closed(conn, lead.id, pipeline.key, pipeline.product_line)
    holds = None if pipeline.qualifying.when is None else trace is not None and trace.holds
    candidate = Candidate(
        lead.engagement, lead.fit, lead.temperature, lead.lifecycle is Lifecycle.CUSTOMER, holds,
        {True: "yes", False: "no", None: None}[holds], is_open, closed_at,
    )  # fmt: skip
    return Chance(pipeline, qualify(candidate, pipeline.qualifying, now).criteria, trace)
