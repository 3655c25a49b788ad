"""Queries over messages and published emails."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from nurture.campaigns.tables import campaigns
from nurture.kernel.database import unindexed
from nurture.leads.store import visible
from nurture.leads.tables import leads
from nurture.messages.model import UNSUBSCRIBE, Attachment, Compiled, FileRef, MessageState, Purposes
from nurture.messages.tables import attempts, messages, template_files, template_revisions, templates
from nurture.users.model import Person

_VARIABLE = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_TAG = re.compile(r"\{%.*?%\}", re.DOTALL)
_GAPS = re.compile(r"…(?:[\s(]*…\)?)+")
_LATEST = 20_000  # messages that are walked through, the newest first, before an index is asked
_TO_LEADS = (Purposes.CAMPAIGN.value, Purposes.BROADCAST.value)


Tally = Sequence[tuple[str, str, int]]  # state, reason, how many


def tally(conn: Connection, campaign_key: str | None = None, seen_by: Person | None = None) -> Tally:
    """How many mails to leads stand where and why, of one campaign or of all, from one snapshot; or of those seen."""
    parts = (messages.c.campaign_id, messages.c.state, messages.c.reason, messages.c.purpose)  # as in the index
    query = sa.select(*parts, sa.func.count()).where(*_seen(seen_by, walk=True)).group_by(*parts)
    if campaign_key is not None:
        query = query.where(_of_campaign(campaign_key))
    found: dict[tuple[str, str], int] = {}
    for row in conn.execute(query):
        if campaign_key is not None or row.purpose in _TO_LEADS:
            found[row.state, row.reason] = found.get((row.state, row.reason), 0) + int(row[-1])
    return [(state, reason, count) for (state, reason), count in found.items()]


def account(conn: Connection, campaign_key: str | None = None, seen_by: Person | None = None) -> dict[str, Any]:
    """The account of every mail to leads: see `summed`."""
    return summed(tally(conn, campaign_key, seen_by))


def summed(found: Tally) -> dict[str, Any]:
    """`{"audience": n, "states": {state: n}}`; every state is named, and they add up to the audience."""
    states = dict.fromkeys((state.value for state in MessageState), 0)
    for state, _, count in found:
        states[state] += count
    return {"audience": sum(states.values()), "states": states}


def reasons(conn: Connection, campaign_key: str | None = None) -> list[tuple[str, str, int]]:
    """What did not simply go: see `explained`."""
    return explained(tally(conn, campaign_key))


def explained(found: Tally) -> list[tuple[str, str, int]]:
    """(state, reason, count) of what has a reason, the most frequent first."""
    return sorted((one for one in found if one[1]), key=lambda one: (-one[2], one[0], one[1]))


def next_handover(conn: Connection, campaign_key: str | None = None) -> datetime | None:
    """The earliest instant for which a mail to leads waits, of one campaign or of all; None when none does."""
    waiting = messages.c.state.in_([MessageState.QUEUED.value, MessageState.DEFERRED.value])
    query = sa.select(sa.func.min(messages.c.not_before)).where(_of_campaign(campaign_key), waiting)
    return conn.execute(query).scalar_one_or_none()


def by_campaign(conn: Connection) -> dict[int | None, dict[str, int]]:
    """For each campaign how many messages stand in which state; under None those of all one-time emails."""
    query = sa.select(messages.c.campaign_id, messages.c.state, sa.func.count()).where(
        messages.c.purpose.in_(_TO_LEADS)
    )
    found: dict[int | None, dict[str, int]] = {}
    for campaign_id, state, count in conn.execute(query.group_by(messages.c.campaign_id, messages.c.state)):
        found.setdefault(campaign_id, {})[state] = count
    return found


def _seen(person: Person | None, *, walk: bool = False) -> list[sa.ColumnElement[bool]]:
    """Nothing for who sees every lead; else only mail to leads that this person sees."""
    if person is None or person.sees_all:
        return []
    lead_id = unindexed(messages.c.lead_id) if walk else messages.c.lead_id
    return [lead_id.in_(sa.select(leads.c.id).where(visible(person)))]


def _of_campaign(key: str | None) -> sa.ColumnElement[bool]:
    if key is None:
        return messages.c.purpose.in_(_TO_LEADS)
    campaign = sa.select(campaigns.c.id).where(campaigns.c.key == key).scalar_subquery()
    return messages.c.campaign_id == campaign


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of one page; `next` is the id to go on before, None at the end."""

    rows: Sequence[Any]
    next: int | None


def page(
    conn: Connection,
    *,
    lead_id: int | None = None,
    campaign_id: int | None = None,
    broadcast_id: int | None = None,
    states: Sequence[str] = (),
    reason: str | None = None,
    before: int | None = None,
    limit: int = 50,
    seen_by: Person | None = None,
    within: tuple[datetime, datetime] | None = None,
    many: bool = False,
) -> Page:
    """Messages, the newest first, with lead and campaign; keyset paging by id. Frozen values are left out.

    `seen_by` leaves those of leads that this person sees; `within` those whose present state was reached in that span.
    `many`: lots are known to meet all this, and are looked for among the latest first.
    """
    places = (
        (messages.c.lead_id, lead_id), (messages.c.campaign_id, campaign_id), (messages.c.broadcast_id, broadcast_id),
    )  # fmt: skip
    asked = [(column, value) for column, value in places if value is not None]
    where = [messages.c.id < before] if before is not None else []
    if within is not None:
        where += [messages.c.ended_at >= within[0], messages.c.ended_at < within[1]]
    if states:
        where.append(messages.c.state.in_(states))
    if reason is not None:
        where.append(messages.c.reason == reason)
    if not asked:
        where.append(messages.c.purpose.in_(_TO_LEADS))
    rows: Sequence[Any] = []
    if lead_id is not None:
        of_lead = [column == value for column, value in asked]
        rows = conn.execute(_SHOWN.where(*where, *of_lead, *_shows(seen_by)).limit(limit + 1)).all()
    elif many:
        start = sa.select(sa.func.max(messages.c.id)).scalar_subquery() if before is None else sa.literal(before)
        latest = [unindexed(column) == value for column, value in asked] + [messages.c.id > start - _LATEST]
        rows = conn.execute(_SHOWN.where(*where, *latest, *_shows(seen_by)).limit(limit + 1)).all()
    if lead_id is None and len(rows) <= limit:
        where += [column == value for column, value in asked]
        found = _sought([*where, *_seen(seen_by, walk=many)], anywhere=not asked).limit(limit + 1)
        ids = list(conn.execute(found).scalars())
        rows = conn.execute(_SHOWN.where(messages.c.id.in_(ids))).all() if ids else []
    return Page(rows[:limit], rows[limit - 1].id if len(rows) > limit else None)


def _shows(person: Person | None) -> list[sa.ColumnElement[bool]]:
    """As `_seen`, of a message with its lead at hand."""
    return [] if person is None or person.sees_all else [messages.c.lead_id.is_not(None), visible(person)]


def _sought(where: Sequence[sa.ColumnElement[bool]], *, anywhere: bool) -> sa.Select[tuple[int]]:
    """The ids of messages that meet all this, the newest first, from the indexes to count by.

    `anywhere`: of no one place, which is of each campaign and of none.
    """
    some = sa.select(messages.c.id).where(*where)
    if anywhere:
        of_one = some.where(messages.c.campaign_id.in_(sa.select(campaigns.c.id)))
        both = sa.union_all(of_one, some.where(messages.c.campaign_id.is_(None))).subquery()
        return sa.select(both.c.id).order_by(both.c.id.desc())
    return some.order_by(unindexed(messages.c.id).desc())


_SHOWN = (
    sa.select(
        *(one for one in messages.c if one.key not in {"values_", "policy"}),
        leads.c.public_id.label("lead_public_id"),
        leads.c.name.label("lead_name"),
        leads.c.email.label("lead_email"),
        leads.c.phone.label("lead_phone"),
        leads.c.owner_id.label("lead_owner_id"),
        campaigns.c.key.label("campaign_key"),
        campaigns.c.name.label("campaign_name"),
    )
    .select_from(messages.outerjoin(leads).outerjoin(campaigns))
    .order_by(messages.c.id.desc())
)  # what a page shows of a message


def get(conn: Connection, message_id: int) -> Row[Any] | None:
    """One message with everything, or None."""
    return conn.execute(sa.select(messages).where(messages.c.id == message_id)).first()


def seen(conn: Connection, message_id: int, person: Person) -> Row[Any] | None:
    """One message with lead, reader and campaign, for somebody who may see it: mail to staff is theirs alone."""
    query = (
        sa.select(
            messages,
            leads.c.public_id.label("lead_public_id"),
            leads.c.name.label("lead_name"),
            leads.c.email.label("lead_email"),
            campaigns.c.key.label("campaign_key"),
            campaigns.c.name.label("campaign_name"),
        )
        .select_from(messages.outerjoin(leads).outerjoin(campaigns))
        .where(messages.c.id == message_id)
    )
    mine = messages.c.user_id == person.id
    allowed = sa.or_(messages.c.lead_id.is_not(None) & visible(person), mine)
    return conn.execute(query if person.may_administer else query.where(allowed)).first()


def by_header_id(conn: Connection, header_id: str) -> Row[Any] | None:
    """The message with this Message-ID (without brackets), or None."""
    return conn.execute(sa.select(messages).where(messages.c.header_id == header_id)).first()


def attempts_of(conn: Connection, message_id: int) -> Sequence[Row[Any]]:
    """Every conversation about a message, in order."""
    query = sa.select(attempts).where(attempts.c.message_id == message_id).order_by(attempts.c.number, attempts.c.id)
    return conn.execute(query).all()


def closed(conn: Connection) -> dict[str, list[str]]:
    """Published emails without a link to unsubscribe: their languages by key."""
    query = sa.select(
        templates.c.key, templates.c.language, template_revisions.c.compiled["reads"].label("reads")
    ).join(template_revisions, template_revisions.c.id == templates.c.revision_id)
    found: dict[str, list[str]] = {}
    for key, language, reads in conn.execute(query.order_by(templates.c.key, templates.c.language)):
        if UNSUBSCRIBE not in (reads or ()):
            found.setdefault(key, []).append(language)
    return found


def waiting_by_email(conn: Connection) -> dict[str, int]:
    """How many messages of each email have not been written out, so that they get its present text."""
    query = sa.select(messages.c.template_key, sa.func.count().label("number")).where(
        messages.c.state.in_((MessageState.QUEUED.value, MessageState.DEFERRED.value)),
        messages.c.template_revision_id.is_(None),
    )
    return {row.template_key: row.number for row in conn.execute(query.group_by(messages.c.template_key))}


def languages(conn: Connection, keys: Iterable[str] | None = None) -> dict[str, list[str]]:
    """In which languages each published email is there; all emails when no keys are named."""
    query = sa.select(templates.c.key, templates.c.language).order_by(templates.c.key, templates.c.language)
    if keys is not None:
        query = query.where(templates.c.key.in_(list(keys)))
    found: dict[str, list[str]] = {}
    for key, language in conn.execute(query):
        found.setdefault(key, []).append(language)
    return found


@dataclass(frozen=True, slots=True)
class Subject:
    """The subject of a published email in one language, as a title: with … where it differs for each lead."""

    key: str
    language: str
    text: str


# By key, language and hash of a revision, which never changes.
_subjects: dict[tuple[str, str, str], str] = {}
_MOST_SUBJECTS = 5_000


def seen_subjects() -> list[str]:
    """The `key/language/hash` of revisions whose subjects need not be read again."""
    return ["/".join(name) for name in _subjects]


def subjects(published: Iterable[tuple[str, str, str, str | None]]) -> list[Subject]:
    """Subjects of these (key, language, revision's hash, subject as written); the last may be missing where seen."""
    if len(_subjects) > _MOST_SUBJECTS:
        _subjects.clear()
    found: list[Subject] = []
    for key, language, digest, written in published:
        name = (key, language, digest)
        if name not in _subjects:
            _subjects[name] = title_of(written or key)
        found.append(Subject(key, language, _subjects[name]))
    return found


def titled(found: Iterable[Subject], language: str) -> dict[str, str]:
    """What people call each email: its subject in this language or another."""
    titles: dict[str, str] = {}
    for one in found:
        if one.key not in titles or one.language == language:
            titles[one.key] = one.text
    return titles


def title_of(subject: str) -> str:
    """A subject without what differs for each lead: `{{ lead | greeting }}, thanks for {{ x }}` as `Thanks for …`."""
    spoken = " ".join(_VARIABLE.sub("…", _TAG.sub("", subject)).split())
    found = _GAPS.sub("…", spoken)
    if found.startswith("…") and found.lstrip("…,.;:!? "):
        found = found.lstrip("…,.;:!? ")
        return found[:1].upper() + found[1:]
    return found


def current_revision(conn: Connection, key: str, language: str) -> int | None:
    """Which revision of an email is used for what is not yet sent."""
    query = sa.select(templates.c.revision_id).where(templates.c.key == key, templates.c.language == language)
    return conn.execute(query).scalar_one_or_none()


_CURRENT = sa.select(templates)  # built once: it is asked at every go


def current_revisions(conn: Connection) -> dict[tuple[str, str], int]:
    """The current revision of every (key, language)."""
    return {(row.key, row.language): row.revision_id for row in conn.execute(_CURRENT)}


def file(conn: Connection, digest: str) -> Attachment | None:
    """An image or attachment by the hash of its content; it has no name of its own."""
    row = conn.execute(sa.select(template_files).where(template_files.c.hash == digest)).first()
    return None if row is None else Attachment("", row.media_type, bytes(row.data))


def attachments(conn: Connection, refs: Iterable[Mapping[str, Any]]) -> list[Attachment]:
    """The files that go with an email, from what its revision says of them, in its order."""
    named = [FileRef(**one) for one in refs]
    if not named:
        return []
    query = sa.select(template_files.c.hash, template_files.c.data).where(
        template_files.c.hash.in_({one.hash for one in named})
    )
    held = {row.hash: bytes(row.data) for row in conn.execute(query)}
    return [Attachment(one.name, one.media_type, held[one.hash]) for one in named]


def compiled(conn: Connection, revision_id: int) -> Compiled | None:
    """A stored revision, ready for `Personalizer`."""
    query = sa.select(template_revisions.c.compiled).where(template_revisions.c.id == revision_id)
    data = conn.execute(query).scalar_one_or_none()
    return None if data is None else Compiled.from_json(data)
