"""Writes the rules of a page's style elements into the style attributes of the tags they match. Pure.

What a tag comes to look like is computed by premailer, on a copy of the page, since it would write the whole page anew;
here its answers are written into the author's own text, of which nothing else changes by a byte. A rule stays in the
head as well when mail clients still have a use for it there: media queries and other at-rules, states (`:hover`), rules
that match nothing here (`.ExternalClass`), and what is `!important`, which is inlined without that word, so that a
media query can still overrule it. A media query that overruled what is now in style attributes gets that word, or it
would no longer do so.
"""

import logging
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from cssselect import HTMLTranslator, SelectorError
from cssselect import parse as parse_selector
from lxml import etree  # type: ignore[import-untyped]
from lxml import html as lxml_html
from premailer import Premailer

from nurture.messages.css import COMMENT, Declaration, Rule, declaration, declarations, rules, split
from nurture.messages.masks import ATTRIBUTE, COMMENT_MASK, MARKUP, NAME

_MARK = "data-zqn"
_KEEP = re.compile(r"\s+data-premailer=[\"']?ignore[\"']?", re.IGNORECASE)
_MEDIA = re.compile(r"\smedia\s*=\s*[\"']?([^\"'>]*)", re.IGNORECASE)
_STYLE = re.compile(r"(<style\b[^>]*>)(.*?)(</style\s*>)", re.DOTALL | re.IGNORECASE)
_HEAD = frozenset({"html", "head", "title", "meta", "link", "base", "style", "script"})
# States of a tag that a style attribute cannot say; premailer inlines no other selector with a colon either.
_STATE = re.compile(r":(?!first-child|last-child|nth-child)")
_UNIT_OF_ZERO = re.compile(r"(?<![\w.#])0+(?:\.0+)?(?:px|pt|em|rem|%|in|cm|mm)?(?![\w.])")
_BLANK = re.compile(r"\n\s*\n")

_NO_PAGE = "<p></p>"
_OPTIONS: Mapping[str, Any] = {
    "strip_important": False, "allow_network": False, "keep_style_tags": True, "disable_leftover_css": True,
    "disable_validation": True, "align_floating_images": False, "remove_unset_properties": False,
    "cssutils_logging_level": logging.CRITICAL,
}  # fmt: skip

Weight = tuple[int, int, int]
MOST_WORK = 1_000_000  # rules tried and tags matched


class StyleError(ValueError):
    """The rules and the tags they match are more than any email has."""


@dataclass(slots=True)
class _Matched:
    """What rules say of one tag: specificity, order, declarations."""

    rules: list[tuple[Weight, int, tuple[Declaration, ...]]] = field(default_factory=list)


@dataclass(slots=True)
class _Matches:
    """What rules say of each tag, by its number."""

    size: int  # tags of the page
    tags: dict[int, _Matched] = field(default_factory=dict)
    room: int = MOST_WORK

    def spend(self, work: int) -> None:
        """Take work off what this page has left."""
        self.room -= work
        if self.room < 0:
            raise StyleError

    def found(self, selector: str, tree: Any) -> tuple[Weight, list[int]]:
        """The weight of a selector, and the numbers of the tags it matches."""
        compiled = _compiled(selector)
        self.spend(1 + self.size // 20)
        if compiled is None:
            return (0, 0, 0), []
        elements = (one for one in compiled[0](tree) if one.tag not in _HEAD)
        numbers = [int(number) for one in elements if (number := one.get(_MARK)) is not None]
        self.spend(len(numbers))
        return compiled[1], numbers

    def take(self, rule: Rule, tree: Any, order: int) -> bool:
        """Note the rule at every tag it matches. Whether the head needs it no more."""
        done = bool(rule.selectors) and not any(one.important for one in rule.declarations)
        for selector in rule.selectors:
            weight, numbers = self.found(selector, tree)
            for number in numbers:
                self.tags.setdefault(number, _Matched()).rules.append((weight, order, rule.declarations))
            done = done and bool(numbers)
        return done


def inlined(page: str) -> str:
    """The page (masked) with its CSS in style attributes, and what must stay of it in its head.

    StyleError when that would take longer than any email does.
    """
    blocks = [found for found in MARKUP.finditer(page) if (found["raw"] or "").lower() == "style"]
    sheets = {found.start(): sheet for found in blocks if (sheet := _STYLE.fullmatch(found[0]))}
    if not any("{" in sheet[2] and _is_for_all(sheet[1]) for sheet in sheets.values()):
        return _KEEP.sub("", page) if "data-premailer" in page else page
    tree = _tree(page)
    plain: list[str] = []
    matched = _Matches(sum(1 for _ in tree.iter()))
    ordered: dict[int, list[tuple[int, Rule]]] = {}
    order = 0
    gone: set[int] = set()
    for start, sheet in sheets.items():
        ordered[start] = []
        for rule in () if _KEEP.search(sheet[1]) else rules(sheet[2]):
            order += 1
            ordered[start].append((order, rule))
            if not _is_for_all(sheet[1]):
                continue
            plain.append(_plain(rule))
            if matched.take(rule, tree, order):
                gone.add(order)
    kept = {}
    for start, sheet in sheets.items():
        firm = _Firm(sheet[2], tree, matched, in_media=not _is_for_all(sheet[1]))
        kept[start] = _left(sheet, [(rule, "" if n in gone else firm.text(rule, n)) for n, rule in ordered[start]])
    return "".join(_written(page, matched.tags, _computed(tree, "\n".join(plain)), kept))


def _plain(rule: Rule) -> str:
    """The rule with the selectors that can be inlined; nothing where there are none."""
    selectors = ", ".join(one for one in rule.selectors if _compiled(one) is not None)
    said = "; ".join(f"{one.name}: {one.value}{' !important' * one.important}" for one in rule.declarations)
    return f"{selectors} {{{said}}}" if selectors and said else ""


@lru_cache(maxsize=32)
def _read(sheet: str, number: int) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    found, left = Premailer(_NO_PAGE, **_OPTIONS)._parse_style_rules(sheet, number)  # noqa: SLF001 - as it calls it
    return tuple(found), tuple(left)


class _Inliner(Premailer):  # type: ignore[misc]
    """Reads each sheet once: all emails of a house share a few layouts, and reading takes longer than inlining."""

    def _parse_style_rules(self, css_body: str, ruleset_index: int) -> tuple[list[Any], list[Any]]:
        found, left = _read(css_body, ruleset_index)
        return list(found), list(left)


def _computed(tree: Any, css: str) -> dict[int, list[Declaration]]:
    """What premailer makes of these rules for each tag, by its number; the author's own style attributes left out."""
    page = deepcopy(tree)
    for element in list(page.iter("style", "link", "script")):
        element.drop_tree()
    for element in page.iter(etree.Element):
        element.attrib.pop("style", None)
    _Inliner(page, css_text=css, **_OPTIONS).transform()
    styled = page.iterfind(f".//*[@{_MARK}][@style]")
    return {int(one.get(_MARK)): list(declarations(one.get("style"))) for one in styled}


def _is_for_all(tag: str) -> bool:
    """Whether the rules of this style element hold for every screen, and may be inlined."""
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


@lru_cache(maxsize=2048)
def _compiled(selector: str) -> tuple[Any, tuple[int, int, int]] | None:
    """How the tags of a selector are found, and its specificity; None for one that cannot be inlined."""
    if re.search(r"(^|[\s>+~])\*", selector) or _STATE.search(selector):  # everything: it stays one rule
        return None
    try:
        (one,) = parse_selector(selector)
        if one.pseudo_element is not None:
            return None
        return etree.XPath(HTMLTranslator().selector_to_xpath(one)), one.specificity()
    except (SelectorError, etree.XPathError, ValueError, RecursionError):
        return None


@dataclass(frozen=True, slots=True)
class _Firm:
    """Writes rules of one style sheet that stay, with `!important` where they overruled what was inlined."""

    css: str
    tree: Any
    matched: _Matches
    in_media: bool  # all of the sheet is for some screens only

    def text(self, rule: Rule, order: int) -> str:
        """A statement of the sheet, as it is to stay."""
        text = self.css[rule.start : rule.end]
        if rule.selectors:
            return self._rule(text, rule, order) if self.in_media else text
        opened = text.find("{")
        if not COMMENT.sub("", text[:opened]).strip().lower().startswith("@media"):
            return text
        inner = text[opened + 1 : -1]
        parts: list[str] = []
        end = 0
        for one in rules(inner):
            parts += [inner[end : one.start], self._rule(inner[one.start : one.end], one, order)]
            end = one.end
        return f"{text[: opened + 1]}{''.join(parts)}{inner[end:]}{text[-1]}"

    def _rule(self, text: str, rule: Rule, order: int) -> str:
        found = [self.matched.found(one, self.tree) for one in rule.selectors]
        tags = self.matched.tags
        places = [(weight, tags[number]) for weight, numbers in found for number in numbers if number in tags]
        if not places:
            return text
        self.matched.spend(sum(len(tag.rules) for _, tag in places) * (1 + len(rule.declarations)))
        opened = text.index("{")
        pieces = list(split(text[opened + 1 : -1], ";"))
        for number, piece in enumerate(pieces):
            one = declaration(piece)
            if one is not None and not one.important and _overruled(one.name, places, order):
                bare = piece.rstrip()
                pieces[number] = f"{bare} !important{piece[len(bare) :]}"
        return f"{text[: opened + 1]}{';'.join(pieces)}{text[-1]}"


def _overruled(name: str, places: list[tuple[Weight, _Matched]], order: int) -> bool:
    """Whether rules that are inlined now say this of some tag, and none more strongly."""
    against = [
        (weight, order) > (rule[0], rule[1]) and not one.important
        for weight, tag in places
        for rule in tag.rules
        for one in rule[2]
        if one.name == name or one.name.startswith(f"{name}-") or name.startswith(f"{one.name}-")
    ]
    return bool(against) and all(against)


def _left(sheet: re.Match[str], changed: list[tuple[Rule, str]]) -> str:
    """The style element with these texts for its rules; nothing when none is left."""
    css = sheet[2]
    parts: list[str] = []
    end = 0
    for rule, text in changed:
        parts += [css[end : rule.start], text]
        end = rule.end
    parts.append(css[end:])
    left = "".join(parts)
    if any(not text for _, text in changed):
        left = _BLANK.sub("\n", left)
    bare = COMMENT.sub("", left).replace("<!--", "").replace("-->", "")
    return f"{sheet[1]}{left}{sheet[3]}" if bare.strip() else ""


def _written(
    page: str, matched: Mapping[int, _Matched], computed: Mapping[int, list[Declaration]], kept: Mapping[int, str]
) -> Iterator[str]:
    end = 0
    for number, found in enumerate(MARKUP.finditer(page)):
        yield page[end : found.start()]
        end = found.end()
        if number in matched:
            yield _styled(found[0], matched[number], computed.get(number, []))
        elif found.start() in kept:
            yield _KEEP.sub("", kept[found.start()])
        else:
            yield _KEEP.sub("", found[0]) if (found["raw"] or "").lower() == "style" else found[0]
    yield page[end:]


def _styled(tag: str, matched: _Matched, computed: Sequence[Declaration]) -> str:
    """The tag with what the rules say in its style attribute; what the author wrote there comes last, as written."""
    place = _style_attribute(tag)
    quote, own = '"', ""
    if place is not None:
        raw = place[3] or ""
        quote = raw[0] if raw[:1] in {'"', "'"} else '"'
        own = raw[1:-1] if raw[:1] in {'"', "'"} else raw
    said = _said(matched, computed)
    style = _escaped(_before(said, own), quote)
    after = _escaped(_text(_strong(said, own), set()), quote)
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


def _said(matched: _Matched, computed: Sequence[Declaration]) -> list[Declaration]:
    """The computed declarations in the order in which they must stand, a short form before its parts.

    What a rule says twice (`background: red; background: linear-gradient(…)`) is for clients that understand less, and
    what premailer's parser cannot read is for clients that are older: both stand as written.
    """
    values = {(one.name, one.important): one for one in computed}
    written = [*_cascade(matched, important=False), *_cascade(matched, important=True)]
    times = Counter((one.name, one.important) for one in written)
    keys = [(one.name, one.important) for one in written]
    return [
        one if times[key] > 1 or key not in values or _form(values[key].value) == _form(one.value) else values[key]
        for key, one in zip(keys, written, strict=True)
    ]


def _form(value: str) -> str:
    """A value without what may be written in several ways: blanks, quotes, case, the unit of nothing."""
    return _UNIT_OF_ZERO.sub("0", re.sub(r"[\s\"']", "", value)).lower()


def _before(said: Sequence[Declaration], own: str) -> str:
    """What stands before the author's own words: the rules by weight, without what those words or a later rule say.

    What the author says in several words a client may not understand (`border: 1px dashed solid`): both stay.
    """
    named = {one.name for one in declarations(own) if " " not in one.value}
    weak = [one for one in said if not one.important]
    return _text(weak, named | {one.name for one in _strong(said, own)})


def _strong(said: Sequence[Declaration], own: str) -> list[Declaration]:
    """What stands behind them: what is `!important` in the rules, unless they are so as well."""
    firm = {one.name for one in declarations(own) if one.important}
    return [one for one in said if one.important and one.name not in firm]


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
