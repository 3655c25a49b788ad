"""A winner is named on figures that allow it, never on noise; the lift of a campaign comes with its bounds."""

import random
from datetime import timedelta

import pytest

from nurture.campaigns.steps.split import By, Winner
from nurture.enrollments.experiment import Looks, Said, Verdict, judge, lift
from nurture.kernel.significance import Variant
from tests.unit.campaigns.ground import DAY, NOW

WINNER = Winner(By.CLICKS, 7 * DAY, 100)
BEGUN = NOW - 7 * DAY


def _ways(a: tuple[int, int], b: tuple[int, int]) -> tuple[Variant, Variant]:
    return Variant("a", *a), Variant("b", *b)


@pytest.mark.parametrize(
    ("a", "b", "said"),
    [
        pytest.param((500, 100), (500, 50), Said.WON, id="twice as many"),
        pytest.param((500, 52), (500, 50), Said.UNCLEAR, id="about as many"),
        pytest.param((500, 66), (500, 44), Said.UNCLEAR, id="would do in a single test, not in the first of several"),
        pytest.param((99, 90), (500, 5), Said.FEW, id="one way has too few leads"),
        pytest.param((500, 3), (500, 0), Said.FEW, id="hardly any clicks"),
        pytest.param((500, 0), (500, 0), Said.FEW, id="no click"),
    ],
)
def test_figures_say_what_they_allow(a: tuple[int, int], b: tuple[int, int], said: Said) -> None:
    """Named, unclear, or too few."""
    verdict = judge(WINNER, _ways(a, b), BEGUN, NOW, Looks())
    assert (verdict.said, verdict.winner) == (said, "a" if said is Said.WON else "")
    assert verdict.tested is (said in {Said.WON, Said.UNCLEAR})


@pytest.mark.parametrize("begun", [None, BEGUN + timedelta(seconds=1)])
def test_nothing_is_said_before_the_time_is_over(begun: object) -> None:
    """However clear it looks."""
    assert judge(WINNER, _ways((500, 400), (500, 1)), begun, NOW, Looks()) == Verdict(Said.EARLY)  # type: ignore[arg-type]


def test_it_is_tested_again_when_the_smallest_way_has_doubled() -> None:
    """Not each time somebody looks."""
    known = Looks(1, 500)
    assert judge(WINNER, _ways((999, 200), (999, 100)), BEGUN, NOW, known) == Verdict(Said.UNCLEAR)
    assert judge(WINNER, _ways((1000, 200), (1000, 100)), BEGUN, NOW, known) == Verdict(Said.WON, "a", tested=True)


def test_ways_that_are_alike_win_in_at_most_one_of_twenty_comparisons() -> None:
    """All looks of a comparison together."""
    chance = random.Random(7)
    wins = 0
    for _ in range(400):
        looks, ways = Looks(), {"a": [0, 0], "b": [0, 0]}
        for _ in range(4):  # 100, 200, 400 and 800 leads each way
            for way in ways.values():
                more = max(100, way[0])
                way[1] += sum(chance.random() < 0.2 for _ in range(more))
                way[0] += more
            verdict = judge(WINNER, [Variant(key, *way) for key, way in ways.items()], BEGUN, NOW, looks)
            looks = Looks(looks.count + verdict.tested, ways["a"][0])
            if verdict.said is Said.WON:
                wins += 1
                break
    assert wins <= 400 * 0.05 + 8  # the limit, and what chance allows above it


def test_the_lift_has_bounds() -> None:
    """Worked out by hand with Newcombe's method: 56/70 and 48/80 differ by 0.2, between 0.0524 and 0.3339."""
    found = lift(Variant("mailed", 70, 56), Variant("holdout", 80, 48))
    assert found is not None
    assert (round(found.by, 4), round(found.low, 4), round(found.high, 4)) == (0.2, 0.0524, 0.3339)
    assert found.is_clear


@pytest.mark.parametrize(
    ("mailed", "held", "clear"),
    [
        pytest.param((900, 90), (100, 9), False, id="within chance"),
        pytest.param((900, 270), (100, 10), True, id="clearly more"),
        pytest.param((900, 90), (100, 30), True, id="clearly fewer"),
        pytest.param((900, 90), (29, 0), None, id="too few without mail"),
        pytest.param((900, 4), (100, 0), None, id="too few goals"),
        pytest.param((0, 0), (0, 0), None, id="nobody"),
    ],
)
def test_a_lift_is_clear_or_may_be_chance_or_unknown(
    mailed: tuple[int, int], held: tuple[int, int], clear: object
) -> None:
    """Honestly."""
    found = lift(Variant("mailed", *mailed), Variant("holdout", *held))
    assert (found.is_clear if found is not None else None) is clear
