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
from nurture.messages.links import MessageLinks, Stamps
from nurture.messages.model import BROUGHT, Compiled
from nurture.messages.stencil import MARK, NOBODYS, Stencil

LARGEST = 2_000_000  # characters of one rendered part
_ALWAYS: dict[str, Any] = {name: Missing(name=name) for name in BROUGHT}
_REFUSAL = "_refusal"
_MOST_FAILURES = 200  # letters that had to be drawn again, before the other way is taken at once
_NO_MARKS: Mapping[str, tuple[str, str]] = {}
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
    """One mail's words, its parts in pieces, which are quicker than encoding the whole.

    Where it `is_coded` marks may stand among the chunks for tracked links.
    """

    subject: str
    preheader: str
    html_chunks: list[str]
    text_chunks: list[str]
    coded_html: list[bytes] | None  # as `Stencil.coded` gives it
    coded_text: list[bytes] | None
    refusal: str = ""  # where the lead says no

    @property
    def is_coded(self) -> bool:
        """Whether neither part has to be encoded as a whole."""
        return self.coded_html is not None and self.coded_text is not None

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
        self._fixed = {f"_l{n}": (n, target) for n, target in enumerate(compiled.links) if "{{" not in target}
        self._has_made_links = "_link(" in compiled.html + compiled.text
        self._stencils = _stencil(self._html, str), _stencil(self._text, _tidy)
        self._house: _House | None = None

    def render(self, values: Mapping[str, Any], links: Links) -> Rendered:
        """The mail for these values. MissingField: the lead lacks something; TemplateFailure: nobody can get it."""
        return self._plainly(self._names(values, links), links).rendered()

    def draw(self, values: Mapping[str, Any], links: Links) -> Drawn:
        """As `render`, for whoever writes the mail."""
        names = self._names(values, links)
        if type(links) is MessageLinks and links.tracking and quoted.begins_plainly(links.base_url):
            house = self._house
            if house is None or not house.has(links):
                house = self._house = _House(links, self._fixed, self._html, self._text)
            if house.is_quick:
                drawn = self._drawn(names | house.names, house.stencils, house.stamped(links, names))
                if drawn.is_coded:
                    return drawn
                house.failed()
        return self._plainly(names, links)

    def _names(self, values: Mapping[str, Any], links: Links) -> dict[str, Any]:
        """What a template sees, but for tracked links."""
        given = {name: wrapped(value, name) for name, value in values.items() if value != "" or name not in _ALWAYS}
        names: dict[str, Any] = _ALWAYS | given | GLOBALS
        refusal = links.unsubscribe()
        names[_REFUSAL] = refusal
        names["unsubscribe_url"] = refusal or names.get("unsubscribe_url") or Missing(name="unsubscribe_url")
        if self._has_made_links:
            names["_link"] = _linker(links)
        if self._has_assets:
            names["_base"] = links.base_url
        return names

    def _plainly(self, names: dict[str, Any], links: Links) -> Drawn:
        """With every link as it is."""
        whole = {name: links.click(*target) for name, target in self._fixed.items()}
        whole |= {"_pixel": links.pixel(), "_trap": links.trap()}
        return self._drawn(names | whole, self._stencils, {})

    def _drawn(self, names: dict[str, Any], stencils: tuple[Stencil, Stencil], known: Mapping[str, bytes]) -> Drawn:
        try:
            subject = _line("".join(_chunks(self._subject, names)))
            preheader = self._fixed_preheader or _line("".join(_chunks(self._preheader, names)))
            html, text = _chunks(self._html, names), _chunks(self._text, names)
        except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AssertionError) as error:
            raise TemplateFailure(str(error)) from error
        coded = stencils[0].coded(html, known), stencils[1].coded(text, known)
        return Drawn(subject, preheader, html, text, *coded, names[_REFUSAL])


class _House:
    """The links of one house in one email, standing as marks where all but their stamps is the same for everybody."""

    __slots__ = ("_base_url", "_failures", "_ring", "_stamps", "names", "stencils")

    def __init__(
        self, links: MessageLinks, targets: Mapping[str, tuple[int, str]], html: Template, text: Template
    ) -> None:
        self._ring, self._base_url = links.ring, links.base_url
        self._stamps = Stamps(links.ring, links.base_url, targets)
        self.names = {name: f"{MARK}{NOBODYS}{number}{MARK}" for number, name in enumerate(self._stamps.around)}
        marks = dict(zip(self.names.values(), self._stamps.around.values(), strict=True))
        self.stencils = _stencil(html, str, marks), _stencil(text, _tidy, marks)
        self._failures = 0

    def has(self, links: MessageLinks) -> bool:
        """Whether these links are of this house."""
        return links.ring is self._ring and links.base_url == self._base_url

    def stamped(self, links: MessageLinks, names: Mapping[str, Any]) -> dict[str, bytes]:
        """What stands in the place of each mark in one letter, encoded; and where its lead says no."""
        stamps = zip(self.names.values(), self._stamps.of(links.message_id), strict=True)
        known = {mark: stamp + quoted.SOFT for mark, stamp in stamps}
        if refusal := names[_REFUSAL]:
            known[refusal] = quoted.address(refusal)
        return known

    @property
    def is_quick(self) -> bool:
        """Whether most letters could be drawn so."""
        return self._failures < _MOST_FAILURES

    def failed(self) -> None:
        """A letter could not: one of an odd lead, or any of an email in other letters."""
        self._failures += 1


def _template(environment: MailEnvironment, source: str) -> Template:
    return environment.from_string(parsed(environment, source))


def _stencil(
    template: Template, tidy: Callable[[str], str], marks: Mapping[str, tuple[str, str]] = _NO_MARKS
) -> Stencil:
    return Stencil(template.root_render_func.__code__.co_consts, tidy, marks)


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
