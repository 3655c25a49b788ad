"""Send an email, under the campaign's sending policy. `send_email: welcome_series_hello`.

`send_email: {email: welcome_series_hello, if_held: skip}` leaves it out when it may not go at its time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nurture.campaigns.effects import Go, IfHeld, Moment, WriteMessage
from nurture.campaigns.reading import Reading
from nurture.kernel.i18n import translate
from nurture.rules.titles import UNTITLED, Titles

_KEY: Mapping[str, Any] = {
    "type": "string",
    "pattern": "^[a-z0-9][a-z0-9_-]*$",
    "description": "The key of an email: a folder of templates_email.",
}
SCHEMA: Mapping[str, Any] = {
    "anyOf": [
        _KEY,
        {
            "type": "object",
            "properties": {
                "email": _KEY,
                "if_held": {
                    "enum": [one.value for one in IfHeld],
                    "description": "When it may not go at its time: wait until it may (as usual), or skip it.",
                },
            },
            "required": ["email"],
            "additionalProperties": False,
        },
    ]
}


@dataclass(frozen=True, slots=True)
class SendEmail:
    """Which email, and what becomes of it when it may not go at its time."""

    email: str
    if_held: IfHeld = IfHeld.WAIT


def read(reading: Reading, value: Any, path: str) -> SendEmail:
    """The key of an email that there is."""
    if not isinstance(value, Mapping):
        return SendEmail(reading.email(value, path))
    parts = reading.mapping(value, path, required=("email",), optional=("if_held",))
    email = reading.email(parts["email"], f"{path}.email") if parts.get("email") is not None else ""
    return SendEmail(email, reading.choice(parts.get("if_held", "wait"), f"{path}.if_held", IfHeld, IfHeld.WAIT))


def act(config: SendEmail, moment: Moment) -> Go:  # noqa: ARG001 - policy decides about the moment
    """Write it and go on; whether it may go now is the policy's to say."""
    return Go(effects=(WriteMessage(config.email, config.if_held),))


def describe(config: SendEmail, language: str, titles: Titles = UNTITLED) -> str:
    """`Send the email “Thanks for coming”`."""
    called = titles.get("email", config.email) or config.email
    if config.if_held is IfHeld.SKIP:
        return translate(language, "Send the email “%(email)s”; leave it out when it may not go then", email=called)
    return translate(language, "Send the email “%(email)s”", email=called)
