"""One email as a lead would get it: subject, preheader, HTML in a frame of its own, text."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.engine import Connection

from nurture.engine import trying
from nurture.kernel.errors import NotFoundError
from nurture.kernel.text import is_key
from nurture.leads import store as leads
from nurture.leads.model import Filters, Lead
from nurture.leads.normalize import email_of
from nurture.messages import store
from nurture.messages.checklist import Item, of_email
from nurture.messages.links import PlainLinks
from nurture.messages.model import Compiled, MessageClass
from nurture.messages.personalize import MissingField, Personalizer, Rendered, TemplateFailure
from nurture.messages.values import house_values, person_values
from nurture.policy.laws import profile
from nurture.users import store as accounts
from nurture.web.broadcast_words import item as shown_item
from nurture.web.frames import framed, phone_height
from nurture.web.language import language, say
from nurture.web.page import context, go, now, read, real, render, toast, write
from nurture.web.samples import staff_sample
from nurture.web.session import person

blueprint = Blueprint("emails", __name__)

_SAMPLES = 6
STAFF = "staff_"  # the keys of mails to staff begin so


@dataclass(frozen=True, slots=True)
class _Preview:
    compiled: Compiled
    lead: Lead
    rendered: Rendered | None
    problem: str


@blueprint.get("/emails/<key>")
def show(key: str) -> ResponseReturnValue:
    """The email, read as a lead: as one of those this person sees, the latest first."""
    with read() as conn:
        languages = store.languages(conn, [key]).get(key, [])
        samples = leads.page(conn, person(), Filters(), None, _SAMPLES).leads
        shown = _preview(conn, key, languages, samples)
    return render(
        "emails/show.html", key=key, languages=languages, one=shown, samples=samples, html_size=_size(shown),
        width=request.args.get("w", "") == "375",
        items=[] if key.startswith(STAFF) else [shown_item(one) for one in _looked(shown.compiled)],
        may_test=person().may_define and not key.startswith(STAFF), asked=request.args.get("as", ""),
        frame_height=phone_height(shown.rendered.text) if shown.rendered else None,
    )  # fmt: skip


def _looked(compiled: Compiled) -> Sequence[Item]:
    """What is to be said of the email as advertising, the strictest class."""
    settings = context().settings
    law, house = profile(settings.law), house_values(settings)
    return of_email(
        compiled, MessageClass.ADVERTISING, law, house, settings.base_url, leaves=not settings.stays_here
    )  # fmt: skip


@blueprint.post("/emails/<key>/test")
def test(key: str) -> ResponseReturnValue:
    """Send it to whoever asks, as the lead that is shown would read it."""
    spoken = request.form.get("lang", "")
    with write() as conn:
        lead = _reader(conn, leads.page(conn, person(), Filters(), None, 1).leads)
        who = person()
        trying.send_test(conn, context(), key, spoken, lead, who.id, who, now=now(), real=real())
        account = accounts.by_id(conn, who.id)
    context().wake.messages.set()
    toast(say("The test is on its way to %(address)s", address=account.email if account else ""))
    return go(url_for("emails.show", key=key, lang=spoken or None, lead=lead.public_id or None))


@blueprint.get("/emails/<key>/preview.html")
def preview(key: str) -> ResponseReturnValue:
    """The HTML alone, for the frame."""
    with read() as conn:
        languages = store.languages(conn, [key]).get(key, [])
        shown = _preview(conn, key, languages, leads.page(conn, person(), Filters(), None, 1).leads)
    return framed(shown.rendered.html if shown.rendered else "", links=False)


def _size(shown: _Preview) -> int:
    """Kilobytes of the HTML part; Gmail cuts a mail at 102."""
    return round(len(shown.rendered.html.encode()) / 1024) if shown.rendered else 0


def _preview(conn: Connection, key: str, languages: list[str], latest: Sequence[Lead]) -> _Preview:
    if not is_key(key) or not languages:
        raise NotFoundError
    asked = request.args.get("lang", language())
    revision = store.current_revision(conn, key, asked if asked in languages else languages[0])
    compiled = store.compiled(conn, revision) if revision is not None else None
    if compiled is None:
        raise NotFoundError
    lead = _reader(conn, latest)
    values = trying.values_for(conn, context(), lead)
    if key.startswith(STAFF):
        values["owner"] = person_values(person())
        values |= staff_sample(compiled.language, context().settings.base_url)
    try:
        rendered = Personalizer(compiled).render(values, PlainLinks(context().settings.base_url))
    except MissingField as missing:
        return _Preview(compiled, lead, None, say("“%(field)s” is missing and has no fallback", field=missing.field))
    except TemplateFailure as failure:
        return _Preview(compiled, lead, None, str(failure))
    return _Preview(compiled, lead, rendered, "")


def _reader(conn: Connection, latest: Sequence[Lead]) -> Lead:
    """The lead asked for, else the one with the latest activity, else somebody made up."""
    asked, address = request.values.get("lead", ""), request.args.get("as", "").strip()
    if address:
        held = leads.holder(conn, email_of(address) or address)
        return leads.by_public_id(conn, held.public_id if held else address, person())
    if asked:
        return leads.by_public_id(conn, asked, person())
    return latest[0] if latest else made_up(language())


def made_up(spoken: str) -> Lead:
    """Somebody to read an email as, where there is no lead."""
    blank: dict[str, Any] = {
        **dict.fromkeys(Lead.__slots__),
        "fields": {},
        "tags": (),
        "public_id": "",
        "city": "",
        "company": "",
    }
    named = {"name": "Nguyễn Thị Mai", "given_name": "Mai", "honorific": "chị", "email": "mai@example.com"}
    return replace(Lead(**{**blank, **named}), language=spoken)
