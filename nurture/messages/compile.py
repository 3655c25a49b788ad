"""Compiles an email once, so that for each lead only fields and links change.

Layout, parts and body are flattened into one source; Jinja and addresses are masked; the CSS is inlined; what was
masked comes back, with a slot for each http(s) link. All findings are reported at once, with file and line.
"""

import hashlib
import html
import json
import logging
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from urllib.parse import urlsplit

from jinja2 import TemplateError, TemplateSyntaxError, nodes
from premailer import Premailer

from nurture.kernel.errors import DefinitionError, Problem
from nurture.kernel.i18n import N_
from nurture.kernel.sandbox import MailEnvironment, parsed
from nurture.messages.flatten import ANY_PART, Flat, flatten
from nurture.messages.links import LONGEST_TARGET
from nurture.messages.masks import MASK, Masked, decoded, hide_jinja, mask_html, restore
from nurture.messages.model import Compiled
from nurture.messages.plaintext import to_text
from nurture.messages.source import Library, Shared, Source

FORMAT = 1  # part of the hash: what is compiled by another form is another revision
_UNSUBSCRIBE = re.compile(r"\{\{-?\s*unsubscribe_url\s*-?\}\}")
_NOT_TRACKED = ("mailto:", "tel:", "sms:", "#")
_BAD_IN_URL = re.compile(r"[\x00-\x20\x7f<>\"]")
_TEXT_URL = re.compile(r"https?://[^\s<>\"]+")
_AFTER_URL = ".,;:!?)]}'»”"
# A line of statements only leaves no line behind.
_STATEMENT_LINE = re.compile(r"^[ \t]*((?:\{%[^%]*%\}[ \t]*)+)\n", re.MULTILINE)
_BLANKS = re.compile(r"[ \t]*\n\s*|[ \t]{2,}")
_PRE = re.compile(r"(<pre\b.*?</pre\s*>)", re.DOTALL | re.IGNORECASE)
_BODY = re.compile(r"<body\b[^>]*>", re.IGNORECASE)
_UNUSED = ["align", "bgcolor", "height", "valign", "width", "background-color", "text-align", "vertical-align"]

_PERSON = {"name", "given_name", "honorific", "email", "phone", "phone_shown"}
# What an email may ask of whom; `fields` and staff values are open.
_KNOWN = {
    "lead": _PERSON | {"company", "city", "public_id", "fields"},
    "owner": _PERSON,
    "company": {"name", "domain", "size"},
    "house": {"name", "address", "email"},
    "unsubscribe_url": set(),
}
_STAFF = {"alert", "alerts", "tasks", "link", "title", "url", "person", "details"}

_HIDDEN = (
    '<div style="display:none;max-height:0;max-width:0;overflow:hidden;opacity:0;mso-hide:all;'
    'font-size:1px;line-height:1px">'
)
_PADDING = "&#847;&zwnj;&nbsp;" * 40
_PIXEL = (
    '{% if _pixel %}<img src="{{ _pixel }}" width="1" height="1" alt="" '
    'style="display:block;border:0;width:1px;height:1px">{% endif %}'
)


def compile_library(library: Library) -> list[tuple[Source, Compiled]]:
    """Every email of a folder. DefinitionError names what is wrong in all of them."""
    done: list[tuple[Source, Compiled]] = []
    problems: list[Problem] = []
    for source in library.sources:
        try:
            done.append((source, compile_email(source, library.shared)))
        except DefinitionError as error:
            problems += error.problems
    if problems:
        raise DefinitionError(list(dict.fromkeys(problems)))
    return done


def compile_email(source: Source, shared: Shared) -> Compiled:
    """One email in one language, compiled. DefinitionError names all that is wrong with it."""
    problems = _syntax(source, shared)
    if problems:
        raise DefinitionError(problems)
    flat = flatten(source, shared)
    slots = _Slots(source.file(f"body.{source.body_kind}"))
    masked = mask_html(flat.html)
    addresses = [slots.of_address(masked, number) for number in range(len(masked.addresses))]
    problems = [replace(p, file=p.file or slots.file) for p in (*masked.problems, *slots.problems)]
    if problems:
        raise DefinitionError(problems)
    page = restore(_inlined(masked.text), masked, addresses)
    text = _text_part(flat, masked, addresses, slots, source)
    compiled = Compiled(
        source.key,
        source.language,
        source.subject,
        source.preheader,
        _framed(_tightened(page), source.preheader),
        text,
        tuple(slots.links),
    )
    return _finished(compiled, source)


def _syntax(source: Source, shared: Shared) -> list[Problem]:
    """Each file on its own, so that a finding has its line."""
    texts = {
        source.file("subject.txt"): source.subject,
        source.file("preheader.txt"): source.preheader,
        source.file(f"body.{source.body_kind}"): source.body,
        source.file("body.txt"): source.text or "",
        **{f"_layout/{name}": text for name, text in shared.layouts.items()},
        **{f"_parts/{name}": text for name, text in shared.parts.items()},
    }
    found = [_one_syntax(file, text) for file, text in texts.items()]
    if not source.subject:
        found.append(Problem("no_subject", N_("The subject is empty"), "", source.file("subject.txt"), 1))
    return [problem for problem in found if problem is not None]


@lru_cache(maxsize=1024)
def _one_syntax(file: str, text: str) -> Problem | None:
    """The first finding in one file. Layouts and parts may ask for what only staff mails have: see `_finished`."""
    environment = MailEnvironment("en", html=False)
    blind = ANY_PART.sub(lambda found: "\n" * found[0].count("\n"), text)
    try:
        tree = parsed(environment, blind)
    except TemplateSyntaxError as error:
        params = (("error", str(error.message)),)
        return Problem(
            "template_syntax", N_("The template is not right: %(error)s"), "", file, error.lineno, params=params
        )
    return _unknown(tree, file, names=_STAFF if file.startswith(("staff_", "_")) else set())


def _unknown(tree: nodes.Template, file: str, names: set[str], *, with_line: bool = True) -> Problem | None:
    """The first field that there is not."""
    for path, line in _reads(tree):
        root, _, rest = path.partition(".")
        if root in names or (root in _KNOWN and (not rest or rest.partition(".")[0] in _KNOWN[root])):
            continue
        known = ", ".join(sorted(_KNOWN.get(root, _KNOWN)))
        message, mend = N_("There is no field “%(field)s”"), N_("Known are: %(known)s")
        params = (("field", path), ("known", known))
        return Problem("unknown_field", message, mend, file, line if with_line else 0, params=params)
    return None


def _reads(tree: nodes.Template) -> Iterable[tuple[str, int]]:
    """Every path the template asks for, with its line; names that it sets itself left out."""
    own = {node.name for node in tree.find_all(nodes.Name) if node.ctx == "store"} | {"loop", "range", "_link"}
    inner = {id(n.node) for n in tree.find_all(nodes.Getattr)} | {id(n.node) for n in tree.find_all(nodes.Getitem)}
    for node in tree.find_all((nodes.Name, nodes.Getattr, nodes.Getitem)):
        if id(node) in inner:
            continue
        path = _path(node)
        if path and path.partition(".")[0] not in own and not path.startswith("_"):
            yield path, node.lineno


def _path(node: nodes.Node) -> str:
    if isinstance(node, nodes.Name):
        return str(node.name)
    if isinstance(node, nodes.Getattr):
        return f"{_path(node.node)}.{node.attr}"
    if isinstance(node, nodes.Getitem):
        key = node.arg.value if isinstance(node.arg, nodes.Const) else ""
        return f"{_path(node.node)}.{key}" if isinstance(key, str) and key else _path(node.node)
    return ""


@dataclass(slots=True)
class _Slots:
    """The tracked links of one email, each target once, and what is wrong with them."""

    file: str
    links: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def of_address(self, masked: Masked, number: int) -> str:
        """What stands in the attribute of this address."""
        address = masked.addresses[number]
        written = masked.bare(address.raw)
        target = decoded(address.raw).strip()
        if not address.is_link:
            if not target.startswith(("https://", "http://", "zqj", "cid:")) and address.tag != "base":
                self._refuse("bad_source", N_("“%(url)s” cannot be loaded from an email"), masked.bare(target))
            return written
        if target.lower().startswith(_NOT_TRACKED) or _UNSUBSCRIBE.fullmatch(masked.bare(target)):
            return written
        return self.slot(masked, target)

    def slot(self, masked: Masked, target: str) -> str:
        """The slot of a link with this target (Jinja still masked)."""
        pieces = masked.pieces(target)
        written = "".join(pieces)
        if any(piece.startswith("{%") or _UNSUBSCRIBE.fullmatch(piece) for piece in pieces[1::2]):
            self._refuse("jinja_in_link", N_("A link cannot be put together like this: %(url)s"), written)
        elif not pieces[0] and len(pieces) > 1:
            pass  # what comes out is looked at when it is rendered
        elif not _is_web(pieces[0], is_whole=len(pieces) == 1) or any(
            _BAD_IN_URL.search(literal) for literal in pieces[::2]
        ):
            self._refuse("bad_link", N_("“%(url)s” is not a link that works in an email"), written)
        elif len(written.encode()) > LONGEST_TARGET // 2:
            self._refuse("long_link", N_("The link is too long: %(url)s"), written)
        if written not in self.links:
            self.links.append(written)
        position = self.links.index(written)
        if len(pieces) == 1:
            return f"{{{{ _l{position} }}}}"
        given = ", ".join(_expression(piece) if number % 2 else _quoted(piece) for number, piece in enumerate(pieces))
        return f"{{{{ _link({position}, {given}) }}}}"

    def _refuse(self, code: str, message: str, url: str) -> None:
        mend = N_("Write the whole address, beginning with https://")
        self.problems.append(Problem(code, message, mend, self.file, params=(("url", url[:200]),)))


def _is_web(literal: str, *, is_whole: bool) -> bool:
    """Whether it leads to the web. The host may be a field, when this is only the beginning."""
    try:
        parts = urlsplit(literal)
        return parts.scheme in {"http", "https"} and (bool(parts.hostname) or not is_whole)
    except ValueError:
        return False


def _expression(jinja: str) -> str:
    return f"({jinja.removeprefix('{{').removesuffix('}}').strip('-').strip()})"


def _quoted(literal: str) -> str:
    return "'" + literal.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _inlined(page: str) -> str:
    """The HTML with its CSS in style attributes; media queries stay in the head."""
    inliner = Premailer(
        page,
        strip_important=False,
        allow_network=False,
        disable_basic_attributes=_UNUSED,
        remove_classes=False,
        disable_validation=True,
        cssutils_logging_level=logging.CRITICAL,
    )
    return str(inliner.transform(pretty_print=False))


def _text_part(flat: Flat, masked: Masked, addresses: list[str], slots: _Slots, source: Source) -> str:
    if flat.text is not None:
        return _STATEMENT_LINE.sub(r"\1", _linked_text(flat.text, slots))
    text = to_text(masked)
    if _statements(text, masked) != _statements(masked.text, masked):
        message = N_("No text part can be made of this HTML: a condition gets lost")
        raise DefinitionError([Problem("no_text", message, N_("Write a body.txt"), source.file("body.html"))])
    return _STATEMENT_LINE.sub(r"\1", restore(text, masked, addresses))


def _statements(text: str, masked: Masked) -> list[str]:
    return [found[0] for found in MASK.finditer(text) if masked.is_statement(found[0])]


def _linked_text(text: str, slots: _Slots) -> str:
    """A hand-written text part with a slot for each link."""
    masked = Masked()
    hidden = hide_jinja(text, masked)

    def link(found: re.Match[str]) -> str:
        target = found[0].rstrip(_AFTER_URL)
        return slots.slot(masked, target) + found[0][len(target) :]

    linked = masked.bare(_TEXT_URL.sub(link, hidden))
    if slots.problems:
        raise DefinitionError(slots.problems)
    return linked.strip() + "\n"


def _tightened(page: str) -> str:
    """Without blanks that no reader sees; preformatted text stays."""
    parts = _PRE.split(page)
    return "".join(
        part if number % 2 else _BLANKS.sub(lambda f: "\n" if "\n" in f[0] else " ", part)
        for number, part in enumerate(parts)
    )


def _framed(page: str, preheader: str) -> str:
    """With the preheader hidden at the top, and room for the open pixel at the bottom."""
    if preheader:
        masked = Masked()
        shown = masked.bare(html.escape(hide_jinja(preheader, masked)))
        page = _BODY.sub(lambda at: f"{at[0]}{_HIDDEN}{shown}{_PADDING}</div>", page, count=1)
    head, end, rest = page.rpartition("</body>")
    return f"{head}{_PIXEL}{end}{rest}" if end else page + _PIXEL


def _finished(compiled: Compiled, source: Source) -> Compiled:
    """With what it reads, and its hash. The whole is parsed once more, as senders will."""
    reads: set[str] = set()
    file = source.file(f"body.{source.body_kind}")
    plain, rich = (MailEnvironment(compiled.language, html=is_html) for is_html in (False, True))
    parts = ((compiled.subject, plain), (compiled.preheader, plain), (compiled.html, rich), (compiled.text, plain))
    for text, environment in parts:
        try:
            tree = parsed(environment, text)
        except TemplateError as error:
            message = N_("The template is not right: %(error)s")
            params = (("error", str(error)),)
            raise DefinitionError([Problem("template_syntax", message, "", file, params=params)]) from error
        unknown = _unknown(tree, file, _STAFF if source.key.startswith("staff_") else set(), with_line=False)
        if unknown is not None:
            raise DefinitionError([unknown])
        reads |= {path for path, _ in _reads(tree)}
    whole = replace(compiled, reads=tuple(sorted(reads)))
    digest = hashlib.sha256(json.dumps([FORMAT, whole.to_json()], sort_keys=True).encode()).hexdigest()
    return replace(whole, hash=digest)
