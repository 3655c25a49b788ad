"""When an opportunity opens by itself, criterion by criterion."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from nurture.kernel.reasons import Reason
from nurture.leads.model import Lifecycle, Temperature
from nurture.opportunities.model import Candidate, Opportunity, OpportunityState, Qualifying
from nurture.opportunities.qualify import candidate_of, qualify
from nurture.rules.evaluate import Trace
from nurture.rules.model import Group, Join
from nurture.scoring.model import Standing

NOW = datetime(2026, 11, 2, tzinfo=UTC)
GOOD = Candidate(80, 25, Temperature.HOT, is_customer=False)
NEEDED = Qualifying(20)


def test_hot_and_fit_qualifies() -> None:
    """With nothing open and no customer."""
    verdict = qualify(GOOD, NEEDED, NOW)
    assert verdict.holds
    assert verdict.missing is None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        pytest.param({"temperature": Temperature.WARM}, Reason.NOT_HOT, id="only warm"),
        pytest.param({"fit": 19}, Reason.NOT_FIT, id="a point short of fit"),
        pytest.param({"is_customer": True}, Reason.ALREADY_CUSTOMER, id="a customer"),
        pytest.param({"rule_holds": False}, Reason.CRITERIA_NOT_MET, id="the extra rule"),
        pytest.param({"has_open": True}, Reason.OPPORTUNITY_OPEN, id="one is open"),
        pytest.param({"closed_at": NOW - timedelta(days=29)}, Reason.CLOSED_LATELY, id="one was closed lately"),
        pytest.param({"fit": 0, "temperature": Temperature.COLD}, Reason.NOT_HOT, id="the most telling first"),
    ],
)
def test_each_criterion_says_no_with_its_reason(change: dict[str, Any], reason: Reason) -> None:
    """The first one missing is the reason."""
    verdict = qualify(replace(GOOD, **change), NEEDED, NOW)
    assert not verdict.holds
    assert verdict.missing is not None
    assert verdict.missing.reason is reason


@pytest.mark.parametrize(
    ("change", "needed"),
    [
        pytest.param({"temperature": Temperature.HOT}, Qualifying(20, Temperature.WARM), id="hot where warm will do"),
        pytest.param({"is_customer": True}, Qualifying(20, customers=True), id="customers may"),
        pytest.param({"rule_holds": True}, NEEDED, id="the extra rule holds"),
        pytest.param({"closed_at": NOW - timedelta(days=30)}, NEEDED, id="long since closed"),
    ],
)
def test_what_the_pipeline_allows_holds(change: dict[str, Any], needed: Qualifying) -> None:
    """Nothing more is asked than what is written."""
    assert qualify(replace(GOOD, **change), needed, NOW).holds


def test_every_criterion_is_kept_with_what_was_needed_and_seen() -> None:
    """So that the page can show the list."""
    plain = [one.plain() for one in qualify(GOOD, NEEDED, NOW).criteria]
    assert {"key": "fit", "needed": 20, "seen": 25, "holds": True} in plain
    assert [one["key"] for one in plain] == ["temperature", "fit", "customer", "open"]


RULE = Group(Join.ALL, ())
STANDING = Standing(1, 80, 25, Temperature.HOT)


def _deal(state: OpportunityState, closed_at: datetime | None) -> Opportunity:
    return Opportunity(
        1, "o", 1, None, None, "sales", "", "", "new", state, None, "VND", automatic=True, criteria=(), cause="",
        reason="", next_step="", next_at=None, opened_at=NOW, accepted_at=None, stage_since=NOW, closed_at=closed_at,
        version=1,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("trace", "holds"),
    [(Trace(RULE, holds=True), True), (Trace(RULE, holds=False), False), (None, False)],
    ids=["it holds", "it does not", "nothing to see"],
)
def test_the_extra_rule_holds_only_where_it_was_seen_to(trace: Trace | None, *, holds: bool) -> None:
    """A lead that the view does not show meets no rule."""
    candidate = candidate_of(STANDING, Lifecycle.LEAD, Qualifying(20, when=RULE), trace, ())
    assert candidate.rule_holds is holds


def test_without_an_extra_rule_nothing_is_said_of_it() -> None:
    """Not even a no."""
    assert candidate_of(STANDING, Lifecycle.LEAD, NEEDED, None, ()) == GOOD


def test_the_last_end_counts_and_a_withdrawn_one_does_not() -> None:
    """What a machine's click opened is as if it had never been."""
    deals = [
        _deal(OpportunityState.WITHDRAWN, NOW),
        _deal(OpportunityState.LOST, NOW - timedelta(days=5)),
        _deal(OpportunityState.WON, NOW - timedelta(days=9)),
    ]
    candidate = candidate_of(STANDING, Lifecycle.CUSTOMER, NEEDED, None, deals)
    assert (candidate.closed_at, candidate.has_open, candidate.is_customer) == (NOW - timedelta(days=5), False, True)
    assert candidate_of(STANDING, Lifecycle.LEAD, NEEDED, None, [_deal(OpportunityState.OPEN, None)]).has_open
