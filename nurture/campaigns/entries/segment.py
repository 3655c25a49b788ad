"""Leads come in when they join a segment."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nurture.campaigns.reading import Reading
from nurture.kernel.i18n import N_, translate
from nurture.rules.model import Rule
from nurture.rules.titles import UNTITLED, Titles

SCHEMA: Mapping[str, Any] = {
    "type": "string",
    "pattern": "^[a-z0-9][a-z0-9_-]{0,79}$",
    "description": "Who joins this segment comes in.",
}
EXISTING = (
    N_("Those who were in it already came in at the first publish."),
    N_("Those who were in it before the first publish stay out."),
)
NEEDS_EXISTING = True


@dataclass(frozen=True, slots=True)
class Segment:
    """Which segment, and the rule that finds who is in it; None only while the file has findings."""

    key: str
    rule: Rule | None = None


def read(reading: Reading, value: Any, path: str) -> Segment:
    """The key of a segment that there is."""
    before = len(reading.problems)
    key = reading.segment(value, path)
    return Segment(key, reading.rule({"segment": key}, path) if len(reading.problems) == before else None)


def standing(config: Segment) -> Rule | None:
    """Whoever is in it."""
    return config.rule


def describe(config: Segment, language: str, titles: Titles = UNTITLED) -> str:
    """`Leads who come into the segment “…”.`"""
    name = titles.get("segment", config.key) or config.key
    return translate(language, "Leads who come into the segment “%(segment)s”.", segment=name)
