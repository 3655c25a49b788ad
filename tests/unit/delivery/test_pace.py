"""Answers that ask for less haste, and how fast mail goes."""

import pytest

from nurture.delivery.model import Phase, Report
from nurture.delivery.pace import asked_for_haste


@pytest.mark.parametrize(
    ("phase", "code", "enhanced", "slow"),
    [
        (Phase.RCPT, 421, "4.7.28", True),
        (Phase.RCPT, 451, "4.7.500", True),
        (Phase.ANSWERED, 421, "", True),
        (Phase.RCPT, 450, "4.2.0", False),  # greylisting
        (Phase.RCPT, 452, "4.2.2", False),  # a full mailbox
        (Phase.RCPT, 550, "5.7.1", False),
        (Phase.GREETING, 421, "4.7.0", False),  # the relay itself: the route rests
        (Phase.ANSWERED, 250, "2.0.0", False),
    ],
)
def test_a_provider_asks_for_less_haste_by_421_or_4_7(phase: Phase, code: int, enhanced: str, *, slow: bool) -> None:
    """At its recipients only; what the relay says of itself is no provider's word."""
    assert asked_for_haste(Report(1, 1, phase, code, enhanced)) is slow
