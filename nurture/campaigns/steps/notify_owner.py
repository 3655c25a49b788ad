"""Write a note to the lead's owner. `notify_owner: {vi: Gọi trong hôm nay, en: Call today}`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nurture.campaigns.effects import Go, Moment, NotifyOwner
from nurture.campaigns.reading import Reading, texts_schema
from nurture.kernel.i18n import translate
from nurture.rules.titles import UNTITLED, Titles

SCHEMA: Mapping[str, Any] = texts_schema(200, "What the owner reads; one text, or one for each language.")


@dataclass(frozen=True, slots=True)
class Notify:
    """The note by language, in the author's words."""

    note: Mapping[str, str]


def read(reading: Reading, value: Any, path: str) -> Notify:
    """The note's text."""
    return Notify(reading.texts(value, path, 200))


def act(config: Notify, moment: Moment) -> Go:  # noqa: ARG001 - it never waits
    """Write it and go on."""
    return Go(effects=(NotifyOwner(config.note),))


def describe(config: Notify, language: str, titles: Titles = UNTITLED) -> str:  # noqa: ARG001 - names nothing by key
    """`Tell the owner: call today`."""
    return translate(language, "Tell the owner: %(note)s", note=config.note.get(language, ""))
