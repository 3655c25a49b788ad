"""Working hours as a person writes them: days of the week and two times of day, in the person's zone."""

from collections.abc import Iterable, Mapping
from datetime import time
from typing import Any

from nurture.kernel.errors import Problem
from nurture.kernel.i18n import N_

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DEFAULT = {"days": "mon-fri", "from": "08:00", "to": "17:30"}


def days_of(text: str) -> tuple[str, ...]:
    """The days of `mon-sat` or `mon,wed-fri`, Monday first; ValueError when it is neither."""
    found: set[str] = set()
    for part in text.replace(" ", "").lower().split(","):
        first, dash, last = part.partition("-")
        if first not in DAYS or (dash and last not in DAYS):
            raise ValueError(f"days such as mon-fri, and {text!r} is none")
        begin, end = DAYS.index(first), DAYS.index(last or first)
        span = range(begin, end + 1) if begin <= end else [*range(begin, 7), *range(end + 1)]
        found.update(DAYS[day] for day in span)
    return tuple(day for day in DAYS if day in found)


def written(days: Iterable[str]) -> str:
    """Days as stored: neighbours joined, `mon-fri,sun`."""
    chosen = [DAYS.index(day) for day in days]
    runs: list[list[int]] = []
    for day in sorted(set(chosen)):
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    return ",".join(DAYS[run[0]] if len(run) == 1 else f"{DAYS[run[0]]}-{DAYS[run[-1]]}" for run in runs)


def problems(hours: Mapping[str, Any]) -> list[Problem]:
    """What is wrong with working hours, by form field."""
    found = []
    try:
        days_of(str(hours.get("days", "")))
    except ValueError:
        found.append(Problem("no_days", N_("Choose at least one day"), path="days"))
    times: list[time] = []
    for name in ("from", "to"):
        try:
            times.append(time.fromisoformat(str(hours.get(name, ""))))
        except ValueError:
            found.append(Problem("bad_time", N_("Write a time such as 08:00"), path=name))
    if len(times) == 2 and times[0] >= times[1]:
        found.append(Problem("bad_span", N_("The end must be later than the start"), path="to"))
    return found
