"""Leave the campaign, with a reason in words. `exit: not interested`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nurture.campaigns.effects import Leave, Moment
from nurture.campaigns.reading import Reading, texts_schema
from nurture.kernel.i18n import translate
from nurture.kernel.reasons import Reason
from nurture.rules.titles import UNTITLED, Titles

SCHEMA: Mapping[str, Any] = texts_schema(200, "Why the lead leaves; one text, or one for each language.")


@dataclass(frozen=True, slots=True)
class Exit:
    """Why, by language, in the author's words."""

    why: Mapping[str, str]


def read(reading: Reading, value: Any, path: str) -> Exit:
    """The reason's text."""
    return Exit(reading.texts(value, path, 200))


def act(config: Exit, moment: Moment) -> Leave:  # noqa: ARG001 - it never waits
    """Leave."""
    return Leave(Reason.EXIT_STEP, {"why": dict(config.why)})


def describe(config: Exit, language: str, titles: Titles = UNTITLED) -> str:  # noqa: ARG001 - names nothing by key
    """`Leave the campaign: not interested`."""
    return translate(language, "Leave the campaign: %(why)s", why=config.why.get(language, ""))
