"""Queries of hits: keeping raw ones, and reading those that wait for a verdict with all that a verdict needs."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import chain
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.engine import Connection

from nurture.activities.model import Decided, Kind
from nurture.activities.tables import activities, activity_causes, decisions, reactions
from nurture.campaigns.tables import campaigns
from nurture.kernel.database import Instant, among, update_rows, upsert
from nurture.kernel.ready import Ready
from nurture.kernel.reasons import Reason
from nurture.leads.tables import leads
from nurture.messages.model import MessageState
from nurture.messages.tables import attempts, messages, template_revisions
from nurture.tracking.agent import device_of
from nurture.tracking.company import Seen
from nurture.tracking.model import Hit, Verdict
from nurture.tracking.tables import hits

MOST_COMPANY = 300
_MOST_PEOPLE = 50
_MOST_ELSEWHERE = 4_000
_LONGEST_CHAIN = 20
NEVER_AGAIN = 2**31 - 1  # no classifier is newer: what is blank cannot be judged anew
_LOCKS = 0x6E75_0000_0000_0000  # advisory locks of messages begin here

_RAW = ("key", "kind", "message_id", "link", "url", "at", "engine_at", "method", "agent", "ip", "headers")
_MOST_ROWS = 256  # of one statement
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def keep(conn: Connection, batch: Sequence[Hit]) -> None:
    """Write raw hits; one that is there already, by its key, is passed over.

    Few statements for many rows: a driver lets go of the interpreter's lock at every row of an executemany, and the
    threads that answer hits take it.
    """
    texts = _texts(batch)
    if conn.dialect.name != "sqlite":
        rows = [_plain(hit) | {"headers": texts[id(hit.headers)]} for hit in batch]
        conn.exec_driver_sql(_FROM_JSON, (_encode(rows),))
        return
    bind: Any = hits.c.at.type.dialect_impl(conn.dialect).bind_processor(conn.dialect)
    values = [
        (hit.key, hit.kind, hit.message_id, hit.link, hit.url, bind(hit.at), bind(hit.engine_at), hit.method,
         hit.agent, hit.ip, texts[id(hit.headers)])
        for hit in batch
    ]  # fmt: skip
    start = 0
    while start < len(values):
        size = _rows_for(len(values) - start)
        part = values[start : start + size]
        part += part[-1:] * (size - len(part))  # the same key again is passed over
        conn.exec_driver_sql(_statement(size), tuple(chain.from_iterable(part)))
        start += size


def _texts(batch: Sequence[Hit]) -> dict[int, str]:
    """The headers as JSON, once for all hits that share them."""
    return {key: _encode(headers) for key, headers in {id(hit.headers): hit.headers for hit in batch}.items()}


def _plain(hit: Hit) -> dict[str, Any]:
    return {
        "key": hit.key, "kind": hit.kind, "message_id": hit.message_id, "link": hit.link, "url": hit.url,
        "at": hit.at.isoformat(), "engine_at": hit.engine_at.isoformat(), "method": hit.method, "agent": hit.agent,
        "ip": hit.ip,
    }  # fmt: skip


def _rows_for(left: int) -> int:
    """A power of two, so that the driver keeps few statements prepared; somewhat more than are left rather than two."""
    above = 1 << (left - 1).bit_length()
    return min(above if above - left <= above // 4 else above // 2, _MOST_ROWS)


@cache
def _statement(size: int) -> str:
    row = "(" + ", ".join("?" * len(_RAW)) + ")"
    return f"INSERT INTO hits ({', '.join(_RAW)}) VALUES {', '.join([row] * size)} ON CONFLICT DO NOTHING"  # noqa: S608 - our own names


# PostgreSQL reads one JSON text sooner than the driver writes that many parameters.
_FROM_JSON = """
    INSERT INTO hits (key, kind, message_id, link, url, at, engine_at, method, agent, ip, headers)
    SELECT key, kind, message_id, link, url, at, engine_at, method, agent, ip, headers::jsonb
    FROM json_to_recordset(%s::json) AS raw(
        key text, kind text, message_id bigint, link integer, url text, at timestamptz, engine_at timestamptz,
        method text, agent text, ip text, headers text
    )
    ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class Kept:
    """A hit of the table with what has been made of it so far. `activity_id`: what it counts for, if it counts."""

    id: int
    hit: Hit
    verdict: Verdict | None
    reasons: tuple[str, ...]
    settled: bool
    activity_id: int | None
    version: int | None = None  # of the classifier that gave the verdict


@dataclass(frozen=True, slots=True)
class Mail:
    """What a hit's message tells: whose it is (after merges), where it belongs, when it went, how many links it has."""

    lead_id: int | None
    campaign_key: str | None
    email_key: str
    sent_at: datetime | None  # real time
    links: int | None
    erased: bool = False  # the lead was forgotten


def waiting(
    conn: Connection, settling_until: datetime, limit: int, *, but: Sequence[int] = (), newest: bool = False
) -> list[tuple[int, int]]:
    """(hit, message) of those without a verdict, then of those to be settled: hits no later than `settling_until`.

    Without those of `but`; `newest`: the last that came, and none to be settled.
    """
    order = hits.c.id.desc() if newest else hits.c.id
    fresh = sa.select(hits.c.id, hits.c.message_id).where(hits.c.verdict.is_(None)).order_by(order).limit(limit)
    fresh = fresh.where(~among(hits.c.id, but)) if but else fresh
    found = [(row.id, row.message_id) for row in conn.execute(fresh)]
    ripe = (
        sa.select(hits.c.id, hits.c.message_id)
        .where(sa.not_(hits.c.settled), hits.c.verdict.is_not(None), hits.c.at <= settling_until)
        .order_by(hits.c.at)
        .limit(limit - len(found))
    )
    ripe = ripe.where(~among(hits.c.id, but)) if but else ripe
    if newest or len(found) >= limit:
        return found
    return found + [(row.id, row.message_id) for row in conn.execute(ripe)]


def messages_of(conn: Connection, ids: Sequence[int]) -> list[tuple[int, int]]:
    """(hit, message) of these hits."""
    rows = conn.execute(sa.select(hits.c.id, hits.c.message_id).where(among(hits.c.id, ids)).order_by(hits.c.id))
    return [(row.id, row.message_id) for row in rows]


def leads_of(conn: Connection, ids: Sequence[int]) -> list[int]:
    """Whose messages these hits are on."""
    query = sa.select(messages.c.lead_id).join(hits, hits.c.message_id == messages.c.id).where(among(hits.c.id, ids))
    return [one for one in conn.execute(query.distinct()).scalars() if one is not None]


def claim(conn: Connection, message_ids: Collection[int]) -> set[int]:
    """Those of the messages whose hits nobody else is judging; they are ours until the transaction ends."""
    if conn.dialect.name == "sqlite":  # one writer at a time
        return set(message_ids)
    wanted = sa.func.unnest(sa.cast(sorted(message_ids), ARRAY(sa.BigInteger))).column_valued("message")
    lock = sa.func.pg_try_advisory_xact_lock(sa.literal(_LOCKS, sa.BigInteger) + wanted)
    return set(conn.execute(sa.select(wanted).where(lock)).scalars())


_RIPE = sa.and_(sa.not_(hits.c.settled), hits.c.at <= sa.bindparam("until", type_=Instant))
_DUE = Ready(sa.select(hits).where(among(hits.c.id, "ids"), sa.or_(hits.c.verdict.is_(None), _RIPE)))


def due(conn: Connection, ids: Sequence[int], settling_until: datetime) -> list[Kept]:
    """Those of the hits that still wait, as in `waiting`; in a write transaction."""
    return [_kept(row) for row in _DUE.rows(conn, ids=ids, until=settling_until)]


def of_message(conn: Connection, message_id: int, limit: int = 200) -> list[Kept]:
    """The hits on a message, the earliest first."""
    query = sa.select(hits).where(hits.c.message_id == message_id).order_by(hits.c.at, hits.c.id).limit(limit)
    return [_kept(row) for row in conn.execute(query)]


def of_lead(conn: Connection, lead_id: int, limit: int = 200, verdict: Verdict | None = None) -> list[Kept]:
    """The hits on a lead's messages, or those of one verdict, the latest first."""
    query = sa.select(hits).join(messages, messages.c.id == hits.c.message_id).where(messages.c.lead_id == lead_id)
    query = query.where(hits.c.verdict == verdict.value) if verdict is not None else query
    return [_kept(row) for row in conn.execute(query.order_by(hits.c.at.desc(), hits.c.id.desc()).limit(limit))]


def last_click(conn: Connection, message_id: int, link: int) -> Kept | None:
    """The latest click on a link of a message."""
    query = sa.select(hits).where(hits.c.message_id == message_id, hits.c.kind == "click", hits.c.link == link)
    row = conn.execute(query.order_by(hits.c.at.desc(), hits.c.id.desc()).limit(1)).one_or_none()
    return _kept(row) if row is not None else None


_NUMBER = sa.func.row_number().over(partition_by=hits.c.message_id, order_by=(hits.c.at, hits.c.id)).label("number")


def _first_of_each(*where: sa.ColumnElement[bool] | sa.TextClause) -> Ready:
    found = sa.select(hits, _NUMBER).where(among(hits.c.message_id, "messages"), *where).subquery()
    return Ready(sa.select(found).where(found.c.number <= sa.bindparam("most", type_=sa.Integer)))


_SPAN = sa.bindparam("since", type_=Instant), sa.bindparam("until", type_=Instant)
_COMPANY = _first_of_each(hits.c.kind == "click", hits.c.at.between(*_SPAN))
_TRAPS = _first_of_each(sa.text("link = 65535"))
_EVERY = _first_of_each()


def company(conn: Connection, message_ids: Collection[int], since: datetime, until: datetime) -> list[Kept]:
    """The clicks on these messages in a span of real time, for each message at most MOST_COMPANY."""
    rows = _COMPANY.rows(conn, messages=list(message_ids), since=since, until=until, most=MOST_COMPANY)
    return [_kept(row) for row in rows]


def traps(conn: Connection, message_ids: Collection[int]) -> list[Kept]:
    """The hits on the hidden links of these messages, of each at most MOST_COMPANY."""
    return [_kept(row) for row in _TRAPS.rows(conn, messages=list(message_ids), most=MOST_COMPANY)]


def every(conn: Connection, message_ids: Collection[int], most: int = MOST_COMPANY) -> list[Kept]:
    """The hits on these messages, of each the first `most`."""
    return [_kept(row) for row in _EVERY.rows(conn, messages=list(message_ids), most=most)]


def outdated(conn: Connection, version: int, since: datetime | None, *, after: int, limit: int) -> list[int]:
    """Messages behind `after` with settled hits that an older classifier judged, in order."""
    found = sa.select(hits.c.message_id).distinct().where(hits.c.message_id > after, *_older(version, since))
    return list(conn.execute(found.order_by(hits.c.message_id).limit(limit)).scalars())


def count_outdated(conn: Connection, version: int, since: datetime | None) -> int:
    """How many settled hits an older classifier judged."""
    return int(conn.execute(sa.select(sa.func.count()).select_from(hits).where(*_older(version, since))).scalar_one())


def _older(version: int, since: datetime | None) -> list[sa.ColumnElement[bool]]:
    old = [hits.c.settled, sa.func.coalesce(hits.c.version, 0) < version]
    return [*old, hits.c.at >= since] if since is not None else old


def _people() -> Ready:
    wanted = sa.select(hits.c.id, hits.c.message_id, hits.c.link, hits.c.agent, hits.c.ip, hits.c.at, _NUMBER)
    human = hits.c.verdict == sa.literal_column(f"'{Verdict.HUMAN.value}'")
    found = wanted.where(among(hits.c.message_id, "messages"), human).subquery()
    return Ready(sa.select(found).where(found.c.number <= sa.bindparam("most", type_=sa.Integer)))


_PEOPLE = _people()


def people_on(conn: Connection, message_ids: Collection[int], without: Collection[int]) -> list[Seen]:
    """The hits of people on these messages, of each the first, without those of these ids."""
    rows = _PEOPLE.rows(conn, messages=list(message_ids), most=_MOST_PEOPLE)
    return [
        Seen(row.message_id, row.link, device_of(row.agent), row.ip, row.at) for row in rows if row.id not in without
    ]


def people_elsewhere(conn: Connection, message_ids: Collection[int]) -> dict[int, list[Seen]]:
    """By message: from which devices and places its lead has opened and followed other mails."""
    other = messages.alias("other")
    query = (
        sa.select(messages.c.id.label("of_id"), other.c.id, hits.c.agent, hits.c.ip, sa.func.min(hits.c.at).label("at"))
        .select_from(messages)
        .join(other, sa.and_(other.c.lead_id == messages.c.lead_id, other.c.id != messages.c.id))
        .join(hits, hits.c.message_id == other.c.id)
        .where(messages.c.id.in_(message_ids), hits.c.verdict == Verdict.HUMAN.value)
        .group_by(messages.c.id, other.c.id, hits.c.agent, hits.c.ip)
        .order_by(messages.c.id, other.c.id.desc())
        .limit(_MOST_ELSEWHERE)
    )
    found: dict[int, list[Seen]] = {}
    for row in conn.execute(query):
        found.setdefault(row.of_id, []).append(Seen(row.id, None, device_of(row.agent), row.ip, row.at))
    return found


def _mails() -> Ready:
    sent = sa.func.min(attempts.c.at).filter(attempts.c.outcome == MessageState.SENT.value)
    times = (
        sa.select(attempts.c.message_id, sent.label("at"))
        .where(among(attempts.c.message_id, "messages"))
        .group_by(attempts.c.message_id)
        .subquery()
    )
    return Ready(
        sa.select(
            messages.c.id, messages.c.lead_id, messages.c.template_key, messages.c.template_revision_id,
            campaigns.c.key.label("campaign_key"), times.c.at.label("sent_at"), leads.c.merged_into, leads.c.erased_at,
        )
        .outerjoin(campaigns, campaigns.c.id == messages.c.campaign_id)
        .outerjoin(times, times.c.message_id == messages.c.id)
        .outerjoin(leads, leads.c.id == messages.c.lead_id)
        .where(among(messages.c.id, "messages"))
    )  # fmt: skip


_MAILS = _mails()


def mails(conn: Connection, message_ids: Collection[int]) -> dict[int, Mail]:
    """What the messages tell; one that is gone is missing."""
    rows = _MAILS.rows(conn, messages=list(message_ids))
    revisions = {row.template_revision_id for row in rows} - {None}
    counts = _links(conn, revisions) if revisions else {}
    return {
        row.id: Mail(
            row.lead_id if row.merged_into is None else survivor(conn, row.merged_into),
            row.campaign_key, row.template_key, row.sent_at, counts.get(row.template_revision_id),
            row.erased_at is not None,
        )
        for row in rows
    }  # fmt: skip


def survivor(conn: Connection, lead_id: int | None) -> int | None:
    """The lead that this one was merged into, and that one, to the end; None when it is gone."""
    for _ in range(_LONGEST_CHAIN):
        row = conn.execute(sa.select(leads.c.id, leads.c.merged_into).where(leads.c.id == lead_id)).first()
        if row is None or row.merged_into is None:
            return None if row is None else int(row.id)
        lead_id = row.merged_into
    return None


def _links(conn: Connection, revisions: Collection[int]) -> dict[int, int]:
    """How many tracked links each template revision has."""
    links = template_revisions.c.compiled["links"]
    length = sa.func.json_array_length(links) if conn.dialect.name == "sqlite" else sa.func.jsonb_array_length(links)
    query = sa.select(template_revisions.c.id, length).where(template_revisions.c.id.in_(revisions))
    return {revision: count for revision, count in conn.execute(query) if count is not None}


_JUDGED = ("verdict", "reasons", "version", "settled", "activity_id")


def judged(conn: Connection, rows: Collection[Kept], version: int) -> None:
    """Write what has been made of these hits."""
    changes = [
        (one.id, None if one.verdict is None else one.verdict.value, list(one.reasons), version, one.settled,
         one.activity_id)
        for one in rows
    ]  # fmt: skip
    update_rows(conn, hits, _JUDGED, changes)


def forget(conn: Connection, message_ids: Collection[int]) -> None:
    """Let go of what names a person in the hits of these messages, as an erasure does; nobody judges them again."""
    empty = {"url": None, "agent": "", "ip": "", "settled": True, "version": NEVER_AGAIN}
    of_theirs = hits.c.message_id.in_(sorted(message_ids))
    conn.execute(hits.update().where(of_theirs, sa.or_(hits.c.agent != "", hits.c.ip != "")).values(empty))


def still_counted(conn: Connection, message_ids: Collection[int], activity_ids: Collection[int]) -> set[int]:
    """Those of the activities that some hit on one of these messages counts for, or one that is no longer kept did."""
    query = sa.select(hits.c.activity_id).where(
        hits.c.message_id.in_(message_ids), hits.c.activity_id.in_(activity_ids)
    )
    first = sa.cast(sa.func.substr(activities.c.cause, len("hit:") + 1), sa.BigInteger)
    gone = sa.select(activities.c.id).where(
        activities.c.id.in_(activity_ids),
        activities.c.cause.like("hit:%"),
        ~sa.exists().where(hits.c.id == first),
    )
    return {*conn.execute(query.distinct()).scalars(), *conn.execute(gone).scalars()}


def withdraw(conn: Connection, activity_ids: Collection[int], now: datetime) -> int:
    """Mark activities as withdrawn, and have what followed from them taken back; gives how many were not before."""
    change = (
        activities.update()
        .where(activities.c.id.in_(activity_ids), activities.c.withdrawn_at.is_(None))
        .values(withdrawn_at=now)
        .returning(activities.c.id, activities.c.lead_id, activities.c.occurred_at)
    )
    rows = conn.execute(change).all()
    if rows:
        again = upsert(conn.dialect.name, reactions).on_conflict_do_nothing(index_elements=["activity_id"])
        conn.execute(
            again, [{"activity_id": row.id, "lead_id": row.lead_id, "occurred_at": row.occurred_at} for row in rows]
        )
    return len(rows)


def standing_activity(conn: Connection, kind: Kind, cause_key: str) -> tuple[int, bool]:
    """The activity of this kind and cause key, and whether it still counts."""
    query = sa.select(activities.c.id, activities.c.withdrawn_at).where(activities.c.cause_key == cause_key)
    if conn.dialect.name != "sqlite":  # by the index on kind and instant: no part has one on its keys
        at = sa.select(activity_causes.c.at).where(activity_causes.c.key == cause_key).scalar_subquery()
        query = query.where(activities.c.kind == kind.value, activities.c.occurred_at == at)
    row = conn.execute(query).one()
    return int(row.id), row.withdrawn_at is None


def refused_before(conn: Connection, message_ids: Collection[int]) -> set[int]:
    """The messages for which a machine's hit has been noted among the decisions."""
    subjects = {f"message:{message_id}": message_id for message_id in message_ids}
    query = sa.select(decisions.c.subject).where(
        decisions.c.subject.in_(subjects),
        decisions.c.kind == Decided.SCORE.value,
        decisions.c.reason == Reason.MACHINE_HIT.value,
    )
    return {subjects[subject] for subject in conn.execute(query).scalars()}


def _kept(row: Any) -> Kept:
    (
        number, key, kind, message_id, link, url, at, engine_at, method, agent, ip, headers,
        verdict, reasons, version, settled, activity_id,
    ) = row[:_WIDTH]  # fmt: skip
    hit = Hit(key or "", kind, message_id, link, url, at, engine_at, method, agent, ip, headers)
    known = None if verdict is None else Verdict(verdict)
    return Kept(number, hit, known, tuple(reasons or ()), bool(settled), activity_id, version)


_WIDTH = len(hits.c)


@dataclass(frozen=True, slots=True)
class Addressee:
    """Who an unsubscribe link is about, as far as message and lead are still there."""

    lead_id: int | None  # after merges
    email: str | None  # the lead's present address
    written_to: str | None  # the address the message went to
    campaign_key: str | None
    email_key: str | None
    language: str | None


def addressee(conn: Connection, message_id: int, lead_id: int) -> Addressee:
    """What is known of the person a message went to; `lead_id` 0 is none."""
    query = (
        sa.select(messages, campaigns.c.key.label("campaign_key"))
        .outerjoin(campaigns, campaigns.c.id == messages.c.campaign_id)
        .where(messages.c.id == message_id)
    )
    mail = conn.execute(query).first()
    living = survivor(conn, lead_id or (None if mail is None else mail.lead_id))
    email = conn.execute(sa.select(leads.c.email).where(leads.c.id == living)).scalar_one_or_none()
    if mail is None:
        return Addressee(living, email, None, None, None, None)
    return Addressee(living, email, mail.address, mail.campaign_key, mail.template_key, mail.language)
