"""Put the lead into a segment that is kept by hand. `add_to_segment: webinar_guests`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nurture.campaigns.effects import Go, JoinSegment, Moment
from nurture.campaigns.reading import Reading
from nurture.kernel.i18n import translate
from nurture.rules.titles import UNTITLED, Titles

SCHEMA: Mapping[str, Any] = {
    "type": "string",
    "pattern": "^[a-z0-9][a-z0-9_-]*$",
    "description": "The key of a segment that is kept by hand.",
}


@dataclass(frozen=True, slots=True)
class Join:
    """Which segment."""

    segment: str


def read(reading: Reading, value: Any, path: str) -> Join:
    """The key of a segment that is kept by hand."""
    return Join(reading.hand_segment(value, path))


def act(config: Join, moment: Moment) -> Go:  # noqa: ARG001 - it never waits
    """Put it in and go on."""
    return Go(effects=(JoinSegment(config.segment),))


def describe(config: Join, language: str, titles: Titles = UNTITLED) -> str:
    """`Put the lead into the segment “Guests”`."""
    called = titles.get("segment", config.segment) or config.segment
    return translate(language, "Put the lead into the segment “%(segment)s”", segment=called)
