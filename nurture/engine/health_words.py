"""What is wrong while it runs, in words: for the page, for Today and for `nurture doctor`. Pure."""

from collections.abc import Mapping
from datetime import timedelta

from nurture.engine.invariants import SAYINGS, Invariant
from nurture.kernel.i18n import N_, translate
from nurture.kernel.spans import in_words

GONE = N_("a check of another version of nurture")
NEVER = N_("No clock has ticked here yet: no step comes due, no broadcast begins")
_UNITS = (("TB", 1024**4), ("GB", 1024**3), ("MB", 1024**2), ("KB", 1024))


def broken(key: str, subject: str, detail: Mapping[str, float], language: str) -> str:
    """What does not hold, in one sentence."""
    if key not in set(Invariant):
        return translate(language, GONE)
    if key == Invariant.CLOCK.value and not detail.get("seconds"):
        return translate(language, NEVER)
    params = {
        "subject": subject,
        "span": span(detail.get("seconds", 0.0), language),
        "seconds": _number(abs(detail.get("seconds", 0.0)), language),
        "size": size(detail.get("bytes", 0.0), language),
        **{name: _number(detail.get(name, 0), language) for name in ("count", "rows", "good")},
    }
    return translate(language, SAYINGS[Invariant(key)].broken, **params)


def mend(key: str, language: str) -> str:
    """What to do."""
    return translate(language, SAYINGS[Invariant(key)].mend) if key in set(Invariant) else ""


def span(seconds: float, language: str) -> str:
    """`5 minutes`, `2 hours 10 minutes`."""
    return in_words(timedelta(seconds=seconds), language)


def size(count: float, language: str) -> str:
    """`1.4 GB`, with the comma of Vietnamese."""
    unit, one = next((each for each in _UNITS if count >= each[1]), ("B", 1))
    text = f"{count / one:.1f}".removesuffix(".0")
    return f"{text.replace('.', ',') if language == 'vi' else text} {unit}"


def _number(value: float, language: str) -> str:
    text = f"{round(value):,}"
    return text.replace(",", ".") if language == "vi" else text
