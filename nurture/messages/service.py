"""Publishing compiled emails, writing messages, and moving them between states. The caller opened the transaction."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from nurture.enrollments.tables import enrollments
from nurture.kernel.database import among, insert_new, upsert
from nurture.kernel.ready import Ready
from nurture.kernel.reasons import Reason
from nurture.kernel.tables import installation
from nurture.messages.model import ENDED, Attachment, Compiled, MessageClass, MessageState, NewMessage, Purposes
from nurture.messages.source import Source
from nurture.messages.store import current_revisions
from nurture.messages.tables import message_values, messages, template_files, template_revisions, templates

WAITING = (MessageState.QUEUED, MessageState.DEFERRED)


@dataclass(frozen=True, slots=True)
class Published:
    """What publishing did, as (key, language) pairs; `revisions` gives the current revision of each."""

    added: tuple[tuple[str, str], ...]
    changed: tuple[tuple[str, str], ...]
    unchanged: tuple[tuple[str, str], ...]
    revisions: Mapping[tuple[str, str], int]


def publish_templates(conn: Connection, emails: Sequence[tuple[Source, Compiled]], *, now: datetime) -> Published:
    """Keep each email as a revision by its hash, and use it from now on for all not yet sent. Does not delete any."""
    before = current_revisions(conn)
    _keep_files(conn, [file for source, _ in emails for file in (*source.assets, *source.attachments)], now)
    revisions = {(c.key, c.language): _revision(conn, source, c, now) for source, c in emails}
    for (key, language), revision in revisions.items():
        if before.get((key, language)) == revision:
            continue
        row = {"key": key, "language": language, "revision_id": revision, "updated_at": now}
        change = {"revision_id": revision, "updated_at": now}
        insert = upsert(conn.dialect.name, templates).values(row)
        conn.execute(insert.on_conflict_do_update(index_elements=["key", "language"], set_=change))
    return Published(
        tuple(one for one in revisions if one not in before),
        tuple(one for one, revision in revisions.items() if one in before and before[one] != revision),
        tuple(one for one, revision in revisions.items() if before.get(one) == revision),
        revisions,
    )


def _keep_files(conn: Connection, files: Iterable[Attachment], now: datetime) -> None:
    """Keep images and attachments, each once by its content."""
    new = {one.ref.hash: one for one in files}
    if not new:
        return
    known = set(conn.execute(sa.select(template_files.c.hash).where(template_files.c.hash.in_(list(new)))).scalars())
    for digest, one in new.items():
        if digest not in known:
            row = {"hash": digest, "media_type": one.media_type, "data": one.data, "created_at": now}
            conn.execute(upsert(conn.dialect.name, template_files).values(row).on_conflict_do_nothing())


def _revision(conn: Connection, source: Source, compiled: Compiled, now: datetime) -> int:
    names = {"key": compiled.key, "language": compiled.language, "hash": compiled.hash}
    found = sa.select(template_revisions.c.id).filter_by(**names)
    known = conn.execute(found).scalar_one_or_none()
    if known is not None:
        return int(known)
    row = {**names, "source": source.to_json(), "compiled": compiled.to_json(), "created_at": now}
    insert = upsert(conn.dialect.name, template_revisions).values(row).on_conflict_do_nothing()
    conn.execute(insert)
    return int(conn.execute(found).scalar_one())


def under_subject(conn: Connection, revision_id: int, subject: str, *, now: datetime) -> int:
    """A revision with another subject, for a variant; gives its id. What the email's own revision is stays as it is."""
    row = conn.execute(sa.select(template_revisions).where(template_revisions.c.id == revision_id)).one()
    digest = hashlib.sha256(f"{row.hash}\n{subject}".encode()).hexdigest()
    names = {"key": row.key, "language": row.language, "hash": digest}
    texts = {name: {**getattr(row, name), "subject": subject} for name in ("source", "compiled")}
    texts["compiled"]["hash"] = digest
    insert = upsert(conn.dialect.name, template_revisions).values({**names, **texts, "created_at": now})
    conn.execute(insert.on_conflict_do_nothing())
    return int(conn.execute(sa.select(template_revisions.c.id).filter_by(**names)).scalar_one())


def write(conn: Connection, batch: Sequence[NewMessage], *, now: datetime, real: datetime) -> list[int | None]:
    """Write messages, many in a statement. For each its id, or None when that message was there already.

    `now` is engine time: when a skipped message reached its state. `real` is kept as the row's creation.
    """
    origin = _origin(conn)
    rows = [_row(message, origin, now, real) for message in batch]
    names = tuple(rows[0]) if rows else ()
    ids = dict(insert_new(conn, messages, names, [tuple(row.values()) for row in rows], ("header_id", "id")))
    # The same message twice in one batch: the first is the one written.
    return [ids.pop(row["header_id"], None) for row in rows]


def _row(message: NewMessage, origin: tuple[str, str], now: datetime, real: datetime) -> dict[str, Any]:
    waits = message.state in WAITING
    return {
        "purpose": message.purpose.value,
        # Mail to staff may be about a lead, but it is not among the lead's messages.
        "lead_id": None if message.user_id is not None else message.lead_id,
        "user_id": message.user_id,
        "campaign_id": message.campaign_id,
        "enrollment_id": message.enrollment_id,
        "revision_id": message.revision_id,
        "step": message.step,
        "occurrence": message.occurrence,
        "broadcast_id": message.broadcast_id,
        "unique_key": message.unique_key,
        "template_key": message.template_key,
        "template_revision_id": message.template_revision_id,
        "language": message.language,
        "class_": message.class_.value,
        "sender": message.sender,
        "address": message.address,
        "values_": None if message.values is None else dict(message.values),
        "policy": message.policy,
        "state": message.state.value,
        "reason": str(message.reason),
        "detail": None if message.detail is None else dict(message.detail),
        "priority": message.priority,
        "planned_at": message.planned_at,
        "not_before": message.not_before or message.planned_at,
        "header_id": header_id(message.key(), *origin),
        "created_at": real,
        "ended_at": None if waits else now,
    }


def header_id(key: str, instance: str, domain: str) -> str:
    """The Message-ID of the message with this key, without brackets: the same whenever it is asked for."""
    digest = hashlib.sha256(f"{instance}\n{key}".encode()).hexdigest()[:32]
    return f"{digest}@{domain}"


def _origin(conn: Connection) -> tuple[str, str]:
    """What makes Message-IDs ours: the installation, and the domain it sends from."""
    row = conn.execute(sa.select(installation.c.instance, installation.c.mail_domain)).first()
    return (row.instance, row.mail_domain or "localhost") if row is not None else ("", "localhost")


def set_state(
    conn: Connection,
    ids: Iterable[int],
    state: MessageState,
    *,
    now: datetime,
    reason: Reason | str = "",
    detail: Mapping[str, Any] | None = None,
    only_from: Sequence[MessageState] = WAITING,
) -> list[int]:
    """Move messages that stand in one of `only_from`; gives the ids that moved. Their leases end."""
    return _move(conn, among(messages.c.id, list(ids)), state, now, str(reason), detail, only_from)


def cancel(conn: Connection, lead_id: int, message_class: MessageClass, *, now: datetime, reason: Reason) -> list[int]:
    """Take back what has not gone yet to this lead of this class; gives the ids."""
    wanted = sa.and_(messages.c.lead_id == lead_id, messages.c.class_ == message_class.value)
    return _move(conn, wanted, MessageState.CANCELED, now, reason.value, None, WAITING)


def look_again(conn: Connection, lead_id: int, reason: Reason, *, now: datetime) -> None:
    """What waits to go to this lead for this reason may be looked at now."""
    waits = sa.and_(messages.c.lead_id == lead_id, messages.c.state == MessageState.QUEUED.value)
    later = sa.and_(waits, messages.c.reason == reason.value, messages.c.not_before > now)
    conn.execute(messages.update().where(later).values(not_before=now))


def _move(
    conn: Connection,
    which: sa.ColumnElement[bool],
    state: MessageState,
    now: datetime,
    reason: str,
    detail: Mapping[str, Any] | None,
    only_from: Sequence[MessageState],
) -> list[int]:
    change = (
        messages.update()
        .where(which, messages.c.state.in_([one.value for one in only_from]))
        .values(
            state=state.value,
            reason=reason,
            detail=None if detail is None else dict(detail),
            ended_at=now if state in ENDED else None,
            lease_until=None,
            lease_holder=None,
        )
        .returning(messages.c.id, messages.c.enrollment_id, messages.c.purpose)
    )
    moved = conn.execute(change).all()
    if state in ENDED:
        follow_end(conn, moved)
    return [row.id for row in moved]


def follow_end(conn: Connection, ended: Sequence[Row[Any]]) -> None:
    """What follows when messages have ended, from their rows with id, enrollment and purpose.

    Enrollments that waited for them go on; the links of account mails are forgotten, and what mails were made with.
    """
    _release(conn, [(row.id, row.enrollment_id) for row in ended if row.enrollment_id is not None])
    _forget_links(conn, [row.id for row in ended if row.purpose == Purposes.ACCOUNT.value])
    forget_values(conn, [row.id for row in ended])


def _forget_links(conn: Connection, ids: Sequence[int]) -> None:
    """Blank what account mails were written with: a link of one use opens an account."""
    if ids:
        conn.execute(messages.update().where(messages.c.id.in_(ids)).values(values_=sa.null()))
        conn.execute(message_values.delete().where(message_values.c.message_id.in_(ids)))


# Spelled out, so that the partial index of these few serves it.
_MAY_HAVE_GONE = sa.exists().where(messages.c.id == message_values.c.message_id, sa.text("messages.state = 'unknown'"))
_FORGOTTEN = Ready(message_values.delete().where(among(message_values.c.message_id, "ids"), ~_MAY_HAVE_GONE), ())


def forget_values(conn: Connection, ids: Sequence[int]) -> None:
    """Let go of what these messages were made with, but for those that may be sent again because nobody knows."""
    if ids:
        _FORGOTTEN.run(conn, ids=ids)


_WAITING = sa.and_(among(enrollments.c.id, "enrollments"), among(enrollments.c.waits_for, "messages"))
_HELD = Ready(sa.select(enrollments.c.id).where(_WAITING).order_by(enrollments.c.id).with_for_update(key_share=True))
_FREED = Ready(enrollments.update().where(_WAITING).values(waits_for=None), ())


def _release(conn: Connection, ended: Sequence[tuple[int, int]]) -> None:
    """Let enrollments go on that waited for one of these (message, enrollment), in the order of their ids."""
    if not ended:
        return
    these = {
        "enrollments": sorted(enrollment for _, enrollment in ended),
        "messages": [message for message, _ in ended],
    }
    if conn.dialect.name != "sqlite":  # which has one writer
        _HELD.rows(conn, **these)
    _FREED.run(conn, **these)
