"""Silence by class: a person's stop and a reply hold automatic mail, an open deal holds advertising."""

from datetime import UTC, datetime

import pytest

from nurture.kernel.reasons import Reason
from nurture.policy.silence import PASSING, Quiet

AT = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("quiet", "held"),
    [
        (Quiet(), [None, None, None, None]),
        (Quiet(paused_at=AT), [Reason.PAUSED_BY_HAND, Reason.PAUSED_BY_HAND, None, None]),
        (Quiet(replied_at=AT), [Reason.REPLIED, Reason.REPLIED, None, None]),
        (Quiet(deal=True), [Reason.DEAL_OPEN, None, None, None]),
        (Quiet(replied_at=AT, deal=True), [Reason.REPLIED, Reason.REPLIED, None, None]),
    ],
    ids=["nothing", "stopped", "replied", "deal", "replied in a deal"],
)
def test_what_holds_depends_on_the_class(quiet: Quiet, held: list[Reason | None]) -> None:
    """Advertising, care, deal, transactional."""
    found = [quiet.held(one) for one in ("advertising", "care", "deal", "transactional")]
    assert [one and one[0] for one in found] == held


def test_the_reason_names_who_should_act() -> None:
    """The lead's owner looks at a reply, the deal's owner closes the deal."""
    quiet = Quiet(replied_at=AT, owner="Lan", deal=True, deal_owner="Minh")
    assert quiet.reasons() == [(Reason.REPLIED, {"owner": "Lan"}), (Reason.DEAL_OPEN, {"owner": "Minh"})]


def test_every_reason_of_silence_is_one_that_an_event_ends() -> None:
    """So that whoever waits for it is looked at early."""
    every = Quiet(paused_at=AT, replied_at=AT, deal=True).reasons()
    assert {reason for reason, _ in every} == PASSING
