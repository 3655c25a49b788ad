"""Turns a compiled email and one person's values into a mail. Imported by sender processes: stdlib and jinja2 only.

Compiled once for each template revision; for each lead only fields and links change.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
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
from nurture.messages.model import BROUGHT, Compiled

LARGEST = 2_000_000  # characters of one rendered part
_MANY_BLANK = re.compile(r"\n{3,}")
_UNSAFE_IN_URL = re.compile(r"[\x00-\x20\x7f-\x9f\"<>\\^`{|}\u2028\u2029]")

__all__ = ["Links", "MissingField", "Personalizer", "Rendered", "TemplateFailure"]


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
        self._has_assets = bool(compiled.assets)
        self._fixed = [(n, f"_l{n}", target) for n, target in enumerate(compiled.links) if "{{" not in target]

    def render(self, values: Mapping[str, Any], links: Links) -> Rendered:
        """The mail for these values. MissingField: the lead lacks something; TemplateFailure: nobody can get it."""
        unsubscribe = links.unsubscribe()
        names: dict[str, Any] = {name: wrapped(value, name) for name, value in values.items()}
        names = {name: Missing(name=name) for name in BROUGHT} | names | GLOBALS
        names["unsubscribe_url"] = unsubscribe or names.get("unsubscribe_url") or Missing(name="unsubscribe_url")
        names["_pixel"], names["_trap"] = links.pixel(), links.trap()
        names["_link"] = _linker(links)
        if self._has_assets:
            names["_base"] = links.base_url
        for number, name, target in self._fixed:
            names[name] = links.click(number, target)
        try:
            return Rendered(
                _line(_text(self._subject, names)),
                _line(_text(self._preheader, names)),
                _text(self._html, names),
                _tidy(_text(self._text, names)),
            )
        except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AssertionError) as error:
            raise TemplateFailure(str(error)) from error


def _template(environment: MailEnvironment, source: str) -> Template:
    return environment.from_string(parsed(environment, source))


def _text(template: Template, names: dict[str, Any]) -> str:
    """The template's output, stopped when it grows too large."""
    names[TURNS] = allowance()
    chunks: Iterable[str] = template.root_render_func(template.new_context(names, shared=True))
    parts: list[str] = []
    room = LARGEST
    for chunk in chunks:
        room -= len(chunk) + 1
        if room < 0:
            raise TemplateFailure(f"the mail grows over {LARGEST} characters")
        parts.append(chunk)
    return "".join(parts)


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
