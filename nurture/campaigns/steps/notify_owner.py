"""Write a note to the lead's owner. `notify_owner: Clicked the price list, call today`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nurture.campaigns.effects import Go, Moment, NotifyOwner
from nurture.campaigns.reading import Reading
from nurture.kernel.i18n import translate

SCHEMA: Mapping[str, Any] = {"type": "string", "minLength": 1, "maxLength": 500, "description": "What the owner reads."}


@dataclass(frozen=True, slots=True)
class Notify:
    """The note, in the author's words."""

    note: str


def read(reading: Reading, value: Any, path: str) -> Notify:
    """The note's text."""
    return Notify(reading.text(value, path))


def act(config: Notify, moment: Moment) -> Go:  # noqa: ARG001 - it never waits
    """Write it and go on."""
    return Go(effects=(NotifyOwner(config.note),))


def describe(config: Notify, language: str) -> str:
    """`Tell the owner: call today`."""
    return translate(language, "Tell the owner: %(note)s", note=config.note)
