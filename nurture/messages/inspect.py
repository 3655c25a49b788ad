"""What a compiled email holds that somebody should look at before it goes: links, images, the way out, sizes. Pure."""

import html
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from nurture.messages.links import ASSET_PATH
from nurture.messages.masks import ATTRIBUTE, MARKUP, MASK, NAME, Masked, decoded, hide_jinja
from nurture.messages.model import UNSUBSCRIBE, Compiled

_SLOT = re.compile(r"\{\{ _l(\d+) \}\}|\{\{ _link\((\d+), ")
_OURS = re.compile(rf"\{{\{{ _base \}}\}}{ASSET_PATH}([0-9a-f]{{32}})/")
_CONDITIONAL = re.compile(r"<!--\[if.*?-->", re.DOTALL)
_FRAME = re.compile(r"\{% if _(?:pixel|trap) %\}.*?\{% endif %\}", re.DOTALL)
_HIDDEN = re.compile(r"<div style=\"display:none;max-height:0;.*?</div>", re.DOTALL)
_WORD = re.compile(r"\w+")
_URL = re.compile(r"https?://\S+")


@dataclass(frozen=True, slots=True)
class Link:
    """Something to follow. `target` is what the author wrote, Jinja included; `words` what is shown, or an alt text."""

    target: str
    words: str
    tracked: bool = False


@dataclass(frozen=True, slots=True)
class Image:
    """A picture. `alt` is None when there is no alt text at all; empty when it says that the picture only decorates.

    `size` is bytes of what we serve; None for one that stands elsewhere.
    """

    source: str
    alt: str | None
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Inspection:
    """What was found, in the order in which a reader meets it."""

    links: tuple[Link, ...]
    images: tuple[Image, ...]
    dead_anchors: tuple[str, ...]  # `#top`, where nothing in the mail is called so
    http_links: tuple[str, ...]  # without TLS
    has_unsubscribe: bool  # in the HTML part, where people look
    unsubscribe_is_last: bool  # nothing to follow stands behind it
    text_has_unsubscribe: bool
    html_size: int  # bytes, before fields are filled in
    assets_size: int  # bytes of all images that we serve, each once
    attachments_size: int
    only_in_html: tuple[str, ...]  # words of one part that the other lacks, the most frequent first
    only_in_text: tuple[str, ...]
    difference: float  # 0 when both parts say the same words, 1 when they share none

    @property
    def without_alt(self) -> tuple[Image, ...]:
        """The pictures without any alt text."""
        return tuple(one for one in self.images if one.alt is None)


def inspect(compiled: Compiled) -> Inspection:
    """What a compiled email holds."""
    page = _CONDITIONAL.sub("", _FRAME.sub("", compiled.html))
    reader = _Reader(compiled)
    reader.read(page)
    targets = [one.target for one in reader.links]
    outs = [number for number, target in enumerate(targets) if _is_out(target)]
    rich, plain = _words(reader.shown), _words(_URL.sub(" ", _tagless(compiled.text)))
    shared, both = sum((rich & plain).values()), sum((rich | plain).values())
    return Inspection(
        links=tuple(reader.links),
        images=tuple(reader.images),
        dead_anchors=tuple(dict.fromkeys(t for t in targets if t.startswith("#") and t[1:] not in reader.names)),
        http_links=tuple(dict.fromkeys(t for t in targets if t.lower().startswith("http://"))),
        has_unsubscribe=bool(outs),
        unsubscribe_is_last=bool(outs) and outs[-1] == len(targets) - 1,
        text_has_unsubscribe=UNSUBSCRIBE in compiled.text,
        html_size=len(compiled.html.encode()),
        assets_size=sum(one.size for one in compiled.assets),
        attachments_size=sum(one.size for one in compiled.attachments),
        only_in_html=tuple(word for word, _ in (rich - plain).most_common()),
        only_in_text=tuple(word for word, _ in (plain - rich).most_common()),
        difference=round(1 - shared / both, 3) if both else 0.0,
    )


def _is_out(target: str) -> bool:
    return UNSUBSCRIBE in target and target.startswith("{{")


class _Reader:
    """One way through the markup."""

    def __init__(self, compiled: Compiled) -> None:
        self._compiled = compiled
        self._sizes = {one.hash: one.size for one in compiled.assets}
        self._sources = {one.hash: one.name for one in compiled.assets}
        self._masked = Masked()
        self._open: tuple[str, list[str]] | None = None  # the link that is being read
        self.links: list[Link] = []
        self.images: list[Image] = []
        self.names: set[str] = {""}  # `#` alone is the top of the mail
        self.shown: str = ""

    def read(self, page: str) -> None:
        """Take in the whole page."""
        hidden = hide_jinja(_HIDDEN.sub("", page), self._masked)
        words: list[str] = []
        end = 0
        for found in MARKUP.finditer(hidden):
            self._say(hidden[end : found.start()], words)
            end = found.end()
            if not found["raw"] and not found[0].startswith(("<!", "<?")):
                self._tag(found[0], words)
        self._say(hidden[end:], words)
        self.shown = " ".join(words)

    def _say(self, text: str, words: list[str]) -> None:
        plain = html.unescape(MASK.sub(" ", text))
        words.append(plain)
        if self._open is not None:
            self._open[1].append(html.unescape(self._masked.bare(text)))

    def _tag(self, tag: str, words: list[str]) -> None:
        named = NAME.match(tag)
        name = named[1].lower() if named else ""
        if tag.startswith("</"):
            if name == "a":
                self._close()
            return
        given = dict(_attributes(tag[named.end() if named else 0 :]))
        self.names |= {given[one] for one in ("id", "name") if given.get(one)}
        if name in {"a", "area"} and "href" in given:
            self._close()
            self._open = (self._masked.bare(given["href"]), [])
            if name == "area":
                self._open[1].append(given.get("alt", ""))
                self._close()
        elif name == "img":
            self._image(given, words)

    def _image(self, given: dict[str, str], words: list[str]) -> None:
        source, alt = self._masked.bare(given.get("src", "")), given.get("alt")
        ours = _OURS.match(source)
        shown = f"_assets/{self._sources.get(ours[1], '')}" if ours else source
        self.images.append(Image(shown, None if alt is None else self._masked.bare(alt), self._size(ours)))
        if alt:
            self._say(html.escape(alt), words)

    def _size(self, ours: re.Match[str] | None) -> int | None:
        return self._sizes.get(ours[1]) if ours else None

    def _close(self) -> None:
        """The link that was being read ends."""
        if self._open is None:
            return
        target, words = self._open
        slot = _SLOT.match(target)
        if slot:
            target = self._compiled.links[int(slot[1] or slot[2])]
        self.links.append(Link(target, " ".join("".join(words).split()), tracked=slot is not None))
        self._open = None


def _attributes(text: str) -> Iterator[tuple[str, str]]:
    """Names in lower case and values as a browser reads them, the first of each."""
    seen: set[str] = set()
    for found in ATTRIBUTE.finditer(text):
        name, value = found[1].lower(), found[3] or ""
        if name not in seen:
            seen.add(name)
            yield name, decoded(value[1:-1] if value[:1] in {'"', "'"} else value)


def _tagless(text: str) -> str:
    """A text part without its Jinja."""
    masked = Masked()
    return MASK.sub(" ", hide_jinja(text, masked))


def _words(text: str) -> Counter[str]:
    return Counter(word.lower() for word in _WORD.findall(_URL.sub(" ", text)) if not word.isdigit() or len(word) > 1)
