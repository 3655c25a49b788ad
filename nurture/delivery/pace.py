"""How fast senders are, and how fast mail goes to whom. Kept in memory by the parent; reads the monotonic clock."""

from collections import Counter

from nurture.delivery.model import Phase, Report
from nurture.kernel.clock import SystemClock

_monotonic = SystemClock().monotonic
MOST = 64  # messages that a sender may hold
_WINDOW_SECONDS = 0.25
_SPAN = 30.0  # seconds over which a flow is measured
_OF_RECIPIENTS = frozenset({Phase.RCPT, Phase.DATA, Phase.BODY, Phase.ANSWERED})


def asked_for_haste(report: Report) -> bool:
    """Whether a recipient's provider says that mail comes too fast: 421, or 4.7.x (RFC 3463, 3.8: a policy)."""
    if report.phase not in _OF_RECIPIENTS or not 400 <= report.code < 500:
        return False
    return report.code == 421 or report.enhanced.startswith("4.7.")


class Pace:
    """How fast a sender is, and so how much it may hold: a quarter of a second's work, at most 64 messages."""

    def __init__(self, connections: int) -> None:
        self._least = max(2, 2 * connections)
        self._rate = 0.0  # messages a second, smoothed
        self._since = _monotonic()
        self._done = 0

    @property
    def window(self) -> int:
        """The most it may hold."""
        return max(self._least, min(MOST, int(self._rate * _WINDOW_SECONDS)))

    def room(self, in_hand: int) -> int:
        """How many more it may get now; 0 while that would not be worth a transaction."""
        free = self.window - in_hand
        return free if free * 2 >= self.window else 0

    def note(self, done: int, *, busy: bool) -> None:
        """Learn from what it has just done."""
        now = _monotonic()
        self._done += done
        passed = now - self._since
        if passed < 0.05 and busy:
            return
        if self._done:
            self._rate = 0.5 * self._rate + 0.5 * (self._done / max(passed, 0.001))
        self._since, self._done = now, 0


class Flow:
    """How fast mail went lately by each relay to each group of domains."""

    def __init__(self) -> None:
        self._since = _monotonic()
        self._counts: Counter[tuple[str, str]] = Counter()

    def note(self, key: str, groups: Counter[str]) -> None:
        """Count what was handed over."""
        now = _monotonic()
        if now - self._since > _SPAN:
            self._since = now
            self._counts.clear()
        for group, number in groups.items():
            self._counts[key, group] += number

    def rate(self, key: str, group: str) -> float:
        """Messages a second."""
        return self._counts[key, group] / max(1.0, _monotonic() - self._since)
