"""Tasks: what a person has promised, by when it is due; done with its outcome in a tap or two. Also on Today."""

from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Any

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.engine import Connection

from nurture.engine.task_mail import tell
from nurture.kernel.errors import InputError, Problem
from nurture.kernel.i18n import N_
from nurture.kernel.identity import is_public_id
from nurture.leads import store as leads
from nurture.leads.model import Lead
from nurture.tasks import service, store
from nurture.tasks.model import Task, TaskKind
from nurture.tasks.service import UNDONE_WITHIN
from nurture.tasks.store import Whose
from nurture.users.model import Person, Role
from nurture.web import refusing
from nurture.web.blocks import Block
from nurture.web.language import say
from nurture.web.later import later_choices
from nurture.web.page import (
    Form,
    back,
    context,
    hand,
    moment,
    now,
    read,
    real,
    render,
    submitted,
    toast,
    whole,
    write,
    zone,
)
from nurture.web.pages.lead import page as lead_page
from nurture.web.session import person
from nurture.web.tasking import QUICK, due_of, making, new_task, panel, shown

blueprint = Blueprint("tasks", __name__)

_SHOWN = 50
_TODAY = 5  # on Today


def _midnight() -> datetime:
    """When the reader's day ends."""
    local = now().astimezone(zone())
    return datetime.combine(local.date() + timedelta(days=1), time(), tzinfo=zone())


@blueprint.get("/tasks")
def index() -> ResponseReturnValue:
    """Mine by when they are due; those of nobody; what has ended lately."""
    asked = request.args.get("of", "mine")
    whose = _whose(asked)
    done = request.args.get("as") == "done"
    with read() as conn:
        counts = store.counts(conn, person(), now(), _midnight())
        if done:
            found = store.ended(conn, person(), whose, moment(request.args.get("after")), _SHOWN)
        else:
            found = store.waiting(conn, person(), whose, moment(request.args.get("after")), _SHOWN)
        rows = shown(conn, found.tasks)
    after = f"{found.after[0].isoformat()}~{found.after[1]}" if found.after else None
    return render(
        "tasks/index.html", rows=rows, groups=[] if done else _groups(rows), counts=counts, after=after, asked=asked,
        tabs=_tabs(asked, counts, done=done), done=done, later=later_choices(), quick=QUICK,
    )  # fmt: skip


def _whose(asked: str) -> Whose:
    if asked == "nobody":
        return Whose(nobody=True)
    if asked == "all" and person().sees_all:
        return Whose()
    return Whose(person().id)


def _tabs(asked: str, counts: store.Counts, *, done: bool) -> list[dict[str, Any]]:
    mine = counts.overdue + counts.today + counts.later
    several = [("mine", say("Mine"), mine), ("nobody", say("Nobody's"), counts.nobody)]
    several += [("all", say("Everybody's"), 0)] if person().sees_all else []
    found = [
        {
            "url": url_for("tasks.index", of=None if key == "mine" else key),
            "label": label,
            "count": number or None,
            "here": key == asked and not done,
        }
        for key, label, number in several
    ]
    of_ended: dict[str, Any] = {"of": "all" if person().sees_all else None, "as": "done"}
    ended = url_for("tasks.index", **of_ended)
    return [*found, {"url": ended, "label": say("Ended"), "here": done}]


def _groups(rows: list[Any]) -> list[dict[str, Any]]:
    """Overdue, today, later; those that are empty left out."""
    end = _midnight()
    parts: dict[str, list[Any]] = {"overdue": [], "today": [], "later": []}
    for row in rows:
        due = row.task.due_at
        parts["overdue" if due < now() else "today" if due < end else "later"].append(row)
    titles = {"overdue": say("Overdue"), "today": say("Today"), "later": say("Coming up")}
    return [{"key": key, "title": titles[key], "rows": part} for key, part in parts.items() if part]


@blueprint.get("/tasks/<int:task_id>")
def show(task_id: int) -> ResponseReturnValue:
    """One task, and all that can be done with it."""
    return _show(task_id)


def _show(task_id: int, status: int = 200, form: Form | None = None) -> ResponseReturnValue:
    with read() as conn:
        task = store.get(conn, person(), task_id)
        (row,) = shown(conn, [task])
        is_call = task.is_open and task.kind == TaskKind.CALL and task.about.phone
        lead = leads.get(conn, task.about.id) if is_call else None
        advice = refusing.call_advice(conn, lead) if lead is not None else None
    return render(
        "tasks/show.html", status, row=row, task=task, form=form or Form({}), later=later_choices(), making=making(),
        undoable=_undoable(task), advice=advice,
    )  # fmt: skip


def _undoable(task: Task) -> bool:
    return task.may_reopen and task.ended_at is not None and now() - task.ended_at <= UNDONE_WITHIN


Act = Callable[[Connection], Task]


def _do(task_id: int, name: str, act: Act) -> Task | ResponseReturnValue:
    """Do it in one transaction; the task as it is then, or the page with the refused form."""
    try:
        with write() as conn:
            task = act(conn)
    except InputError as error:
        return _show(task_id, 422, submitted(error, name))
    context().wake.reactions.set()
    return task


def _reopening(task: Task) -> dict[str, Any]:
    if not _undoable(task):
        return {}
    fields = {"next": request.form.get("next", "")}
    return {"undo": url_for("tasks.reopen", task_id=task.id), "fields": fields}


@blueprint.post("/tasks/<int:task_id>/finish")
def finish(task_id: int) -> ResponseReturnValue:
    """Done, with what came of it; perhaps with the next task."""
    said, note = request.form.get("said", ""), request.form.get("note", "")

    def act(conn: Connection) -> Task:
        then = new_task("next_") if request.form.get("next_kind") else None
        return service.finish(conn, hand(), task_id, said, note, then)

    task = _do(task_id, "finish", act)
    if not isinstance(task, Task):
        return task
    with read() as conn:
        (row,) = shown(conn, [task])
    toast(say("“%(title)s” is done: %(said)s", title=row.title[:80], said=row.said), **_reopening(task))
    return back(url_for("tasks.index"))


@blueprint.post("/tasks/<int:task_id>/later")
def later(task_id: int) -> ResponseReturnValue:
    """Not now: it is due then."""

    def act(conn: Connection) -> Task:
        until = due_of()
        if until is None:
            raise InputError([Problem("no_time", N_("Choose when"), path="when")])
        return service.put_off(conn, hand(), task_id, until)

    task = _do(task_id, "later", act)
    if not isinstance(task, Task):
        return task
    toast(say("Put off"))
    return back(url_for("tasks.index"))


@blueprint.post("/tasks/<int:task_id>/cancel")
def cancel(task_id: int) -> ResponseReturnValue:
    """Not to be done any more."""
    why = request.form.get("reason", "")
    task = _do(task_id, "cancel", lambda conn: service.cancel(conn, hand(), task_id, why))
    if not isinstance(task, Task):
        return task
    toast(say("The task is canceled"), **_reopening(task))
    return back(url_for("tasks.index"))


@blueprint.post("/tasks/<int:task_id>/owner")
def owner(task_id: int) -> ResponseReturnValue:
    """For somebody else, or for the lead's owner again; `me` takes it on."""
    asked = request.form.get("owner", "")
    wanted = person().id if asked == "me" else whole(asked)

    def act(conn: Connection) -> Task:
        task = service.reassign(conn, hand(), task_id, wanted)
        if wanted != person().id:
            tell(conn, [task_id], context().settings, now=now(), real=real())
        return task

    task = _do(task_id, "owner", act)
    if not isinstance(task, Task):
        return task
    toast(say("The task is yours now") if wanted == person().id else say("Handed over"))
    return back(url_for("tasks.index"))


@blueprint.post("/tasks/<int:task_id>/reopen")
def reopen(task_id: int) -> ResponseReturnValue:
    """Its end taken back."""
    task = _do(task_id, "reopen", lambda conn: service.reopen(conn, hand(), task_id))
    if not isinstance(task, Task):
        return task
    toast(say("Taken back: the task is open again"))
    return back(url_for("tasks.show", task_id=task_id))


@blueprint.post("/leads/<public_id>/tasks")
def add(public_id: str) -> ResponseReturnValue:
    """A task about this lead."""
    try:
        with write() as conn:
            opportunity = request.form.get("opportunity", "")
            new = new_task(opportunity=opportunity if is_public_id(opportunity) else None)
            task = service.give(conn, hand(), public_id, new)
            tell(conn, [task.id], context().settings, now=now(), real=real())
    except InputError as error:
        return lead_page(public_id, 422, submitted(error, "task"))
    toast(say("The task is kept"))
    return back(url_for("lead.show", public_id=public_id))


# parts of other pages


def today_blocks(conn: Connection, who: Person, at: datetime) -> list[Block]:
    """For who sells: what is overdue or due today; for who defines: that tasks have nobody, and how many are theirs."""
    if who.role is not Role.SALES:
        return _needs(conn, who, at)
    found = store.waiting(conn, who, Whose(who.id)).tasks
    due = [one for one in found if one.due_at < _midnight()]
    values = {
        "rows": shown(conn, due[:_TODAY]),
        "overdue": sum(one.due_at < at for one in due),
        "today": sum(one.due_at >= at for one in due),
        "all": len(found),
        "later": later_choices(),
        "quick": QUICK,
    }
    return [Block(15, "tasks/_today.html", values, urgent=bool(due))] if found else []


def _needs(conn: Connection, who: Person, at: datetime) -> list[Block]:
    counts = store.counts(conn, who, at, _midnight())
    due = counts.overdue + counts.today
    if not (due or (counts.nobody and who.may_edit)):
        return []
    return [Block(16, "tasks/_needs.html", {"counts": counts}, urgent=True)]


def lead_blocks(conn: Connection, who: Person, lead: Lead, at: datetime) -> list[Block]:  # noqa: ARG001 - as others do
    """A lead's tasks beside its page, and the form for a new one."""
    values = panel(conn, lead)
    return [Block(30, "tasks/_lead.html", values)] if values["rows"] or who.may_edit else []
