"""Let the lead enter another campaign, where that one lets it in. `enroll: onboarding`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nurture.campaigns.effects import Enroll, Go, Moment
from nurture.campaigns.reading import Reading
from nurture.kernel.i18n import translate
from nurture.rules.titles import UNTITLED, Titles

SCHEMA: Mapping[str, Any] = {
    "type": "string",
    "pattern": "^[a-z0-9][a-z0-9_-]*$",
    "description": "The key of a campaign.",
}


@dataclass(frozen=True, slots=True)
class Into:
    """Which campaign."""

    campaign: str


def read(reading: Reading, value: Any, path: str) -> Into:
    """The key of a campaign that there is."""
    return Into(reading.campaign(value, path))


def act(config: Into, moment: Moment) -> Go:  # noqa: ARG001 - it never waits
    """Ask for it and go on; why it was not let in is kept."""
    return Go(effects=(Enroll(config.campaign),))


def describe(config: Into, language: str, titles: Titles = UNTITLED) -> str:
    """`Enroll in the campaign “Onboarding”`."""
    called = titles.get("campaign", config.campaign) or config.campaign
    return translate(language, "Enroll in the campaign “%(campaign)s”", campaign=called)
