"""Mail that tells people of tasks they are given: one for each person and half hour, in working hours (queries).

What is given meanwhile joins the mail that waits. Who gives a task to themselves is not told, and nobody is where the
emails of the installation have none for it.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.alerts.reasons import stamp
from nurture.alerts.timing import hours, working
from nurture.kernel.settings import Settings
from nurture.kernel.text import in_language
from nurture.messages.model import MessageClass, MessageState, NewMessage, Purposes, choose_language
from nurture.messages.service import write
from nurture.messages.store import languages
from nurture.messages.tables import messages
from nurture.messages.values import house_values, shown_phone, staff_values
from nurture.tasks.model import Task
from nurture.tasks.store import open_ones
from nurture.users.store import Account, absences_of, everybody

TEMPLATE = "staff_tasks"
GATHERED = timedelta(minutes=30)
MOST = 50  # in one mail; the page has them all


def tell(conn: Connection, ids: Sequence[int], settings: Settings, *, now: datetime, real: datetime) -> int:
    """Tell those who have these tasks; gives how many new mails were written. A fixed number of statements."""
    spoken = languages(conn, [TEMPLATE]).get(TEMPLATE, ())
    found = [task for task in open_ones(conn, ids) if task.created_by != f"user:{task.owner_id}"] if spoken else []
    if not found:
        return 0
    of: dict[int, list[Task]] = defaultdict(list)
    for task in found:
        of[task.owner_id or 0].append(task)
    people = [one for one in everybody(conn) if one.id in of]
    away = absences_of(conn, [one.id for one in people])
    batch = [_mail(one, of[one.id], away.get(one.id, ()), spoken, settings, now) for one in people]
    written = write(conn, batch, now=now, real=real)
    _join(conn, [new for new, number in zip(batch, written, strict=True) if number is None])
    return sum(number is not None for number in written)


def _mail(
    to: Account, mine: Sequence[Task], away: Sequence[tuple[date, date]], spoken: Sequence[str], settings: Settings,
    now: datetime,
) -> NewMessage:  # fmt: skip
    zone = to.zone or settings.zone
    goes = working(hours(to.working_hours, zone, tuple(away)), _gathered(now))
    language = choose_language((to.language, settings.language), spoken) or settings.language
    base = settings.base_url.rstrip("/")
    shown = [_shown(task, language, zone, base) for task in mine[:MOST]]
    values = staff_values(to, house_values(settings), tasks=shown, url=f"{base}/tasks")
    return NewMessage(
        Purposes.ALERT, TEMPLATE, language, MessageClass.TRANSACTIONAL, now, user_id=to.id, not_before=goes,
        unique_key=f"tasks:{to.id}:{goes.astimezone(UTC):%Y%m%dT%H%M}", values=values, address=to.email, priority=2,
    )  # fmt: skip


def _gathered(now: datetime) -> datetime:
    """The end of the half hour that this instant is in."""
    begun = datetime(2000, 1, 1, tzinfo=UTC)
    return begun + ((now - begun) // GATHERED + 1) * GATHERED


def _shown(task: Task, language: str, zone: str, base: str) -> dict[str, Any]:
    about, phone = task.about, task.about.phone or ""
    return {
        "id": task.id,
        "title": task.titled(language),
        "note": in_language(task.note, language),
        "due": stamp(task.due_at, zone),
        "lead_name": about.name or about.email or shown_phone(phone) or "?",
        "honorific": about.honorific,
        "company": about.company,
        "phone": phone,
        "phone_shown": shown_phone(phone) if phone else "",
        "url": f"{base}/leads/{about.public_id}",
    }


def _join(conn: Connection, late: Sequence[NewMessage]) -> None:
    """Into the mails that wait: the tasks they do not have yet. One that is on its way is left alone."""
    if not late:
        return
    m = messages.c
    waits = (m.unique_key.in_([new.unique_key for new in late]), m.state == MessageState.QUEUED.value)
    query = sa.select(m.id, m.unique_key, m.values_).where(*waits, m.gone_at.is_(None)).with_for_update(key_share=True)
    by_key: Mapping[str | None, Any] = {row.unique_key: row for row in conn.execute(query)}
    changed = [_joined(by_key[new.unique_key], new) for new in late if new.unique_key in by_key]
    if changed:
        fresh = sa.bindparam("fresh", type_=m.values_.type)
        conn.execute(messages.update().where(m.id == sa.bindparam("number")).values(values_=fresh), changed)


def _joined(row: Any, new: NewMessage) -> dict[str, Any]:
    before = row.values_["tasks"]
    known = {one["id"] for one in before}
    more = [one for one in (new.values or {})["tasks"] if one["id"] not in known]
    return {"number": row.id, "fresh": {**row.values_, "tasks": [*before, *more][:MOST]}}
