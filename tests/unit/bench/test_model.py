"""What a figure says of itself."""

import pytest

from nurture.bench.model import Figure, Part, Size, percentile


@pytest.mark.parametrize(
    ("figure", "ratio", "reached"),
    [
        pytest.param(Figure("send", 6000, "/s", aim=6500, naive=60), 100, True, id="more-is-better-within-noise"),
        pytest.param(Figure("send", 5800, "/s", aim=6500), None, False, id="too-slow"),
        pytest.param(Figure("segment", 0.5, "s", aim=0.5, naive=5), 10, True, id="less-is-better"),
        pytest.param(Figure("segment", 0.56, "s", aim=0.5), None, False, id="too-long"),
        pytest.param(Figure("free", 3, "MB"), None, None, id="without-an-aim"),
    ],
)
def test_aim_and_ratio_know_which_way_is_better(figure: Figure, ratio: float | None, reached: bool | None) -> None:
    """A rate is to be large, a time and a size small; a tenth is given to the noise."""
    assert figure.ratio == (pytest.approx(ratio) if ratio is not None else None)
    assert figure.reached is reached


def test_figure_comes_back_out_of_json() -> None:
    """Also its parts."""
    figure = Figure("send", 1.0, "/s", p50=1.5, parts=(Part("parent", 1.25, 40.0),), notes={"statements": 12})
    assert Figure.of_json(figure.to_json()) == figure


@pytest.mark.parametrize(("share", "found"), [(0.5, 50), (0.99, 99), (1.0, 100), (0.0, 1)])
def test_percentile_is_a_value_that_was_there(share: float, found: int) -> None:
    """By nearest rank."""
    assert percentile(list(range(100, 0, -1)), share) == found


def test_percentile_of_nothing_is_refused() -> None:
    """There is none."""
    with pytest.raises(ValueError, match="no values"):
        percentile([], 0.5)


def test_size_scales_and_has_a_least() -> None:
    """A hundredth of a million is ten thousand."""
    assert (Size(0.01).of(1_000_000), Size(0.0001).of(100, least=5)) == (10_000, 5)
