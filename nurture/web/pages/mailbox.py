"""The built-in mailbox: what leaves, as its readers get it. Only where mail goes there."""

from html import escape
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.engine import Connection

from nurture.delivery import mailbox as box
from nurture.inbound.played import Original, Play, play
from nurture.kernel.errors import ForbiddenError, NotFoundError
from nurture.kernel.i18n import N_
from nurture.kernel.identity import public_id
from nurture.kernel.later import later
from nurture.leads import store as leads
from nurture.leads.model import Lead
from nurture.messages import store as messages
from nurture.tracking import store as tracking
from nurture.users.model import Person, Role, may_see_lead
from nurture.web import mail as mails
from nurture.web.frames import framed, phone_height
from nurture.web.language import say
from nurture.web.page import context, go, house, is_unchanged, read, real, render, toast, whole
from nurture.web.pages.sends import shown_hit
from nurture.web.session import person

if TYPE_CHECKING:
    from nurture.inbound import intake
else:
    intake = later("nurture.inbound.intake")  # reading mail: when something comes back

blueprint = Blueprint("mailbox", __name__)

_WAYS = ("html", "text", "source")
_LONGEST_ANSWER = 5_000
PLAYS = {
    Play.REPLY: N_("They answer"),
    Play.AWAY: N_("They are away (automatic answer)"),
    Play.GONE: N_("The address is not known"),
    Play.FULL: N_("The mailbox is full"),
    Play.SPAM: N_("They call it spam"),
}


def is_open_to(who: Person) -> bool:
    """Marketers and administrators look into it; in the demo salespeople too."""
    if who.may_define:
        return True
    row = house()
    return who.role is Role.SALES and row is not None and row.demo


def _enter() -> None:
    if not context().settings.has_mailbox:
        raise NotFoundError
    if not is_open_to(person()):
        raise ForbiddenError(N_("Only marketers and administrators look into the test mailbox"))


def _is_shown() -> bool:
    """Whether the menu names it for who asks."""
    return context().settings.has_mailbox and is_open_to(person())


@blueprint.get("/mailbox")
def index() -> ResponseReturnValue:
    """The mails, the newest first; a live region asks for news."""
    asked, before = request.args.get("q", "").strip()[:200], whole(request.args.get("before"))
    with read() as conn:
        _enter()
        version = str(box.newest(conn, person()))
        if is_unchanged(version):
            return Response(status=204)
        found, older = box.mails(conn, recipient=asked, before=before, seen_by=person())
    return render(
        "mailbox/index.html", mails=found, older=older, first=before is None, asked=asked, version=version
    )  # fmt: skip


index.is_shown = _is_shown  # type: ignore[attr-defined]


@blueprint.get("/mailbox/<int:mail_id>")
def mail(mail_id: int) -> ResponseReturnValue:
    """One mail: as HTML in a frame, as text, as source; and its reader, whom every click moves."""
    way = request.args.get("as", "html")
    with read() as conn:
        _enter()
        row, shown = _mail(conn, mail_id)
        message = messages.by_header_id(conn, row.header_id) if row.header_id else None
        hits = [shown_hit(one) for one in tracking.of_message(conn, message.id)] if message is not None else []
        lead = _reader(conn, message, row.rcpt_to)
    version = _version(lead, hits)
    if is_unchanged(version):
        return Response(status=204)
    return render(
        "mailbox/mail.html", row=row, mail=shown, way=way if way in _WAYS else "html", hits=hits, lead=lead,
        message=message, version=version, width=request.args.get("w") == "375",
        frame_height=phone_height(shown.text), plays=[(one.value, say(label)) for one, label in PLAYS.items()],
    )  # fmt: skip


def _mail(conn: Connection, mail_id: int) -> tuple[Any, mails.Shown]:
    row = box.mail(conn, mail_id, person())
    if row is None:
        raise NotFoundError
    return row, mails.read(row.raw)


def _reader(conn: Connection, message: Any, address: str) -> Lead | None:
    """The lead it went to, for somebody who may see that lead."""
    if message is not None and message.lead_id is not None:
        found = leads.get(conn, message.lead_id)
    else:
        found = leads.by_email(conn, address)
    return found if found is not None and may_see_lead(person(), found.owner_id) else None


def _version(lead: Lead | None, hits: list[dict[str, Any]]) -> str:
    """Changes with what the reader's card shows."""
    score = f"{lead.engagement}.{lead.fit}.{lead.temperature}" if lead else ""
    return f"{score}.{len(hits)}." + "".join(one["icon"][:1] for one in hits)


@blueprint.post("/mailbox/<int:mail_id>/answer")
def answer(mail_id: int) -> ResponseReturnValue:
    """Something comes back of this mail, as its reader or their server would send it."""
    what, text = request.form.get("what", ""), request.form.get("text", "")[:_LONGEST_ANSWER]
    if what not in set(Play):
        raise NotFoundError
    with read() as conn:
        _enter()
        row, _ = _mail(conn, mail_id)
    if not person().may_edit:
        raise ForbiddenError(N_("You may look, but not change anything"))
    about = Original(row.rcpt_to, row.mail_from, row.header_id, row.subject)
    intake.take(context(), [intake.Mail("", play(Play(what), about, text, public_id(), real()))])
    toast(say("It came back, as it would from outside"))
    return go(url_for("mailbox.mail", mail_id=mail_id))


@blueprint.get("/mailbox/<int:mail_id>/html")
def html(mail_id: int) -> ResponseReturnValue:
    """The HTML alone, as its reader opens it: pictures load, links open, and are counted."""
    with read() as conn:
        _enter()
        _, shown = _mail(conn, mail_id)
    return framed(shown.html or f"<pre>{escape(shown.text)}</pre>", links=True)
