"""Reads `_shared/segments.yaml`: a mapping of key to `{name, when}`, or `{name, by_hand: true}`. Pure.

All findings at once, each with its line.
"""

from collections.abc import Mapping
from typing import Any

from nurture.kernel.errors import DefinitionError, Problem
from nurture.kernel.i18n import LANGUAGES, N_
from nurture.kernel.text import clean, is_key
from nurture.kernel.yamlfile import Source, read
from nurture.rules.facts import Facts
from nurture.rules.parse import parse
from nurture.segments.model import BY_HAND, Definition, in_order

FILE = "_shared/segments.yaml"
LONGEST_NAME = 120


def load(text: str, facts: Facts, file: str = FILE) -> tuple[Definition, ...]:
    """The segments of this text. DefinitionError with all findings: form, rules, unknown segments, circles."""
    source = read(text, file)
    problems: list[Problem] = []
    if source.data is None:
        return ()
    if not isinstance(source.data, Mapping):
        mend = N_("write new_leads: {name: New leads, when: …}")
        raise DefinitionError([source.problem("not_segments", N_("A mapping of segments belongs here"), mend=mend)])
    if "segment" in facts.known:
        facts = facts.knowing(segment=facts.known["segment"] | source.data.keys())
    else:
        facts = facts.knowing(segment=source.data.keys())
    found = [one for key, raw in source.data.items() if (one := _definition(source, key, raw, facts, problems))]
    problems += _circles(source, found)
    if problems:
        raise DefinitionError(problems)
    return tuple(found)


def _definition(source: Source, key: str, raw: Any, facts: Facts, problems: list[Problem]) -> Definition | None:
    before = len(problems)
    if not is_key(key):
        mend = N_("use a-z, 0-9, _ and -, at most 80 characters")
        problems.append(source.problem("bad_key", N_("“%(key)s” cannot be a key"), path=key, mend=mend, key=key))
    if not isinstance(raw, Mapping) or raw.keys().isdisjoint({"when", "by_hand"}):
        mend = N_("write {name: …, when: …}, or {name: …, by_hand: true}")
        problems.append(source.problem("no_rule", N_("A segment needs a rule under “when”"), path=key, mend=mend))
        return None
    for word in raw.keys() - {"name", "when", "by_hand"}:
        message, mend = N_("A segment has no “%(word)s”"), N_("name, and when or by_hand, are all it has")
        problems.append(source.problem("unknown_key", message, path=f"{key}.{word}", mend=mend, word=word))
    name = _name(source, key, raw.get("name", key), problems)
    when = raw.get("when")
    if "by_hand" in raw:
        if raw["by_hand"] is not True or "when" in raw:
            message, mend = N_("A segment has a rule, or is kept by hand"), N_("write either when: … or by_hand: true")
            problems.append(source.problem("two_ways", message, path=f"{key}.by_hand", mend=mend))
        when = BY_HAND
    try:
        rule = parse({"segment": key} if when is BY_HAND else when, facts, path=f"{key}.when")
    except DefinitionError as error:
        problems += [source.located(problem) for problem in error.problems]
        return None
    return Definition(key, name, when, rule) if len(problems) == before else None


def _name(source: Source, key: str, raw: Any, problems: list[Problem]) -> dict[str, str]:
    """A name for all languages, or one for each."""
    given = dict.fromkeys(LANGUAGES, raw) if isinstance(raw, str) else raw
    good = isinstance(given, Mapping) and bool(given) and given.keys() <= set(LANGUAGES)
    if not good or not all(isinstance(one, str) and clean(one) for one in given.values()):
        mend = N_("write such as {vi: Khách mới, en: New leads}")
        message = N_("This is not a name")
        problems.append(source.problem("bad_name", message, path=f"{key}.name", mend=mend))
        return {}
    return {language: clean(one, LONGEST_NAME) for language, one in given.items()}


def _circles(source: Source, found: list[Definition]) -> list[Problem]:
    _, circle = in_order({one.key: one.rule for one in found if not one.by_hand})
    return [source.located(circular(circle))] if circle else []


def circular(circle: tuple[str, ...]) -> Problem:
    """The finding that segments name each other in a circle."""
    return Problem(
        "circular",
        N_("These segments name each other in a circle: %(keys)s"),
        N_("take one of them out of a rule"),
        path=f"{circle[0]}.when",
        params=(("keys", " → ".join(circle)),),
    )
