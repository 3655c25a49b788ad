"""Give the lead a tag. `add_tag: engaged`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nurture.campaigns.effects import AddTag, Go, Moment
from nurture.campaigns.reading import Reading
from nurture.kernel.i18n import translate
from nurture.rules.titles import UNTITLED, Titles

SCHEMA: Mapping[str, Any] = {"type": "string", "minLength": 1, "maxLength": 80, "description": "A tag."}


@dataclass(frozen=True, slots=True)
class Tag:
    """Which tag, as people write it."""

    tag: str


def read(reading: Reading, value: Any, path: str) -> Tag:
    """The tag's text."""
    return Tag(reading.text(value, path, 80))


def act(config: Tag, moment: Moment) -> Go:  # noqa: ARG001 - it never waits
    """Add it and go on."""
    return Go(effects=(AddTag(config.tag),))


def describe(config: Tag, language: str, titles: Titles = UNTITLED) -> str:  # noqa: ARG001 - names nothing by key
    """`Add the tag “engaged”`."""
    return translate(language, "Add the tag “%(tag)s”", tag=config.tag)
