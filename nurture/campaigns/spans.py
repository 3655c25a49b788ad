"""Lengths of time in words, in the largest unit that fits."""

from datetime import timedelta

from nurture.kernel.i18n import translate_plural

_MINUTE, _HOUR, _DAY, _WEEK = (
    timedelta(minutes=1),
    timedelta(hours=1),
    timedelta(days=1),
    timedelta(weeks=1),
)


def spoken(span: timedelta, language: str) -> str:
    """`2 days`, `2 ngày`."""
    if span % _WEEK == timedelta(0):
        return translate_plural(language, "%(count)s week", "%(count)s weeks", span // _WEEK)
    if span % _DAY == timedelta(0):
        return translate_plural(language, "%(count)s day", "%(count)s days", span // _DAY)
    if span % _HOUR == timedelta(0):
        return translate_plural(language, "%(count)s hour", "%(count)s hours", span // _HOUR)
    return translate_plural(language, "%(count)s minute", "%(count)s minutes", span // _MINUTE)
