"""Other programs enroll leads: a call of `enrollments.service.call`. The HTTP interface on top of it comes later."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nurture.campaigns.reading import Reading
from nurture.kernel.i18n import N_, translate
from nurture.rules.titles import UNTITLED, Titles

SCHEMA: Mapping[str, Any] = {
    "const": True,
    "description": "Whom other programs enroll. Waits for the HTTP API; `nurture enroll CAMPAIGN EMAIL` works now.",
}


@dataclass(frozen=True, slots=True)
class Api:
    """Open to other programs."""


def read(reading: Reading, value: Any, path: str) -> Api:
    """Nothing but `true`."""
    if value is not True:
        reading.wrong("not_true", path, N_("Only “true” can stand here"), N_("leave the entry out instead"))
    return Api()


def describe(_config: Api, language: str, _titles: Titles = UNTITLED) -> str:
    """`Leads whom another program enrolls.`"""
    return translate(language, "Leads whom another program enrolls.")
