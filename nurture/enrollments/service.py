"""Entering campaigns: by what the entry waits for, by hand, by another program. The caller opened the transaction."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.activities.model import Decided, Kind
from nurture.activities.service import Activity, Decision, decide_many, record_set
from nurture.campaigns import store as campaign_store
from nurture.campaigns.definition import from_revision
from nurture.campaigns.model import Again, Campaign, CampaignState
from nurture.campaigns.signals import Occasion
from nurture.enrollments import candidates, store
from nurture.enrollments.arriving import Found
from nurture.enrollments.entry import Asked, refusal
from nurture.enrollments.model import EnrollmentState
from nurture.enrollments.tables import enrollments
from nurture.kernel.database import upsert
from nurture.kernel.errors import ConflictError, NotFoundError
from nurture.kernel.i18n import N_
from nurture.kernel.reasons import Reason
from nurture.leads.tables import leads
from nurture.rules.describe import describe
from nurture.rules.evaluate import evaluate
from nurture.rules.facts import Facts, View
from nurture.rules.model import Rule
from nurture.segments import store as segment_store
from nurture.segments.view import view


@dataclass(frozen=True, slots=True)
class Entered:
    """What came of one lead's entry: an enrollment, or the reason for none."""

    lead_id: int
    enrollment_id: int | None
    reason: Reason | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reading:
    """What it takes to look at an entry's condition, and to say it with the reason."""

    facts: Facts
    language: str = "vi"


def take_in(
    conn: Connection,
    looked: campaign_store.Stored,
    campaign: Campaign,
    found: Found,
    reading: Reading,
    *,
    now: datetime,
    real: datetime,
) -> list[Entered] | None:
    """Decide about those who ask, and keep how far was looked. Who was decided about meanwhile is left alone.

    None when the campaign does not run as it did when it was looked at.
    """
    stored = campaign_store.lock(conn, looked.key)
    if stored is None or (stored.state, stored.revision_id) != (looked.state, looked.revision_id):
        return None
    known = candidates.causes(conn, stored, [one.lead_id for one in found.asked]) if found.asked else {}
    fresh = [one for one in found.asked if one.cause not in known.get(one.lead_id, ())]
    again = campaign.entry.again
    entered = _admit(conn, stored, campaign, fresh, again, reading, now=now, real=real, actor="engine")
    candidates.keep_marks(conn, {stored.id: found.marks})
    if found.stale and found.marks:
        candidates.forget_marks(conn, stored.id, [one.id for one in campaign.entry.entrances])
    _pass(conn, stored, found, now)
    return entered


def note_looks(conn: Connection, looks: Sequence[tuple[campaign_store.Stored, Found]]) -> None:
    """Keep how far was looked where nobody asks, of all campaigns that run as they did when they were looked at."""
    campaign_store.lock_all(conn, [stored.key for stored, _ in looks])
    runs = {one.key: (one.state, one.revision_id) for one in campaign_store.bare(conn, list(CampaignState))}
    same = [(stored, found) for stored, found in looks if runs.get(stored.key) == (stored.state, stored.revision_id)]
    candidates.keep_marks(conn, {stored.id: found.marks for stored, found in same})


def _pass(conn: Connection, stored: campaign_store.Stored, found: Found, now: datetime) -> None:
    """Occasions that take nobody in any more, each decided once for all of its segment."""
    fresh = [_passed(stored, segment, one, now) for segment, one in found.passed]
    if fresh:
        told = candidates.causes_of_all(conn, stored)
        decide_many(conn, [one for one in fresh if one.cause not in told])


def _passed(stored: campaign_store.Stored, segment: str, one: Occasion, now: datetime) -> Decision:
    detail = {"time": one.at.isoformat(timespec="minutes"), "segment": segment}
    subject, cause = f"campaign:{stored.key}", f"schedule:{one.name}"
    return Decision(Decided.ENROLL, subject, "no", Reason.OCCASION_PASSED, now, None, cause, detail)


def enroll(
    conn: Connection,
    key: str,
    lead_ids: Sequence[int],
    *,
    cause: str | Mapping[int, str],
    now: datetime,
    real: datetime,
    actor: str = "engine",
    again: Again | timedelta | None = None,
    by_hand: bool = True,
) -> list[Entered]:
    """Enroll leads by hand, or say for each why not. `again` overrides what the campaign says; `when` is not asked.

    `cause` is one for all, or that of each lead. Not `by_hand`: a campaign asks, and no lead comes too often by that.

    NotFoundError when there is no such campaign, ConflictError when it does not run.
    """
    stored, campaign = _running(conn, key, segment_store.facts(conn))
    chosen = campaign.entry.again if again is None else again
    asked = ask_all(conn, [(one, cause if isinstance(cause, str) else cause[one]) for one in lead_ids])
    return _admit(conn, stored, campaign, asked, chosen, None, now=now, real=real, actor=actor, by_hand=by_hand)


def call(
    conn: Connection,
    key: str,
    lead_ids: Sequence[int],
    reading: Reading,
    *,
    cause: str,
    now: datetime,
    real: datetime,
    actor: str,
) -> list[Entered]:
    """Enroll leads for another program, or say for each why not.

    NotFoundError when there is no such campaign, ConflictError when it does not run or has no entry `api: true`.
    """
    stored, campaign = _running(conn, key, reading.facts)
    if all(one.kind != "api" for one in campaign.entry.entrances):
        raise ConflictError(N_("The campaign is not open to other programs"))
    asked = ask_all(conn, [(one, cause) for one in lead_ids])
    return _admit(conn, stored, campaign, asked, campaign.entry.again, reading, now=now, real=real, actor=actor)


def _running(conn: Connection, key: str, facts: Facts) -> tuple[campaign_store.Stored, Campaign]:
    stored = campaign_store.lock(conn, key)
    if stored is None:
        raise NotFoundError(N_("There is no such campaign"))
    if stored.state not in {CampaignState.LIVE, CampaignState.PAUSED}:
        raise ConflictError(N_("The campaign does not run"))
    return stored, from_revision(stored.definition, facts)


def ask_all(conn: Connection, pairs: Iterable[tuple[int, str]]) -> list[Asked]:
    """Leads that ask to enter with their causes, each pair once; one that was merged away is refused."""
    unique = list(dict.fromkeys(pairs))
    merged = _merged(conn, [lead_id for lead_id, _ in unique])
    return [Asked(lead, cause, (Reason.MERGED, {}) if lead in merged else None) for lead, cause in unique]


def _merged(conn: Connection, lead_ids: Sequence[int]) -> set[int]:
    """Those of the leads that were merged into another, or are none."""
    query = sa.select(leads.c.id).where(leads.c.id.in_(lead_ids), leads.c.merged_into.is_(None))
    return set(lead_ids) - set(conn.execute(query).scalars())


def _admit(
    conn: Connection,
    stored: campaign_store.Stored,
    campaign: Campaign,
    asked: Sequence[Asked],
    again: Again | timedelta,
    reading: Reading | None,
    *,
    now: datetime,
    real: datetime,
    actor: str,
    by_hand: bool = False,
) -> list[Entered]:
    """Enroll those who may enter, keep the reason for the others. The same lead twice enters once.

    Without `reading` the entry's condition is not asked.
    """
    if not asked:
        return []
    past = store.past(conn, stored.id, [one.lead_id for one in asked])
    answers = [one.refused or refusal(again, past.get(one.lead_id, []), now, by_hand=by_hand) for one in asked]
    if reading is not None and campaign.entry.when is not None:
        answers = _matched(conn, campaign.entry.when, asked, answers, reading, now)
    welcome = [one for one, answer in zip(asked, answers, strict=True) if answer is None]
    ids = _insert(conn, stored, campaign, welcome, now)
    entered = []
    for one, answer in zip(asked, answers, strict=True):
        new = None if answer else ids.pop(one.lead_id, None)
        if new is not None:
            entered.append(Entered(one.lead_id, new))
            continue
        reason, detail = answer or (Reason.ALREADY_ENROLLED, {"date": now.isoformat(timespec="seconds")})
        entered.append(Entered(one.lead_id, None, reason, detail))
    _keep(conn, stored, asked, entered, now=now, real=real, actor=actor)
    return entered


Refused: TypeAlias = tuple[Reason, Mapping[str, Any]] | None


def _matched(
    conn: Connection, when: Rule, asked: Sequence[Asked], answers: Sequence[Refused], reading: Reading, now: datetime
) -> list[Refused]:
    """The answers, with those on whom the entry's condition does not hold refused as well."""
    open_ones = [one.lead_id for one, answer in zip(asked, answers, strict=True) if answer is None]
    if not open_ones:
        return list(answers)
    views = view(conn, open_ones, reading.facts, [when])
    no = (Reason.NOT_MATCHED, {"condition": describe(when, reading.language)})
    empty = {one: views.get(one, View(one)) for one in open_ones}
    holding = {one for one, seen in empty.items() if evaluate(when, seen, now, reading.facts).holds}
    return [answer or (None if one.lead_id in holding else no) for one, answer in zip(asked, answers, strict=True)]


def _insert(
    conn: Connection, stored: campaign_store.Stored, campaign: Campaign, asked: Sequence[Asked], now: datetime
) -> dict[int, int]:
    """New enrollments at the first step; gives their ids by lead. One that slipped in meanwhile is left alone."""
    if not asked:
        return {}
    rows = [
        {
            "campaign_id": stored.id,
            "revision_id": stored.revision_id,
            "lead_id": one.lead_id,
            "state": EnrollmentState.ACTIVE.value,
            "cause": one.cause,
            "step": campaign.first,
            "due_at": now,
            "planned_at": now,
            "arrived_at": now,
            "entered_at": now,
        }
        for one in asked
    ]
    insert = upsert(conn.dialect.name, enrollments).on_conflict_do_nothing()
    written = conn.execute(insert.returning(enrollments.c.lead_id, enrollments.c.id), rows)
    return {row.lead_id: row.id for row in written}


def _keep(
    conn: Connection,
    stored: campaign_store.Stored,
    asked: Sequence[Asked],
    entered: Sequence[Entered],
    *,
    now: datetime,
    real: datetime,
    actor: str,
) -> None:
    """The decision about each, and a line in the timeline of those who entered."""
    subject = f"campaign:{stored.key}"
    told = [
        Decision(Decided.ENROLL, subject, "no", answer.reason, now, one.lead_id, one.cause, answer.detail)
        for one, answer in zip(asked, entered, strict=True)
        if answer.reason is not None
    ]
    decide_many(conn, told)
    lines = [
        Activity(
            answer.lead_id,
            Kind.ENROLLED,
            now,
            actor,
            one.cause,
            cause_key=f"enrolled:{answer.enrollment_id}",
            campaign_key=stored.key,
        )
        for one, answer in zip(asked, entered, strict=True)
        if answer.enrollment_id is not None
    ]
    record_set(conn, lines, real=real)
