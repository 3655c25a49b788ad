"""Joins layout, body and parts into one source, before anything else is done to it.

The body names its layout on the first line (`{# layout: plain #}`; `default` otherwise) and uses parts with
`{% part "button" url="https://…" label="…" %}`: the part's text with its [[url]] and [[label]] filled, textually. A
part for one language stands before the one for all: `unsubscribe.vi.html`, then `unsubscribe.html`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from markdown_it import MarkdownIt

from nurture.kernel.errors import DefinitionError, Problem
from nurture.kernel.i18n import N_
from nurture.messages.masks import MASK, Masked, hide_jinja
from nurture.messages.source import Shared, Source

DEEPEST = 5
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


def flatten(source: Source, shared: Shared) -> Flat:
    """The email in one piece. DefinitionError names every part and place that cannot be filled."""
    problems: list[Problem] = []
    chosen = _LAYOUT.match(source.body)
    layout = chosen[1] if chosen else "default"
    first = source.body[: chosen.end()].count("\n") if chosen else 0
    body = source.body[chosen.end() :] if chosen else source.body
    fill = _Filler(source.language, shared, problems)
    name = f"body.{source.body_kind}"
    expanded = fill.parts(body, "html", source.file(name), first)
    if source.body_kind == "md":  # the findings are those above, where the lines are right
        quiet = _Filler(source.language, shared, [])
        expanded = _markdown(body, lambda text: quiet.parts(text, "html", "", 0))
    html = fill.layout(layout, "html", expanded, source.file(name))
    text = None
    if source.text is not None:
        text = fill.parts(source.text, "txt", source.file("body.txt"), 0)
        if f"{layout}.txt" in shared.layouts:
            text = fill.layout(layout, "txt", text, source.file("body.txt"))
    if problems:
        raise DefinitionError(problems)
    return Flat(html, text)


@dataclass(frozen=True, slots=True)
class _Filler:
    """Fills parts and layouts of one email; what cannot be filled gathers in `problems`."""

    language: str
    shared: Shared
    problems: list[Problem]

    def layout(self, name: str, suffix: str, body: str, file: str) -> str:
        """The layout around the body."""
        found = self.shared.layouts.get(f"{name}.{suffix}")
        if found is None:
            params = (("name", f"{name}.{suffix}"),)
            message = N_("There is no layout “%(name)s”")
            self.problems.append(Problem("no_layout", message, N_("Name a file of _layout"), file, 1, params=params))
            return body
        values = {"body": body, "language": self.language}
        return self.parts(_PLACE.sub(lambda at: values.get(at[1], at[0]), found), suffix, f"_layout/{name}.{suffix}", 0)

    def parts(self, text: str, suffix: str, file: str, before: int, depth: int = 0) -> str:
        """The text with its parts in place; `before` lines stood above it in the file."""

        def fill(found: re.Match[str]) -> str:
            line = before + text.count("\n", 0, found.start()) + 1
            return self._part(found[0], suffix, file, line, depth)

        return ANY_PART.sub(fill, text)

    def _part(self, tag: str, suffix: str, file: str, line: int, depth: int) -> str:
        found = _PART.fullmatch(tag)
        if found is None:
            mend = N_('Write {% part "name" key="value" %}')
            return self._refuse("bad_part", N_("The part is not written right"), mend, file, line)
        name, values = found[1], dict(_ARGUMENT.findall(found[2]))
        wanted = (f"{name}.{self.language}.{suffix}", f"{name}.{suffix}")
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
        return self.parts(filled, suffix, f"_parts/{source}", 0, depth + 1)

    def _refuse(self, code: str, message: str, mend: str, file: str, line: int, **params: str) -> str:
        self.problems.append(Problem(code, message, mend, file, line, params=tuple(params.items())))
        return ""


def _markdown(text: str, fill: Callable[[str], str]) -> str:
    """Markdown as HTML; Jinja passes untouched, addresses are kept byte for byte."""
    masked = Masked()
    parser = MarkdownIt("commonmark", {"html": True})
    parser.normalizeLink = lambda url: url  # type: ignore[method-assign]
    rendered = parser.render(hide_jinja(ANY_PART.sub(lambda found: _keep_lines(found[0]), text), masked))
    alone = re.compile(rf"<p>\s*({MASK.pattern.replace('(', '(?:')})\s*</p>")

    def unwrap(found: re.Match[str]) -> str:
        return found[1] if masked.is_statement(found[1]) else found[0]

    return fill(masked.bare(alone.sub(unwrap, rendered)))


def _keep_lines(tag: str) -> str:
    return " ".join(tag.split("\n"))
