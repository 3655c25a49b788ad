"""The list of leads: search, filters that read as a sentence, order, tags for many; and adding one by hand."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.engine import Connection

from nurture.kernel.errors import ConflictError, InputError, Problem
from nurture.kernel.i18n import N_, translate_plural
from nurture.leads import desk, store
from nurture.leads.model import HONORIFICS, Filters, Lifecycle, NewLead, Sort, Temperature
from nurture.leads.normalize import email_of, tag_key
from nurture.users import store as accounts
from nurture.users.model import may_see_lead
from nurture.web import agreeing
from nurture.web.language import language, say
from nurture.web.layout import changed_query
from nurture.web.page import Form, back, go, hand, known, read, render, submitted, toast, whole, write
from nurture.web.session import person
from nurture.web.words import LIFECYCLES, named

blueprint = Blueprint("leads", __name__)

PAGE = 50
_UNDOABLE = 60  # more public ids than this do not fit into the session

_TEMPERATURES: Mapping[str, str] = {
    Temperature.COLD: N_("who are cold"),
    Temperature.WARM: N_("who are warm"),
    Temperature.HOT: N_("who are hot"),
}
# Ready views: key, label, query.
_VIEWS: tuple[tuple[str, str, Mapping[str, str]], ...] = (
    ("all", N_("All"), {}),
    ("hot", N_("Hot"), {"temperature": "hot", "sort": "engagement"}),
    ("mine", N_("Mine"), {"owner": "me"}),
    ("free", N_("Nobody's"), {"owner": "none"}),
    ("new", N_("Newest"), {"sort": "created"}),
)


def filters_of(query: Mapping[str, str]) -> Filters:
    """What a query string narrows the list to; unknown words narrow nothing."""
    owner = query.get("owner", "")
    return Filters(
        text=query.get("q", "").strip()[:200],
        temperature=_known(query.get("temperature"), Temperature),
        tag=query.get("tag", ""),
        owner=person().id if owner == "me" else whole(owner),
        without_owner=owner == "none",
        source=query.get("source", ""),
        lifecycle=_known(query.get("lifecycle"), Lifecycle),
        segment=query.get("segment", ""),
        sort=Sort(_known(query.get("sort"), Sort) or Sort.LAST_ACTIVITY),
    )


def _known(text: str | None, words: Any) -> str:
    return text if text and text in set(words) else ""


@blueprint.get("/leads")
def index() -> ResponseReturnValue:
    """Leads in the order asked for, those this person may see."""
    return _index()


def _index(status: int = 200, form: Form | None = None) -> ResponseReturnValue:
    filters = filters_of(request.args)
    with read() as conn:
        found, count = store.counted(conn, person(), filters, request.args.get("after") or None, PAGE)
        words = _words(conn)
        owners = known(conn).names(lead.owner_id for lead in found.leads)
    return render(
        "leads/index.html", status, form=form or Form({}), leads=found.leads, after=found.after, count=count,
        first="after" not in request.args, owners=owners, sort=filters.sort.value, views=_views(),
        sentence=_sentence(filters, words), words=words, query=request.args,
        filter_form=Form(request.args.to_dict(), name="only"),
    )  # fmt: skip


def _words(conn: Connection) -> dict[str, Any]:
    """What there is to choose from."""
    return {
        "tags": known(conn).tags,
        "sources": store.sources(conn),
        "owners": {str(one.id): one.name for one in known(conn).owners()},
        "segments": {key: named(name) for key, name in known(conn).segments.items()},
        "lifecycles": {str(key): say(text) for key, text in LIFECYCLES.items()},
    }


def _views() -> list[dict[str, Any]]:
    asked = {key: value for key, value in request.args.items() if value and key not in {"after", "q"}}
    return [
        {
            "url": url_for("leads.index") + ("?" + urlencode(query) if query else ""),
            "label": say(label),
            "here": asked == query,
        }
        for _, label, query in _VIEWS
    ]


def _sentence(filters: Filters, words: Mapping[str, Any]) -> list[dict[str, str]]:
    """The filters in words, each with the address of the list without it."""
    parts: list[tuple[str, str]] = []
    if filters.text:
        parts.append(("q", say("with “%(text)s”", text=filters.text)))
    if filters.temperature:
        parts.append(("temperature", say(_TEMPERATURES[filters.temperature])))
    if filters.without_owner:
        parts.append(("owner", say("whom nobody is in charge of")))
    elif filters.owner is not None:
        mine = filters.owner == person().id
        name = words["owners"].get(str(filters.owner), "?")
        parts.append(("owner", say("I am in charge of") if mine else say("%(name)s is in charge of", name=name)))
    if filters.tag:
        parts.append(("tag", say("with the tag %(tag)s", tag=words["tags"].get(filters.tag, filters.tag))))
    if filters.source:
        parts.append(("source", say("from %(source)s", source=filters.source)))
    if filters.lifecycle:
        parts.append(("lifecycle", say("at the stage %(stage)s", stage=words["lifecycles"][filters.lifecycle])))
    if filters.segment:
        name = words["segments"].get(filters.segment, filters.segment)
        parts.append(("segment", say("in the segment %(name)s", name=name)))
    return [{"text": text, "without": changed_query(**{key: None, "after": None})} for key, text in parts]


@blueprint.post("/leads")
def tag_many() -> ResponseReturnValue:
    """Put a tag on the leads picked, or on all that the filters leave."""
    label = request.form.get("tag", "")
    every = request.form.get("all") == "yes"
    try:
        if not tag_key(label):
            raise InputError([Problem("bad_tag", N_("A tag needs at least one letter or digit"), path="tag")])
        ids = list(dict.fromkeys(request.form.getlist("lead")))
        if every:
            with read() as conn:
                ids = desk.matching(conn, person(), filters_of(request.args))
        if not ids:
            raise InputError([Problem("none_picked", N_("Pick at least one lead"), path="tag")])
        if len(ids) > desk.MOST_AT_ONCE:
            raise desk.too_many()
        changed = _each(ids, label, put=True)
    except InputError as error:
        return _index(422, submitted(error))
    undo = {"tag": label, "leads": " ".join(changed)} if 0 < len(changed) <= _UNDOABLE else None
    text = translate_plural(
        language(), "%(count)s lead got the tag “%(tag)s”", "%(count)s leads got the tag “%(tag)s”", len(changed),
        tag=label.strip(),
    )  # fmt: skip
    toast(text, undo=url_for("leads.untag_many") if undo else None, fields=undo)
    return back(changed_query())


@blueprint.post("/leads/untag")
def untag_many() -> ResponseReturnValue:
    """Take a tag off again."""
    changed = _each(request.form.get("leads", "").split()[:_UNDOABLE], request.form.get("tag", ""), put=False)
    one, many = "The tag was taken off %(count)s lead", "The tag was taken off %(count)s leads"
    toast(translate_plural(language(), one, many, len(changed)))
    return back(url_for("leads.index"))


def _each(ids: list[str], label: str, *, put: bool) -> list[str]:
    """Tag or untag leads in short transactions; gives those that changed."""
    changed: list[str] = []
    act = desk.tag if put else desk.untag
    for start in range(0, len(ids), 25):
        with write() as conn:
            changed += [one for one in ids[start : start + 25] if act(conn, hand(), one, label)]
    return changed


@blueprint.get("/leads/new")
def new() -> ResponseReturnValue:
    """The form to add a lead."""
    return _new(Form({"owner": str(person().id) if not person().sees_all else ""}))


def _new(form: Form, status: int = 200, there: str | None = None) -> ResponseReturnValue:
    with read() as conn:
        owners = known(conn).owners()
        sources = store.sources(conn)
    return render(
        "leads/new.html", status, form=form, owners=owners, sources=sources, honorifics=HONORIFICS, known=there,
        **agreeing.words(),
    )  # fmt: skip


@blueprint.post("/leads/new")
def add() -> ResponseReturnValue:
    """Take a lead in."""
    sent = request.form
    labels = tuple(part for part in (one.strip() for one in sent.get("tags", "").split(",")) if part)
    lead = NewLead(
        email=sent.get("email", ""), phone=sent.get("phone", ""), name=sent.get("name", ""),
        honorific=sent.get("honorific", ""), company=sent.get("company", ""), city=sent.get("city", ""),
        source=sent.get("source", ""), tags=labels,
        owner_id=whole(sent.get("owner")),
    )  # fmt: skip
    try:
        with write() as conn:
            if lead.owner_id is not None and lead.owner_id not in {one.id for one in accounts.owners(conn)}:
                raise InputError([Problem("no_owner", N_("This person cannot be in charge of leads"), path="owner")])
            added = desk.bring_in(conn, hand(), lead)
            if agreeing.is_told():
                agreeing.keep(conn, added)
    except InputError as error:
        return _new(agreeing.sent(error), 422)
    except ConflictError:
        problem = Problem("known", N_("There is a lead with this address already"), path="email")
        return _new(agreeing.sent(InputError([problem])), 422, _visible_one(lead.email))
    toast(say("Added"))
    return go(url_for("lead.show", public_id=added.public_id))


def _visible_one(address: str) -> str | None:
    """Public id of the lead with this address, for who may see it."""
    with read() as conn:
        lead = store.by_email(conn, email_of(address) or "")
    return lead.public_id if lead is not None and may_see_lead(person(), lead.owner_id) else None
