"""Vietnamese is complete: every text that is translated has an entry, none twice, with the same places to fill."""

import re
from collections import Counter
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from nurture.kernel.i18n import LOCALE
from nurture.kernel.reasons import SENTENCES

ROOT = Path(__file__).resolve().parents[2]
PLACES = re.compile(r"%\((\w+)\)[sd]")
METHODS = [("**/migrations/versions/**", "ignore"), ("**.py", "python"), ("**/templates/**.html", "jinja2")]
WORDS = {"_": None, "N_": None, "gettext": None, "ngettext": (1, 2), "translate": (2,), "translate_plural": (2, 3)}


def _entries() -> dict[str, str]:
    entries = {}
    for path in sorted((LOCALE / "vi").glob("*.po")):
        with path.open("rb") as file:
            for message in read_po(file, locale="vi"):
                if message.id:
                    key = message.id if isinstance(message.id, str) else message.id[0]
                    text = message.string if isinstance(message.string, str) else message.string[0]
                    entries[key] = "" if message.fuzzy else text
    return entries


def _used() -> set[str]:
    found = set(SENTENCES.values())
    options = {"**/templates/**.html": {"extensions": "jinja2.ext.i18n", "newstyle_gettext": "true"}}
    for _, _, message, _, _ in extract_from_dir(ROOT / "nurture", METHODS, options, keywords=WORDS):
        found.add(message if isinstance(message, str) else next(part for part in message if part))
    return found


def test_every_text_has_a_vietnamese_entry() -> None:
    """Nothing falls back to English on a Vietnamese page."""
    entries = _entries()
    assert sorted(text for text in _used() if not entries.get(text)) == []


def test_no_entry_stands_in_two_catalogs() -> None:
    """One word, one translation."""
    seen: Counter[str] = Counter()
    for path in (LOCALE / "vi").glob("*.po"):
        with path.open("rb") as file:
            seen.update(str(message.id) for message in read_po(file, locale="vi") if message.id)
    assert [text for text, count in seen.items() if count > 1] == []


@pytest.mark.parametrize("path", sorted((LOCALE / "vi").glob("*.po")), ids=lambda path: path.stem)
def test_a_translation_fills_the_same_places(path: Path) -> None:
    """No place is lost or invented."""
    with path.open("rb") as file:
        for message in read_po(file, locale="vi"):
            ids = (message.id,) if isinstance(message.id, str) else message.id
            texts = (message.string,) if isinstance(message.string, str) else message.string
            for text in texts:
                if ids[0] and text:
                    assert set(PLACES.findall(text)) <= set(PLACES.findall(" ".join(ids))), ids[0]
