"""What becomes of each address of an email: a slot for a tracked link, the place of an image, or as it is. Pure."""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from urllib.parse import quote, unquote, urlsplit

from nurture.kernel.errors import Problem
from nurture.kernel.i18n import N_
from nurture.messages.flatten import ANY_PART, chosen_layout
from nurture.messages.links import ASSET_PATH, LONGEST_TARGET
from nurture.messages.masks import Finding, Masked, decoded
from nurture.messages.model import Attachment
from nurture.messages.source import Shared, Source

_UNSUBSCRIBE = re.compile(r"\{\{-?\s*(?:unsubscribe_url|agree_url)\s*-?\}\}")
_NOT_TRACKED = ("mailto:", "tel:", "sms:", "#")
_SOURCES = ("https://", "http://", "zqj", "cid:")
_BAD_IN_URL = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029<>\"]")
_ASSET = re.compile(r"(?:\.\./)*_assets/(.+)")
_PART_NAME = re.compile(r"\{%-?\s*part\s+\"([a-z0-9_-]+)\"")
_WHOLE = N_("Write the whole address, beginning with https://")


class Places:
    """The files one email is made of, to find the line of what is wrong."""

    def __init__(self, source: Source, shared: Shared) -> None:
        self._files = [(source.body_file, source.lines.get("body", 0), source.body)]
        self._files += [(source.file("body.txt"), 0, source.text or "")]
        layout = chosen_layout(source)
        around = {name: text for name, text in shared.layouts.items() if name.rpartition(".")[0] == layout}
        self._files += [(f"_layout/{name}", 0, text) for name, text in around.items()]
        self._files += list(_parts([source.body, source.text or "", *around.values()], shared))

    def found(self, finding: Finding) -> Problem:
        """The problem with its file and line; with the body as a whole where the words are nowhere to be read."""
        if finding.problem.file:
            return finding.problem
        for words in dict.fromkeys((finding.snippet, html.unescape(finding.snippet))):
            for snippet in (f'"{words}"', f"'{words}'", f"({words})", f"={words}", words) if words else ():
                for file, above, text in self._files:
                    at = text.find(snippet)
                    if at >= 0:
                        return replace(finding.problem, file=file, line=above + text.count("\n", 0, at) + 1)
        return replace(finding.problem, file=self._files[0][0])


def _parts(texts: list[str], shared: Shared) -> Iterator[tuple[str, int, str]]:
    """The parts these texts use, and those the parts use."""
    seen: set[str] = set()
    while texts:
        names = {found[1] for tag in ANY_PART.findall(texts.pop()) if (found := _PART_NAME.match(tag))}
        for name, text in shared.parts.items():
            if name.partition(".")[0] in names and name not in seen:
                seen.add(name)
                texts.append(text)
                yield f"_parts/{name}", 0, text


@dataclass(slots=True)
class Assets:
    """The images one email shows, each once, in the order they come."""

    shared: Shared
    used: list[Attachment] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def address(self, written: str) -> str:
        """The Jinja that writes the address of an image named as `_assets/logo.png`, from whatever folder."""
        found = _ASSET.fullmatch(html.unescape(written))
        name = unquote(found[1]) if found else written
        asset = self.shared.assets.get(name)
        if isinstance(asset, Attachment):
            if asset not in self.used:
                self.used.append(asset)
            return f"{{{{ _base }}}}{ASSET_PATH}{asset.ref.hash}/{quote(name)}"
        if asset is None:
            params = (("name", name[:120]),)
            message, mend = N_("There is no image “%(name)s”"), N_("Put it into _assets, or mend its name")
            asset = Problem("no_asset", message, mend, params=params)
            self.findings.append(Finding(written, asset))
        else:
            self.findings.append(Finding(written, replace(asset, file="")))
        return ""


@dataclass(slots=True)
class Slots:
    """The tracked links of one email, each target once, and what is wrong with them."""

    where: Places
    links: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def of_address(self, masked: Masked, number: int, assets: Assets) -> str:
        """What stands in the attribute of this address."""
        address = masked.addresses[number]
        written = masked.bare(address.raw)
        target = decoded(address.raw).strip()
        if not address.is_link:
            if _ASSET.fullmatch(target):
                return assets.address(written.strip())
            if not target.lower().startswith(_SOURCES) and address.tag != "base":
                self._refuse("bad_source", N_("“%(url)s” cannot be loaded from an email"), masked.bare(target), written)
            return written
        if target.lower().startswith(_NOT_TRACKED) or _UNSUBSCRIBE.fullmatch(masked.bare(target)):
            return written
        return self.slot(masked, target, written)

    def slot(self, masked: Masked, target: str, snippet: str = "") -> str:
        """The slot of a link with this target (Jinja still masked); `snippet` is how the author wrote it."""
        pieces = masked.pieces(target)
        written = "".join(pieces)
        self._look(pieces, written, snippet or written)
        if written not in self.links:
            self.links.append(written)
        position = self.links.index(written)
        if len(pieces) == 1:
            return f"{{{{ _l{position} }}}}"
        given = ", ".join(_expression(piece) if number % 2 else _quoted(piece) for number, piece in enumerate(pieces))
        return f"{{{{ _link({position}, {given}) }}}}"

    def _look(self, pieces: list[str], written: str, snippet: str) -> None:
        """Note what is wrong with a link."""
        if any(piece.startswith("{%") or _UNSUBSCRIBE.fullmatch(piece) for piece in pieces[1::2]):
            self._refuse("jinja_in_link", N_("A link cannot be put together like this: %(url)s"), written, snippet)
        elif not pieces[0] and len(pieces) > 1:
            pass  # what comes out is looked at when it is rendered
        elif not _is_web(pieces[0], is_whole=len(pieces) == 1) or any(
            _BAD_IN_URL.search(literal) for literal in pieces[::2]
        ):
            self._refuse("bad_link", N_("“%(url)s” is not a link that works in an email"), written, snippet)
        elif len(written.encode()) > LONGEST_TARGET // 2:
            self._refuse("long_link", N_("The link is too long: %(url)s"), written, snippet)

    def _refuse(self, code: str, message: str, url: str, snippet: str) -> None:
        problem = Problem(code, message, _WHOLE, params=(("url", url[:200]),))
        self.problems.append(self.where.found(Finding(snippet, problem)))


def _is_web(literal: str, *, is_whole: bool) -> bool:
    """Whether it leads to the web. The host may be a field, when this is only the beginning."""
    try:
        parts = urlsplit(literal)
        if is_whole:
            parts.netloc.encode("idna")  # a host that has no ASCII form is none
        return parts.scheme in {"http", "https"} and (bool(parts.hostname) or not is_whole)
    except ValueError:
        return False


def _expression(jinja: str) -> str:
    return f"({jinja.removeprefix('{{').removesuffix('}}').strip('-').strip()})"


def _quoted(literal: str) -> str:
    return "'" + literal.replace("\\", "\\\\").replace("'", "\\'") + "'"
