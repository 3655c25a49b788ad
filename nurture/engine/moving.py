"""Leads under way when a campaign changes: shown where they would land, moved by step id, or begun anew (queries).

In the caller's transaction, the one that makes the new revision live: all of it or nothing, so that nobody is left
between two revisions. On SQLite others wait to write meanwhile: 0.01 s for a thousand leads that are moved, 0.15 s for
a thousand that begin anew.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.activities.model import Decided
from nurture.activities.tables import decisions
from nurture.campaigns import store as campaign_store
from nurture.campaigns.landing import Landed, Standing, UnderWay, landing
from nurture.campaigns.model import Again, Campaign
from nurture.engine import revisions
from nurture.engine.leave import take_out
from nurture.enrollments import service as enrollment_service
from nurture.enrollments.model import EnrollmentState
from nurture.enrollments.tables import enrollments
from nurture.kernel.reasons import Reason
from nurture.rules.facts import Facts
from nurture.tasks.service import cancel_at

_ACTIVE = enrollments.c.state == EnrollmentState.ACTIVE.value
_AT_ONCE = 500


def landings(conn: Connection, key: str, after: Campaign, facts: Facts) -> list[Landed]:
    """How many stand at each step of older revisions, and where they would land, in the order of the old steps."""
    return [Landed(step, count, where) for _, step, count, where in _standing(conn, key, after, facts)]


def _standing(conn: Connection, key: str, after: Campaign, facts: Facts) -> list[tuple[int, str | None, int, Any]]:
    """(revision, step, count, landing) of all who are under way on another revision than the present one."""
    stored = campaign_store.get(conn, key)
    if stored is None:
        return []
    query = (
        sa.select(enrollments.c.revision_id, enrollments.c.step, sa.func.count().label("number"))
        .where(enrollments.c.campaign_id == stored.id, _ACTIVE)
        .group_by(enrollments.c.revision_id, enrollments.c.step)
    )
    rows = conn.execute(query).all()
    ready = revisions.load(conn, [row.revision_id for row in rows], facts)
    found = []
    for row in rows:
        before = ready[row.revision_id].campaign or after  # one that can no longer be read: by the ids alone
        if before.steps == after.steps and before.data == after.data:
            continue
        found.append((row.revision_id, row.step, row.number, landing(before, after, row.step)))
    order = {step: number for number, step in enumerate(after.steps)}
    return sorted(found, key=lambda one: (order.get(one[3].step or "", len(order)), one[1] or ""))


def settle_under_way(
    conn: Connection, key: str, after: Campaign, choice: UnderWay, facts: Facts, *, now: datetime, real: datetime
) -> int:
    """Do what was chosen with the leads under way on older revisions; gives how many it concerned.

    To be called once the new revision is the campaign's present one.
    """
    stored = campaign_store.get(conn, key)
    if stored is None or stored.revision_id is None or choice is UnderWay.KEEP:
        return 0
    if choice is UnderWay.RESTART:
        return _restart(conn, stored, now=now, real=real)
    moved = 0
    for revision, step, count, where in _standing(conn, key, after, facts):
        if revision != stored.revision_id:
            _move(conn, stored, revision, step, where, now)
            moved += count
    return moved


def _move(
    conn: Connection, stored: campaign_store.Stored, revision: int, step: str | None, where: Any, now: datetime
) -> None:
    """All who stand at one step of one revision, in one statement; each keeps a line that says so."""
    at = enrollments.c.step.is_(None) if step is None else enrollments.c.step == step
    these = (enrollments.c.campaign_id == stored.id, enrollments.c.revision_id == revision, at, _ACTIVE)
    if where.standing is not Standing.SAME:
        _note(conn, stored.key, these, step, where.step, now)
    if step is not None and (where.anew or where.standing is Standing.GONE):
        cancel_at(conn, sa.select(enrollments.c.id).where(*these), step, Reason.REVISION_MOVED, now=now)
    values: dict[str, Any] = {"revision_id": stored.revision_id, "step": where.step}
    if where.standing is Standing.CHANGED:  # asked anew, from the instant at which the lead came to it
        came = sa.func.coalesce(enrollments.c.arrived_at, enrollments.c.planned_at)
        values |= {"planned_at": came, "due_at": now, "held": None, "held_detail": None}
        values |= {"occurrence": enrollments.c.occurrence + 1} if where.anew else {}
    elif where.standing is Standing.GONE:
        values |= {"arrived_at": now, "planned_at": now, "due_at": now, "held": None, "held_detail": None}
    conn.execute(enrollments.update().where(*these).values(values))


def _note(
    conn: Connection,
    key: str,
    these: Sequence[sa.ColumnElement[bool]],
    step: str | None,
    lands: str | None,
    now: datetime,
) -> None:
    """Why these leads stand elsewhere: one decision for each."""
    detail: Mapping[str, Any] = {"campaign": key, "before": step, "after": lands}
    subject = sa.literal("enrollment:", sa.Text) + sa.cast(enrollments.c.id, sa.Text)
    values: dict[str, sa.ColumnElement[Any]] = {
        "lead_id": enrollments.c.lead_id,
        "kind": sa.literal(Decided.STEP.value, sa.Text),
        "subject": subject,
        "outcome": sa.literal("moved", sa.Text),
        "reason": sa.literal(Reason.REVISION_MOVED.value, sa.Text),
        "detail": sa.literal(detail, decisions.c.detail.type),
        "cause": subject,
        "at": sa.literal(now, decisions.c.at.type),
    }
    rows = sa.select(*values.values()).where(*these)
    conn.execute(decisions.insert().from_select(list(values), rows))


def _restart(conn: Connection, stored: campaign_store.Stored, *, now: datetime, real: datetime) -> int:
    """Everybody under way on an older revision leaves, and comes in at the first step."""
    older = (enrollments.c.campaign_id == stored.id, enrollments.c.revision_id != stored.revision_id, _ACTIVE)
    rows = conn.execute(sa.select(enrollments.c.id, enrollments.c.lead_id).where(*older)).all()
    for start in range(0, len(rows), _AT_ONCE):
        part = rows[start : start + _AT_ONCE]
        take_out(conn, [row.id for row in part], now=now, real=real, reason=Reason.RESTARTED)
        ids = [row.lead_id for row in part]
        cause = f"revision:{stored.revision_id}"
        enrollment_service.enroll(conn, stored.key, ids, cause=cause, now=now, real=real, again=Again.AFTER_EXIT)
    return len(rows)
