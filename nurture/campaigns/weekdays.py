"""Days of the week as a campaign names them: read, and said. Pure."""

from collections.abc import Iterator, Sequence
from typing import Any

from babel.dates import get_day_names

from nurture.campaigns.reading import Reading
from nurture.kernel.i18n import N_, translate
from nurture.users.hours import DAYS, days_of

EVERY = frozenset(range(7))


def read_days(reading: Reading, data: Any, path: str) -> frozenset[int]:
    """The days of `tue,thu` or `mon-fri`, 0 is Monday; every day when they are none."""
    try:
        return frozenset(map(DAYS.index, days_of(data if isinstance(data, str) else "")))
    except ValueError:
        reading.wrong("bad_days", path, N_("“%(value)s” are no days"), N_("such as: mon-sat"), value=data)
        return EVERY


def named_days(chosen: frozenset[int], language: str) -> str:
    """Days in words, runs of three and more as `Monday to Saturday`."""
    if chosen == EVERY:
        return translate(language, "Every day")
    names = get_day_names("wide", locale=language)
    parts: list[str] = []
    for run in _runs(sorted(chosen)):
        if len(run) > 2:
            parts.append(translate(language, "%(first)s to %(last)s", first=names[run[0]], last=names[run[-1]]))
        else:
            parts += [str(names[day]) for day in run]
    return ", ".join(parts)


def _runs(numbers: Sequence[int]) -> Iterator[list[int]]:
    run: list[int] = []
    for number in numbers:
        if run and number != run[-1] + 1:
            yield run
            run = []
        run.append(number)
    if run:
        yield run
