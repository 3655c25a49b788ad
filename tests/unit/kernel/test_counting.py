"""What a process counts: numbers that grow, spans in bounds, few labels whatever comes."""

from collections.abc import Iterator

import pytest

from nurture.kernel import counting
from nurture.kernel.counting import BOUNDS, MOST, OTHER, Counter, Timer


@pytest.fixture(autouse=True)
def _of_this_test() -> Iterator[None]:
    """Families made here are gone afterwards."""
    counters, timers = list(counting.COUNTERS), list(counting.TIMERS)
    yield
    counting.COUNTERS[:], counting.TIMERS[:] = counters, timers


def test_each_combination_of_labels_has_its_number() -> None:
    """Nothing is counted for nothing."""
    one = Counter("x", "X", ("a", "b"))
    one.add("1", "2")
    one.add("1", "2", count=4)
    one.add("1", "3", count=0)
    assert one.values() == {("1", "2"): 5}
    assert one.total() == 5


def test_labels_do_not_grow_without_bound() -> None:
    """What comes when there are many counts as other; those that were there go on."""
    one = Counter("x", "X", ("a",))
    for number in range(3 * MOST):
        one.add(str(number))
    one.add("0")
    assert len(one.values()) == MOST + 1
    assert one.values()[(OTHER,)] == 2 * MOST
    assert one.values()[("0",)] == 2


def test_spans_are_cumulative_over_their_bounds() -> None:
    """The last bound takes all; a block that fails is measured too."""
    one = Timer("x", "X")
    for seconds in (0.0005, BOUNDS[0], 0.3, 60.0):
        one.note(seconds)
    spans = one.spans()
    assert spans.within == (2, 2, 2, 2, 3, 3, 3, 4)
    assert spans.count == 4
    assert spans.latest == 60.0
    with pytest.raises(ValueError, match="x"), one.measured():
        raise ValueError("x")
    assert one.spans().count == 5
    assert one.spans().latest < 1
