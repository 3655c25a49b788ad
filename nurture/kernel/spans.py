"""Durations as people write them: read, bounded, and given back."""

import re
from datetime import timedelta

from nurture.kernel.i18n import translate, translate_plural
from nurture.kernel.text import fold

_UNITS = {
    "minute": timedelta(minutes=1),
    "phut": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "gio": timedelta(hours=1),
    "day": timedelta(days=1),
    "ngay": timedelta(days=1),
    "week": timedelta(weeks=1),
    "tuan": timedelta(weeks=1),
}
_FORM = re.compile(r"([0-9]{1,6}) ?([a-z]+)")
LONGEST = timedelta(days=3660)


def parse_span(text: object) -> timedelta:
    """The length of time of `30 days`; ValueError for anything else, for zero and for more than ten years."""
    match = _FORM.fullmatch(fold(text)) if isinstance(text, str) else None
    unit = match and (_UNITS.get(match[2]) or _UNITS.get(match[2].removesuffix("s")))
    if not match or not unit:
        raise ValueError(f"not a length of time such as “2 days”: {text!r}")
    span = int(match[1]) * unit
    if not timedelta(0) < span <= LONGEST:
        raise ValueError(f"not from 1 minute to 10 years: {text!r}")
    return span


def in_words(span: timedelta, language: str) -> str:
    """`3 hours 20 minutes`, `2 days 5 hours`: the largest unit and the next, rounded down; `less than a minute`."""
    hours, minutes = divmod(int(span / timedelta(minutes=1)), 60)
    days, hours = divmod(hours, 24)
    parts = []
    if days:
        parts.append(translate_plural(language, "%(count)s day", "%(count)s days", days))
    if hours:
        parts.append(translate_plural(language, "%(count)s hour", "%(count)s hours", hours))
    if minutes and not days:
        parts.append(translate_plural(language, "%(count)s minute", "%(count)s minutes", minutes))
    return " ".join(parts) or translate(language, "less than a minute")
