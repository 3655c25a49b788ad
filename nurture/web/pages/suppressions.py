"""Who must not be reached, and why: counts, one address looked up, entries by hand and by list, and lifting them.

The list keeps no address, only its keyed hash: it can be asked about an address, and cannot be read.
"""

from typing import Any

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.engine import Connection

from nurture.consents import blocking
from nurture.consents.blocking import Barred
from nurture.consents.listing import read_list
from nurture.consents.model import Channel, Method, SuppressionReason
from nurture.consents.service import Said
from nurture.kernel.errors import ForbiddenError, InputError, Problem
from nurture.kernel.i18n import N_, translate_plural
from nurture.kernel.text import clean
from nurture.leads import store as leads
from nurture.leads.model import Lead
from nurture.leads.normalize import email_of, phone_of
from nurture.policy.laws import profile
from nurture.users.model import Person, may_see_lead
from nurture.users.service import note
from nurture.web import refusing
from nurture.web.blocks import Block
from nurture.web.language import language, say
from nurture.web.page import Form, context, go, hand, known, now, read, render, submitted, toast, write
from nurture.web.session import person

blueprint = Blueprint("suppressions", __name__)

_LATEST = 20
_LONGEST_WHY = 300


def _rights() -> None:
    if not person().may_define:
        raise ForbiddenError(N_("Only marketers and administrators see the list"))


def _is_shown() -> bool:
    return person().may_define


@blueprint.get("/suppressions")
def index() -> ResponseReturnValue:
    """The counts, the newest entries, and an address that is asked about."""
    _rights()
    return _page()


index.is_shown = _is_shown  # type: ignore[attr-defined]


def _page(status: int = 200, form: Form | None = None) -> ResponseReturnValue:
    asked = request.values.get("q", "").strip()[:320]
    with read() as conn:
        address = _address(asked)
        names, topics = _people(conn), refusing.topics(conn)
        found = [_shown(one, names, topics) for one in _of(conn, address)]
        newest = [_shown(one, names, topics) for one in blocking.latest(conn, _LATEST)]
        counts = blocking.counts(conn, now())
        lead = _lead(conn, address)
    return render(
        "suppressions/index.html", status, asked=asked, address=address, found=found, newest=newest, lead=lead,
        table=_table(counts), channels=[(key, say(text)) for key, text in refusing.CHANNELS.items()],
        law=profile(context().settings.law), form=form or Form({}), may_lift=person().may_administer,
    )  # fmt: skip


def _of(conn: Connection, address: str | None) -> list[Barred]:
    return blocking.lines_of(conn, context().keys, address) if address else []


def _address(asked: str) -> str | None:
    """The address or number as it is kept; None for what is neither."""
    return (email_of(asked) if "@" in asked else phone_of(asked)) if asked else None


def _lead(conn: Connection, address: str | None) -> Lead | None:
    """Who has this address, for somebody who may see that lead."""
    found = leads.by_email(conn, address) if address and "@" in address else None
    return found if found is not None and may_see_lead(person(), found.owner_id) else None


def _people(conn: Connection) -> dict[int, str]:
    return {one.id: one.name for one in known(conn).people.values()}


def _shown(one: Barred, names: dict[int, str], topics: dict[str, str]) -> dict[str, Any]:
    """A line in words; where it came from is a person, a list, a page, or the mail world."""
    return {
        "line": one,
        "channel": say(refusing.CHANNELS[one.channel]),
        "reason": say(refusing.REASONS[one.reason]),
        "scope": refusing.scope_words(one.scope, topics),
        "by": refusing.origin_words(one.origin, names),
        "bounce": one.reason is SuppressionReason.BOUNCED,
    }


def _table(counts: dict[tuple[Channel, SuppressionReason], int]) -> list[dict[str, Any]]:
    """A row for each channel of which anything is closed."""
    return [
        {
            "channel": say(refusing.CHANNELS[channel]),
            "total": sum(count for (on, _), count in counts.items() if on is channel),
            "parts": [
                (say(refusing.REASONS[reason]), counts[channel, reason])
                for reason in SuppressionReason
                if counts.get((channel, reason))
            ],
        }
        for channel in Channel
    ]


def _said(origin: str = "") -> Said:
    by = hand()
    actor = by.person.actor
    return Said(Method.PERSON, origin or actor, actor, actor, by.now, by.real)


def _audit(conn: Connection, action: str, said: Said, detail: dict[str, Any]) -> None:
    note(conn, actor=said.actor, action=action, subject="suppressions", at=said.real, detail=detail)


@blueprint.post("/suppressions/add")
def add() -> ResponseReturnValue:
    """One address or number, by hand, with the reason."""
    _rights()
    address, why = _address(request.form.get("address", "").strip()[:320]), clean(request.form.get("why", ""))
    try:
        channels = _channels(address)
        if not why:
            raise InputError([Problem("no_reason", N_("Say why"), path="why")])
        with write() as conn:
            said = _said()
            new = blocking.bar(conn, context().keys, [address or ""], channels, said)
            detail = {"channels": [one.value for one in channels], "why": why[:_LONGEST_WHY], "new": new}
            _audit(conn, "suppressions.add", said, detail)
    except InputError as error:
        return _page(422, submitted(error, "add"))
    toast(say("It is on the list") if new else say("It is on the list already"))
    return go(url_for("suppressions.index"))


def _channels(address: str | None) -> list[Channel]:
    """On which channels an address, or a number, is to be closed."""
    if address is None:
        raise InputError([Problem("bad_address", N_("This is neither an address nor a phone number"), path="address")])
    if "@" in address:
        return [Channel.EMAIL]
    picked = [one for one in (Channel.SMS, Channel.CALL) if one.value in request.form.getlist("channels")]
    return picked or [Channel.SMS, Channel.CALL]


@blueprint.post("/suppressions/import")
def take_in() -> ResponseReturnValue:
    """A list, pasted or as a file: addresses close email, numbers text messages and calls."""
    _rights()
    file = request.files.get("file")
    text = request.form.get("list", "")
    if file is not None and file.filename:
        text = file.stream.read().decode("utf-8", "replace")
    found = read_list(text)
    if not found.addresses and not found.numbers:
        problem = Problem("empty_list", N_("No address and no phone number was found in it"), path="list")
        return _page(422, submitted(InputError([problem]), "import"))
    with write() as conn:
        said = _said(f"list:{clean(file.filename, 120) if file is not None and file.filename else 'paste'}")
        keys, reason = context().keys, SuppressionReason.IMPORT
        new = blocking.bar(conn, keys, found.addresses, [Channel.EMAIL], said, reason)
        new += blocking.bar(conn, keys, found.numbers, [Channel.SMS, Channel.CALL], said, reason)
        read_of = {"addresses": len(found.addresses), "numbers": len(found.numbers), "unread": len(found.unread)}
        _audit(conn, "suppressions.import", said, {**read_of, "new": new})
    toast(translate_plural(language(), "%(count)s new entry", "%(count)s new entries", new))
    return go(url_for("suppressions.index"))


@blueprint.post("/suppressions/<int:line>/lift")
def lift(line: int) -> ResponseReturnValue:
    """Take back an entry that people made; a bounce only with a word that the mailbox works again."""
    if not person().may_administer:
        raise ForbiddenError(N_("Only administrators lift an entry"))
    why = clean(request.form.get("why", ""))
    if not why:
        problem = Problem("no_reason", N_("Say why"), path="why")
        return _page(422, submitted(InputError([problem]), f"lift-{line}"))
    with write() as conn:
        said = _said()
        lifted = blocking.lift(conn, line, said, mended=request.form.get("mended") == "yes")
        detail = {"line": line, "reason": lifted.reason.value, "channel": lifted.channel.value}
        _audit(conn, "suppressions.lift", said, {**detail, "why": why[:_LONGEST_WHY]})
    toast(say("The entry is lifted"))
    return go(url_for("suppressions.index", q=request.form.get("q") or None))


def lead_blocks(conn: Connection, who: Person, lead: Lead, at: Any) -> list[Block]:  # noqa: ARG001 - the hook's form
    """How the lead stands on each channel, beside their consents."""
    if request.args.get("tab") != "consents":
        return []
    return [Block(40, "suppressions/_lead.html", {"rows": refusing.channels(conn, lead)})]
