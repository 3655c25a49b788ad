"""The measurement of rehearsals does what it counts."""

from nurture.bench.kinds import rehearse
from nurture.bench.model import Size
from nurture.bench.place import place


def test_everybody_comes_into_the_campaign() -> None:
    """The run looks at the rehearsal's own report."""
    with place() as here:
        (figure,) = rehearse.run(here, Size(0.002))
    assert figure.of == "20 leads through welcome_series, 5 days"
    assert figure.value > 0
    assert figure.naive
