"""Makes the text part out of the HTML, when nobody wrote one by hand.

Layout tables are read as blocks, links keep their address behind their words: `Bảng giá <https://…>` (RFC 3986,
appendix C). Elements with the attribute `data-text="none"` are left out.
"""

import re
from typing import Any

from inscriptis.css_profiles import STRICT_CSS_PROFILE
from inscriptis.html_engine import Inscriptis
from inscriptis.model.config import ParserConfig
from lxml import etree  # type: ignore[import-untyped]
from lxml import html as lxml_html

from nurture.messages.masks import COMMENT_MASK, URL_MASK, Masked, decoded

_ROOT = re.compile(r"<(?:html|head|body)\b", re.IGNORECASE)
_INSTRUCTION = re.compile(r"<\?[^>]*>")
_MANY_BLANK = re.compile(r"\n{3,}")
_TABLE_PARTS = {"table", "tbody", "thead", "tfoot", "tr", "td", "th"}
_UNREAD = ".//*[@data-text='none'] | .//style | .//script | .//title | .//img[not(@alt)]"


def to_text(masked: Masked) -> str:
    """The text part, still masked: `zqj…` for Jinja, `zqu…` for addresses."""
    tree = _tree(COMMENT_MASK.sub(r"\1", masked.text))
    for element in tree.xpath(_UNREAD):
        element.drop_tree()
    for image in tree.xpath(".//img"):
        image.tag, image.text = "span", image.get("alt")
    for link in tree.xpath(".//a[@href]"):
        _spell_out(link, masked)
    for table in tree.xpath(".//table[@role='presentation']"):
        _unfold(table)
    read = Inscriptis(tree, ParserConfig(css=STRICT_CSS_PROFILE)).get_text()
    lines = [line.strip() for line in read.replace("\N{NO-BREAK SPACE}", " ").split("\n")]
    return _MANY_BLANK.sub("\n\n", "\n".join(lines)).strip() + "\n"


def _tree(page: str) -> Any:
    """The page as a tree; one with nothing to read in it as an empty paragraph."""
    page = _INSTRUCTION.sub("", page)
    if not _ROOT.search(page):  # or what begins with a style would be all head
        page = f"<html><body>{page}</body></html>"
    try:
        return lxml_html.document_fromstring(page)
    except etree.ParserError:
        return lxml_html.document_fromstring("<p></p>")


def _unfold(table: Any) -> None:
    """A table that only lays out becomes blocks; cells side by side become one line."""
    stack = [table]
    while stack:
        element = stack.pop()
        if element is table:
            element.tag = "p"
        elif element.tag not in _TABLE_PARTS:
            continue
        elif element.tag in {"td", "th"} and element.getnext() is not None:
            element.tag, element.tail = "span", ": "
        elif element.tag in {"td", "th"} and element.getprevious() is not None:
            element.tag = "span"
        else:
            element.tag = "div"
        stack.extend(child for child in element if child.tag != "table")


def _spell_out(link: Any, masked: Masked) -> None:
    """The address behind the link's words; an address that only dials or writes is not repeated."""
    found = URL_MASK.fullmatch(link.get("href"))
    if found is None:
        return
    address = masked.bare(masked.addresses[int(found[1])].raw)
    if not address.lower().startswith(("http", "{{")):
        return
    words = " ".join(link.text_content().split())
    if words in {"", address, decoded(address)}:
        for child in list(link):
            link.remove(child)
        link.text = found[0]
    elif len(link):
        link[-1].tail = f"{link[-1].tail or ''} <{found[0]}>"
    else:
        link.text = f"{link.text.rstrip()} <{found[0]}>"
