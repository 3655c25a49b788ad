"""What a chunk of enrollments needs to know before it is advanced: a fixed number of queries for all together."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.activities.model import Kind
from nurture.activities.tables import activities
from nurture.campaigns.model import Campaign, OpportunityOpened
from nurture.consents import store as consent_store
from nurture.consents.model import Channel, Standing
from nurture.engine import holding
from nurture.engine.known import titles
from nurture.enrollments import experiments
from nurture.enrollments.advance import Around
from nurture.enrollments.model import Place
from nurture.kernel.reasons import Reason
from nurture.kernel.signing import KeyRing
from nurture.leads.tables import leads
from nurture.messages.model import COUNTED, MessageClass, Purposes
from nurture.messages.store import languages
from nurture.messages.tables import messages
from nurture.outbound.refusal import sms_refusal
from nurture.outbound.store import answers as webhook_answers
from nurture.policy.windows import zone_of
from nurture.rules.facts import Facts, View
from nurture.rules.model import Rule
from nurture.rules.titles import Titles, named
from nurture.segments.view import view
from nurture.tasks.store import answers as task_answers

_TO_LEADS = (Purposes.CAMPAIGN.value, Purposes.BROADCAST.value)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Everything about the leads of one chunk."""

    now: datetime
    facts: Facts
    zone: str  # the installation's
    language: str
    titles: Titles  # of what exit conditions name
    rows: Mapping[int, Any]  # of leads
    views: Mapping[int, View]
    standings: Mapping[int, Standing]
    gone: Mapping[int, Sequence[datetime]]
    mailed: Mapping[int, datetime]
    opened: Mapping[int, datetime]
    emails: Mapping[str, Sequence[str]] | None  # languages of each published email
    answers: Mapping[int, Mapping[str, Any]]  # of tasks and webhooks that present steps have asked for, by enrollment
    chosen: Mapping[int, Mapping[str, str]]  # winning ways by campaign and step
    holding: holding.Holding
    texting: Mapping[int, Standing]  # to text messages

    def around(self, place: Place, campaign: Campaign) -> Around:
        """What one enrollment's advance knows."""
        lead = self.rows[place.lead_id]
        return Around(
            self.now,
            self.views.get(place.lead_id, View(place.lead_id)),
            self.facts,
            zone_of(lead.zone, self.zone),
            self.language,
            self.titles,
            self.mailed.get(place.id),
            self.gone.get(place.lead_id, ()),
            self._refusal(lead, campaign),
            self.opened.get(place.lead_id),
            lead.merged_into is not None,
            lead.public_id,
            self.answers.get(place.id),
            self.chosen.get(place.campaign_id, {}),
            self.emails,
            self.holding.house,
            self.holding.quiet(lead.id).held(campaign.sending.class_),
            self.holding.outages,
            self.holding.resumed.get(place.campaign_id),
            self._no_sms(lead, campaign),
        )

    def _refusal(self, lead: Any, campaign: Campaign) -> tuple[Reason, Mapping[str, Any]] | None:
        """Why the lead is not to be mailed at all, as far as is known now; the go looks again."""
        standing = self.standings.get(lead.id)
        found = standing.refusal(campaign.sending.class_, campaign.sending.policy.topic) if standing else None
        return self.holding.house.named(found) if found is not None else None

    def _no_sms(self, lead: Any, campaign: Campaign) -> tuple[Reason, Mapping[str, Any]] | None:
        """Why the lead is not to be sent text messages; a look at them is taken again before they go."""
        standing = self.texting.get(lead.id)
        found = sms_refusal(standing, campaign.sending.class_, campaign.sending.policy.topic) if standing else None
        return self.holding.house.named(found) if found is not None else None


def load(
    conn: Connection,
    places: Sequence[tuple[Place, Campaign]],
    facts: Facts,
    now: datetime,
    *,
    zone: str,
    language: str,
    keys: KeyRing | None,
) -> Surroundings:
    """The surroundings of these enrollments. Without `keys` what concerns mail is left out, for looks at ends only."""
    lead_ids = sorted({place.lead_id for place, _ in places})
    campaigns = {id(campaign): campaign for _, campaign in places}.values()
    rules = [rule for campaign in campaigns for rule in campaign.rules()]
    rows = _leads(conn, lead_ids)
    steps = {step.kind for campaign in campaigns for step in campaign.steps.values()} if keys is not None else set()
    mailing, texting = "send_email" in steps, "send_sms" in steps
    held = holding.load(conn, [place for place, _ in places], now) if mailing or texting else holding.Holding()
    spans = [one.sending.policy.cap.span for one in campaigns if one.sending.policy.cap is not None]
    spans += [held.house.looks_back] if held.house.looks_back is not None else []
    goals = any(isinstance(one.goal, OpportunityOpened) for one in campaigns)
    addresses = [(row.id, row.email) for row in rows.values()]
    phones = [(row.id, row.phone) for row in rows.values()]
    return Surroundings(
        now,
        facts,
        zone,
        language,
        titles(conn, language, named(one.exit_when for one in campaigns if one.exit_when is not None)),
        rows,
        _views(conn, lead_ids, facts, rules),
        consent_store.standing(conn, keys, addresses) if mailing and keys is not None else {},
        _gone(conn, lead_ids, now - max(spans)) if mailing and spans else {},
        _mailed(conn, [place.id for place, _ in places]) if mailing else {},
        _opened(conn, lead_ids) if goals else {},
        languages(conn) if mailing else None,
        _answers(conn, places),
        _chosen(conn, places),
        held,
        consent_store.standing(conn, keys, phones, Channel.SMS) if texting and keys is not None else {},
    )


def _answers(conn: Connection, places: Sequence[tuple[Place, Campaign]]) -> dict[int, Mapping[str, Any]]:
    """What came of what present steps have asked for, by enrollment."""
    asking: dict[str, list[tuple[int, str, int]]] = defaultdict(list)
    for place, campaign in places:
        step = campaign.steps.get(place.step or "")
        if step is not None and step.kind in {"task", "webhook"}:
            asking[step.kind].append((place.id, step.id, place.occurrence))
    found: dict[int, Mapping[str, Any]] = dict(task_answers(conn, asking["task"])) if asking["task"] else {}
    return found | webhook_answers(conn, asking["webhook"])


def _chosen(conn: Connection, places: Sequence[tuple[Place, Campaign]]) -> Mapping[int, Mapping[str, str]]:
    """The ways that have won, by campaign and step."""
    comparing = {
        place.campaign_id for place, campaign in places if any(step.kind == "split" for step in campaign.steps.values())
    }
    return experiments.winners(conn, comparing) if comparing else {}


def _views(conn: Connection, lead_ids: Sequence[int], facts: Facts, rules: Sequence[Rule]) -> Mapping[int, View]:
    return view(conn, lead_ids, facts, rules) if rules else {}


def _leads(conn: Connection, lead_ids: Sequence[int]) -> dict[int, Any]:
    names = ("id", "public_id", "email", "phone", "zone", "language", "merged_into")
    rows = conn.execute(sa.select(*(leads.c[name] for name in names)).where(leads.c.id.in_(lead_ids)))
    return {row.id: row for row in rows}


def _gone(conn: Connection, lead_ids: Sequence[int], since: datetime) -> dict[int, list[datetime]]:
    """When the mails went that count against a cap, by lead."""
    query = sa.select(messages.c.lead_id, messages.c.gone_at).where(
        messages.c.lead_id.in_(lead_ids),
        messages.c.gone_at > since - timedelta(seconds=1),
        messages.c.state.in_([state.value for state in COUNTED]),
        messages.c.purpose.in_(_TO_LEADS),
        messages.c.class_ != MessageClass.TRANSACTIONAL.value,
    )
    found: dict[int, list[datetime]] = defaultdict(list)
    for row in conn.execute(query):
        found[row.lead_id].append(row.gone_at)
    return found


def _mailed(conn: Connection, ids: Sequence[int]) -> dict[int, datetime]:
    """When the last mail of each enrollment went."""
    query = sa.select(messages.c.enrollment_id, messages.c.gone_at).where(
        messages.c.enrollment_id.in_(ids),
        messages.c.gone_at.is_not(None),
        messages.c.state.in_([state.value for state in COUNTED]),
    )
    found: dict[int, datetime] = {}
    for row in conn.execute(query):
        found[row.enrollment_id] = max(row.gone_at, found.get(row.enrollment_id, row.gone_at))
    return found


def _opened(conn: Connection, lead_ids: Sequence[int]) -> dict[int, datetime]:
    """When each lead last became an opportunity; one that was withdrawn does not count."""
    query = sa.select(activities.c.lead_id, activities.c.occurred_at).where(
        activities.c.lead_id.in_(lead_ids),
        activities.c.kind == Kind.OPPORTUNITY_OPENED.value,
        activities.c.withdrawn_at.is_(None),
    )
    found: dict[int, datetime] = {}
    for row in conn.execute(query):
        found[row.lead_id] = max(row.occurred_at, found.get(row.lead_id, row.occurred_at))
    return found
