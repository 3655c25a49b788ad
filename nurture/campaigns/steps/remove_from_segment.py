"""Take the lead out of a segment that is kept by hand. `remove_from_segment: webinar_guests`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nurture.campaigns.effects import Go, LeaveSegment, Moment
from nurture.campaigns.reading import Reading
from nurture.kernel.i18n import translate
from nurture.rules.titles import UNTITLED, Titles

SCHEMA: Mapping[str, Any] = {
    "type": "string",
    "pattern": "^[a-z0-9][a-z0-9_-]*$",
    "description": "The key of a segment that is kept by hand.",
}


@dataclass(frozen=True, slots=True)
class Leave:
    """Which segment."""

    segment: str


def read(reading: Reading, value: Any, path: str) -> Leave:
    """The key of a segment that is kept by hand."""
    return Leave(reading.hand_segment(value, path))


def act(config: Leave, moment: Moment) -> Go:  # noqa: ARG001 - it never waits
    """Take it out and go on."""
    return Go(effects=(LeaveSegment(config.segment),))


def describe(config: Leave, language: str, titles: Titles = UNTITLED) -> str:
    """`Take the lead out of the segment “Guests”`."""
    called = titles.get("segment", config.segment) or config.segment
    return translate(language, "Take the lead out of the segment “%(segment)s”", segment=called)
