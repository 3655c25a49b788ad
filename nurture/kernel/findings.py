"""What an examination found: what is so, where, and how to mend it. Values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from nurture.kernel.i18n import translate


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"  # odd, or not what most want
    WRONG = "wrong"  # something does not work, or not as promised


@dataclass(frozen=True, slots=True)
class Finding:
    """One of them. `what` and `mend` are message ids with places for `params`."""

    section: str
    level: Level
    what: str
    where: str = ""
    mend: str = ""
    params: Mapping[str, object] = field(default_factory=dict)

    def said(self, language: str) -> tuple[str, str]:
        """What and mend in this language."""
        return _filled(language, self.what, self.params), _filled(language, self.mend, self.params)

    def to_json(self) -> dict[str, Any]:
        """For scripts, in English."""
        what, mend = self.said("en")
        return {
            "section": self.section, "level": self.level.value, "where": self.where, "what": what, "mend": mend,
        }  # fmt: skip


def _filled(language: str, text: str, params: Mapping[str, object]) -> str:
    return translate(language, text, **params) if text else ""


@dataclass(frozen=True, slots=True)
class Section:
    """Makes findings of one section."""

    key: str

    def ok(self, what: str, where: str = "", **params: object) -> Finding:
        """It is as it should be."""
        return Finding(self.key, Level.OK, what, where, params=params)

    def warning(self, what: str, mend: str, where: str = "", **params: object) -> Finding:
        """It is odd."""
        return Finding(self.key, Level.WARNING, what, where, mend, params)

    def wrong(self, what: str, mend: str, where: str = "", **params: object) -> Finding:
        """It is wrong."""
        return Finding(self.key, Level.WRONG, what, where, mend, params)
