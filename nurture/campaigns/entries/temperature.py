"""Leads come in when they warm up to a temperature, by what they did or by hand. Cooling down does not count."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from nurture.activities.model import Kind
from nurture.campaigns.reading import Reading
from nurture.campaigns.signals import Signal
from nurture.kernel.i18n import N_, translate
from nurture.leads.model import Temperature
from nurture.rules.model import Rule
from nurture.rules.titles import UNTITLED, Titles


class Warmth(StrEnum):
    """What one can warm up to."""

    WARM = Temperature.WARM.value  # or hot at once
    HOT = Temperature.HOT.value


SCHEMA: Mapping[str, Any] = {
    "enum": [one.value for one in Warmth],
    "description": "Who warms up to this, also when a person says so.",
}
EXISTING = (
    N_("Those who were as warm already came in at the first publish."),
    N_("Those who were as warm before the first publish stay out."),
)
_ORDER = [one.value for one in Temperature]
_SENTENCES = {Warmth.WARM: N_("Leads who become warm, or hot at once."), Warmth.HOT: N_("Leads who become hot.")}


@dataclass(frozen=True, slots=True)
class Warming:
    """To which temperature, and the rule that finds who is there; None only while the file has findings."""

    to: Warmth
    rule: Rule | None = None


def read(reading: Reading, value: Any, path: str) -> Warming:
    """`warm` or `hot`."""
    to = reading.choice(value, path, Warmth, Warmth.HOT)
    return Warming(to, reading.rule({"temperature": _ORDER[_ORDER.index(to.value) :]}, path))


def hears(_config: Warming) -> frozenset[Kind]:
    """Changes of temperature."""
    return frozenset({Kind.TEMPERATURE_CHANGED})


def asks(config: Warming, signal: Signal) -> bool:
    """Whether it was crossed upward."""
    before, after = signal.detail.get("before"), signal.detail.get("after")
    if before not in _ORDER or after not in _ORDER:
        return False
    return _ORDER.index(before) < _ORDER.index(config.to.value) <= _ORDER.index(after)


def standing(config: Warming) -> Rule | None:
    """Whoever is as warm."""
    return config.rule


def describe(config: Warming, language: str, _titles: Titles = UNTITLED) -> str:
    """`Leads who become hot.`"""
    return translate(language, _SENTENCES[config.to])
