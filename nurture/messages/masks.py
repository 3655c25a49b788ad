"""Hides Jinja and addresses from tools that would damage them, and tells where in the HTML each stood.

An expression becomes a word; a statement between tags becomes an HTML comment (which may stand anywhere, even between
table rows); an address in an attribute becomes a word, so that nothing re-encodes it.
"""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from nurture.kernel.errors import Problem
from nurture.kernel.i18n import N_

_JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
MASK = re.compile(r"zqj(\d+)jqz")
COMMENT_MASK = re.compile(r"<!--(zqj\d+jqz)-->")
URL_MASK = re.compile(r"zqu(\d+)uqz")
_RAW = r"<(?P<raw>style|title|script|textarea)\b.*?</(?P=raw)\s*>"
_TAG = r"</?[a-zA-Z][^>\"']*(?:\"[^\"]*\"[^>\"']*|'[^']*'[^>\"']*)*>"
_MARKUP = re.compile(rf"<!--.*?-->|<![^>]*>|{_RAW}|{_TAG}", re.DOTALL | re.IGNORECASE)
_INNER_TAG = re.compile(_TAG, re.DOTALL)
_NAME = re.compile(r"</?([a-zA-Z][\w:-]*)")
_ATTRIBUTE = re.compile(r"([^\s\"'<>/=]+)(?:(\s*=\s*)(\"[^\"]*\"|'[^']*'|[^\s\"'=<>`]+))?")
_ADDRESSES = {"href", "src", "background", "action", "xlink:href"}
_LINK_TAGS = {"a", "area"}
_REFERENCE = re.compile(r"&(#[0-9]+;?|#[xX][0-9a-fA-F]+;?|[a-zA-Z][a-zA-Z0-9]{0,31};?)")


@dataclass(frozen=True, slots=True)
class Address:
    """What stood in an attribute: as written (masked Jinja inside), and whether a person follows it."""

    raw: str
    is_link: bool
    tag: str


@dataclass(slots=True)
class Masked:
    """A text whose Jinja and addresses are hidden. Grows while it is made; read-only afterwards."""

    text: str = ""
    jinja: list[str] = field(default_factory=list)
    addresses: list[Address] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def bare(self, text: str) -> str:
        """The text with its Jinja back."""
        text = COMMENT_MASK.sub(r"\1", text)
        return MASK.sub(self._at, text)

    def _at(self, found: re.Match[str]) -> str:
        number = int(found[1])
        return self.jinja[number] if number < len(self.jinja) else found[0]

    def pieces(self, text: str) -> list[str]:
        """The text cut at its masks: literal, Jinja, literal, …"""
        parts = MASK.split(text)
        return [self.bare(f"zqj{part}jqz") if number % 2 else part for number, part in enumerate(parts)]

    def is_statement(self, mask: str) -> bool:
        """Whether this mask hides `{% … %}`."""
        found = MASK.fullmatch(mask)
        return found is not None and self._at(found).startswith("{%")


def hide_jinja(text: str, masked: Masked) -> str:
    """The text with each Jinja tag as a word; comments are dropped."""

    def hide(found: re.Match[str]) -> str:
        if found[0].startswith("{#"):
            return ""
        masked.jinja.append(found[0])
        return f"zqj{len(masked.jinja) - 1}jqz"

    return _JINJA.sub(hide, text)


def mask_html(source: str) -> Masked:
    """The flattened HTML, masked. `problems` names Jinja that stands where it could break the markup."""
    masked = Masked()
    hidden = hide_jinja(source, masked)
    parts: list[str] = []
    end = 0
    for found in _MARKUP.finditer(hidden):
        parts.append(_between(hidden[end : found.start()], masked))
        parts.append(_markup(found, masked))
        end = found.end()
    parts.append(_between(hidden[end:], masked))
    masked.text = "".join(parts)
    return masked


def _between(text: str, masked: Masked) -> str:
    """Text between tags: statements become comments."""
    return MASK.sub(lambda found: f"<!--{found[0]}-->" if masked.is_statement(found[0]) else found[0], text)


def _markup(found: re.Match[str], masked: Masked) -> str:
    whole, raw = found[0], (found["raw"] or "").lower()
    if raw == "script":
        masked.problems.append(Problem("script", N_("Scripts do not run in emails"), N_("Remove the script")))
    elif raw == "style" and MASK.search(whole):
        masked.problems.append(Problem("jinja_in_style", N_("Fields cannot stand in styles"), _OUT))
    if raw:
        return whole
    if whole.startswith("<!--") and not whole.startswith(("<!--[if", "<!--<!")):
        return ""  # a note of the author's, nothing that mail clients act on
    if whole.startswith("<!--"):
        return _INNER_TAG.sub(lambda tag: _tag(tag[0], masked), whole)
    return whole if whole.startswith("<!") else _tag(whole, masked)


_OUT = N_("Move the field out of the style")


def _tag(tag: str, masked: Masked) -> str:
    named = _NAME.match(tag)
    if named is None or tag.startswith("</"):
        return tag
    name, rest = named[1].lower(), tag[named.end() :]
    return named[0] + _ATTRIBUTE.sub(lambda found: _attribute(name, found, masked), rest)


def _attribute(tag: str, found: re.Match[str], masked: Masked) -> str:
    name, value = found[1].lower(), found[3] or ""
    quoted = value[:1] in {'"', "'"}
    content = value[1:-1] if quoted else value
    _check(name, content, masked, is_safe=quoted)
    if name not in _ADDRESSES or not value:
        return found[0]
    is_link = name == "href" and (tag in _LINK_TAGS or tag.startswith("v:"))
    masked.addresses.append(Address(content, is_link, tag))
    return f'{found[1]}="zqu{len(masked.addresses) - 1}uqz"'


def _check(name: str, content: str, masked: Masked, *, is_safe: bool) -> None:
    """Fields stand in quoted values of harmless attributes; conditions stand between tags."""
    shown = (("attribute", name[:40]),)
    inside = [found[0] for found in MASK.finditer(content)]
    if MASK.search(name) or any(masked.is_statement(mask) for mask in inside):
        message, mend = N_("A condition stands inside a tag"), N_("Put it around the whole tag")
        masked.problems.append(Problem("jinja_in_tag", message, mend))
    elif inside and (not is_safe or name in {"style", "class", "id"} or name.startswith("on")):
        message = N_("A field cannot stand in the attribute “%(attribute)s” like this")
        masked.problems.append(
            Problem("jinja_in_attribute", message, N_("Quote the value, or move the field out"), params=shown)
        )
    elif name.startswith("on"):
        message = N_("Scripts do not run in emails: “%(attribute)s”")
        masked.problems.append(Problem("script", message, N_("Remove the attribute"), params=shown))


def decoded(value: str) -> str:
    """An attribute's value as a browser reads it (WHATWG HTML, 13.2.5.72): `&copy=1` stays, `&amp;` is decoded."""

    def decode(found: re.Match[str]) -> str:
        name = found[1]
        if name.startswith("#") or name.endswith(";"):
            return html.unescape(found[0])
        after = value[found.end() : found.end() + 1]
        return found[0] if after == "=" or after.isalnum() else _legacy(found[0])

    return _REFERENCE.sub(decode, value)


def _legacy(reference: str) -> str:
    """A reference without semicolon counts only when it is one as a whole."""
    plain = html.unescape(reference)
    return plain if len(plain) == 1 else reference


def restore(text: str, masked: Masked, addresses: Sequence[str]) -> str:
    """The text with these addresses in the places of its own, and with its Jinja back."""

    def address(found: re.Match[str]) -> str:
        number = int(found[1])
        return addresses[number] if number < len(addresses) else found[0]

    return masked.bare(URL_MASK.sub(address, text))
