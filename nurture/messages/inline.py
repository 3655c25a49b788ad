"""Writes the rules of a page's style elements into the style attributes of the tags they match. Pure.

Nothing else of the page changes by a byte. A rule stays in the head as well when mail clients still have a use for it
there: media queries and other at-rules, states (`:hover`), rules that match nothing here (`.ExternalClass`), and what
is `!important`, which is inlined without that word, so that a media query can still overrule it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from cssselect import HTMLTranslator, SelectorError
from cssselect import parse as parse_selector
from lxml import etree  # type: ignore[import-untyped]
from lxml import html as lxml_html

from nurture.messages.masks import ATTRIBUTE, COMMENT_MASK, MARKUP, NAME

_MARK = "data-zqn"
_KEEP = re.compile(r"\s+data-premailer=[\"']?ignore[\"']?", re.IGNORECASE)
_MEDIA = re.compile(r"\smedia\s*=\s*[\"']?([^\"'>]*)", re.IGNORECASE)
_STYLE = re.compile(r"(<style\b[^>]*>)(.*?)(</style\s*>)", re.DOTALL | re.IGNORECASE)
_TOKEN = re.compile(r"/\*.*?(?:\*/|\Z)|\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|<!--|-->|[{}();,\[\]]", re.DOTALL)
_IMPORTANT = re.compile(r"\s*!\s*important\s*\Z", re.IGNORECASE)
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_PROPERTY = re.compile(r"[*_]?-?-?[a-zA-Z][a-zA-Z0-9-]*")
_HEAD = frozenset({"html", "head", "title", "meta", "link", "base", "style", "script"})
_BLANK = re.compile(r"\n\s*\n")


@dataclass(frozen=True, slots=True)
class Declaration:
    """`name: value`, as written."""

    name: str
    value: str
    important: bool


@dataclass(frozen=True, slots=True)
class _Rule:
    """One rule of a style element, from where to where, with selectors and declarations; an at-rule has neither."""

    start: int
    end: int
    selectors: tuple[str, ...]
    declarations: tuple[Declaration, ...]


@dataclass(slots=True)
class _Matched:
    """What rules say of one tag: (important, specificity, order) and the declarations."""

    rules: list[tuple[tuple[int, int, int], int, tuple[Declaration, ...]]] = field(default_factory=list)


def inlined(page: str) -> str:
    """The page (masked) with its CSS in style attributes, and what must stay of it in its head."""
    blocks = [found for found in MARKUP.finditer(page) if (found["raw"] or "").lower() == "style"]
    sheets = {found.start(): sheet for found in blocks if (sheet := _STYLE.fullmatch(found[0])) and _is_ours(sheet[1])}
    if not any("{" in sheet[2] for sheet in sheets.values()):
        return _KEEP.sub("", page) if "data-premailer" in page else page
    tree = _tree(page)
    matched: dict[int, _Matched] = {}
    kept: dict[int, str] = {}
    order = 0
    for start, sheet in sheets.items():
        stays: list[_Rule] = []
        rules = list(_rules(sheet[2]))
        for rule in rules:
            order += 1
            if not _match(rule, tree, matched, order):
                stays.append(rule)
        kept[start] = _without(sheet, [rule for rule in rules if rule not in stays])
    return "".join(_written(page, matched, kept))


def _is_ours(tag: str) -> bool:
    """Whether the rules of this style element hold for every screen."""
    media = _MEDIA.search(tag)
    return not _KEEP.search(tag) and (media is None or media[1].strip().lower() in {"", "all", "screen"})


def _tree(page: str) -> Any:
    """The page as a tree, each start tag with its number."""
    parts: list[str] = []
    end = 0
    for number, found in enumerate(MARKUP.finditer(page)):
        parts.append(page[end : found.start()])
        end = found.end()
        named = NAME.match(found[0])
        if found[0].startswith("<?"):
            continue
        if named is None or found[0].startswith("</") or found["raw"]:
            parts.append(found[0])
        else:
            parts.append(f'{named[0]} {_MARK}="{number}"{found[0][named.end() :]}')
    parts.append(page[end:])
    return lxml_html.document_fromstring(COMMENT_MASK.sub("", "".join(parts)) or "<p></p>")


def _rules(css: str) -> Iterator[_Rule]:
    """The statements of a style sheet that is whole; what stands after a mistake is left as it is."""
    depth, start, opened = 0, 0, -1
    for found in _TOKEN.finditer(css):
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
            yield _Rule(start, found.end(), (), ())
            start = found.end()


def _rule(css: str, start: int, opened: int, end: int) -> _Rule:
    prelude = _COMMENT.sub("", css[start:opened]).strip()
    if not prelude or prelude.startswith("@"):
        return _Rule(start, end, (), ())
    selectors = tuple(one.strip() for one in _split(prelude, ","))
    return _Rule(start, end, selectors, tuple(declarations(css[opened + 1 : end - 1])))


def _split(text: str, at: str) -> Iterator[str]:
    """The text cut at this sign, where it stands in no parentheses, brackets or quotes."""
    depth = start = 0
    for found in _TOKEN.finditer(text):
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
    for one in _split(_COMMENT.sub("", css), ";"):
        name, colon, value = one.partition(":")
        name, value = name.strip(), value.strip()
        if colon and value and _PROPERTY.fullmatch(name):
            yield Declaration(name.lower(), _IMPORTANT.sub("", value), bool(_IMPORTANT.search(value)))


def _match(rule: _Rule, tree: Any, matched: dict[int, _Matched], order: int) -> bool:
    """Note the rule at every tag it matches. Whether the head needs it no more."""
    done = bool(rule.selectors) and not any(one.important for one in rule.declarations)
    for selector in rule.selectors:
        compiled = _compiled(selector)
        hit = False
        for element in compiled[0](tree) if compiled else ():
            number = element.get(_MARK)
            if number is None or element.tag in _HEAD:
                continue
            hit = True
            place = matched.setdefault(int(number), _Matched())
            place.rules.append((compiled[1] if compiled else (0, 0, 0), order, rule.declarations))
        done = done and hit
    return done


@lru_cache(maxsize=2048)
def _compiled(selector: str) -> tuple[Any, tuple[int, int, int]] | None:
    """How the tags of a selector are found, and its specificity; None for one that cannot be inlined."""
    if re.search(r"(^|[\s>+~])\*", selector):  # everything: it stays one rule
        return None
    try:
        (one,) = parse_selector(selector)
        if one.pseudo_element is not None:
            return None
        return etree.XPath(HTMLTranslator().selector_to_xpath(one)), one.specificity()
    except (SelectorError, etree.XPathError, ValueError, RecursionError):
        return None


def _without(sheet: re.Match[str], gone: list[_Rule]) -> str:
    """The style element without these rules; nothing when none is left."""
    css = sheet[2]
    parts: list[str] = []
    end = 0
    for rule in gone:
        parts.append(css[end : rule.start])
        end = rule.end
    parts.append(css[end:])
    left = _BLANK.sub("\n", "".join(parts))
    bare = _COMMENT.sub("", left).replace("<!--", "").replace("-->", "")
    return f"{sheet[1]}{left}{sheet[3]}" if bare.strip() else ""


def _written(page: str, matched: dict[int, _Matched], kept: dict[int, str]) -> Iterator[str]:
    end = 0
    for number, found in enumerate(MARKUP.finditer(page)):
        yield page[end : found.start()]
        end = found.end()
        if number in matched:
            yield _styled(found[0], matched[number])
        elif found.start() in kept:
            yield kept[found.start()]
        else:
            yield _KEEP.sub("", found[0]) if (found["raw"] or "").lower() == "style" else found[0]
    yield page[end:]


def _styled(tag: str, matched: _Matched) -> str:
    """The tag with what the rules say in its style attribute; what the author wrote there comes last, as written."""
    place = _style_attribute(tag)
    quote, own = '"', ""
    if place is not None:
        raw = place[3] or ""
        quote = raw[0] if raw[:1] in {'"', "'"} else '"'
        own = raw[1:-1] if raw[:1] in {'"', "'"} else raw
    style = _escaped(_before(matched, own), quote)
    after = _escaped(_after(matched, own), quote)
    whole = "; ".join(part for part in (style, own.strip().rstrip(";").rstrip(), after) if part)
    written = f"style={quote}{whole}{quote}"
    if place is not None:
        return tag[: place.start()] + written + tag[place.end() :]
    close = -2 if tag.endswith("/>") else -1
    return f"{tag[:close].rstrip()} {written}{tag[close:]}"


def _style_attribute(tag: str) -> re.Match[str] | None:
    named = NAME.match(tag)
    for found in ATTRIBUTE.finditer(tag, named.end() if named else 0):
        if found[1].lower() == "style" and found[2]:
            return found
    return None


def _before(matched: _Matched, own: str) -> str:
    """What stands before the author's own words: the rules by weight, without what those words or a later rule say."""
    said = {one.name for one in declarations(own)}
    return _text(_cascade(matched, important=False), said | {one.name for one in _strong(matched, own)})


def _after(matched: _Matched, own: str) -> str:
    """What stands behind them: what is `!important` in the rules, unless they are so as well."""
    return _text(_strong(matched, own), set())


def _strong(matched: _Matched, own: str) -> list[Declaration]:
    firm = {one.name for one in declarations(own) if one.important}
    return [one for one in _cascade(matched, important=True) if one.name not in firm]


def _cascade(matched: _Matched, *, important: bool) -> list[Declaration]:
    """The declarations that count, in the order in which they must stand."""
    found: list[tuple[int, Declaration]] = []
    for number, (_, _, rule) in enumerate(sorted(matched.rules, key=lambda one: one[:2])):
        found += [(number, one) for one in rule if one.important is important]
    last = {one.name: number for number, one in found}
    return list(dict.fromkeys(one for number, one in found if last[one.name] == number))


def _text(found: list[Declaration], said: set[str]) -> str:
    return "; ".join(f"{one.name}: {one.value}" for one in found if one.name not in said)


def _escaped(css: str, quote: str) -> str:
    """CSS as it stands in an attribute with these quotes."""
    css = css.replace("&", "&amp;")
    if quote == "'":
        return css.replace("'", "&#39;")
    return css.replace('"', "&quot;" if "'" in css else "'")
