"""Comparing the ways of a split, and leads with and without mail: what the figures say, and what they do not. Pure.

A winner is declared when the best way is better than every other with the stated confidence. The test is made when the
time is over and each way has its least number of leads; when nothing is clear it is made again each time the smallest
way has doubled. All looks together err in at most one of twenty comparisons of ways that are alike: the first may take
half of that error, each further one half of what is left.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from math import sqrt
from statistics import NormalDist

from nurture.campaigns.steps.split import Winner
from nurture.kernel.significance import CONFIDENCE, Finding, Variant, compare


class Said(StrEnum):
    """What a look at the figures came to."""

    EARLY = "early"  # the time is not over, or nobody has come
    FEW = "few"  # not enough data
    UNCLEAR = "unclear"  # enough data, and no clear winner
    WON = "won"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is said of a comparison. `tested`: a test was made, and the next waits for twice as many leads."""

    said: Said
    winner: str = ""
    tested: bool = False


@dataclass(frozen=True, slots=True)
class Looks:
    """The tests that were made of a comparison: how many, and how many leads the smallest way had at the last."""

    count: int = 0
    smallest: int = 0


def judge(winner: Winner, ways: Sequence[Variant], begun: datetime | None, now: datetime, tests: Looks) -> Verdict:
    """What may be said now of ways that have been gone since `begun`."""
    if begun is None or now < begun + winner.after:
        return Verdict(Said.EARLY)
    smallest = min((one.trials for one in ways), default=0)
    if smallest < winner.least:
        return Verdict(Said.FEW)
    if tests.count and smallest < 2 * tests.smallest:
        return Verdict(Said.UNCLEAR)
    found = compare(ways, 1 - (1 - CONFIDENCE) / 2 ** (tests.count + 1))
    if found.finding is Finding.NOT_ENOUGH:
        return Verdict(Said.FEW)
    if found.winner is None:
        return Verdict(Said.UNCLEAR, tested=True)
    return Verdict(Said.WON, found.winner, tested=True)


@dataclass(frozen=True, slots=True)
class Lift:
    """How much larger the share of those who reach the goal is among the mailed, and between which bounds it lies.

    Shares from -1 to 1; the bounds hold with CONFIDENCE.
    """

    by: float
    low: float
    high: float

    @property
    def is_clear(self) -> bool:
        """Whether chance alone is no likely explanation."""
        return self.low > 0 or self.high < 0


LEAST_HELD = 30  # leads in each group
LEAST_GOALS = 5  # in both together


def lift(mailed: Variant, held: Variant) -> Lift | None:
    """The difference of two shares with its bounds (Newcombe 1998, method 10); None when there is not enough data."""
    if min(mailed.trials, held.trials) < LEAST_HELD or mailed.successes + held.successes < LEAST_GOALS:
        return None
    by = mailed.share - held.share
    (low1, high1), (low2, high2) = _wilson(mailed), _wilson(held)
    low = by - sqrt((mailed.share - low1) ** 2 + (high2 - held.share) ** 2)
    high = by + sqrt((high1 - mailed.share) ** 2 + (held.share - low2) ** 2)
    return Lift(by, low, high)


def _wilson(one: Variant) -> tuple[float, float]:
    """The bounds of a share, by Wilson's score."""
    z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    n, share = one.trials, one.share
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return max(0.0, middle - half), min(1.0, middle + half)
