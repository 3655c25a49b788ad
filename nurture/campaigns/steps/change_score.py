"""Give or take points. `change_score: {axis: engagement, points: 10, reason: {vi: Đã dự hội thảo, en: Attended}}`."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from nurture.campaigns.effects import ChangeScore, Go, Moment
from nurture.campaigns.reading import Reading, texts_schema
from nurture.kernel.i18n import N_, translate
from nurture.rules.titles import UNTITLED, Titles

MOST = 1000
_WORDS = 200


class Axis(StrEnum):
    """The axes of the score; the words of scoring.model.Axis."""

    ENGAGEMENT = "engagement"
    FIT = "fit"


SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "axis": {"enum": [one.value for one in Axis]},
        "points": {"type": "integer", "minimum": -MOST, "maximum": MOST, "not": {"const": 0}},
        "reason": texts_schema(_WORDS, "Why, as it stands in the lead's score."),
    },
    "required": ["axis", "points", "reason"],
    "additionalProperties": False,
    "description": "Give the lead points, or take some.",
}


@dataclass(frozen=True, slots=True)
class Points:
    """How many on which axis, and why, by language."""

    axis: Axis
    points: int
    reason: Mapping[str, str]


def read(reading: Reading, value: Any, path: str) -> Points:
    """Axis, points, reason."""
    parts = reading.mapping(value, path, required=("axis", "points", "reason"))
    axis = Axis.ENGAGEMENT
    if parts.get("axis") is not None:
        axis = reading.choice(parts["axis"], f"{path}.axis", Axis, Axis.ENGAGEMENT)
    points = parts.get("points")
    good = isinstance(points, int) and not isinstance(points, bool) and points != 0 and abs(points) <= MOST
    if points is not None and not good:
        message = N_("A whole number from %(low)s to %(high)s, and not 0, belongs here")
        reading.wrong("not_a_number", f"{path}.points", message, low=-MOST, high=MOST)
    reason = parts.get("reason")
    why = reading.texts(reason, f"{path}.reason", _WORDS) if reason is not None else {}
    return Points(axis, int(points) if good and points is not None else 0, why)


def act(config: Points, moment: Moment) -> Go:  # noqa: ARG001 - it never waits
    """Count them and go on."""
    return Go(effects=(ChangeScore(config.axis.value, config.points, config.reason),))


_SENTENCES = {
    Axis.ENGAGEMENT: N_("Change engagement by %(points)s: %(reason)s"),
    Axis.FIT: N_("Change fit by %(points)s: %(reason)s"),
}


def describe(config: Points, language: str, titles: Titles = UNTITLED) -> str:  # noqa: ARG001 - names nothing by key
    """`Change engagement by +10: attended`."""
    why = config.reason.get(language, "")
    return translate(language, _SENTENCES[config.axis], points=f"{config.points:+d}", reason=why)
