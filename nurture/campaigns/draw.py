"""Stable draws: the same lead draws the same at the same step, in whatever process and however often. Pure."""

import hashlib
from collections.abc import Mapping

_RANGE = 2**64


def draw(*names: str) -> float:
    """A number from 0 up to, not including, 1 that hangs on the names alone, and on each of them."""
    digest = hashlib.sha256("\x00".join(names).encode()).digest()
    return int.from_bytes(digest[:8]) / _RANGE


def choose(weights: Mapping[str, int], at: float) -> str:
    """The way on which a draw falls: each takes a share of the range by its weight, in their order."""
    left = at * sum(weights.values())
    for way, weight in weights.items():
        if left < weight:
            return way
        left -= weight
    return list(weights)[-1]
