"""Compiles an email once, so that for each lead only fields and links change.

Layout, parts and body are flattened into one source; Jinja and addresses are masked; the CSS is inlined; what was
masked comes back, with a slot for each http(s) link. All findings are reported at once, with file and line.
"""

import hashlib
import html
import json
import re
from collections.abc import Collection, Iterable
from dataclasses import replace
from functools import lru_cache

from jinja2 import TemplateError, TemplateSyntaxError, nodes

from nurture.kernel.errors import DefinitionError, Problem
from nurture.kernel.i18n import N_
from nurture.kernel.sandbox import MailEnvironment, parsed
from nurture.messages import mjml
from nurture.messages.blanks import blanks
from nurture.messages.flatten import ANY_PART, Flat, flatten
from nurture.messages.inline import StyleError, inlined
from nurture.messages.masks import MASK, Finding, Masked, hide_jinja, loosened, mask_html, restore
from nurture.messages.model import BROUGHT, Compiled
from nurture.messages.plaintext import to_text
from nurture.messages.slots import Assets, Places, Slots
from nurture.messages.source import Library, Shared, Source
from nurture.messages.textual import AFTER_URL, URL

FORMAT = 2  # part of the hash: what is compiled by another form is another revision
# A line of statements only leaves no line behind.
_STATEMENT_LINE = re.compile(r"^[ \t]*((?:\{%[^%]*%\}[ \t]*)+)\n", re.MULTILINE)
_BODY = re.compile(r"<body\b[^>]*>", re.IGNORECASE)
_END = re.compile(r"</body\s*>", re.IGNORECASE)
_CONDITIONAL = re.compile(r"<!--\[if.*?-->", re.DOTALL)
OWN_FIELD = "lead.fields."

_PERSON = {"name", "given_name", "honorific", "email", "phone", "phone_shown"}
# What an email may ask of whom; `fields` and staff values are open.
_KNOWN = {
    "lead": _PERSON | {"company", "city", "public_id", "fields"},
    "owner": _PERSON,
    "company": {"name", "domain", "size"},
    "house": {"name", "address", "email", "phone", "website"},
    "unsubscribe_url": set(),
    "reason_line": set(),
    "refused_at": set(),  # of the one mail that confirms a refusal
    "agree_url": set(),  # of the one mail that asks for a yes
    "wording": set(),
}
_STAFF = {"alert", "alerts", "tasks", "link", "title", "url", "person", "details"}


def _brought(file: str) -> set[str]:
    """What may be asked for beside what is known of everybody, in this email's files or in what emails share."""
    return {*BROUGHT, *_STAFF} if file.startswith(("staff_", "_")) else set(BROUGHT)


_HIDDEN = (
    '<div style="display:none;max-height:0;max-width:0;overflow:hidden;opacity:0;mso-hide:all;'
    'font-size:1px;line-height:1px">'
)
_PADDING = "&#847;&zwnj;&nbsp;" * 40
_PIXEL = (
    '{% if _pixel %}<img src="{{ _pixel }}" width="1" height="1" alt="" '
    'style="display:block;border:0;width:1px;height:1px">{% endif %}'
)
# A link without a word in it, which no person sees, hears or reaches by keys: only a machine follows it.
_TRAP = (
    '{% if _trap %}<div style="display:none;max-height:0;overflow:hidden;mso-hide:all" aria-hidden="true">'
    '<a href="{{ _trap }}" style="display:none;mso-hide:all" tabindex="-1" rel="nofollow"></a></div>{% endif %}'
)


def compile_library(library: Library) -> list[tuple[Source, Compiled]]:
    """Every email of a folder, its source with the images it shows. DefinitionError names what is wrong in all."""
    done: list[tuple[Source, Compiled]] = []
    problems: list[Problem] = []
    for source in library.sources:
        try:
            done.append(_compiled(source, library.shared))
        except DefinitionError as error:
            problems += error.problems
    if problems:
        raise DefinitionError(list(dict.fromkeys(problems)))
    return done


def compile_email(source: Source, shared: Shared) -> Compiled:
    """One email in one language, compiled. DefinitionError names all that is wrong with it."""
    return _compiled(source, shared)[1]


def unknown_fields(source: Source, compiled: Compiled, shared: Shared, known: Collection[str]) -> list[Problem]:
    """Fields of a house's own that the email asks of a lead and that there are not."""
    where = Places(source, shared)
    asked = (path for path in compiled.reads if path.startswith(OWN_FIELD))
    own = dict.fromkeys(path.removeprefix(OWN_FIELD).partition(".")[0] for path in asked)
    message, mend = N_("There is no field “%(field)s”"), N_("Define it in _shared/fields.yaml, or mend its name")
    found = []
    for key in own:
        if key not in known:
            params = (("field", OWN_FIELD + key),)
            found.append(where.found(Finding(OWN_FIELD + key, Problem("unknown_field", message, mend, params=params))))
    return found


def _compiled(source: Source, shared: Shared) -> tuple[Source, Compiled]:
    problems = _syntax(source, shared)
    if problems:
        raise DefinitionError(problems)
    flat = flatten(source, shared)
    where, assets = Places(source, shared), Assets(shared)
    slots = Slots(where)
    masked = mask_html(flat.html, assets.address)
    addresses = [slots.of_address(masked, number, assets) for number in range(len(masked.addresses))]
    problems = [*map(where.found, (*masked.findings, *assets.findings)), *slots.problems]
    if problems:
        raise DefinitionError(list(dict.fromkeys(problems)))
    try:
        page = restore(inlined(masked.text), masked, addresses)
    except StyleError as error:
        message, mend = N_("The styles are too many for an email"), N_("Remove what it does not use")
        raise DefinitionError([Problem("long_styles", message, mend, source.body_file)]) from error
    text = _text_part(flat, masked, addresses, slots, source)
    compiled = Compiled(
        source.key,
        source.language,
        source.subject,
        source.preheader,
        _framed(page, source.preheader),
        text,
        tuple(slots.links),
        assets=tuple(one.ref for one in assets.used),
        attachments=tuple(one.ref for one in source.attachments),
    )
    return replace(source, assets=tuple(assets.used)), _finished(compiled, source, where)


def _syntax(source: Source, shared: Shared) -> list[Problem]:
    """Each file on its own, so that a finding has its line."""
    texts = {
        ("subject", source.file("subject.txt")): source.subject,
        ("preheader", source.file("preheader.txt")): source.preheader,
        ("body", source.body_file): source.body,
        ("text", source.file("body.txt")): source.text or "",
        **{("", f"_layout/{name}"): text for name, text in shared.layouts.items()},
        **{("", f"_parts/{name}"): text for name, text in shared.parts.items()},
    }
    found = [
        _one_syntax(file, text, source.lines.get(part, 0), is_mjml=file.endswith(".mjml"))
        for (part, file), text in texts.items()
    ]
    if not source.subject:
        found.append(Problem("no_subject", N_("The subject is empty"), "", source.file("subject.txt"), 1))
    return [problem for problem in found if problem is not None]


@lru_cache(maxsize=1024)
def _one_syntax(file: str, text: str, above: int, *, is_mjml: bool) -> Problem | None:
    """The first finding in one file. Layouts and parts may ask for what only staff mails have: see `_finished`."""
    environment = MailEnvironment("en", html=False)
    blind = "\n" * above + ANY_PART.sub(lambda found: "\n" * found[0].count("\n"), loosened(text))
    try:
        tree = parsed(environment, blind)
    except TemplateSyntaxError as error:
        params = (("error", str(error.message)),)
        return Problem(
            "template_syntax", N_("The template is not right: %(error)s"), "", file, error.lineno, params=params
        )
    unknown = _unknown(tree, file, names=_brought(file))
    return unknown or next(blanks(tree, file), None) or (mjml.check(blind, file) if is_mjml else None)


def _unknown(tree: nodes.Template, file: str, names: set[str]) -> Problem | None:
    """The first field that there is not."""
    for path, line in _reads(tree):
        root, _, rest = path.partition(".")
        if root in names or (root in _KNOWN and (not rest or rest.partition(".")[0] in _KNOWN[root])):
            continue
        known = ", ".join(sorted(_KNOWN.get(root, _KNOWN)))
        message, mend = N_("There is no field “%(field)s”"), N_("Known are: %(known)s")
        params = (("field", path), ("known", known))
        return Problem("unknown_field", message, mend, file, line, params=params)
    return None


def _reads(tree: nodes.Template) -> Iterable[tuple[str, int]]:
    """Every path the template asks for, with its line; names that it sets itself left out."""
    every = list(tree.find_all((nodes.Name, nodes.Getattr, nodes.Getitem)))
    own = {node.name for node in every if isinstance(node, nodes.Name) and node.ctx == "store"}
    own |= {"loop", "range", "_link"}
    inner = {id(node.node) for node in every if isinstance(node, (nodes.Getattr, nodes.Getitem))}
    for node in every:
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


def _text_part(flat: Flat, masked: Masked, addresses: list[str], slots: Slots, source: Source) -> str:
    if flat.text is not None:
        return _STATEMENT_LINE.sub(r"\1", _linked_text(flat.text, slots))
    text = to_text(masked)
    if _statements(text, masked) != _statements(_CONDITIONAL.sub("", masked.text), masked):
        message = N_("No text part can be made of this HTML: a condition gets lost")
        raise DefinitionError([Problem("no_text", message, N_("Write a body.txt"), source.body_file)])
    return _STATEMENT_LINE.sub(r"\1", restore(text, masked, addresses))


def _statements(text: str, masked: Masked) -> list[str]:
    return [found[0] for found in MASK.finditer(text) if masked.is_statement(found[0])]


def _linked_text(text: str, slots: Slots) -> str:
    """A hand-written text part with a slot for each link."""
    masked = Masked()
    hidden = hide_jinja(text, masked)

    def link(found: re.Match[str]) -> str:
        target = found[0].rstrip(AFTER_URL)
        return slots.slot(masked, target) + found[0][len(target) :]

    linked = masked.bare(URL.sub(link, hidden))
    if slots.problems:
        raise DefinitionError(slots.problems)
    return linked.strip() + "\n"


def _framed(page: str, preheader: str) -> str:
    """With the preheader and the hidden link at the top, and room for the open pixel at the bottom.

    The hidden link stands first: the way out is the last of an email's links.
    """
    masked = Masked()
    shown = masked.bare(html.escape(hide_jinja(preheader, masked)))
    above = (f"{_HIDDEN}{shown}{_PADDING}</div>" if preheader else "") + _TRAP
    page = _BODY.sub(lambda at: at[0] + above, page, count=1)
    last = max((found.start() for found in _END.finditer(page)), default=len(page))
    return f"{page[:last]}{_PIXEL}{page[last:]}"


def _finished(compiled: Compiled, source: Source, where: Places) -> Compiled:
    """With what it reads, and its hash. The whole is parsed once more, as senders will."""
    reads: set[str] = set()
    file = source.body_file
    plain, rich = (MailEnvironment(compiled.language, html=is_html) for is_html in (False, True))
    parts = ((compiled.subject, plain), (compiled.preheader, plain), (compiled.html, rich), (compiled.text, plain))
    for text, environment in parts:
        try:
            tree = parsed(environment, text)
        except TemplateError as error:
            message = N_("The template is not right: %(error)s")
            params = (("error", str(error)),)
            raise DefinitionError([Problem("template_syntax", message, "", file, params=params)]) from error
        unknown = _unknown(tree, file, _brought(f"{source.key}/"))
        if unknown is not None:
            raise DefinitionError([where.found(Finding(dict(unknown.params)["field"], unknown))])
        reads |= {path for path, _ in _reads(tree)}
    whole = replace(compiled, reads=tuple(sorted(reads)))
    digest = hashlib.sha256(json.dumps([FORMAT, whole.to_json()], sort_keys=True).encode()).hexdigest()
    return replace(whole, hash=digest)
