"""The measurement of ticks does what it counts."""

from nurture.bench.kinds import tick
from nurture.bench.model import Size
from nurture.bench.place import place


def test_all_that_is_due_goes_through_the_branch() -> None:
    """The run looks where each enrollment stands afterwards."""
    with place() as here:
        (figure,) = tick.run(here, Size(0.005))
    assert figure.of.startswith("50 due enrollments")
    assert figure.value > 0
    assert figure.naive
