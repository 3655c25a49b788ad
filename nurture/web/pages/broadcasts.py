"""One-time emails: the list, a draft, the look before it goes, what came of it; launching, holding, stopping."""

from collections.abc import Mapping
from itertools import islice
from typing import Any

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.engine import Connection

from nurture.broadcasts import preflight, service, store
from nurture.broadcasts.model import BroadcastState, Definition, free_key, may_try_again
from nurture.broadcasts.preflight import Look
from nurture.broadcasts.progress import judged
from nurture.broadcasts.store import Stored
from nurture.campaigns import house as houses
from nurture.campaigns.spans import spoken
from nurture.delivery import forecast
from nurture.kernel.errors import ConflictError, DefinitionError, ForbiddenError, InputError
from nurture.kernel.i18n import N_
from nurture.kernel.reasons import LABELS
from nurture.kernel.text import in_language, to_key
from nurture.kernel.yamlfile import Source
from nurture.leads import store as leads
from nurture.messages import store as messages
from nurture.users.model import user_of
from nurture.web import broadcast_words as words
from nurture.web import counting, refusing
from nurture.web.broadcast_form import OTHERS, placed, to_data, to_form
from nurture.web.language import language, say
from nurture.web.page import (
    Form,
    context,
    email_titles,
    go,
    known,
    now,
    read,
    real,
    render,
    submitted,
    toast,
    whole,
    write,
)
from nurture.web.session import person

blueprint = Blueprint("broadcasts", __name__)

_LISTED = 50
_BACK = {"pause": "resume", "resume": "pause"}
_STAFF = "staff_"


@blueprint.get("/broadcasts")
def index() -> ResponseReturnValue:
    """Every one-time email, the newest first."""
    with read() as conn:
        found = [one for one in store.every(conn) if one.state is not BroadcastState.ARCHIVED]
        counts = counting.by_broadcast(conn, [one.id for one in found])
        segments = known(conn).segments
    rows = [_line(one, counts.get(one.id, {}), segments) for one in found]
    return render("broadcasts/index.html", rows=rows, states=words.state_words())


def _line(one: Stored, counts: Mapping[str, int], segments: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    segment = one.definition.get("segment") or ""
    return {
        "stored": one,
        "segment": in_language(segments.get(segment, {}), language(), segment),
        "missed": one.definition.get("missed"),
        "audience": sum(counts.values()),
        "sent": counts.get("sent", 0),
        "unknown": counts.get("unknown", 0),
        "needs": words.needs(one),
    }


# -- a draft --


@blueprint.get("/broadcasts/new")
def new() -> ResponseReturnValue:
    """An empty form, for a segment if one is named."""
    _may_define()
    form = {**to_form({}), "segment": request.args.get("segment", "")}
    return _form(Form(form), None)


@blueprint.post("/broadcasts/new")
def add() -> ResponseReturnValue:
    """Keep a new draft."""
    _may_define()
    with read() as conn:
        key = free_key(to_key(request.form.get("name", ""))[:60], ["new", *store.keys(conn)])
    return _save(key, {"key": key}, None)


@blueprint.get("/broadcasts/<key>/edit")
def edit(key: str) -> ResponseReturnValue:
    """The draft in its form."""
    _may_define()
    with read() as conn:
        stored = service.found(conn, key)
    _need_draft(stored)
    return _form(Form(to_form(stored.definition)), stored)


@blueprint.post("/broadcasts/<key>/edit")
def save(key: str) -> ResponseReturnValue:
    """Keep the draft as it is now."""
    _may_define()
    with read() as conn:
        stored = service.found(conn, key)
    return _save(key, stored.definition, stored)


def _save(key: str, before: Mapping[str, Any], stored: Stored | None) -> ResponseReturnValue:
    data = to_data(request.form, before)
    source = Source("", "", {name: value for name, value in data.items() if value is not None}, {})
    version = whole(request.form.get("version")) if stored is not None else None
    try:
        with write() as conn:
            service.save(conn, source, by=person(), now=now(), real=real(), version=version)
    except DefinitionError as error:
        return _form(submitted(InputError([placed(one) for one in error.problems])), stored, 422)
    return go(url_for("broadcasts.check", key=key))


def _form(form: Form, stored: Stored | None, status: int = 200) -> ResponseReturnValue:
    with read() as conn:
        names = known(conn)
        titles = email_titles()
        segments = [(key, in_language(name, language(), key)) for key, name in names.segments.items()]
    emails = [(key, title) for key, title in titles.items() if not key.startswith(_STAFF)]
    return render(
        "broadcasts/edit.html", status, form=form, stored=stored, segments=sorted(segments, key=lambda one: one[1]),
        topics=list(refusing.topics().items()),
        emails=sorted(emails, key=lambda one: one[1]), others=OTHERS, house_zone=context().settings.zone,
        tested=any(form.value(f"{field}_{key}{tail}") for key in OTHERS
                   for field, tail in (("email", ""), ("subject", "_vi"), ("subject", "_en"))),
    )  # fmt: skip


def _may_define() -> None:
    if not person().may_define:
        raise ForbiddenError(N_("Only marketers and administrators send one-time emails"))


def _need_draft(stored: Stored) -> None:
    if stored.state is not BroadcastState.DRAFT:
        raise ConflictError(N_("Only a draft can be changed"))


# -- the look before --


@blueprint.get("/broadcasts/<key>/check")
def check(key: str) -> ResponseReturnValue:
    """How many get it and why the others do not; what is in order and what is not."""
    _may_define()
    with read() as conn:
        stored = service.found(conn, key)
        _need_draft(stored)
        chosen, other, seen = _looked(conn, stored)
        audience = _audience(conn, chosen, other)
    return _check(stored, chosen, seen, audience, Form({}))


def _looked(conn: Connection, stored: Stored) -> tuple[Definition, Stored | None, Look]:
    chosen = service.definition(stored)
    other = service.other_of(conn, chosen)
    settings, keys = context().settings, context().keys
    seen = preflight.look(conn, stored, chosen, settings=settings, keys=keys, now=now(), other=other)
    return chosen, other, seen


def _check(
    stored: Stored, chosen: Definition, seen: Look, audience: str, form: Form, status: int = 200
) -> ResponseReturnValue:
    with read() as conn:
        house = houses.of_text(known(conn).shared.get(houses.KEY, (None, None))[1])
        ahead = forecast.of_broadcast(conn, context().settings, chosen, house, seen.will, now=now(), real=real())
    return render(
        "broadcasts/check.html", status, stored=stored, ahead=words.outlook(ahead), chosen=chosen, look=seen, form=form,
        audience=audience,
        items=[words.item(one) for one in seen.items], phrases=words.phrases(seen.refused), when=words.when(chosen),
        sending=words.sending(chosen), letters=words.letters(chosen, email_titles()),
    )  # fmt: skip


def _audience(conn: Connection, chosen: Definition, other: Stored | None) -> str:
    """Whom it is for, by name."""
    if chosen.segment is None:
        return say("Those who did not get “%(name)s”", name=other.name if other is not None else "")
    names = known(conn)
    return in_language({**names.archived, **names.segments}.get(chosen.segment, {}), language(), chosen.segment)


@blueprint.get("/broadcasts/<key>/audience")
def audience(key: str) -> ResponseReturnValue:
    """The leads behind a number of the look: those who will get it, or who will not for a reason."""
    _may_define()
    reason, after = request.args.get("reason", ""), whole(request.args.get("after")) or 0
    with read() as conn:
        stored = service.found(conn, key)
        _need_draft(stored)
        chosen = service.definition(stored)
        found = preflight.outcomes(
            conn, chosen, settings=context().settings, keys=context().keys, now=now(),
            other=service.other_of(conn, chosen),
        )  # fmt: skip
        mine = ((lead, why) for lead, why in found if (why[0].value if why else "") == reason and lead.id > after)
        some = list(islice(mine, _LISTED + 1))
        shown = leads.by_ids(conn, [lead.id for lead, _ in some[:_LISTED]])
    rows = [{"lead": shown[lead.id], "reason": why} for lead, why in some[:_LISTED] if lead.id in shown]
    following = some[_LISTED - 1][0].id if len(some) > _LISTED else None
    return render("broadcasts/audience.html", stored=stored, rows=rows, reason=reason, following=following,
                  first=not after)  # fmt: skip


@blueprint.post("/broadcasts/<key>/launch")
def launch(key: str) -> ResponseReturnValue:
    """Let it go at its time, if nothing has changed since the look and what must be typed is."""
    _may_define()
    seen = whole(request.form.get("audience")), whole(request.form.get("will"))
    typed = "".join(one for one in request.form.get("confirm", "") if one.isdecimal())
    with read() as conn:
        stored = service.found(conn, key)
        _need_draft(stored)
        chosen, other, fresh = _looked(conn, stored)
        named = _audience(conn, chosen, other)
    try:
        with write() as conn:
            service.launch(
                conn, key, fresh, by=person(), house=context().settings.local_zone, now=now(), real=real(),
                seen=(seen[0], seen[1]) if seen[0] is not None and seen[1] is not None else (-1, -1),
                confirmed=whole(typed),
            )  # fmt: skip
    except InputError as error:
        return _check(stored, chosen, fresh, named, submitted(error), 422)
    toast(say("“%(name)s” is launched", name=stored.name))
    return go(url_for("broadcasts.show", key=key))


# -- what came of it --


@blueprint.get("/broadcasts/<key>")
def show(key: str) -> ResponseReturnValue:
    """Where each email stands, who clicked what, how the test came out."""
    with read() as conn:
        stored = service.found(conn, key)
        chosen, problem = _definition(stored)
        tally = counting.tally(conn, stored.id)
        links = store.links(conn, stored)
        result = _result(conn, stored, chosen)
        audience = _audience(conn, chosen, service.other_of(conn, chosen)) if chosen else ""
        people = known(conn).names([user_of(one or "") for one in (stored.launched_by, stored.decided_by)])
        ahead = _ahead(conn, stored)
    missed = sum(count for state, reason, count in tally.value if may_try_again(state, reason))
    return render(
        "broadcasts/show.html", stored=stored, chosen=chosen, ahead=ahead, problem=problem, states=words.state_words(),
        account=messages.summed(tally.value), reasons=messages.explained(tally.value), counted_at=tally.at, links=links,
        result=result,
        missed=missed, audience=audience, when=words.when(chosen) if chosen else "",
        sending=words.sending(chosen) if chosen else [],
        letters=words.letters(chosen, email_titles()) if chosen else {},
        launched_by=people.get(user_of(stored.launched_by or "") or 0, ""),
        decided_by=people.get(user_of(stored.decided_by or "") or 0, ""),
        labels={str(code): say(text) for code, text in LABELS.items()},
    )  # fmt: skip


def _ahead(conn: Connection, stored: Stored) -> str:
    """When what still waits will be through; nothing where nothing does."""
    if stored.state is not BroadcastState.SENDING:
        return ""
    waiting, seen = forecast.of_waiting(conn, context().settings, now=now(), real=real())
    return words.outlook(seen) if waiting else ""


def _definition(stored: Stored) -> tuple[Definition | None, str]:
    """What is stored, or why it cannot be read."""
    try:
        return service.definition(stored), ""
    except DefinitionError as error:
        return None, "; ".join(one.text() for one in error.problems)


def _result(conn: Connection, stored: Stored, chosen: Definition | None) -> dict[str, Any] | None:
    """The test's figures: those it was decided with, or as they stand."""
    if chosen is None or chosen.test is None or stored.started_at is None:
        return None
    figures = stored.result if stored.result is not None else judged(conn, chosen, stored)[0]
    said = words.finding(figures, words.letters(chosen, email_titles())) if stored.result is not None else ""
    return {"figures": figures, "said": said, "after": spoken(chosen.test.after, language())}


@blueprint.post("/broadcasts/<key>/steer")
def steer(key: str) -> ResponseReturnValue:
    """Pause, resume, stop, archive, back to a draft."""
    verb = request.form.get("do", "")
    with write() as conn:
        stored = service.steer(conn, key, verb, by=person(), now=now(), real=real())
    undo = url_for("broadcasts.steer", key=key) if verb in _BACK else None
    toast(say(words.DONE[verb], name=stored.name), undo=undo, fields={"do": _BACK[verb]} if verb in _BACK else None)
    if verb == "archive":
        return go(url_for("broadcasts.index"))
    return go(url_for("broadcasts.edit" if verb == "edit" else "broadcasts.show", key=key))


@blueprint.post("/broadcasts/<key>/choose")
def choose(key: str) -> ResponseReturnValue:
    """Give a text to the rest by hand."""
    with write() as conn:
        service.choose(conn, key, request.form.get("variant", ""), by=person(), now=now(), real=real())
    toast(say("The rest gets this text"))
    return go(url_for("broadcasts.show", key=key))


@blueprint.post("/broadcasts/<key>/again")
def again(key: str) -> ResponseReturnValue:
    """A draft to those who did not get it."""
    with write() as conn:
        before = service.found(conn, key)
        name = say("%(name)s, once more", name=before.name)[:120]
        stored = service.again(conn, key, name=name, by=person(), now=now(), real=real())
    return go(url_for("broadcasts.check", key=stored.key))
