"""Leads come in when they do something: a condition of a rule such as `{clicked: {email: hello}}`.

Each activity of that kind counts; where `times` asks for several, the one that makes them full.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from nurture.activities.model import Kind
from nurture.campaigns.reading import Reading
from nurture.campaigns.signals import Signal
from nurture.kernel.i18n import N_, translate
from nurture.rules.describe import describe as describe_rule
from nurture.rules.evaluate import evaluate
from nurture.rules.facts import Facts, Happening, View
from nurture.rules.model import Did
from nurture.rules.titles import UNTITLED, Titles

SCHEMA: Mapping[str, Any] = {
    "$ref": "#/$defs/rule",
    "description": "Who does this: one condition about an activity. form_submitted and page_visited wait for forms and "
    "page visits: until those are recorded, nobody comes in by them.",
}


@dataclass(frozen=True, slots=True)
class Activity:
    """What is waited for. None only while the file has findings."""

    rule: Did | None


def read(reading: Reading, value: Any, path: str) -> Activity:
    """One condition about an activity."""
    rule = reading.rule(value, path)
    if rule is None:
        return Activity(None)
    if not isinstance(rule, Did) or rule.most is not None:
        mend = N_("such as: {clicked: {email: hello}}; other conditions go into when:")
        reading.wrong("not_an_activity", path, N_("One condition about an activity belongs here"), mend)
        return Activity(None)
    return Activity(rule)


def hears(config: Activity) -> frozenset[Kind]:
    """The kind of its condition."""
    return frozenset() if config.rule is None else frozenset({Kind(config.rule.kind)})


def asks(_config: Activity, _signal: Signal) -> bool:
    """Each of the kind is worth a closer look."""
    return True


def completes(config: Activity, signal: Signal, view: View, facts: Facts) -> bool:
    """Whether this very activity is one of those meant, and the one that makes them as many as are asked for."""
    rule = config.rule
    if rule is None:
        return False
    found = view.happenings.get(rule.kind, ())
    this = tuple(one for one in found if one.occurred_at == signal.at)
    before = tuple(one for one in found if one.occurred_at < signal.at)

    def holds(asked: Did, seen: tuple[Happening, ...]) -> bool:
        return evaluate(asked, replace(view, happenings={rule.kind: seen}), signal.at, facts).holds

    if not holds(replace(rule, times=1, within=None), this):
        return False
    return rule.times == 1 or (holds(rule, before + this) and not holds(rule, before))


def describe(config: Activity, language: str, titles: Titles = UNTITLED) -> str:
    """`Leads of whom this becomes true: …`"""
    rule = describe_rule(config.rule, language, titles=titles) if config.rule is not None else "?"
    return translate(language, "Leads of whom this becomes true: %(rule)s.", rule=rule)
