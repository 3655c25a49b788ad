"""Turns a compiled email and one person's values into a mail. Imported by sender processes: stdlib and jinja2 only.

Compiled once for each template revision; for each lead only fields and links change.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol
from urllib.parse import quote, urlsplit

from jinja2 import Template, TemplateError

from nurture.kernel.sandbox import (
    GLOBALS,
    TURNS,
    MailEnvironment,
    Missing,
    MissingField,
    TemplateFailure,
    allowance,
    parsed,
    wrapped,
)
from nurture.messages import quoted
from nurture.messages.links import MessageLinks
from nurture.messages.model import BROUGHT, Compiled
from nurture.messages.stencil import Stencil

LARGEST = 2_000_000  # characters of one rendered part
_ALWAYS: dict[str, Any] = {name: Missing(name=name) for name in BROUGHT}
_AT_ONCE = 64  # chunks between two looks at how much it is
_MANY_BLANK = re.compile(r"\n{3,}")
_UNSAFE_IN_URL = re.compile(r"[\x00-\x20\x7f-\x9f\"<>\\^`{|}\u2028\u2029]")

__all__ = ["Drawn", "Links", "MissingField", "Personalizer", "Rendered", "TemplateFailure"]


class Links(Protocol):
    """Makes the links of one message; `links.MessageLinks` is one."""

    @property
    def base_url(self) -> str:
        """Where we can be reached, without a slash at the end; asked for where an email shows images of ours."""
        ...

    def click(self, position: int, target: str) -> str:
        """What stands in the mail in place of the target."""
        ...

    def pixel(self) -> str:
        """The open pixel's address; empty for none."""
        ...

    def trap(self) -> str:
        """The address of the hidden link that no person sees; empty for none."""
        ...

    def unsubscribe(self) -> str:
        """Where the lead says no; empty for none."""
        ...


@dataclass(frozen=True, slots=True)
class Rendered:
    """One mail's words."""

    subject: str
    preheader: str
    html: str
    text: str


@dataclass(frozen=True, slots=True)
class Drawn:
    """One mail's words, its parts in pieces: `coded_html` and `coded_text` are quicker than encoding the whole."""

    subject: str
    preheader: str
    html_chunks: list[str]
    text_chunks: list[str]
    links: Mapping[str, bytes]  # tracked ones, encoded
    stencils: tuple[Stencil, Stencil]  # of HTML and text
    refusal: str = ""  # where the lead says no

    def rendered(self) -> Rendered:
        """Its words."""
        return Rendered(self.subject, self.preheader, self.html, self.text)

    @property
    def html(self) -> str:
        """The HTML part; empty for none."""
        return "".join(self.html_chunks)

    @property
    def text(self) -> str:
        """The text part."""
        return _tidy("".join(self.text_chunks))

    @property
    def coded_html(self) -> list[bytes] | None:
        """The HTML part as `Stencil.coded` gives it."""
        return self.stencils[0].coded(self.html_chunks, self.links)

    @property
    def coded_text(self) -> list[bytes] | None:
        """The text part as `Stencil.coded` gives it."""
        return self.stencils[1].coded(self.text_chunks, self.links)


class Personalizer:
    """Renders one compiled email. TemplateFailure at once when it cannot be used at all."""

    def __init__(self, compiled: Compiled) -> None:
        plain, html = MailEnvironment(compiled.language, html=False), MailEnvironment(compiled.language, html=True)
        try:
            self._subject = _template(plain, compiled.subject)
            self._preheader = _template(plain, compiled.preheader)
            self._text = _template(plain, compiled.text)
            self._html = _template(html, compiled.html)
        except TemplateError as error:
            raise TemplateFailure(f"{compiled.key}: {error}") from error
        self._fixed_preheader = "" if "{" in compiled.preheader else _line(compiled.preheader)
        self._has_assets = bool(compiled.assets)
        self._fixed = [(n, f"_l{n}", target) for n, target in enumerate(compiled.links) if "{{" not in target]
        self._has_made_links = "_link(" in compiled.html + compiled.text
        self._stencils = _stencil(self._html, str), _stencil(self._text, _tidy)

    def render(self, values: Mapping[str, Any], links: Links) -> Rendered:
        """The mail for these values. MissingField: the lead lacks something; TemplateFailure: nobody can get it."""
        return self.draw(values, links).rendered()

    def draw(self, values: Mapping[str, Any], links: Links) -> Drawn:
        """As `render`, for whoever writes the mail."""
        unsubscribe = links.unsubscribe()
        given = {name: wrapped(value, name) for name, value in values.items() if value != "" or name not in _ALWAYS}
        names: dict[str, Any] = _ALWAYS | given | GLOBALS
        names["unsubscribe_url"] = unsubscribe or names.get("unsubscribe_url") or Missing(name="unsubscribe_url")
        names["_pixel"], names["_trap"] = links.pixel(), links.trap()
        if self._has_made_links:
            names["_link"] = _linker(links)
        if self._has_assets:
            names["_base"] = links.base_url
        ours = [unsubscribe, names["_pixel"], names["_trap"]]
        for number, name, target in self._fixed:
            names[name] = link = links.click(number, target)
            if link is not target:
                ours.append(link)
        coded: dict[str, bytes] = {}
        if type(links) is MessageLinks and quoted.begins_plainly(links.base_url):
            coded = {link: quoted.address(link) for link in ours if link}
        try:
            return Drawn(
                _line("".join(_chunks(self._subject, names))),
                self._fixed_preheader or _line("".join(_chunks(self._preheader, names))),
                _chunks(self._html, names),
                _chunks(self._text, names),
                coded,
                self._stencils,
                unsubscribe,
            )
        except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AssertionError) as error:
            raise TemplateFailure(str(error)) from error


def _template(environment: MailEnvironment, source: str) -> Template:
    return environment.from_string(parsed(environment, source))


def _stencil(template: Template, tidy: Callable[[str], str]) -> Stencil:
    return Stencil(template.root_render_func.__code__.co_consts, tidy)


def _chunks(template: Template, names: dict[str, Any]) -> list[str]:
    """The template's output, stopped when it grows too large."""
    names[TURNS] = allowance()
    chunks: Iterator[str] = template.root_render_func(template.new_context(names, shared=True))
    parts: list[str] = []
    room = LARGEST
    while some := list(islice(chunks, _AT_ONCE)):
        room -= sum(map(len, some)) + len(some)
        if room < 0:
            raise TemplateFailure(f"the mail grows over {LARGEST} characters")
        parts += some
    return parts


def _tidy(text: str) -> str:
    """Without the blank lines that conditions leave behind."""
    if " \n" in text or "\t\n" in text:
        text = "\n".join([line.rstrip() for line in text.split("\n")])
    if "\n\n\n" in text:
        text = _MANY_BLANK.sub("\n\n", text)
    return text.strip() + "\n"


def _line(text: str) -> str:
    return " ".join(text.split())


def _escaped(found: re.Match[str]) -> str:
    return quote(found[0])


def _linker(links: Links) -> Callable[..., str]:
    """What a link with fields inside is rendered by: its pieces are joined, checked, and then signed.

    Every second piece is a value; what the author wrote between them stays byte for byte.
    """

    def link(position: int, *pieces: Any) -> str:
        texts = [_UNSAFE_IN_URL.sub(_escaped, str(piece)) if n % 2 else piece for n, piece in enumerate(pieces)]
        target = "".join(texts)
        if urlsplit(target).scheme not in {"http", "https"}:
            raise TemplateFailure(f"not an http(s) link: {target[:80]}")
        return links.click(position, target)

    link.of_nurture = True  # type: ignore[attr-defined]
    return link
