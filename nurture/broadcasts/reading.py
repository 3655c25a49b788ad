"""From plain data to a broadcast's definition, with every finding at once. Pure."""

import math
import re
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from nurture.broadcasts.model import (
    DROP,
    MOST_VARIANTS,
    PRIORITY,
    VARIANT_KEYS,
    At,
    Definition,
    Local,
    Now,
    Otherwise,
    Past,
    Trial,
    Variant,
    When,
)
from nurture.campaigns.definition import read_sending
from nurture.campaigns.reading import Reading
from nurture.kernel.errors import DefinitionError, Problem
from nurture.kernel.i18n import LANGUAGES, N_
from nurture.kernel.significance import CONFIDENCE
from nurture.kernel.yamlfile import Source
from nurture.rules.facts import Facts

KEYS = ("key", "name", "segment", "missed", "email", "variants", "test", "when", "sending", "drop")
_PERCENT = re.compile(r"\s*(\d{1,3}(?:\.\d{1,4})?)\s*%\s*")


def read_broadcast(
    source: Source, facts: Facts, emails: Mapping[str, Collection[str]] | None = None
) -> tuple[Definition | None, list[Problem]]:
    """The definition and all findings; None when a finding is an error."""
    reading = Reading(source, facts, emails)
    data = reading.mapping(source.data, "", required=("key", "name"), optional=KEYS)
    key = reading.key(data["key"], "key") if data.get("key") is not None else ""
    name = reading.text(data["name"], "name", 120) if data.get("name") is not None else ""
    segment, missed = _audience(reading, data)
    variants = _variants(reading, data)
    test = _test(reading, data.get("test"))
    when = _when(reading, data.get("when", "now"))
    given = data.get("sending")
    if given is None or isinstance(given, Mapping):
        given = {"priority": PRIORITY, **(given or {})}
    sending = read_sending(reading, given)
    drop = _share(reading, data["drop"], "drop", 0, 1) if data.get("drop") is not None else DROP
    _fits(reading, variants, test, when)
    if any(problem.severity == "error" for problem in reading.problems):
        return None, reading.problems
    return Definition(key, name, segment, missed, variants, test, when, sending, drop), reading.problems


def from_data(data: Mapping[str, Any], facts: Facts) -> Definition:
    """A stored definition, references unchecked. DefinitionError when it no longer reads."""
    found, problems = read_broadcast(Source("", "", data, {}), facts)
    if found is None:
        raise DefinitionError(problems)
    return found


def _audience(reading: Reading, data: Mapping[str, Any]) -> tuple[str | None, str | None]:
    given = [name for name in ("segment", "missed") if data.get(name) is not None]
    if len(given) != 1:
        mend = N_("segment: …, or missed: the key of another broadcast")
        reading.wrong("no_audience", "segment", N_("It is not said who gets it"), mend)
        return None, None
    if given == ["segment"]:
        return reading.segment(data["segment"], "segment") or None, None
    return None, reading.key(data["missed"], "missed") or None


def _variants(reading: Reading, data: Mapping[str, Any]) -> tuple[Variant, ...]:
    if (data.get("email") is None) == (data.get("variants") is None):
        reading.wrong("no_email", "email", N_("It is not said which email goes"), N_("email: …, or variants: […]"))
        return ()
    if data.get("email") is not None:
        return (Variant(VARIANT_KEYS[0], reading.email(data["email"], "email")),)
    given = data["variants"]
    if not isinstance(given, list) or not 1 <= len(given) <= MOST_VARIANTS:
        message = N_("Two to %(limit)s variants belong here")
        reading.wrong("bad_variants", "variants", message, limit=MOST_VARIANTS)
        return ()
    return tuple(_variant(reading, one, number) for number, one in enumerate(given))


def _variant(reading: Reading, data: Any, number: int) -> Variant:
    path = f"variants[{number}]"
    parts = reading.mapping(data, path, required=("email",), optional=("subject",))
    email = reading.email(parts["email"], f"{path}.email") if parts.get("email") is not None else ""
    return Variant(VARIANT_KEYS[number], email, _subject(reading, parts.get("subject"), f"{path}.subject"))


def _subject(reading: Reading, data: Any, path: str) -> Mapping[str, str]:
    """By language; one that is not named keeps the email's own."""
    if data is None:
        return {}
    if isinstance(data, Mapping):
        parts = reading.mapping(data, path, optional=LANGUAGES)
        return {one: reading.text(parts[one], f"{path}.{one}", 200) for one in LANGUAGES if parts.get(one) is not None}
    return dict.fromkeys(LANGUAGES, reading.text(data, path, 200))


def _test(reading: Reading, data: Any) -> Trial | None:
    if data is None:
        return None
    parts = reading.mapping(data, "test", required=("share", "after"), optional=("otherwise", "confidence"))
    share = _share(reading, parts["share"], "test.share", 0.01, 0.9) if parts.get("share") is not None else 0.2
    after = reading.span(parts["after"], "test.after") if parts.get("after") is not None else None
    otherwise = reading.choice(parts.get("otherwise", "person"), "test.otherwise", Otherwise, Otherwise.PERSON)
    given = parts.get("confidence")
    confidence = _share(reading, given, "test.confidence", 0.8, 0.999) if given is not None else CONFIDENCE
    return None if after is None else Trial(share, after, otherwise, confidence)


def _share(reading: Reading, data: Any, path: str, low: float, high: float) -> float:
    found = _PERCENT.fullmatch(data) if isinstance(data, str) else None
    share = float(found[1]) / 100 if found else math.nan
    if not low <= share <= high:
        message = N_("A share from %(low)s to %(high)s belongs here")
        reading.wrong("bad_share", path, message, N_("such as: 20%%"), low=f"{low:.4g}", high=f"{high:.4g}")
        return low
    return share


def _when(reading: Reading, data: Any) -> When:
    if data == "now":
        return Now()
    parts = reading.mapping(data, "when", optional=("at", "local", "past"))
    if (parts.get("at") is None) == (parts.get("local") is None):
        mend = N_("now, {at: 2026-12-01 08:00} or {local: 2026-12-01 08:00}")
        reading.wrong("no_time", "when", N_("It is not said when it goes"), mend)
        return Now()
    if parts.get("at") is not None:
        return At(_wall(reading, parts["at"], "when.at"))
    past = reading.choice(parts.get("past", "next_day"), "when.past", Past, Past.NEXT_DAY)
    return Local(_wall(reading, parts["local"], "when.local"), past)


def _wall(reading: Reading, data: Any, path: str) -> datetime:
    try:
        found = datetime.fromisoformat(str(data).strip())
    except ValueError:
        found = None
    if found is None or found.tzinfo is not None or not 2000 <= found.year <= 2200:
        mend = N_("such as: 2026-12-01 08:00")
        reading.wrong("bad_moment", path, N_("“%(word)s” is no day with a time"), mend, word=data)
        return datetime(2000, 1, 1)  # noqa: DTZ001 - a wall time
    return found.replace(second=0, microsecond=0)


def _fits(reading: Reading, variants: tuple[Variant, ...], test: Trial | None, when: When) -> None:
    """What is right by itself and wrong together."""
    if test is None and len(variants) > 1:
        reading.wrong("no_test", "test", N_("Several variants need a test"), N_("test: {share: 20%, after: 4 hours}"))
    if test is not None and len(variants) == 1:
        reading.wrong("one_variant", "variants", N_("A test needs at least two variants"))
    if test is not None and isinstance(when, Local):
        message = N_("A test and local times do not go together: the rest waits for the winner, not for its hour")
        reading.wrong("test_and_local", "when", message)
    if len({(one.email, tuple(sorted(one.subject.items()))) for one in variants}) < len(variants):
        reading.wrong("same_variants", "variants", N_("Two variants are the same"))
