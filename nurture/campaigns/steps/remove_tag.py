"""Take a tag off the lead. `remove_tag: engaged`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nurture.campaigns.effects import Go, Moment, RemoveTag
from nurture.campaigns.reading import Reading
from nurture.kernel.i18n import translate
from nurture.rules.titles import UNTITLED, Titles

SCHEMA: Mapping[str, Any] = {"type": "string", "minLength": 1, "maxLength": 80, "description": "A tag."}


@dataclass(frozen=True, slots=True)
class Untag:
    """Which tag, as people write it."""

    tag: str


def read(reading: Reading, value: Any, path: str) -> Untag:
    """The tag's text."""
    return Untag(reading.text(value, path, 80))


def act(config: Untag, moment: Moment) -> Go:  # noqa: ARG001 - it never waits
    """Take it off and go on."""
    return Go(effects=(RemoveTag(config.tag),))


def describe(config: Untag, language: str, titles: Titles = UNTITLED) -> str:  # noqa: ARG001 - names nothing by key
    """`Take the tag “engaged” off`."""
    return translate(language, "Take the tag “%(tag)s” off", tag=config.tag)
