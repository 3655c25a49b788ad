"""Whether one variant is better than the others, or only seems so: shares compared with a stated confidence. Pure.

The best is held against each other variant by the two-sided two-proportion z-test with a pooled share (NIST/SEMATECH
e-Handbook of Statistical Methods, 7.3.3). Since the best of several is picked after the fact, the allowed error is
divided by the number of pairs (Bonferroni), so that variants that are all alike bring forth a winner in at most
1 - confidence of all trials. Where the normal approximation is not to be trusted (fewer than five expected on either
side), nothing is said.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import comb, sqrt
from statistics import NormalDist

CONFIDENCE = 0.95
_LEAST_EXPECTED = 5.0
_NORMAL = NormalDist()


class Finding(StrEnum):
    """What a comparison came to."""

    WINNER = "winner"  # one is better than every other
    NO_DIFFERENCE = "no_difference"  # enough data, but what differs may well be chance
    NOT_ENOUGH = "not_enough"  # too few trials or successes to say anything


@dataclass(frozen=True, slots=True)
class Variant:
    """One variant: how often it was tried, and how often that had success."""

    key: str
    trials: int
    successes: int

    def __post_init__(self) -> None:
        if not 0 <= self.successes <= self.trials:
            raise ValueError(f"{self.successes} successes in {self.trials} trials")

    @property
    def share(self) -> float:
        """Successes among trials, 0 to 1."""
        return self.successes / self.trials if self.trials else 0.0


@dataclass(frozen=True, slots=True)
class Comparison:
    """What is known about variants. `leader` is ahead in numbers, whether or not that means anything."""

    finding: Finding
    confidence: float  # asked for, 0 to 1
    leader: str | None = None
    p: float | None = (
        None  # of leader against the closest of the others, before the division by pairs; None: not tested
    )

    @property
    def winner(self) -> str | None:
        """The variant that is better than every other; None on noise."""
        return self.leader if self.finding is Finding.WINNER else None


def compare(variants: Sequence[Variant], confidence: float = CONFIDENCE) -> Comparison:
    """Whether one of these is better. The same whatever their order; of equals the first by key leads."""
    if not 0.5 <= confidence < 1:
        raise ValueError(f"not a confidence: {confidence}")
    if len(variants) < 2:
        return Comparison(Finding.NOT_ENOUGH, confidence)
    best, *others = sorted(variants, key=lambda one: (-one.share, one.key))
    if not best.successes:
        return Comparison(Finding.NOT_ENOUGH, confidence)
    if any(not _is_enough(best, other) for other in others):
        return Comparison(Finding.NOT_ENOUGH, confidence, best.key)
    p = max(p_value(best, other) for other in others)
    is_sure = p <= (1 - confidence) / comb(len(variants), 2)
    return Comparison(Finding.WINNER if is_sure else Finding.NO_DIFFERENCE, confidence, best.key, p)


def p_value(one: Variant, other: Variant) -> float:
    """How likely two equally good variants are to differ at least so much; 1.0 where nothing can be told."""
    if not one.trials or not other.trials:
        return 1.0
    pooled = (one.successes + other.successes) / (one.trials + other.trials)
    error = sqrt(pooled * (1 - pooled) * (1 / one.trials + 1 / other.trials))
    if not error:
        return 1.0
    return 2 * _NORMAL.cdf(-abs(one.share - other.share) / error)


def _is_enough(one: Variant, other: Variant) -> bool:
    """Whether at least five successes and five failures are expected of each, were both alike."""
    total = one.trials + other.trials
    if not total:
        return False
    rarer = min(one.successes + other.successes, total - one.successes - other.successes)
    return min(one.trials, other.trials) * rarer / total >= _LEAST_EXPECTED
