"""Caps: at most so many mails to one lead within a span that slides along. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from nurture.kernel.spans import parse_span

_FORM = re.compile(r"\s*(\d{1,3})\s+in\s+(.+)")


@dataclass(frozen=True, slots=True)
class Cap:
    """At most `limit` mails within `span`."""

    limit: int
    span: timedelta

    def to_json(self) -> str:
        """The cap as it stands in YAML."""
        hours, rest = divmod(int(self.span.total_seconds()), 3600)
        if rest:
            return f"{self.limit} in {int(self.span.total_seconds()) // 60} minutes"
        return f"{self.limit} in {hours // 24} days" if hours % 24 == 0 else f"{self.limit} in {hours} hours"

    @property
    def days(self) -> str:
        """The span in days, for sentences."""
        return f"{self.span / timedelta(days=1):g}"


def read_cap(data: Any) -> Cap:
    """The cap of `3 in 7 days`; ValueError for anything else and for 0."""
    found = _FORM.fullmatch(data) if isinstance(data, str) else None
    if found is None or int(found[1]) == 0:
        raise ValueError(f"not a cap such as “3 in 7 days”: {data!r}")
    return Cap(int(found[1]), parse_span(found[2]))


def counted(cap: Cap, gone: Iterable[datetime], at: datetime) -> int:
    """How many of the mails count at this instant: those less than the span ago, and those yet to come."""
    return sum(1 for instant in gone if instant > at - cap.span)


def frees_at(cap: Cap, gone: Iterable[datetime], at: datetime) -> datetime:
    """The first instant from `at` on at which one more mail is allowed."""
    recent = sorted(instant for instant in gone if instant > at - cap.span)
    return at if len(recent) < cap.limit else recent[-cap.limit] + cap.span
