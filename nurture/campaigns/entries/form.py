"""Leads come in when they send in a form. It waits for the activity that a form writes, with the form's key."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nurture.activities.model import Kind
from nurture.campaigns.reading import Reading
from nurture.campaigns.signals import Signal
from nurture.kernel.i18n import translate
from nurture.rules.titles import UNTITLED, Titles

SCHEMA: Mapping[str, Any] = {
    "type": "string",
    "pattern": "^[a-z0-9][a-z0-9_-]{0,79}$",
    "description": "Who sends in this form. Waits for forms: until there are any, nobody comes in this way.",
}


@dataclass(frozen=True, slots=True)
class Form:
    """Which form."""

    key: str


def read(reading: Reading, value: Any, path: str) -> Form:
    """The form's key."""
    return Form(reading.key(value, path))


def hears(_config: Form) -> frozenset[Kind]:
    """Forms that were sent in."""
    return frozenset({Kind.FORM_SUBMITTED})


def asks(config: Form, signal: Signal) -> bool:
    """Whether it was this form."""
    return bool(signal.detail.get("form") == config.key)


def describe(config: Form, language: str, _titles: Titles = UNTITLED) -> str:
    """`Leads who send in the form “…”.`"""
    return translate(language, "Leads who send in the form “%(form)s”.", form=config.key)
