"""One email as a lead would get it: subject, preheader, HTML in a frame of its own, text."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from sqlalchemy.engine import Connection

from nurture.kernel.errors import NotFoundError
from nurture.kernel.text import is_key
from nurture.leads import store as leads
from nurture.leads.model import Filters, Lead
from nurture.messages import store
from nurture.messages.links import PlainLinks
from nurture.messages.model import Compiled
from nurture.messages.personalize import MissingField, Personalizer, Rendered, TemplateFailure
from nurture.messages.values import house_values, message_values, person_values
from nurture.users import store as accounts
from nurture.web.frames import framed, phone_height
from nurture.web.language import language, say
from nurture.web.page import context, read, render
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
        frame_height=phone_height(shown.rendered.text) if shown.rendered else None,
    )  # fmt: skip


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
    owner = accounts.by_id(conn, lead.owner_id) if lead.owner_id else None
    company = SimpleNamespace(name=lead.company, domain=None, size=None)
    values: dict[str, Any] = message_values(lead, owner, company, house_values(context().settings))
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
    asked = request.args.get("lead", "")
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
