"""`proposal` is raised by steps of campaigns, never by what a lead does."""

from datetime import UTC, datetime

from nurture.alerts.model import Moment
from nurture.alerts.proposals import Proposal
from nurture.alerts.triggers import triggers
from nurture.opportunities.model import NewOpportunity


def test_it_is_never_due() -> None:
    """Also at the hottest moment."""
    moment = Moment(1, "activity:1", 2, 3, opened=True, became_hot=True, has_open=True)
    assert triggers()["proposal"].due(moment) is False


def test_it_keeps_what_opens_when_it_is_accepted() -> None:
    """In the reason it shows."""
    new = NewOpportunity(1, "Web", "web", 5)
    proposal = Proposal(new, "enrollment:1/a/1", {"vi": "Chào", "en": "Hello"}, 4)
    why = proposal.why(datetime(2026, 11, 2, tzinfo=UTC))
    assert why.params == {"name": "Web", "product_line": "web", "value": 5}
    assert why.name["en"] == "The campaign “Hello” proposes an opportunity"
    assert proposal.key == "proposal:1:enrollment:1/a/1"
