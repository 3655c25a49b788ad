"""Whether a lead becomes an opportunity by itself: each criterion with what is needed, seen, and held. Pure."""

from collections.abc import Sequence
from datetime import datetime

from nurture.kernel.reasons import Reason
from nurture.leads.model import Lifecycle, Temperature
from nurture.opportunities.model import (
    Candidate,
    Criterion,
    Opportunity,
    OpportunityState,
    Qualification,
    Qualifying,
)
from nurture.rules.evaluate import Trace
from nurture.scoring.model import Standing

_ORDER = (Temperature.COLD, Temperature.WARM, Temperature.HOT)


def candidate_of(
    standing: Standing, stage: Lifecycle, qualifying: Qualifying, trace: Trace | None, deals: Sequence[Opportunity]
) -> Candidate:
    """A lead as qualification looks at it. `trace` is of the extra rule, `deals` are the lead's in that pipeline.

    One that was withdrawn counts as if it had never been. The rule does not hold where there is nothing to see.
    """
    holds = None if qualifying.when is None else trace is not None and trace.holds
    ended = [
        one.closed_at for one in deals if one.closed_at is not None and one.state is not OpportunityState.WITHDRAWN
    ]
    return Candidate(
        standing.engagement, standing.fit, standing.temperature, stage is Lifecycle.CUSTOMER, holds,
        {True: "yes", False: "no", None: None}[holds], any(one.is_open for one in deals), max(ended, default=None),
    )  # fmt: skip


def qualify(candidate: Candidate, qualifying: Qualifying, now: datetime) -> Qualification:
    """Every criterion in the order in which a "no" is most telling."""
    needed = qualifying.temperature
    is_warm_enough = _ORDER.index(candidate.temperature) >= _ORDER.index(needed)
    criteria = [
        Criterion("temperature", needed.value, candidate.temperature.value, is_warm_enough, Reason.NOT_HOT),
        Criterion("fit", qualifying.fit, candidate.fit, candidate.fit >= qualifying.fit, Reason.NOT_FIT),
    ]
    if not qualifying.customers:
        criteria.append(_no("customer", candidate.is_customer, Reason.ALREADY_CUSTOMER))
    if candidate.rule_holds is not None:
        rule, reason = candidate.rule_holds, Reason.CRITERIA_NOT_MET
        criteria.append(Criterion("rule", needed="yes", seen=candidate.rule_seen, holds=rule, reason=reason))
    criteria.append(_no("open", candidate.has_open, Reason.OPPORTUNITY_OPEN))
    if candidate.closed_at is not None:
        again = candidate.closed_at + qualifying.again_after
        criteria.append(Criterion("again", again.isoformat(), now.isoformat(), now >= again, Reason.CLOSED_LATELY))
    return Qualification(tuple(criteria))


def _no(key: str, seen: bool, reason: Reason) -> Criterion:  # noqa: FBT001 - the value seen, not a switch
    """Something that must not be so."""
    return Criterion(key, needed=False, seen=seen, holds=not seen, reason=reason)
