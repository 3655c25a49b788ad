"""Replies: what leads wrote to us, looked at and answered by people; and mail of which nobody knows whose it is."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.engine import Connection, Row

from nurture.engine import answering
from nurture.inbound import store
from nurture.inbound.model import Handling, Outcome, What
from nurture.kernel.errors import ForbiddenError, NotFoundError
from nurture.kernel.i18n import N_
from nurture.kernel.later import later
from nurture.leads.model import Lead
from nurture.messages import store as messages
from nurture.users.model import Person, may_edit_lead, user_of
from nurture.web.blocks import Block
from nurture.web.language import say
from nurture.web.page import back, context, hand, known, read, render, toast, whole, write
from nurture.web.session import person
from nurture.web.words import word

if TYPE_CHECKING:
    from nurture.inbound import fetch
else:
    fetch = later("nurture.inbound.fetch")  # reading mail: where there is a mailbox of returns

blueprint = Blueprint("replies", __name__)

_STRAYS = "strays"
_LONGEST_SOURCE = 20_000  # characters of a mail's source that are shown
STATES: Mapping[str, str] = {
    Handling.WAITING: N_("waits for you"),
    Handling.SEEN: N_("looked at"),
    Handling.KEPT: N_("kept"),
    Handling.IGNORED: N_("ignored"),
}
KINDS: Mapping[str, str] = {
    What.REPLIED: N_("a letter"),
    What.UNSUBSCRIBED: N_("a refusal of email"),
    What.COMPLAINED: N_("a complaint about spam"),
    What.BOUNCED: N_("a notice that mail came back"),
    What.OTHER: N_("other mail"),
}
WHY: Mapping[str, str] = {
    Outcome.NOBODY: N_("Nobody here has this address, and it answers no mail of ours."),
    Outcome.UNPROVEN: N_("Anybody may have written it: it is not signed by us and quotes no mail of ours."),
    Outcome.FAILED: N_("It could not be read, and was put aside so that the others could."),
    Outcome.KNOWN: N_("It is about somebody we know, but no letter, bounce or complaint."),
}


@blueprint.get("/replies")
def index() -> ResponseReturnValue:
    """What waits, what was looked at; for administrators also mail of nobody."""
    of, before = request.args.get("of", ""), whole(request.args.get("before"))
    strays = of == _STRAYS
    if strays and not person().may_administer:
        raise ForbiddenError(N_("Only administrators decide about mail that belongs to nobody"))
    with read() as conn:
        waiting, strange = store.counts(conn, person())
        if strays:
            rows, older = store.strays(conn, before=before)
        else:
            rows, older = store.replies(conn, person(), waiting=of != "all", before=before)
        inbox = context().settings.inbox_url
        broken = fetch.trouble(conn, inbox) if inbox is not None and person().may_define else None
    return render(
        "replies/index.html", rows=[_shown(row) for row in rows], older=older, first=before is None, strays=strays,
        tabs=_tabs(of, waiting, strange), of=of, broken=broken, has_inbox=inbox is not None,
    )  # fmt: skip


def _tabs(of: str, waiting: int, strange: int) -> list[dict[str, Any]]:
    several = [("", N_("To look at"), waiting), ("all", N_("All"), 0)]
    several += [(_STRAYS, N_("Nobody's"), strange)] if person().may_administer else []
    return [
        {
            "url": url_for("replies.index", of=key or None),
            "label": say(label),
            "count": number or None,
            "here": key == of,
        }
        for key, label, number in several
    ]


def _shown(row: Row[Any]) -> dict[str, Any]:
    return {
        "row": row,
        "who": row.lead_name or row.lead_email or row.sender or say("nobody we know"),
        "state": word(STATES, row.state),
        "waits": row.state == Handling.WAITING.value,
        "kind": word(KINDS, row.what),
        "why": word(WHY, row.outcome) if row.outcome in WHY else "",
        "may": row.lead is not None and may_edit_lead(person(), row.owner_id),
    }


@blueprint.get("/replies/<int:return_id>")
def show(return_id: int) -> ResponseReturnValue:
    """One letter: who, when, which email it answers, its words as plain text, and what can be done about it."""
    with read() as conn:
        row = store.one(conn, return_id, person())
        if row is None:
            raise NotFoundError
        answered = messages.seen(conn, row.message_id, person()) if row.message_id is not None else None
        raw = store.raw_of(conn, return_id) if person().may_administer else None
        by = known(conn).names([user_of(row.handled_by)]).get(user_of(row.handled_by) or 0, "")
    source = raw.decode("utf-8", "replace")[:_LONGEST_SOURCE].replace("\x00", "") if raw else ""
    return render(
        "replies/show.html", one=_shown(row), answered=answered, source=source, by=by,
        from_elsewhere=bool(row.lead_email and row.sender and row.sender != row.lead_email),
    )  # fmt: skip


@blueprint.post("/replies/<int:return_id>/refused")
def refused(return_id: int) -> ResponseReturnValue:
    """The letter says no to email: write it down, with its words as proof."""
    with write() as conn:
        row = answering.refused(conn, context().keys, hand(), return_id)
    context().wake.reactions.set()
    toast(say("The refusal is written down; no advertising goes to %(name)s any more", name=_name(row)))
    return back(url_for("replies.show", return_id=return_id))


def _name(row: Row[Any]) -> str:
    return str(row.lead_name or row.lead_email or "")[:80]


@blueprint.post("/replies/<int:return_id>/keep")
def keep(return_id: int) -> ResponseReturnValue:
    """Mail of nobody, kept."""
    return _put_away(return_id, Handling.KEPT, N_("Kept"))


@blueprint.post("/replies/<int:return_id>/ignore")
def ignore(return_id: int) -> ResponseReturnValue:
    """Mail of nobody, ignored."""
    return _put_away(return_id, Handling.IGNORED, N_("Ignored"))


def _put_away(return_id: int, state: Handling, text: str) -> ResponseReturnValue:
    with write() as conn:
        done = answering.put_away(conn, hand(), return_id, state)
    toast(say(text) if done else say("Somebody has looked already"))
    return back(url_for("replies.index", of=_STRAYS))


def lead_blocks(conn: Connection, who: Person, lead: Lead, at: Any) -> list[Block]:  # noqa: ARG001 - the hook's form
    """The letter that waits, on the lead's own page."""
    if lead.replied_at is None or not may_edit_lead(who, lead.owner_id):
        return []
    row = store.waiting_of(conn, [lead.id]).get(lead.id)
    return [Block(4, "replies/_lead.html", {"one": _shown(row)}, urgent=True)] if row is not None else []


def today_blocks(conn: Connection, who: Person, at: Any) -> list[Block]:  # noqa: ARG001 - the hook's form
    """For administrators: mail of nobody, and a mailbox that cannot be read."""
    if not who.may_administer:
        return []
    inbox = context().settings.inbox_url
    broken = fetch.trouble(conn, inbox) if inbox is not None else None
    _, strange = store.counts(conn, who)
    values = {"strange": strange, "broken": broken}
    return [Block(60, "replies/_today.html", values, urgent=broken is not None)] if strange or broken else []
