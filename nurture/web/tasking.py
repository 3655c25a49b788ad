"""What the pages with tasks share: a task in words, what may be said of it, the form for a new one. Needs a request."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flask import request
from sqlalchemy.engine import Connection

from nurture.kernel.errors import InputError, Problem
from nurture.kernel.i18n import N_
from nurture.kernel.text import in_language
from nurture.leads.model import Lead
from nurture.tasks.model import KINDS, NewTask, Task, TaskKind, answers, said_words
from nurture.tasks.store import of_lead
from nurture.users.model import may_see_lead, user_of
from nurture.web.language import language, say
from nurture.web.later import later_choices, until_of
from nurture.web.page import known, now, whole, zone
from nurture.web.session import person

ICONS: Mapping[str, str] = {
    TaskKind.CALL: "telephone",
    TaskKind.EMAIL: "envelope",
    TaskKind.SMS: "chat-left-text",
    TaskKind.VISIT: "building",
    TaskKind.OTHER: "pencil",
}
QUICK = 4  # outcomes that stand on a card; the others one tap further
_OF_LEAD = 8


@dataclass(frozen=True, slots=True)
class Shown:
    """A task as a page shows it."""

    task: Task
    title: str
    note: str
    icon: str
    lead: str
    opens: bool  # whether the reader may open the lead's page
    owner: str  # whom it is for; empty when that is nobody
    origin: str  # the campaign's name, or the person who made it
    answers: tuple[tuple[str, str], ...]
    said: str
    by: str  # who ended it
    overdue: bool
    may: bool


def shown(conn: Connection, tasks: Iterable[Task]) -> list[Shown]:
    """These tasks in the reader's words."""
    names = known(conn)
    campaigns = {one.key: one.named(language()) for one in names.campaigns}
    people = {one.id: one.name for one in names.people.values()}
    return [_shown(task, campaigns, people) for task in tasks]


def _shown(task: Task, campaigns: Mapping[str, str], people: Mapping[int, str]) -> Shown:
    about, lang = task.about, language()
    called = f"{about.honorific} {about.called}" if about.honorific and lang == "vi" else about.called
    campaign = task.campaign_key
    origin = campaigns.get(campaign, campaign) if campaign else people.get(user_of(task.created_by) or 0, "")
    return Shown(
        task, task.titled(lang), in_language(task.note, lang), ICONS[task.kind], called,
        may_see_lead(person(), about.owner_id), people.get(task.owner_id or 0, ""), origin,
        tuple((one.key, one.shown(lang)) for one in answers(task.kind, task.words)),
        said_words(task.said, task.words, lang), people.get(user_of(task.ended_by) or 0, ""),
        task.is_open and task.due_at < now(), person().may_edit,
    )  # fmt: skip


def panel(conn: Connection, lead: Lead, opportunity: str = "") -> dict[str, Any]:
    """A lead's tasks, open and ended, and the form for a new one; made on the page of this opportunity, if any."""
    rows = shown(conn, of_lead(conn, person(), lead.id, _OF_LEAD))
    return {"rows": rows, "making": making(), "lead": lead, "opportunity": opportunity}


def making() -> dict[str, Any]:
    """What the form for a new task offers."""
    return {
        "kinds": [(key, say(label)) for key, label in KINDS.items()],
        "when": later_choices(),
        "owners": [(one.id, one.name) for one in known().owners()],
    }


def new_task(prefix: str = "", opportunity: str | None = None) -> NewTask:
    """The task that the form describes; InputError."""
    kind, text = request.form.get(f"{prefix}kind", ""), request.form.get
    problems = []
    if kind not in set(TaskKind):
        problems.append(Problem("no_kind", N_("Choose what is to be done"), path=f"{prefix}kind"))
    due = due_of(prefix)
    if due is None:
        problems.append(Problem("no_time", N_("Choose when"), path=f"{prefix}when"))
    if problems or due is None:
        raise InputError(problems)
    owner = whole(text(f"{prefix}owner"))
    return NewTask(TaskKind(kind), due, text(f"{prefix}title", ""), text(f"{prefix}note", ""), owner, opportunity)


def due_of(prefix: str = "") -> datetime | None:
    """When, as the form says it: day and time where they are written, else by a word."""
    written = request.form.get(f"{prefix}due", "")
    if not written:
        return until_of(request.form.get(f"{prefix}when", ""))
    try:
        return datetime.fromisoformat(written).replace(tzinfo=zone()).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InputError([Problem("bad_time", N_("Choose day and time"), path=f"{prefix}due")]) from error
