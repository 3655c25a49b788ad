"""Two leads as one: a no of either is stronger than a yes of the other, however new."""

from datetime import UTC, datetime, timedelta

import pytest

from nurture.consents.merging import strictest
from nurture.consents.model import Purpose, Standing, Suppressed, SuppressionReason

AT = datetime(2026, 11, 20, 8, tzinfo=UTC)
LATER = AT + timedelta(days=1)
YES, NO, NEW_YES = (True, AT), (False, AT), (True, LATER)
ADS = Purpose.ADVERTISING


def _standing(word: tuple[bool, datetime] | None, *closed: SuppressionReason) -> Standing:
    lines = tuple(Suppressed(number, reason, "all", "test", AT) for number, reason in enumerate(closed))
    return Standing(reachable=True, given={} if word is None else {ADS: word}, suppressed=lines)


@pytest.mark.parametrize(
    ("one", "other", "word"),
    [(YES, NO, NO), (NEW_YES, NO, NO), (YES, None, YES), (YES, NEW_YES, NEW_YES), (NO, None, NO), (None, None, None)],
)
def test_the_strictest_word_stands(
    one: tuple[bool, datetime] | None, other: tuple[bool, datetime] | None, word: tuple[bool, datetime] | None
) -> None:
    """Whichever of the two said it."""
    for pair in ((one, other), (other, one)):
        found = strictest(*(_standing(each) for each in pair), reachable=True)
        assert found.given.get(ADS) == word


def test_what_closed_the_other_address_closes_this_one_but_for_a_bounce() -> None:
    """A bounce of the address that is kept stays."""
    bounced, complained = SuppressionReason.BOUNCED, SuppressionReason.COMPLAINED
    found = strictest(_standing(None), _standing(None, bounced, complained), reachable=True)
    assert [one.reason for one in found.suppressed] == [complained]
    found = strictest(_standing(None, bounced, complained), _standing(None, complained), reachable=False)
    assert [one.reason for one in found.suppressed] == [bounced, complained]
    assert not found.reachable
