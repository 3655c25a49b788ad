"""A winner is named only where chance is an unlikely explanation."""

import random

import pytest

from nurture.kernel.significance import Comparison, Finding, Variant, compare, p_value


def _of(*figures: tuple[int, int], confidence: float = 0.95) -> Comparison:
    return compare([Variant("abcd"[at], *one) for at, one in enumerate(figures)], confidence)


@pytest.mark.parametrize(
    ("figures", "finding", "leader"),
    [
        pytest.param([(1000, 100), (1000, 50)], Finding.WINNER, "a", id="twice as good among many"),
        pytest.param([(1000, 50), (1000, 100)], Finding.WINNER, "b", id="whichever stands first"),
        pytest.param([(1000, 55), (1000, 50)], Finding.NO_DIFFERENCE, "a", id="a little better is noise"),
        pytest.param([(20, 3), (20, 1)], Finding.NOT_ENOUGH, "a", id="three times as good among few"),
        pytest.param([(5000, 4), (5000, 0)], Finding.NOT_ENOUGH, "a", id="four clicks are no evidence"),
        pytest.param([(1000, 0), (1000, 0)], Finding.NOT_ENOUGH, None, id="nobody clicked"),
        pytest.param([(0, 0), (1000, 100)], Finding.NOT_ENOUGH, "b", id="one was never sent"),
        pytest.param([(0, 0), (0, 0)], Finding.NOT_ENOUGH, None, id="nothing was sent"),
        pytest.param([(100, 100), (100, 100)], Finding.NOT_ENOUGH, "a", id="everybody clicked both"),
        pytest.param([(1000, 100), (1000, 99), (1000, 20)], Finding.NO_DIFFERENCE, "a", id="two good ones, one bad"),
        pytest.param([(1000, 150), (1000, 90), (1000, 20)], Finding.WINNER, "a", id="better than both"),
        pytest.param([(1000, 100)], Finding.NOT_ENOUGH, None, id="one alone wins nothing"),
    ],
)
def test_what_a_comparison_comes_to(figures: list[tuple[int, int]], finding: Finding, leader: str | None) -> None:
    """The table of findings."""
    found = _of(*figures)
    assert (found.finding, found.leader) == (finding, leader)
    assert found.winner == (leader if finding is Finding.WINNER else None)


def test_more_variants_need_more_evidence() -> None:
    """What is enough between two is not enough between four: the best of many is ahead by luck more often."""
    assert _of((1000, 75), (1000, 52)).winner == "a"
    assert _of((1000, 75), (1000, 52), (1000, 52), (1000, 52)).winner is None


def test_a_higher_confidence_asks_for_more() -> None:
    """The same figures, held to two standards."""
    assert _of((1000, 75), (1000, 52), confidence=0.95).winner == "a"
    assert _of((1000, 75), (1000, 52), confidence=0.99).winner is None


def test_the_p_value_is_the_one_of_the_textbook() -> None:
    """z = 0.05 / sqrt(0.075 * 0.925 * 2 / 1000) = 4.2448: two-sided p = 2.19e-5."""
    assert p_value(Variant("a", 1000, 100), Variant("b", 1000, 50)) == pytest.approx(2.19e-5, rel=0.01)


@pytest.mark.parametrize("arms", [2, 4])
def test_variants_that_are_alike_seldom_bring_forth_a_winner(arms: int) -> None:
    """Over many trials of equals the share of false winners stays under what the confidence allows."""
    chance = random.Random(7)
    rounds, false = 400, 0
    for _ in range(rounds):
        figures = [(400, sum(chance.random() < 0.08 for _ in range(400))) for _ in range(arms)]
        false += _of(*figures).winner is not None
    assert false / rounds <= 0.06


def test_figures_that_cannot_be_are_refused() -> None:
    """More successes than trials, or a confidence that is none."""
    with pytest.raises(ValueError, match="3 successes in 2 trials"):
        Variant("a", 2, 3)
    with pytest.raises(ValueError, match="not a confidence"):
        _of((10, 1), (10, 2), confidence=1.0)
