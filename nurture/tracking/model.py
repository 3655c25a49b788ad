"""Verdicts on hits."""

from enum import StrEnum


class Verdict(StrEnum):
    """Who made an open or click."""

    HUMAN = "human"
    MACHINE = "machine"  # scanner, crawler, prefetch: never scores
    PROXY = "proxy"  # an image proxy: an open happened or was prefetched; weak evidence
    SUSPECT = "suspect"  # being examined; scores when the settling time clears it
