"""Send an email, under the campaign's sending policy. `send_email: welcome_series_hello`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nurture.campaigns.effects import Go, Moment, WriteMessage
from nurture.campaigns.reading import Reading
from nurture.kernel.i18n import translate
from nurture.rules.titles import UNTITLED, Titles

SCHEMA: Mapping[str, Any] = {
    "type": "string",
    "pattern": "^[a-z0-9][a-z0-9_-]*$",
    "description": "The key of an email: a folder of templates_email.",
}


@dataclass(frozen=True, slots=True)
class SendEmail:
    """Which email."""

    email: str


def read(reading: Reading, value: Any, path: str) -> SendEmail:
    """The key of an email that there is."""
    return SendEmail(reading.email(value, path))


def act(config: SendEmail, moment: Moment) -> Go:  # noqa: ARG001 - policy decides about the moment
    """Write it and go on; whether it may go now is the policy's to say."""
    return Go(effects=(WriteMessage(config.email),))


def describe(config: SendEmail, language: str, titles: Titles = UNTITLED) -> str:
    """`Send the email “Thanks for coming”`."""
    called = titles.get("email", config.email) or config.email
    return translate(language, "Send the email “%(email)s”", email=called)
