"""No word of a page is English by accident: all are marked, and all that are marked are translated."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from jinja2 import Environment

from nurture.kernel.i18n import translations
from tests.web.client import Client
from tests.web.filled import Filled

WEB = Path(__file__).parents[2] / "nurture" / "web"
# Names and signs that are the same in both languages.
SAME = {"Email", "MQL", "SQL", "HTML", "Webhook"}
_TAG = re.compile(r"<(code|kbd)>.*?</\1>|<[^>]*>|[\w-]+=\"[^\"]*\"", re.DOTALL)
_LETTERS = re.compile(r"[A-Za-z]{3,}")


def _marked() -> Iterator[tuple[str, str]]:
    """(place, text) of what Python marks by `say` and `N_`."""
    for path in sorted(WEB.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            is_mark = isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"say", "N_"} and node.args
            if is_mark and isinstance(node.args[0], ast.Constant):
                yield f"{path.name}:{node.lineno}", str(node.args[0].value)


def test_every_text_that_views_say_is_translated() -> None:
    """`say` in a view, `N_` in a table."""
    vietnamese = translations("vi")
    missing = {text: place for place, text in _marked() if vietnamese.gettext(text) == text and text not in SAME}
    assert not missing


def test_templates_hold_no_bare_words() -> None:
    """Whatever a reader reads goes through the catalog; names of languages, headers and of Zalo stay."""
    allowed = {"English", "Zalo", "Message"}
    found = []
    for path in sorted((WEB / "templates").rglob("*.html")):
        if path.name == "forms.html":
            continue  # its macros give attributes, not words
        parts = [text for _, kind, text in Environment(autoescape=True).lex(path.read_text("utf-8")) if kind == "data"]
        text = _TAG.sub(" ", "".join(parts))
        found += [f"{path.name}: {word}" for word in _LETTERS.findall(text) if word not in allowed]
    assert not found


def test_a_vietnamese_page_shows_no_english_label(sales: Client, house: Filled) -> None:
    """The catalog's English ids do not stand on the pages."""
    english = {text for _, text in _marked() if len(text.split()) > 2 and "%" not in text}
    for path in ("/today", "/leads", "/leads/new", "/me", f"/leads/{house.leads['of_sales']}"):
        text = _TAG.sub(" ", sales.get(path, Accept_Language="vi").text)
        assert not [one for one in english if one in text], path
