"""Makes HTML of MJML, once, at publish. Pure.

The compiler sees the components and their attributes only: the HTML inside of `mj-text`, `mj-raw` … and all Jinja are
words to it, so that it cannot change them. Nothing is included and nothing is fetched.
"""

import re
from collections.abc import Mapping

import mjml

from nurture.kernel.errors import Problem
from nurture.kernel.i18n import N_
from nurture.messages.masks import Masked, hide_jinja

DEEPEST = 40
# Components that hold HTML, not components (MJML documentation, "Ending tags").
_ENDING = (
    "mj-accordion-text", "mj-accordion-title", "mj-button", "mj-navbar-link", "mj-preview", "mj-raw",
    "mj-social-element", "mj-style", "mj-table", "mj-text", "mj-title",
)  # fmt: skip
_KNOWN = frozenset(_ENDING) | {
    "mj-accordion", "mj-accordion-element", "mj-all", "mj-attributes", "mj-body", "mj-breakpoint", "mj-carousel",
    "mj-carousel-image", "mj-class", "mj-column", "mj-divider", "mj-font", "mj-group", "mj-head", "mj-hero",
    "mj-html-attributes", "mj-html-attribute", "mj-image", "mj-navbar", "mj-section", "mj-selector", "mj-social",
    "mj-spacer", "mj-wrapper", "mjml",
}  # fmt: skip
_ATTRIBUTES = r"(?:[^<>\"']|\"[^\"]*\"|'[^']*')*?"
_CONTENT = re.compile(rf"<({'|'.join(_ENDING)})\b({_ATTRIBUTES})(?<!/)>(.*?)</\1\s*>", re.DOTALL)
_EMPTY = re.compile(rf"<(mj-[a-z-]+)\b({_ATTRIBUTES})(?<!/)>\s*</\1\s*>")
_TAG = re.compile(rf"<(/?)(mj[a-z-]*)\b({_ATTRIBUTES})(/?)>|<!--.*?-->", re.DOTALL)
_BEGINS = {name: re.compile(rf"<{name}\b{_ATTRIBUTES}/?>") for name in _ENDING}
_ROOT = re.compile(r"<mjml\b")
_PLACE = re.compile(r"position (\d+)")
_WORD = re.compile(r"zqm(\d+)qmz")
_STATEMENT = re.compile(r"(\{%.*?%\}|\{#.*?#\})", re.DOTALL)


def is_whole(text: str) -> bool:
    """Whether it is a document of its own, which needs no layout."""
    return _ROOT.search(text) is not None


def check(text: str, file: str) -> Problem | None:
    """The first finding in one file of MJML: a component that there is not, is not closed, or would include another."""
    if (last := text.rfind("<!--")) > text.rfind("-->"):
        return _unbalanced("<!--", text.count("\n", 0, last) + 1, file)
    unclosed = _unclosed(text)
    if unclosed is not None:
        return _unbalanced(*unclosed, file)
    blind = _CONTENT.sub(lambda at: f"<{at[1]}{at[2]}>{_blank(at[3])}</{at[1]}>", _STATEMENT.sub(_blanked, text))
    opened: list[tuple[str, int]] = []
    for found in _TAG.finditer(blind):
        name, line = found[2], blind.count("\n", 0, found.start()) + 1
        if name is None:
            continue
        if name == "mj-include":
            message = N_("Other files cannot be included with mj-include")
            return Problem("mjml", message, N_('Write {% part "name" %}'), file, line)
        if name not in _KNOWN:
            message = N_("There is no component “%(name)s” in MJML")
            return Problem("mjml", message, N_("Mend its name"), file, line, params=(("name", name),))
        if found[1]:
            if not opened or opened[-1][0] != name:
                return _unbalanced(*(opened[-1] if opened else (name, line)), file)
            opened.pop()
        elif not found[4]:
            opened.append((name, line))
            if len(opened) > DEEPEST:
                return Problem("mjml", N_("Components stand too deep in each other"), "", file, line)
    return _unbalanced(*opened[-1], file) if opened else None


def _unclosed(text: str) -> tuple[str, int] | None:
    """The component that holds HTML, begins last and never ends, with its line. Asked first, since looking for the end
    of each of many takes too long."""
    for name in _ENDING:
        last = next(
            (found for found in reversed(list(_BEGINS[name].finditer(text))) if not found[0].endswith("/>")), None
        )
        if last is not None and f"</{name}" not in text[last.start() :]:
            return name, text.count("\n", 0, last.start()) + 1
    return None


def _unbalanced(name: str, line: int, file: str) -> Problem:
    message = N_("“%(name)s” is not closed where it should be")
    return Problem(
        "mjml", message, N_("Close each component before the one around it"), file, line, params=(("name", name),)
    )


def _blanked(found: re.Match[str]) -> str:
    return _blank(found[0])


def _blank(text: str) -> str:
    return "\n" * text.count("\n")


class MjmlError(ValueError):
    """What the compiler could not read. `snippet` is the author's text where it stood, as far as that is known."""

    def __init__(self, message: str, snippet: str) -> None:
        super().__init__(message)
        self.snippet = snippet


def to_html(text: str, language: str, fonts: Mapping[str, str] | None = None) -> str:
    """The HTML of an MJML document, Jinja included. MjmlError when it cannot be read.

    Fonts are loaded only where the author says so (`mj-font`): nobody else learns who reads.
    """
    contents: list[str] = []

    def hide(found: re.Match[str]) -> str:
        contents.append(found[3])
        return f"<{found[1]}{found[2]}>zqm{len(contents) - 1}qmz</{found[1]}>"

    masked = Masked()
    text = _EMPTY.sub(r"<\1\2 />", text)  # in mj-attributes the compiler takes no other form
    plain = hide_jinja(_STATEMENT.sub(lambda at: _raw(at[0], contents), _CONTENT.sub(hide, text)), masked)
    if "lang=" not in plain.partition(">")[0]:
        plain = _ROOT.sub(f'<mjml lang="{language}"', plain, count=1)
    made = _made(plain, dict(fonts or {}), masked, contents)
    return masked.bare(_WORD.sub(lambda at: contents[int(at[1])], made))


def _raw(statement: str, contents: list[str]) -> str:
    """A condition between components, as one that is passed on as it is."""
    if statement.startswith("{#"):
        return ""
    contents.append(statement)
    return f"<mj-raw>zqm{len(contents) - 1}qmz</mj-raw>"


def _made(plain: str, fonts: dict[str, str], masked: Masked, contents: list[str]) -> str:
    try:
        return mjml.mjml2html(plain, fonts=fonts)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001 - a panic of the compiler's is no Exception
        place = _PLACE.search(str(error))
        snippet = ""
        if place:
            rest = plain.encode()[int(place[1]) :].decode("utf-8", "ignore").lstrip()
            snippet = masked.bare(_WORD.sub(lambda at: contents[int(at[1])], re.split(r"[>\n]", rest, maxsplit=1)[0]))
        raise MjmlError(str(error).replace(" in root template", "").splitlines()[0], snippet) from None
