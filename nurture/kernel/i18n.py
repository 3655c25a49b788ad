"""Two languages, one catalog: `locale/<language>/*.po`, message ids in English, compiled in memory at first use.

`translate("vi", "Save")` gives the Vietnamese text; a missing entry gives the English id. `N_("…")` marks a text that
is translated later.
"""

import io
from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from nurture.kernel.marked import N_ as N_  # noqa: PLC0414 - asked for here

LANGUAGES = ("vi", "en")
LOCALE = Path(__file__).resolve().parent.parent / "locale"


@cache
def translations(language: str) -> NullTranslations:
    """All catalogs of one language in one; English and unknown languages give the ids back."""
    merged: NullTranslations | None = None
    for path in sorted((LOCALE / language).glob("*.po")):
        with path.open("rb") as file:
            catalog = read_po(file, locale=language)
        compiled = io.BytesIO()
        write_mo(compiled, catalog)
        compiled.seek(0)
        one = GNUTranslations(compiled)
        if merged is None:
            merged = one
        else:
            merged.add_fallback(one)
    return merged or NullTranslations()


def translate(language: str, text: str, /, **params: object) -> str:
    """The text in this language with its %(name)s places filled."""
    found = translations(language).gettext(text)
    return found % params if params else found


def translate_plural(language: str, one: str, many: str, count: int, /, **params: object) -> str:
    """The right plural form; `count` fills %(count)s unless it is given."""
    found = translations(language).ngettext(one, many, count)
    return found % {"count": count, **params}
