"""Whether a lead becomes an opportunity by itself: each criterion with what is needed, seen, and held. Pure."""

from datetime import datetime

from nurture.kernel.reasons import Reason
from nurture.leads.model import Temperature
from nurture.opportunities.model import Candidate, Criterion, Qualification, Qualifying

_ORDER = (Temperature.COLD, Temperature.WARM, Temperature.HOT)


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
