"""Temperature: a band of engagement with a margin on the way down. Pure."""

from collections.abc import Iterable
from typing import assert_never

from nurture.leads.model import Temperature
from nurture.scoring.model import Thresholds


def band(engagement: int, before: Temperature, thresholds: Thresholds) -> Temperature:
    """The temperature at this engagement, for a lead that had `before`."""
    hot, warm = thresholds.hot, thresholds.warm
    if engagement >= hot.start or (before is Temperature.HOT and engagement >= hot.under):
        return Temperature.HOT
    if engagement >= warm.start or (before is not Temperature.COLD and engagement >= warm.under):
        return Temperature.WARM
    return Temperature.COLD


def replay(points: Iterable[int], thresholds: Thresholds) -> Temperature:
    """The temperature these lines lead to, in their order, from cold."""
    engagement, now = 0, Temperature.COLD
    for more in points:
        engagement += more
        now = band(engagement, now, thresholds)
    return now


def middle(temperature: Temperature, thresholds: Thresholds) -> int:
    """An engagement well inside the band: the same whichever temperature the lead had before."""
    warm, hot = thresholds.warm, thresholds.hot
    match temperature:
        case Temperature.COLD:
            return warm.under // 2
        case Temperature.WARM:
            return (warm.start + hot.under) // 2
        case Temperature.HOT:
            return hot.start + (hot.start - warm.start) // 2
        case _:
            assert_never(temperature)
