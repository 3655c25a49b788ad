"""Entering and leaving campaigns: by the entry's segment, by hand. The caller opened the transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.activities.model import Decided, Kind
from nurture.activities.service import Activity, Decision, decide_many, record_set
from nurture.campaigns import store as campaign_store
from nurture.campaigns.definition import from_revision
from nurture.campaigns.model import Again, Campaign, CampaignState, Existing
from nurture.campaigns.tables import campaigns
from nurture.enrollments import store
from nurture.enrollments.entry import refusal
from nurture.enrollments.model import EnrollmentState
from nurture.enrollments.tables import enrollments
from nurture.kernel.database import upsert
from nurture.kernel.errors import ConflictError, NotFoundError
from nurture.kernel.i18n import N_
from nurture.kernel.reasons import Reason
from nurture.leads.tables import leads
from nurture.segments import store as segment_store

CHUNK = 500
# How far back the entry looks again: a membership may be committed after a later one was seen.
_OVERLAP = timedelta(days=1)
# How often it is noted how far an entry has looked, while nobody comes.
_NOTED_EVERY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Entered:
    """What came of one lead's entry: an enrollment, or the reason for none."""

    lead_id: int
    enrollment_id: int | None
    reason: Reason | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A lead that asks to enter, and why."""

    lead_id: int
    cause: str
    refused: tuple[Reason, Mapping[str, Any]] | None = None


def enter(conn: Connection, stored: campaign_store.Stored, campaign: Campaign, *, now: datetime, real: datetime) -> int:
    """Decide about the next memberships of the entry's segment; gives how many were looked at, at most CHUNK.

    Fewer than CHUNK means that nobody is left; that is noted, so that the next look begins there.
    """
    if campaign.entry.segment is None:
        return 0
    found = _candidates(conn, stored, campaign.entry.segment, CHUNK)
    asked = [_Asked(one.lead_id, one.cause, _existing(stored, campaign, one.joined_at)) for one in found]
    _admit(conn, stored, campaign, asked, campaign.entry.again, now=now, real=real, actor="engine")
    if len(found) < CHUNK and _is_evaluated(conn, campaign.entry.segment):
        conn.execute(campaigns.update().where(campaigns.c.id == stored.id).values(entered_until=now))
    return len(found)


def is_due(conn: Connection, stored: campaign_store.Stored, campaign: Campaign, *, now: datetime) -> bool:
    """Whether `enter` has anything to write: somebody to decide about, or how far it has looked. Reads only."""
    if campaign.entry.segment is None:
        return False
    if stored.entered_until is None or not timedelta(0) <= now - stored.entered_until < _NOTED_EVERY:
        return True
    return bool(_candidates(conn, stored, campaign.entry.segment, 1))


def _candidates(conn: Connection, stored: campaign_store.Stored, segment: str, limit: int) -> list[store.Candidate]:
    since = None if stored.entered_until is None else stored.entered_until - _OVERLAP
    return store.candidates(conn, stored.id, stored.key, segment, since, limit)


def _is_evaluated(conn: Connection, segment: str) -> bool:
    """Whether the segment has been looked at at all; before that nobody can be missing from it."""
    one = segment_store.get(conn, segment)
    return one is not None and one.evaluated_at is not None


def _existing(
    stored: campaign_store.Stored, campaign: Campaign, joined_at: datetime
) -> tuple[Reason, Mapping[str, Any]] | None:
    """Those in the segment before the first publish are enrolled or skipped as the entry says."""
    is_old = stored.published_at is not None and joined_at <= stored.published_at
    skips = campaign.entry.existing is Existing.SKIP
    return (Reason.EXISTING_SKIPPED, {}) if is_old and skips else None


def enroll(
    conn: Connection,
    key: str,
    lead_ids: Sequence[int],
    *,
    cause: str,
    now: datetime,
    real: datetime,
    actor: str = "engine",
    again: Again | timedelta | None = None,
) -> list[Entered]:
    """Enroll leads by hand, or say for each why not. `again` overrides what the campaign says.

    NotFoundError when there is no such campaign, ConflictError when it does not run.
    """
    stored = campaign_store.lock(conn, key)
    if stored is None:
        raise NotFoundError(N_("There is no such campaign"))
    if stored.state not in {CampaignState.LIVE, CampaignState.PAUSED}:
        raise ConflictError(N_("The campaign does not run"))
    facts = segment_store.facts(conn)
    campaign = from_revision(stored.definition, facts)
    merged = _merged(conn, lead_ids)
    asked = [_Asked(one, cause, (Reason.MERGED, {}) if one in merged else None) for one in dict.fromkeys(lead_ids)]
    chosen = campaign.entry.again if again is None else again
    return _admit(conn, stored, campaign, asked, chosen, now=now, real=real, actor=actor)


def _merged(conn: Connection, lead_ids: Sequence[int]) -> set[int]:
    """Those of the leads that were merged into another, or are none."""
    query = sa.select(leads.c.id).where(leads.c.id.in_(lead_ids), leads.c.merged_into.is_(None))
    return set(lead_ids) - set(conn.execute(query).scalars())


def _admit(
    conn: Connection,
    stored: campaign_store.Stored,
    campaign: Campaign,
    asked: Sequence[_Asked],
    again: Again | timedelta,
    *,
    now: datetime,
    real: datetime,
    actor: str,
) -> list[Entered]:
    """Enroll those who may enter, keep the reason for the others. The same lead twice enters once."""
    if not asked:
        return []
    past = store.past(conn, stored.id, [one.lead_id for one in asked])
    answers = [one.refused or refusal(again, past.get(one.lead_id, []), now) for one in asked]
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


def _insert(
    conn: Connection, stored: campaign_store.Stored, campaign: Campaign, asked: Sequence[_Asked], now: datetime
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
    asked: Sequence[_Asked],
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
