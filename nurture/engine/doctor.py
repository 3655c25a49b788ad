"""Enrollments that are not as they should be: past due, stuck, impossible; found, and mended when asked (queries).

Looking writes nothing. What is mended keeps a decision that says so.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.activities.model import Decided
from nurture.activities.service import Decision, decide_many
from nurture.campaigns.model import CampaignState
from nurture.campaigns.tables import campaigns
from nurture.engine import revisions
from nurture.engine.leave import take_out
from nurture.enrollments.model import EnrollmentState
from nurture.enrollments.tables import enrollments
from nurture.kernel.i18n import N_
from nurture.kernel.reasons import Reason
from nurture.leads.tables import leads
from nurture.messages.model import ENDED
from nurture.messages.tables import messages
from nurture.segments import store as segment_store

_ACTIVE = enrollments.c.state == EnrollmentState.ACTIVE.value
LATE = timedelta(minutes=15)  # after which a tick should have found what is due
_AT_ONCE = 500
_FOR_A_PERSON = (Reason.HELD_LATE.value,)  # reasons for which an enrollment has no due date on purpose


class Illness(StrEnum):
    """What is wrong with an enrollment."""

    PAST_DUE = "past_due"  # due for a while, and no tick has moved it
    STUCK = "stuck"  # nothing will ever wake it: it has no due date, or waits for a mail that has ended
    NO_STEP = "no_step"  # its revision has no such step
    UNREADABLE = "unreadable"  # its revision can no longer be read
    MERGED = "merged"  # its lead is no more
    FAILING = "failing"  # its step fails, and is tried again later


SAYINGS: Mapping[Illness, tuple[str, str]] = {
    Illness.PAST_DUE: (N_("due, and not moved on"), N_("is the clock running? nurture up, or nurture clock")),
    Illness.STUCK: (N_("nothing will ever wake it"), N_("--fix makes it due now")),
    Illness.NO_STEP: (N_("its step is not in its revision"), N_("--fix lets it leave the campaign")),
    Illness.UNREADABLE: (N_("its revision can no longer be read"), N_("apply the campaign anew with --under-way move")),
    Illness.MERGED: (N_("its lead was merged into another"), N_("--fix lets it leave the campaign")),
    Illness.FAILING: (N_("its step fails, and is tried again"), N_("the error says why; --fix tries it again now")),
}
MENDABLE = frozenset({Illness.STUCK, Illness.NO_STEP, Illness.MERGED, Illness.FAILING})


@dataclass(frozen=True, slots=True)
class Patient:
    """One enrollment with what is wrong."""

    enrollment_id: int
    campaign: str
    lead_id: int
    email: str | None
    step: str | None
    illness: Illness
    since: datetime | None
    detail: str = ""

    def to_json(self) -> dict[str, Any]:
        """For scripts."""
        return {
            "enrollment": self.enrollment_id,
            "campaign": self.campaign,
            "email": self.email,
            "step": self.step,
            "illness": self.illness.value,
            "since": self.since.isoformat() if self.since else None,
            "detail": self.detail,
        }


@dataclass(frozen=True, slots=True)
class Examined:
    """Everybody who is ill, and how many were mended."""

    patients: Sequence[Patient]
    mended: Mapping[Illness, int] = field(default_factory=dict)


def examine(
    conn: Connection, *, now: datetime, zone: str, limit: int = 10_000, late: timedelta = LATE
) -> list[Patient]:
    """Every enrollment under way that is not as it should be, each with its gravest illness. Reads only.

    `late` is engine time: in time-lapse a tick is as far from the next as the clock is fast.
    """
    found: dict[int, Patient] = {}
    for look in (_merged, _impossible, _stuck, _failing):
        for patient in look(conn, now, zone, limit):
            found.setdefault(patient.enrollment_id, patient)
    for patient in _past_due(conn, now - late, limit):
        found.setdefault(patient.enrollment_id, patient)
    return sorted(found.values(), key=lambda one: (one.campaign, one.illness, one.enrollment_id))


def mend(conn: Connection, patients: Sequence[Patient], *, now: datetime, real: datetime) -> dict[Illness, int]:
    """Mend what can be: wake the stuck and the failing, let go those who cannot go on. Gives how many of each."""
    cures: Mapping[Illness, Callable[..., int]] = {
        Illness.STUCK: _wake,
        Illness.FAILING: _wake,
        Illness.NO_STEP: _let_go,
        Illness.MERGED: _let_go,
    }
    done: dict[Illness, int] = {}
    for illness, cure in cures.items():
        mine = [one for one in patients if one.illness is illness]
        for start in range(0, len(mine), _AT_ONCE):
            done[illness] = done.get(illness, 0) + cure(conn, mine[start : start + _AT_ONCE], illness, now, real)
    return {illness: count for illness, count in done.items() if count}


def _select(*where: sa.ColumnElement[bool]) -> sa.Select[Any]:
    return (
        sa.select(enrollments, campaigns.c.key.label("campaign_key"), leads.c.email)
        .join(campaigns, campaigns.c.id == enrollments.c.campaign_id)
        .join(leads, leads.c.id == enrollments.c.lead_id)
        .where(_ACTIVE, *where)
        .order_by(enrollments.c.id)
    )


def _patient(row: Any, illness: Illness, since: datetime | None, detail: str = "") -> Patient:
    return Patient(row.id, row.campaign_key, row.lead_id, row.email, row.step, illness, since, detail)


def _merged(conn: Connection, _now: datetime, _zone: str, limit: int) -> list[Patient]:
    rows = conn.execute(_select(leads.c.merged_into.is_not(None)).limit(limit))
    return [_patient(row, Illness.MERGED, row.entered_at) for row in rows]


def _impossible(conn: Connection, _now: datetime, zone: str, limit: int) -> list[Patient]:
    """Steps that their revision does not have, and revisions that do not read any more."""
    held = sa.select(enrollments.c.revision_id, enrollments.c.step).where(_ACTIVE).distinct()
    places = conn.execute(held).all()
    ready = revisions.load(conn, [row.revision_id for row in places], segment_store.facts(conn, zone))
    found: list[Patient] = []
    for revision, step in places:
        one = ready[revision]
        if one.campaign is not None and (step is None or step in one.campaign.steps):
            continue
        illness = Illness.UNREADABLE if one.campaign is None else Illness.NO_STEP
        at = enrollments.c.step.is_(None) if step is None else enrollments.c.step == step
        rows = conn.execute(_select(enrollments.c.revision_id == revision, at).limit(limit))
        found += [_patient(row, illness, row.planned_at, one.error[:200]) for row in rows]
    return found


def _stuck(conn: Connection, _now: datetime, _zone: str, limit: int) -> list[Patient]:
    """Neither a due date nor a mail that could give one; what is held for a person has none on purpose."""
    ended = sa.select(messages.c.id).where(messages.c.state.in_([one.value for one in ENDED]))
    known = sa.select(messages.c.id)
    lost = sa.and_(enrollments.c.waits_for.is_not(None), enrollments.c.waits_for.not_in(known))  # NULL is in no list
    waits_in_vain = sa.or_(enrollments.c.waits_for.in_(ended), lost)
    sleeps = sa.and_(
        enrollments.c.waits_for.is_(None),
        enrollments.c.due_at.is_(None),
        sa.or_(enrollments.c.held.is_(None), enrollments.c.held.not_in(_FOR_A_PERSON)),
    )
    rows = conn.execute(_select(sa.or_(waits_in_vain, sleeps)).limit(limit))
    return [_patient(row, Illness.STUCK, row.planned_at) for row in rows]


def _failing(conn: Connection, _now: datetime, _zone: str, limit: int) -> list[Patient]:
    rows = conn.execute(_select(enrollments.c.attempts > 0, enrollments.c.error.is_not(None)).limit(limit))
    return [_patient(row, Illness.FAILING, row.planned_at, (row.error or "")[:200]) for row in rows]


def _past_due(conn: Connection, before: datetime, limit: int) -> list[Patient]:
    late = (enrollments.c.due_at < before, enrollments.c.waits_for.is_(None))
    rows = conn.execute(_select(*late, campaigns.c.state == CampaignState.LIVE.value).limit(limit))
    return [_patient(row, Illness.PAST_DUE, row.due_at) for row in rows]


def _wake(conn: Connection, patients: Sequence[Patient], illness: Illness, now: datetime, _real: datetime) -> int:
    """Due now, waiting for nothing."""
    ids = [one.enrollment_id for one in patients]
    values = {"due_at": now, "waits_for": None, "attempts": 0}
    count = conn.execute(enrollments.update().where(enrollments.c.id.in_(ids), _ACTIVE).values(values)).rowcount
    decide_many(conn, [_decision(one, illness, now) for one in patients])
    return count


def _let_go(conn: Connection, patients: Sequence[Patient], illness: Illness, now: datetime, real: datetime) -> int:
    reason = Reason.MERGED if illness is Illness.MERGED else Reason.STEP_GONE
    gone = take_out(conn, [one.enrollment_id for one in patients], now=now, real=real, reason=reason)
    decide_many(conn, [_decision(one, illness, now) for one in patients])
    return len(gone)


def _decision(one: Patient, illness: Illness, now: datetime) -> Decision:
    subject = f"enrollment:{one.enrollment_id}"
    detail = {"illness": illness.value, "step": one.step}
    return Decision(Decided.STEP, subject, "mended", Reason.MENDED, now, one.lead_id, "doctor", detail)
