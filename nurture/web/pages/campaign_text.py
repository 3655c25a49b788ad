"""A campaign as text: edit, look at what publishing would do, publish with a choice for the leads under way."""

from typing import Any

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from nurture.campaigns import store
from nurture.campaigns.landing import Standing, UnderWay
from nurture.engine import editing
from nurture.engine.definitions import Definitions, Planned
from nurture.kernel.errors import ConflictError, DefinitionError, ForbiddenError, NotFoundError, Problem
from nurture.kernel.i18n import N_, translate_plural
from nurture.web.language import language, say
from nurture.web.page import go, now, read, real, render, toast, write
from nurture.web.session import person

blueprint = Blueprint("campaign_text", __name__)

_CHOICES = (
    (UnderWay.KEEP, N_("go on by the revision they are on")),
    (UnderWay.MOVE, N_("are moved to the new one, by step id")),
    (UnderWay.RESTART, N_("leave, and begin anew")),
)


@blueprint.get("/campaigns/<key>/edit")
def edit(key: str) -> ResponseReturnValue:
    """The text that is live."""
    stored = _stored(key)
    return _page(stored, stored.source, editing.version(stored))


@blueprint.post("/campaigns/<key>/edit")
def act(key: str) -> ResponseReturnValue:
    """Look at what it would do, or publish it."""
    stored = _stored(key)
    text, seen = editing.as_kept(request.form.get("text", ""), stored.source), request.form.get("seen", "")
    with read() as conn:
        found, planned = editing.preview(conn, person(), key, text, now=now())
    if planned is None:
        return _page(stored, text, seen, found, status=422)
    if request.form.get("do") != "publish":
        return _page(stored, text, seen, found, planned)
    return _publish(stored, text, seen, found, planned)


def _publish(stored: store.Stored, text: str, seen: str, found: Definitions, planned: Planned) -> ResponseReturnValue:
    chosen = request.form.get("under_way", "")
    if chosen not in set(UnderWay) and planned.landings:
        return _page(stored, text, seen, found, planned, status=422, unchosen=True)
    under_way = UnderWay(chosen) if chosen in set(UnderWay) else UnderWay.KEEP
    try:
        with write() as conn:
            done = editing.publish(conn, person(), stored.key, text, seen, under_way, now=now(), real=real())
    except ConflictError:
        return _page(stored, text, editing.version(stored), found, planned, status=409, overtaken=True)
    except DefinitionError as error:  # what it names has gone in this moment
        return _page(stored, text, seen, Definitions(found.loaded, (), error.problems), status=422)
    moved = sum(done.moved.values())
    if moved:
        toast(
            translate_plural(language(), "Published; %(count)s lead moved", "Published; %(count)s leads moved", moved)
        )
    else:
        toast(say("Published") if done.matters else say("Nothing changes"))
    return go(url_for("campaigns.show", key=stored.key))


def _stored(key: str) -> store.Stored:
    if not person().may_define:
        raise ForbiddenError(N_("Only marketers and administrators edit campaigns"))
    with read() as conn:
        found = store.get(conn, key)
    if found is None or found.revision_id is None:
        raise NotFoundError
    return found


def _page(
    stored: store.Stored,
    text: str,
    seen: str,
    found: Definitions | None = None,
    planned: Planned | None = None,
    *,
    status: int = 200,
    **flags: bool,
) -> ResponseReturnValue:
    problems = [_told(one) for one in (found.problems if found is not None else ())]
    return render(
        "campaigns/edit.html", status, stored=stored, name=stored.named(language()), text=text, seen=seen,
        rows=min(60, max(18, text.count("\n") + 3)), problems=problems, plan=_plan(planned), choices=_CHOICES, **flags,
    )  # fmt: skip


def _told(problem: Problem) -> dict[str, Any]:
    values = dict(problem.params)
    return {
        "line": problem.line,
        "bad": problem.severity == "error",
        "text": say(problem.message, **values),
        "mend": say(problem.mend, **values) if problem.mend else "",
    }


def _plan(planned: Planned | None) -> dict[str, Any] | None:
    """What publishing would do, in sentences; and where a move would take those under way."""
    if planned is None:
        return None
    said = [text for one in planned.changes if one.matters for text in one.sentences(language())]
    landings = [
        {"count": one.count, "at": one.step or say("the end"), "to": _landing(one.landing.standing, one.landing.step)}
        for standing in planned.landings.values()
        for one in standing
    ]
    return {"said": said, "landings": landings, "matters": planned.matters}


def _landing(standing: Standing, step: str | None) -> str:
    match standing:
        case Standing.SAME:
            return say("would stay there")
        case Standing.CHANGED:
            return say("would meet it as it is now")
        case Standing.GONE:
            return say("would go to “%(step)s”", step=step or say("the end"))
