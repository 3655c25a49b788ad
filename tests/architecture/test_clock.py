"""Time is handed in: one module reads the clock, so that a campaign can be run at any time and at any speed."""

import re
from pathlib import Path

NURTURE = Path(__file__).resolve().parents[2] / "nurture"
# What tells the time of day; spans are measured by other means.
_READS = re.compile(
    r"\bdatetime\.(?:now|utcnow|today)\b|\bdate\.today\b|\btime\.(?:time|time_ns|localtime|gmtime|ctime)\("
    r"|\bfrom time import\b|\bfunc\.(?:now|current_timestamp|current_date|localtimestamp)\(|CURRENT_(?:TIMESTAMP|DATE)"
)
# The database's own time, by which machines agree on leases.
_DATABASE = ("clock_timestamp", "julianday('now')")


def _found(pattern: re.Pattern[str]) -> set[str]:
    files = (path for path in NURTURE.rglob("*.py"))
    return {path.relative_to(NURTURE).as_posix() for path in files if pattern.search(path.read_text("utf-8"))}


def test_one_module_reads_the_clock() -> None:
    """Everything else is told: engine time and real time are arguments."""
    assert _found(_READS) == {"kernel/clock.py"}


def test_one_module_asks_the_database_for_the_time() -> None:
    """For leases alone."""
    assert _found(re.compile("|".join(map(re.escape, _DATABASE)))) == {"kernel/database.py"}
