"""Leads come in when a score reaches so many points from below, however they were given."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nurture.campaigns.reading import Reading
from nurture.campaigns.signals import Level
from nurture.kernel.i18n import N_, translate
from nurture.rules.model import Rule
from nurture.rules.titles import UNTITLED, Titles

_MOST = 100_000
_POINTS = {"type": "integer", "minimum": 1, "maximum": _MOST}
AXES = ("engagement", "fit", "score")
SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": dict.fromkeys(AXES, _POINTS),
    "minProperties": 1,
    "maxProperties": 1,
    "additionalProperties": False,
    "description": "Whose engagement, fit, or score (both together) reaches so many points from below.",
}
EXISTING = (
    N_("Those who had as many points already came in at the first publish."),
    N_("Those who had as many points before the first publish stay out."),
)
_SENTENCES = {
    "engagement": N_("Leads whose engagement reaches %(points)s points."),
    "fit": N_("Leads whose fit reaches %(points)s points."),
    "score": N_("Leads whose score reaches %(points)s points."),
}


@dataclass(frozen=True, slots=True)
class Crossed:
    """Which level, and the rule that finds who is above; None only while the file has findings."""

    level: Level
    rule: Rule | None = None


def read(reading: Reading, value: Any, path: str) -> Crossed:
    """One axis with its points."""
    parts = reading.mapping(value, path, optional=AXES)
    given = [axis for axis in AXES if axis in parts]
    if len(given) != 1:
        reading.wrong("no_level", path, N_("One axis with its points belongs here"), N_("such as: {engagement: 70}"))
        return Crossed(Level(AXES[0], 1))
    (axis,) = given
    points = parts[axis]
    if isinstance(points, bool) or not isinstance(points, int) or not 1 <= points <= _MOST:
        message = N_("A whole number from %(low)s to %(high)s belongs here")
        reading.wrong("not_a_number", f"{path}.{axis}", message, low=1, high=_MOST)
        return Crossed(Level(axis, 1))
    return Crossed(Level(axis, points), reading.rule({axis: {"at_least": points}}, path))


def level(config: Crossed) -> Level:
    """What has to be reached."""
    return config.level


def standing(config: Crossed) -> Rule | None:
    """Whoever has as many."""
    return config.rule


def describe(config: Crossed, language: str, _titles: Titles = UNTITLED) -> str:
    """`Leads whose engagement reaches 70 points.`"""
    return translate(language, _SENTENCES[config.level.axis], points=config.level.points)
