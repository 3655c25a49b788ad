"""Two languages, one catalog: `locale/<language>/*.po`, message ids in English, read at first use.

`translate("vi", "Save")` gives the Vietnamese text; a missing entry gives the English id. `N_("…")` marks a text that
is translated later. Vietnamese has one form whatever the count, so that an entry is an id and its text.
"""

import json
from collections.abc import Iterator
from functools import cache
from gettext import NullTranslations
from pathlib import Path

from nurture.kernel.marked import N_ as N_  # noqa: PLC0414 - asked for here

LANGUAGES = ("vi", "en")
LOCALE = Path(__file__).resolve().parent.parent / "locale"


class Catalog(NullTranslations):
    """Texts by their English ids, asked as gettext's catalogs are."""

    def __init__(self, texts: dict[str, str]) -> None:
        super().__init__()
        self._texts = texts

    def gettext(self, message: str) -> str:
        """The text, else the id."""
        return self._texts.get(message, message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """The text for any count, else the English id for this one."""
        return self._texts.get(msgid1) or super().ngettext(msgid1, msgid2, n)


@cache
def translations(language: str) -> NullTranslations:
    """All catalogs of one language in one; English and unknown languages give the ids back."""
    texts: dict[str, str] = {}
    for path in sorted((LOCALE / language).glob("*.po")):
        for message, text in entries(path.read_text("utf-8")):
            texts.setdefault(message, text)
    return Catalog(texts)


def entries(source: str) -> Iterator[tuple[str, str]]:
    """The translated messages of a catalog: id and text, of what has a plural by the singular's id."""
    parts: dict[str, list[str]] = {}
    part: list[str] = []
    for line in [*source.splitlines(), 'msgid ""']:
        keyword, quote, rest = line.partition('"')
        if not quote or line.startswith("#"):
            continue
        if keyword == "msgid ":
            message, text = ("".join(parts.get(one, ())) for one in ("msgid", "msgstr"))
            if message and text:
                yield message, text
            parts = {}
        if keyword:
            part = parts.setdefault(keyword.strip().removesuffix("[0]"), [])
        rest = rest.rstrip()[:-1]
        part.append(json.loads(f'"{rest}"', strict=False) if "\\" in rest else rest)


def translate(language: str, text: str, /, **params: object) -> str:
    """The text in this language with its %(name)s places filled."""
    found = translations(language).gettext(text)
    return found % params if params else found


def translate_plural(language: str, one: str, many: str, count: int, /, **params: object) -> str:
    """The right plural form; `count` fills %(count)s unless it is given."""
    found = translations(language).ngettext(one, many, count)
    return found % {"count": count, **params}
