"""Leads come in when they get a tag: by a person, a step, a form or an import."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nurture.activities.model import Kind
from nurture.campaigns.reading import Reading
from nurture.campaigns.signals import Signal
from nurture.kernel.i18n import N_, translate
from nurture.leads.normalize import tag_key
from nurture.rules.model import Rule
from nurture.rules.titles import UNTITLED, Titles

SCHEMA: Mapping[str, Any] = {"type": "string", "minLength": 1, "maxLength": 80, "description": "Who gets this tag."}
EXISTING = (
    N_("Those who had it already came in at the first publish."),
    N_("Those who had it before the first publish stay out."),
)
# An import tells of tags in the line about the lead it brought.
_TELLS = frozenset({Kind.TAGGED, Kind.CREATED, Kind.UPDATED})


@dataclass(frozen=True, slots=True)
class Tag:
    """Which tag, and the rule that finds who has it; None only while the file has findings."""

    key: str
    rule: Rule | None = None


def read(reading: Reading, value: Any, path: str) -> Tag:
    """The tag's key, made of its label as everywhere."""
    label = reading.text(value, path, 80)
    key = tag_key(label)
    if label and not key:
        reading.wrong("bad_tag", path, N_("“%(word)s” is no tag: it needs a letter or digit"), word=value)
    return Tag(key, reading.rule({"tag": label}, path) if key else None)


def hears(_config: Tag) -> frozenset[Kind]:
    """Where tags are told of."""
    return _TELLS


def asks(config: Tag, signal: Signal) -> bool:
    """Whether it is this tag that was added."""
    if signal.kind is Kind.TAGGED:
        return bool(signal.detail.get("tag") == config.key)
    return config.key in signal.detail.get("tags", ())


def standing(config: Tag) -> Rule | None:
    """Whoever has it."""
    return config.rule


def describe(config: Tag, language: str, titles: Titles = UNTITLED) -> str:
    """`Leads who get the tag “…”.`"""
    return translate(language, "Leads who get the tag “%(tag)s”.", tag=titles.get("tag", config.key) or config.key)
