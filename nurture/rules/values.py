"""Reading the value of a comparison: text, numbers, days, spans. What cannot be used is said, with the mend."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from difflib import get_close_matches

from nurture.kernel.i18n import N_
from nurture.kernel.spans import parse_span
from nurture.rules.facts import Fact, Moment, Type
from nurture.rules.model import MOST_VALUES

LONGEST = 500
_AGO = re.compile(r"(.+) ago")


class BadValueError(ValueError):
    """A value that cannot be used: message ids and their parameters."""

    def __init__(self, message: str, mend: str = "", **params: object) -> None:
        super().__init__(message)
        self.message = message
        self.mend = mend
        self.params = tuple((name, str(value)[:80]) for name, value in params.items())


@dataclass(frozen=True, slots=True)
class Ago:
    """A point that moves with time: this span before now."""

    span: timedelta


def near(word: object, known: list[str]) -> str:
    """The known word that was probably meant, or nothing."""
    found = get_close_matches(str(word), known, 1, 0.6)
    return found[0] if found else ""


def read_text(raw: object, fact: Fact) -> tuple[str, str]:
    """Text to compare with, and as it was written. A choice must be one of the fact's choices."""
    if isinstance(raw, (int, float)) and not isinstance(raw, bool):
        raw = str(raw)
    if not isinstance(raw, str):
        raise BadValueError(N_("“%(value)s” is not text"), N_("put it in quotes"), value=raw)
    folded = fact.fold_literal(raw)
    if not folded:
        raise BadValueError(N_("An empty text compares with nothing"), N_("write empty: true"))
    if len(folded) > LONGEST:
        raise BadValueError(N_("This text is longer than %(limit)s characters"), limit=LONGEST)
    known = {fact.fold_value(choice): choice for choice in fact.choices}
    if known and folded not in known:
        guess = near(folded, list(known))
        mend = N_("did you mean “%(near)s”?") if guess else N_("one of: %(known)s")
        shown = ", ".join(fact.choices)[:200]
        raise BadValueError(
            N_("“%(value)s” is no value of %(field)s"),
            mend,
            value=raw,
            field=fact.key,
            near=known.get(guess, ""),
            known=shown,
        )
    return folded, raw.strip()


def read_number(raw: object) -> int | float:
    """A number that both databases hold."""
    if isinstance(raw, bool) or not isinstance(raw, (int, float)) or not abs(raw) < 1e15:
        raise BadValueError(N_("“%(value)s” is not a number"), N_("write it without quotes, dots or units"), value=raw)
    return raw


def read_span(raw: object) -> timedelta:
    """A span of time such as `30 days`."""
    try:
        return parse_span(raw)
    except ValueError as error:
        raise BadValueError(
            N_("“%(value)s” is not a span of time"), N_("write such as 30 days, 12 hours or 2 weeks"), value=raw
        ) from error


def read_day(raw: object) -> date | datetime | Ago:
    """A day (`2026-11-22`), an instant with its offset, or `30 days ago`."""
    if isinstance(raw, str):
        if match := _AGO.fullmatch(raw.strip()):
            return Ago(read_span(match[1]))
        try:
            return date.fromisoformat(raw.strip())
        except ValueError:
            pass
        try:
            instant = datetime.fromisoformat(raw.strip())
        except ValueError:
            instant = None
        if instant is not None and instant.tzinfo is not None:
            return instant
    raise BadValueError(N_("“%(value)s” is not a day"), N_("write such as 2026-11-22, or 30 days ago"), value=raw)


def read_flag(raw: object) -> bool:
    """true or false."""
    if not isinstance(raw, bool):
        raise BadValueError(N_("“%(value)s” is neither true nor false"), N_("write true or false"), value=raw)
    return raw


def read_one(raw: object, fact: Fact) -> tuple[object, object]:
    """One value of the fact's own type: as it is compared, as it is shown."""
    if fact.type is Type.NUMBER:
        number = read_number(raw)
        return number, number
    if fact.type is Type.YES_NO:
        flag = read_flag(raw)
        return str(flag).lower(), flag
    if fact.type in {Type.INSTANT, Type.DATE}:
        day = read_day(raw)
        if not isinstance(day, date) or isinstance(day, datetime):
            raise BadValueError(N_("“%(value)s” is not a day"), N_("write such as 2026-11-22"), value=raw)
        return day, day
    return read_text(raw, fact)


def read_texts(raw: object, fact: Fact) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """One text or a list of texts, each once."""
    listed = raw if isinstance(raw, list) else [raw]
    if not listed or len(listed) > MOST_VALUES:
        raise BadValueError(
            N_("One value, or a list of up to %(limit)s values, belongs here"), N_("write such as [a, b]"),
            limit=MOST_VALUES,
        )  # fmt: skip
    pairs = dict(read_text(one, fact) for one in listed)
    return tuple(pairs), tuple(pairs.values())


def from_start(value: date | datetime | Ago, moment: Moment) -> datetime:
    """The instant at which the value begins."""
    if isinstance(value, Ago):
        return moment.now - value.span
    return value if isinstance(value, datetime) else moment.start_of(value)


def from_end(value: date | datetime | Ago, moment: Moment) -> datetime:
    """The first instant that is after the value."""
    if isinstance(value, Ago):
        return moment.now - value.span
    return value if isinstance(value, datetime) else moment.after(value)


def as_day(value: date | datetime | Ago, moment: Moment) -> str:
    """The local day of the value, as YYYY-MM-DD."""
    if isinstance(value, Ago):
        return moment.day_before(value.span)
    return (value.astimezone(moment.zone).date() if isinstance(value, datetime) else value).isoformat()
