"""People enroll leads, from a lead's page or the command line. Every campaign can be entered so; this one only so."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nurture.campaigns.reading import Reading
from nurture.kernel.i18n import N_, translate
from nurture.rules.titles import UNTITLED, Titles

SCHEMA: Mapping[str, Any] = {"const": True, "description": "Whom people enroll."}


@dataclass(frozen=True, slots=True)
class ByHand:
    """By people."""


def read(reading: Reading, value: Any, path: str) -> ByHand:
    """Nothing but `true`."""
    if value is not True:
        reading.wrong("not_true", path, N_("Only “true” can stand here"), N_("leave the entry out instead"))
    return ByHand()


def describe(_config: ByHand, language: str, _titles: Titles = UNTITLED) -> str:
    """`By hand, from a lead's page.`"""
    return translate(language, "By hand, from a lead's page.")
