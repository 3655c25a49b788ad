"""Wait for a length of time. `wait: 2 days`.

It counts from the planned instant of what came before. Only when the last mail went so late that less than half of the
wait would lie behind it, it counts from that mail, so that two mails never arrive side by side.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from nurture.campaigns.effects import Go, Hold, Moment
from nurture.campaigns.reading import SPAN, Reading
from nurture.campaigns.spans import spoken
from nurture.kernel.i18n import translate
from nurture.rules.titles import UNTITLED, Titles

WAITS = True
SCHEMA: Mapping[str, Any] = {
    "type": "string",
    "pattern": SPAN,
    "description": "A length of time, such as 30 minutes, 3 hours, 2 days, 1 week.",
}
BLIND = True


@dataclass(frozen=True, slots=True)
class Wait:
    """How long."""

    span: timedelta


def read(reading: Reading, value: Any, path: str) -> Wait:
    """A length of time."""
    return Wait(reading.span(value, path) or timedelta(minutes=1))


def act(config: Wait, moment: Moment) -> Go | Hold:
    """Hold until the time is over, then go on."""
    until = moment.after(config.span)
    return Go() if moment.planned >= until else Hold(until)


def describe(config: Wait, language: str, titles: Titles = UNTITLED) -> str:  # noqa: ARG001 - names nothing by key
    """`Wait 2 days`."""
    return translate(language, "Wait %(span)s", span=spoken(config.span, language))
