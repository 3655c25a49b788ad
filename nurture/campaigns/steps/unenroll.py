"""Let the lead leave another campaign. `unenroll: cold_offer`. To leave this one, write exit."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nurture.campaigns.effects import Go, Moment, Unenroll
from nurture.campaigns.reading import Reading
from nurture.kernel.i18n import N_, translate
from nurture.rules.titles import UNTITLED, Titles

SCHEMA: Mapping[str, Any] = {
    "type": "string",
    "pattern": "^[a-z0-9][a-z0-9_-]*$",
    "description": "The key of another campaign.",
}


@dataclass(frozen=True, slots=True)
class OutOf:
    """Which campaign."""

    campaign: str


def read(reading: Reading, value: Any, path: str) -> OutOf:
    """The key of a campaign that there is, and not this one."""
    key = reading.campaign(value, path)
    if key and isinstance(reading.source.data, Mapping) and reading.source.data.get("key") == key:
        reading.wrong("own_campaign", path, N_("This is the campaign itself"), N_("write exit: and why"))
    return OutOf(key)


def act(config: OutOf, moment: Moment) -> Go:  # noqa: ARG001 - it never waits
    """Take it out and go on; a lead that is not in it stays as it is."""
    return Go(effects=(Unenroll(config.campaign),))


def describe(config: OutOf, language: str, titles: Titles = UNTITLED) -> str:
    """`Take out of the campaign “Cold offer”`."""
    called = titles.get("campaign", config.campaign) or config.campaign
    return translate(language, "Take out of the campaign “%(campaign)s”", campaign=called)
