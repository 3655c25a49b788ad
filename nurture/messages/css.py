"""Reads style sheets and style attributes as far as inlining needs it; what it cannot read it leaves alone. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_SIGN = re.compile(r"/\*.*?(?:\*/|\Z)|\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|<!--|-->|[{}();,\[\]]", re.DOTALL)
_IMPORTANT = re.compile(r"\s*!\s*important\s*\Z", re.IGNORECASE)
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_PROPERTY = re.compile(r"[*_]?-?-?[a-zA-Z][a-zA-Z0-9-]*")


@dataclass(frozen=True, slots=True)
class Declaration:
    """`name: value`, as written."""

    name: str
    value: str
    important: bool


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a style element, from where to where, with selectors and declarations; an at-rule has neither."""

    start: int
    end: int
    selectors: tuple[str, ...]
    declarations: tuple[Declaration, ...]


def rules(css: str) -> Iterator[Rule]:
    """The statements of a style sheet that is whole; what stands after a mistake is left as it is."""
    depth, start, opened = 0, 0, -1
    for found in _SIGN.finditer(css):
        sign = found[0]
        if depth == 0 and (sign.startswith("/*") or sign in {"<!--", "-->"}) and not css[start : found.start()].strip():
            start = found.end()
        elif sign == "{":
            depth += 1
            opened = found.start() if depth == 1 else opened
        elif sign == "}":
            depth -= 1
            if depth < 0:
                return
            if depth == 0:
                yield _rule(css, start, opened, found.end())
                start = found.end()
        elif sign == ";" and depth == 0:  # @import, @charset
            yield Rule(start, found.end(), (), ())
            start = found.end()


def _rule(css: str, start: int, opened: int, end: int) -> Rule:
    prelude = COMMENT.sub("", css[start:opened]).strip()
    if not prelude or prelude.startswith("@"):
        return Rule(start, end, (), ())
    selectors = tuple(one.strip() for one in split(prelude, ","))
    return Rule(start, end, selectors, tuple(declarations(css[opened + 1 : end - 1])))


def split(text: str, at: str) -> Iterator[str]:
    """The text cut at this sign, where it stands in no parentheses, brackets or quotes."""
    depth = start = 0
    for found in _SIGN.finditer(text):
        sign = found[0]
        if sign in {"(", "["}:
            depth += 1
        elif sign in {")", "]"}:
            depth = max(0, depth - 1)
        elif sign == at and depth == 0:
            yield text[start : found.start()]
            start = found.end()
    yield text[start:]


def declarations(css: str) -> Iterator[Declaration]:
    """The declarations of a rule or a style attribute, double ones included: clients take the last they understand."""
    return (found for one in split(css, ";") if (found := declaration(one)) is not None)


def declaration(text: str) -> Declaration | None:
    """The one declaration of this text, if it is one."""
    name, colon, value = COMMENT.sub("", text).partition(":")
    name, value = name.strip(), value.strip()
    if not colon or not value or not _PROPERTY.fullmatch(name):
        return None
    return Declaration(name.lower(), _IMPORTANT.sub("", value), bool(_IMPORTANT.search(value)))
