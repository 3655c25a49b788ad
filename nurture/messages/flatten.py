"""Joins layout, body and parts into one source, before anything else is done to it.

The body names its layout on the first line (`{# layout: plain #}`) or in its front matter; `default` otherwise, `plain`
for a text. It uses parts with `{% part "button" url="https://…" label="…" %}`: the part's text with its [[url]] and
[[label]] filled, textually. A part for one language stands before the one for all: `unsubscribe.vi.html`, then
`unsubscribe.html`; in MJML `.mjml` stands before `.html`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nurture.kernel.errors import DefinitionError, Problem
from nurture.kernel.i18n import N_
from nurture.kernel.later import later
from nurture.messages import mjml, textual
from nurture.messages.masks import MASK, Masked, hide_jinja, loosened
from nurture.messages.source import Shared, Source

if TYPE_CHECKING:
    import markdown_it
else:
    markdown_it = later("markdown_it")  # 60 modules: at the first email in Markdown

DEEPEST = 5
LONGEST = 1_000_000  # characters of an email in one piece
_LONG = N_("With its parts the email is longer than %(limit)s characters")
_LAYOUT = re.compile(r"\A\s*\{#-?\s*layout:\s*([a-z0-9_-]+)\s*-?#\}[ \t]*\n?")
ANY_PART = re.compile(r"\{%-?\s*part\b.*?%\}", re.DOTALL)
_PART = re.compile(r"\{%-?\s*part\s+\"([a-z0-9_-]+)\"((?:\s+[a-z_]+=\"[^\"]*\")*)\s*-?%\}")
_ARGUMENT = re.compile(r"([a-z_]+)=\"([^\"]*)\"")
_PLACE = re.compile(r"\[\[([a-z_]+)\]\]")


@dataclass(frozen=True, slots=True)
class Flat:
    """One email as a whole. `text` is None when the text part is to be made from the HTML."""

    html: str
    text: str | None


def chosen_layout(source: Source) -> str:
    """The name of the email's layout."""
    found = _LAYOUT.match(source.body)
    return source.layout or (found[1] if found else "plain" if source.body_kind == "txt" else "default")


def flatten(source: Source, shared: Shared) -> Flat:
    """The email in one piece. DefinitionError names every part and place that cannot be filled."""
    fill = _Filler(source.language, shared, [])
    layout = chosen_layout(source)
    found = _LAYOUT.match(source.body)
    first = source.lines.get("body", 0) + (source.body[: found.end()].count("\n") if found else 0)
    body = source.body[found.end() :] if found else source.body
    html = _html(source, body, first, layout, fill)
    text = None
    by_hand = body if source.body_kind == "txt" else source.text
    if by_hand is not None:
        text = fill.parts(by_hand, "txt", source.file("body.txt"), 0)
        if f"{layout}.txt" in shared.layouts:
            text = fill.layout(layout, "txt", text, source.file("body.txt"))
        elif source.body_kind == "txt":
            text = None  # the layout's last words, with the way out, are in the HTML only
    if fill.problems:
        raise DefinitionError(fill.problems)
    return Flat(html, text)


def _html(source: Source, body: str, first: int, layout: str, fill: "_Filler") -> str:
    """Layout, body and parts as HTML; `first` lines stood above the body."""
    kind, file = source.body_kind, source.body_file
    expanded = fill.parts(body, "txt" if kind == "txt" else kind if kind == "mjml" else "html", file, first)
    if kind == "mjml":
        whole = expanded if mjml.is_whole(expanded) else fill.layout(layout, "mjml", expanded, file)
        return "" if fill.problems else _from_mjml(whole, source)
    if kind == "txt":
        expanded = textual.to_html(expanded)
    elif kind == "md":  # the findings are those above, where the lines are right
        quiet = _Filler(source.language, fill.shared, [])
        expanded = _markdown(body, lambda text: quiet.parts(text, "html", "", 0))
    return fill.layout(layout, "html", expanded, file)


def _from_mjml(whole: str, source: Source) -> str:
    try:
        made = mjml.to_html(whole, source.language)
    except mjml.MjmlError as error:
        at = source.body.find(error.snippet) if error.snippet else -1
        line = source.body.count("\n", 0, at) + 1 if at >= 0 else 0
        params = (("error", str(error)),)
        message = N_("This MJML cannot be read: %(error)s")
        raise DefinitionError([Problem("mjml", message, "", source.body_file, line, params=params)]) from error
    if len(made) > LONGEST:
        raise DefinitionError([Problem("long_email", _LONG, "", source.body_file, params=(("limit", str(LONGEST)),))])
    return made


@dataclass(slots=True)
class _Filler:
    """Fills parts and layouts of one email; what cannot be filled gathers in `problems`."""

    language: str
    shared: Shared
    problems: list[Problem] = field(default_factory=list)
    room: int = LONGEST

    def layout(self, name: str, suffix: str, body: str, file: str) -> str:
        """The layout around the body."""
        found = self.shared.layouts.get(f"{name}.{suffix}")
        if found is None:
            params = (("name", f"{name}.{suffix}"),)
            message = N_("There is no layout “%(name)s”")
            self.problems.append(Problem("no_layout", message, N_("Name a file of _layout"), file, 1, params=params))
            return body
        at = f"_layout/{name}.{suffix}"
        around = self.parts(found.replace("[[language]]", self.language), suffix, at, 0)
        return _PLACE.sub(lambda place: body if place[1] == "body" else place[0], around)

    def parts(self, text: str, suffix: str, file: str, before: int, depth: int = 0) -> str:
        """The text with its parts in place; `before` lines stood above it in the file."""

        def fill(found: re.Match[str]) -> str:
            line = before + text.count("\n", 0, found.start()) + 1
            return self._part(found[0], suffix, file, line, depth)

        return ANY_PART.sub(fill, loosened(text))

    def _part(self, tag: str, suffix: str, file: str, line: int, depth: int) -> str:
        found = _PART.fullmatch(tag)
        if found is None:
            mend = N_('Write {% part "name" key="value" %}')
            return self._refuse("bad_part", N_("The part is not written right"), mend, file, line)
        name, values = found[1], dict(_ARGUMENT.findall(found[2]))
        kinds = ("mjml", "html") if suffix == "mjml" else (suffix,)
        wanted = [f"{name}.{end}" for kind in kinds for end in (f"{self.language}.{kind}", kind)]
        source = next((each for each in wanted if each in self.shared.parts), None)
        if source is None or depth >= DEEPEST:
            message = N_("There is no part “%(name)s”") if source is None else N_("Parts stand too deep in each other")
            return self._refuse("no_part", message, N_("Name a file of _parts"), file, line, name=name)
        text = self.shared.parts[source]
        places = set(_PLACE.findall(text))
        if places != set(values):
            odd = ", ".join(sorted(places ^ set(values)))
            message = N_("The part “%(name)s” and its values differ in: %(odd)s")
            return self._refuse("part_values", message, "", file, line, name=name, odd=odd)
        filled = _PLACE.sub(lambda at: values[at[1]], text.strip("\n"))
        self.room -= len(filled)
        if self.room < 0:
            params = {"limit": str(LONGEST)}
            return "" if self.problems else self._refuse("long_email", _LONG, "", file, line, **params)
        return self.parts(filled, suffix, f"_parts/{source}", 0, depth + 1)

    def _refuse(self, code: str, message: str, mend: str, file: str, line: int, **params: str) -> str:
        self.problems.append(Problem(code, message, mend, file, line, params=tuple(params.items())))
        return ""


def _markdown(text: str, fill: Callable[[str], str]) -> str:
    """Markdown as HTML; Jinja passes untouched, addresses are kept byte for byte."""
    masked = Masked()
    parser = markdown_it.MarkdownIt("commonmark", {"html": True}).enable("table")
    parser.normalizeLink = lambda url: url  # type: ignore[method-assign]
    rendered = parser.render(hide_jinja(ANY_PART.sub(lambda found: _keep_lines(found[0]), text), masked))
    alone = re.compile(rf"<p>\s*({MASK.pattern.replace('(', '(?:')})\s*</p>")

    def unwrap(found: re.Match[str]) -> str:
        return found[1] if masked.is_statement(found[1]) else found[0]

    return fill(masked.bare(alone.sub(unwrap, rendered)))


def _keep_lines(tag: str) -> str:
    return " ".join(tag.split("\n"))
