"""Hides Jinja and addresses from tools that would damage them, and tells where in the HTML each stood.

An expression becomes a word; a statement between tags becomes an HTML comment (which may stand anywhere, even between
table rows); an address in an attribute becomes a word, so that nothing re-encodes it. All else stays byte for byte,
but for the indentation of lines.
"""

import html
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from nurture.kernel.errors import Problem
from nurture.kernel.i18n import N_

_JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
MASK = re.compile(r"zqj(\d+)jqz")
COMMENT_MASK = re.compile(r"<!--(zqj\d+jqz)-->")
URL_MASK = re.compile(r"zqu(\d+)uqz")
RAW = ("style", "title", "script", "textarea")
_RAW = rf"<(?P<raw>{'|'.join(RAW)})\b.*?</(?P=raw)\s*>"
_TAG = r"</?[a-zA-Z](?:[^<>\"']|\"[^\"]*\"|'[^']*')*>"
MARKUP = re.compile(rf"<!--.*?-->|<[!?][^>]*>|{_RAW}|{_TAG}", re.DOTALL | re.IGNORECASE)
_INNER_TAG = re.compile(_TAG, re.DOTALL)
NAME = re.compile(r"</?([a-zA-Z][\w:-]*)")
ATTRIBUTE = re.compile(r"([^\s\"'<>/=]+)(?:(\s*=\s*)(\"[^\"]*\"|'[^']*'|[^\s\"'>][^\s>]*))?")
_ADDRESSES = {"href", "src", "background", "action", "poster", "xlink:href"}
_LINK_TAGS = {"a", "area"}
_REFERENCE = re.compile(r"&(#[0-9]+;?|#[xX][0-9a-fA-F]+;?|[a-zA-Z][a-zA-Z0-9]{0,31};?)")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_INDENT = re.compile(r"[ \t]*\n[ \t\r\n\f]*")
_STYLE = re.compile(r"<(mj-style|style)\b.*?</\1\s*>", re.DOTALL | re.IGNORECASE)
_CSS_ASSET = re.compile(r"(url\(\s*(['\"]?))((?:\.\./)*_assets/[^)'\"]*)")
_SET_ASSET = re.compile(r"(^|,\s*)((?:\.\./)*_assets/[^\s,]+)")
_ENDS = {
    "comment": (re.compile(r"<!--"), re.compile(r"-->")),
    **{name: (re.compile(rf"<{name}\b", re.IGNORECASE), re.compile(rf"</{name}\s*>", re.IGNORECASE)) for name in RAW},
}


@dataclass(frozen=True, slots=True)
class Address:
    """What stood in an attribute: as written (masked Jinja inside), and whether a person follows it."""

    raw: str
    is_link: bool
    tag: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, and the words of the author's it is about, by which its line is found."""

    snippet: str
    problem: Problem


Asset = Callable[[str], str]  # the Jinja that writes an asset's address, from the path the author wrote


@dataclass(slots=True)
class Masked:
    """A text whose Jinja and addresses are hidden. Grows while it is made; read-only afterwards."""

    text: str = ""
    jinja: list[str] = field(default_factory=list)
    addresses: list[Address] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

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

    def hidden(self, jinja: str) -> str:
        """The word for one more piece of Jinja."""
        self.jinja.append(jinja)
        return f"zqj{len(self.jinja) - 1}jqz"

    def refuse(self, snippet: str, code: str, message: str, mend: str, **params: str) -> None:
        """Keep a finding about these words (masked Jinja inside)."""
        self.findings.append(Finding(self.bare(snippet), Problem(code, message, mend, params=tuple(params.items()))))


def hide_jinja(text: str, masked: Masked) -> str:
    """The text with each Jinja tag as a word; comments are dropped."""
    return _JINJA.sub(lambda found: "" if found[0].startswith("{#") else masked.hidden(found[0]), text)


def loosened(text: str) -> str:
    """With a blank where a style's own braces would look like the begin of a Jinja comment: `@media x{#id{…}}`."""
    if "{#" not in text:
        return text
    return _STYLE.sub(lambda found: re.sub(r"\{#(?![^{}]*#\})", "{ #", found[0]), text)


def unclosed(text: str) -> str:
    """What begins in this HTML and does not end (`comment`, `style` …); nothing when all is closed."""
    for name, (begin, end) in _ENDS.items():
        last = max((found.start() for found in begin.finditer(text)), default=-1)
        if last >= 0 and not end.search(text, last):
            return name
        if name == "comment":  # what stands in comments opens nothing
            text = _COMMENT.sub("", text)
    return ""


def mask_html(source: str, asset: Asset | None = None) -> Masked:
    """The flattened HTML, masked. `findings` names Jinja that stands where it could break the markup."""
    masked = Masked()
    hidden = hide_jinja(source, masked)
    if name := unclosed(hidden):
        begin = "<!--" if name == "comment" else f"<{name}"
        masked.refuse(begin, "unclosed", N_("“%(name)s” is opened and not closed"), N_("Close it"), name=begin)
        return masked
    masker = _Masker(masked, asset, keeps_blanks="white-space" in hidden and bool(_PRE_STYLE.search(hidden)))
    masked.text = "".join(masker.parts(hidden))
    return masked


_PRE_STYLE = re.compile(r"white-space\s*:\s*(?:pre|break-spaces)", re.IGNORECASE)
_OUT = N_("Move the field out of the style")


@dataclass(slots=True)
class _Masker:
    """One pass over the markup."""

    masked: Masked
    asset: Asset | None
    keeps_blanks: bool
    depth: int = 0  # of preformatted elements

    def parts(self, hidden: str) -> Iterator[str]:
        """The page in pieces, masked."""
        end = 0
        for found in MARKUP.finditer(hidden):
            yield self._between(hidden[end : found.start()])
            yield self._markup(found)
            end = found.end()
        yield self._between(hidden[end:])

    def _between(self, text: str) -> str:
        """Text between tags: statements become comments; lines lose their indentation."""
        if not self.keeps_blanks and self.depth == 0:
            text = _INDENT.sub("\n", text)
        is_statement = self.masked.is_statement
        return MASK.sub(lambda found: f"<!--{found[0]}-->" if is_statement(found[0]) else found[0], text)

    def _markup(self, found: re.Match[str]) -> str:
        whole, raw = found[0], (found["raw"] or "").lower()
        if raw:
            return self._raw(whole, raw)
        if whole.startswith("<!--") and not whole.startswith(("<!--[if", "<!--<!")):
            return "" if MASK.search(whole) else whole  # one with Jinja inside is a piece of template put aside
        if whole.startswith("<!--"):
            return _INNER_TAG.sub(lambda tag: self._tag(tag[0]), whole)
        return whole if whole.startswith(("<!", "<?")) else self._tag(whole)

    def _raw(self, whole: str, raw: str) -> str:
        masked = self.masked
        if raw == "script":
            message = N_("Scripts do not run in emails")
            masked.refuse(whole[:40], "script", message, N_("Remove the script"))
        elif raw == "style" and MASK.search(whole):
            first = MASK.search(whole)
            snippet = first[0] if first else ""
            masked.refuse(snippet, "jinja_in_style", N_("Fields cannot stand in styles"), _OUT)
        return self._css(whole) if raw == "style" else whole

    def _tag(self, tag: str) -> str:
        named = NAME.match(tag)
        if named is None:
            return tag
        name, rest = named[1].lower(), tag[named.end() :]
        if name == "pre":
            self.depth = max(0, self.depth + (-1 if tag.startswith("</") else 1))
        if tag.startswith("</"):
            return tag
        return named[0] + ATTRIBUTE.sub(lambda found: self._attribute(name, found), rest)

    def _attribute(self, tag: str, found: re.Match[str]) -> str:
        name, value = found[1].lower(), found[3] or ""
        quote = value[:1] if value[:1] in {'"', "'"} else ""
        content = value[1:-1] if quote else value
        self._check(name, content, found[0], is_safe=bool(quote))
        if name == "style" and value:
            return f"{found[1]}{found[2]}{quote}{self._css(_guarded(content, self.masked))}{quote}"
        if name == "srcset" and self.asset is not None:
            asset, hidden = self.asset, self.masked.hidden
            content = _SET_ASSET.sub(lambda at: at[1] + hidden(asset(at[2])), content)
            return f"{found[1]}{found[2]}{quote}{content}{quote}"
        if name not in _ADDRESSES or not value:
            return found[0]
        is_link = name == "href" and (tag in _LINK_TAGS or tag.startswith("v:"))
        self.masked.addresses.append(Address(content, is_link, tag))
        mark = quote or '"'
        return f"{found[1]}{found[2]}{mark}zqu{len(self.masked.addresses) - 1}uqz{mark}"

    def _css(self, css: str) -> str:
        """CSS with the addresses of its assets."""
        if self.asset is None or "_assets/" not in css:
            return css
        asset, hidden = self.asset, self.masked.hidden
        return _CSS_ASSET.sub(lambda at: at[1] + hidden(asset(at[3].strip())), css)

    def _check(self, name: str, content: str, written: str, *, is_safe: bool) -> None:
        """Fields stand in quoted values of harmless attributes; conditions stand between tags."""
        masked, shown = self.masked, name[:40]
        inside = [found[0] for found in MASK.finditer(content)]
        if MASK.search(name) or any(masked.is_statement(mask) for mask in inside):
            message, mend = N_("A condition stands inside a tag"), N_("Put it around the whole tag")
            masked.refuse(written, "jinja_in_tag", message, mend)
        elif inside and (not is_safe or name in {"class", "id"} or name.startswith("on")):
            message = N_("A field cannot stand in the attribute “%(attribute)s” like this")
            mend = N_("Quote the value, or move the field out")
            masked.refuse(written, "jinja_in_attribute", message, mend, attribute=shown)
        elif name.startswith("on"):
            message = N_("Scripts do not run in emails: “%(attribute)s”")
            masked.refuse(written, "script", message, N_("Remove the attribute"), attribute=shown)


def _guarded(style: str, masked: Masked) -> str:
    """A style attribute whose fields may be words, numbers and colors only, whatever a lead is called."""

    def guard(found: re.Match[str]) -> str:
        jinja = masked.bare(found[0])
        inner = jinja.removeprefix("{{").removesuffix("}}").strip("-").strip()
        return masked.hidden("{{ (" + inner + ") | css_word }}") if jinja.startswith("{{") else found[0]

    return MASK.sub(guard, style)


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
