"""Performs what advances decided, many at once, in the transaction that moves the enrollments on (queries).

A fixed number of statements for a chunk, however many rows. Kinds of effects are closed: a new one is a case here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import SimpleNamespace
from typing import Any, assert_never

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.activities.model import Decided, Kind
from nurture.activities.service import Activity, Decision, decide_many, record_set
from nurture.campaigns.effects import AddTag, NotifyOwner, WriteMessage
from nurture.engine.settle import Moved, settle
from nurture.enrollments.model import Deed
from nurture.enrollments.tables import passages
from nurture.kernel.database import upsert
from nurture.kernel.reasons import Reason
from nurture.kernel.settings import Settings
from nurture.kernel.text import clean, in_language
from nurture.leads.normalize import tag_key
from nurture.leads.store import ensure_tags
from nurture.leads.tables import companies, lead_tags, leads
from nurture.messages.model import MessageClass, MessageState, NewMessage, Purposes, choose_language
from nurture.messages.service import write
from nurture.messages.values import house_values, lead_values, staff_values
from nurture.policy.windows import zone_of
from nurture.users.tables import users

STAFF_TEMPLATE = "staff_notify"


@dataclass(frozen=True, slots=True)
class Scene:
    """What performing needs besides the moves: the two times, the leads' rows, the emails there are."""

    now: datetime
    real: datetime
    settings: Settings
    rows: Mapping[int, Any]
    languages: Mapping[str, Sequence[str]]  # of each published email


def perform(conn: Connection, moved: Sequence[Moved], scene: Scene) -> int:
    """Write messages, tags, notes, passages, decisions and lines, and move the enrollments; gives mails queued."""
    mails: list[tuple[Moved, Deed, WriteMessage]] = []
    tags: list[tuple[Moved, Deed, AddTag]] = []
    notes: list[tuple[Moved, Deed, NotifyOwner]] = []
    for one in moved:
        for deed in one.move.deeds:
            match deed.effect:
                case WriteMessage() as effect:
                    mails.append((one, deed, effect))
                case AddTag() as effect:
                    tags.append((one, deed, effect))
                case NotifyOwner() as effect:
                    notes.append((one, deed, effect))
                case _:
                    assert_never(deed.effect)
    waiting, queued = _mails(conn, mails, scene)
    _tags(conn, tags, scene)
    queued += _notes(conn, notes, scene)
    _passages(conn, moved, scene.now)
    settle(conn, moved, now=scene.now, real=scene.real, waiting=waiting)
    decide_many(conn, [*_skips(mails, scene.now), *_holds(moved, scene.now)])
    return queued


def _mails(
    conn: Connection, mails: Sequence[tuple[Moved, Deed, WriteMessage]], scene: Scene
) -> tuple[dict[int, int], int]:
    """One message for each; gives which message each enrollment waits for, and how many are queued."""
    batch = [_message(one, deed, effect, scene) for one, deed, effect in mails]
    ids = write(conn, batch, now=scene.now, real=scene.real) if batch else []
    waiting: dict[int, int] = {}
    for (one, _, _), message, new in zip(mails, batch, ids, strict=True):
        if new is not None and message.state is MessageState.QUEUED:
            waiting[one.place.id] = new
    return waiting, len(waiting)


def _message(one: Moved, deed: Deed, effect: WriteMessage, scene: Scene) -> NewMessage:
    lead, sending = scene.rows[one.place.lead_id], one.definition.sending
    wished = (lead.language, one.definition.language, scene.settings.language)
    language = choose_language(wished, scene.languages.get(effect.email, ()))
    skip = deed.skip
    return NewMessage(
        Purposes.CAMPAIGN,
        effect.email,
        language or scene.settings.language,
        MessageClass(sending.class_),
        deed.planned_at,
        lead_id=one.place.lead_id,
        campaign_id=one.place.campaign_id,
        enrollment_id=one.place.id,
        revision_id=one.place.revision_id,
        step=deed.step,
        occurrence=deed.occurrence,
        sender=sending.sender.value,
        policy=sending.policy.to_json(zone_of(lead.zone, scene.settings.zone)),
        state=MessageState.QUEUED if skip is None else MessageState.SKIPPED,
        reason="" if skip is None else skip.reason.value,
        detail=None if skip is None else dict(skip.detail),
        priority=sending.priority,
    )


def _tags(conn: Connection, tags: Sequence[tuple[Moved, Deed, AddTag]], scene: Scene) -> None:
    """Tags that are not there yet, each with its line in the timeline."""
    wanted = {(one.place.lead_id, tag_key(effect.tag)): (one, effect) for one, _, effect in tags if tag_key(effect.tag)}
    if not wanted:
        return
    ensure_tags(conn, {key: clean(effect.tag, 80) for (_, key), (_, effect) in wanted.items()})
    insert = upsert(conn.dialect.name, lead_tags).on_conflict_do_nothing()
    rows = [{"lead_id": lead_id, "tag": key, "at": scene.now} for lead_id, key in wanted]
    new = conn.execute(insert.returning(lead_tags.c.lead_id, lead_tags.c.tag), rows)
    record_set(
        conn,
        [
            Activity(
                row.lead_id,
                Kind.TAGGED,
                scene.now,
                "engine",
                f"enrollment:{wanted[row.lead_id, row.tag][0].place.id}",
                campaign_key=wanted[row.lead_id, row.tag][0].key,
                detail={"tag": row.tag},
            )
            for row in new
        ],
        real=scene.real,
    )


def _notes(conn: Connection, notes: Sequence[tuple[Moved, Deed, NotifyOwner]], scene: Scene) -> int:
    """A mail to the owner of each lead; a decision says where there is none. Gives how many were queued."""
    if not notes:
        return 0
    about = _about(conn, [one.place.lead_id for one, _, _ in notes])
    batch: list[NewMessage] = []
    nobody: list[Decision] = []
    for one, deed, effect in notes:
        row = about[one.place.lead_id]
        cause = f"enrollment:{one.place.id}/{deed.step}/{deed.occurrence}"
        if row.user_email is None:
            no = Reason.NO_SALESPERSON
            nobody.append(Decision(Decided.STEP, cause, "no", no, scene.now, one.place.lead_id, cause))
        else:
            batch.append(_note(one, deed, effect, row, cause, scene))
    decide_many(conn, nobody)
    return sum(new is not None for new in write(conn, batch, now=scene.now, real=scene.real)) if batch else 0


def _about(conn: Connection, lead_ids: Sequence[int]) -> dict[int, Any]:
    """The leads with their companies' names and their owners."""
    query = (
        sa.select(
            leads,
            companies.c.name.label("company_name"),
            users.c.id.label("user_id"),
            users.c.email.label("user_email"),
            users.c.name.label("user_name"),
            users.c.phone.label("user_phone"),
            users.c.language.label("user_language"),
        )
        .outerjoin(companies, companies.c.id == leads.c.company_id)
        .outerjoin(users, sa.and_(users.c.id == leads.c.owner_id, users.c.disabled_at.is_(None)))
        .where(leads.c.id.in_(sorted(set(lead_ids))))
    )
    return {row.id: row for row in conn.execute(query)}


def _note(one: Moved, deed: Deed, effect: NotifyOwner, row: Any, cause: str, scene: Scene) -> NewMessage:
    wished = (row.user_language, scene.settings.language)
    language = choose_language(wished, scene.languages.get(STAFF_TEMPLATE, ())) or scene.settings.language
    owner = SimpleNamespace(name=row.user_name, email=row.user_email, phone=row.user_phone)
    values = staff_values(
        owner,
        house_values(scene.settings),
        lead=lead_values(row, row.company_name or ""),
        title=in_language(effect.note, language),
        url=f"{scene.settings.base_url}/leads/{row.public_id}",
    )
    return NewMessage(
        Purposes.ALERT,
        STAFF_TEMPLATE,
        language,
        MessageClass.TRANSACTIONAL,
        deed.planned_at,
        lead_id=one.place.lead_id,
        user_id=row.user_id,
        unique_key=f"notify:{cause}",
        values=values,
        address=row.user_email,
        priority=1,
    )


def _passages(conn: Connection, moved: Sequence[Moved], now: datetime) -> None:
    rows = [
        {
            "enrollment_id": one.place.id,
            "campaign_id": one.place.campaign_id,
            "step": passage.step,
            "occurrence": passage.occurrence,
            "outcome": passage.outcome,
            "reason": passage.reason,
            "planned_at": passage.planned_at,
            "at": now,
        }
        for one in moved
        for passage in one.move.passages
    ]
    if rows:
        conn.execute(upsert(conn.dialect.name, passages).on_conflict_do_nothing(), rows)


def _skips(mails: Sequence[tuple[Moved, Deed, WriteMessage]], now: datetime) -> list[Decision]:
    return [
        Decision(
            Decided.SEND,
            f"enrollment:{one.place.id}/{deed.step}",
            "no",
            deed.skip.reason,
            now,
            one.place.lead_id,
            f"enrollment:{one.place.id}",
            deed.skip.detail,
        )
        for one, deed, _ in mails
        if deed.skip is not None
    ]


def _holds(moved: Sequence[Moved], now: datetime) -> list[Decision]:
    """What waits for a reason besides its step: policy, a failure."""
    return [
        Decision(
            Decided.STEP if one.move.held is Reason.STEP_FAILED else Decided.SEND,
            f"enrollment:{one.place.id}/{one.move.step}",
            "later",
            one.move.held,
            now,
            one.place.lead_id,
            f"enrollment:{one.place.id}",
            one.move.held_detail,
        )
        for one in moved
        if one.move.held is not None
    ]
