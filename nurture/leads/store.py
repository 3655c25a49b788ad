"""Queries on leads, their tags and fields, and the list of leads as a person may see it."""

import base64
import binascii
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from nurture.kernel.clock import aware
from nurture.kernel.database import among, listed, unindexed, upsert
from nurture.kernel.errors import InputError, NotFoundError
from nurture.kernel.i18n import N_
from nurture.kernel.text import fold
from nurture.leads.contacts import LONGEST_CHAIN
from nurture.leads.model import Count, FieldDefinition, FieldType, Filters, Lead, Lifecycle, Page, Sort, Temperature
from nurture.leads.normalize import search_words
from nurture.leads.tables import companies, field_definitions, lead_conflicts, lead_tags, leads, tags
from nurture.users.model import Person, may_see_lead

COUNTED_TO = 10_000
FEW = 2_000  # not so many that memory has to be tidied up for them
_CHUNK = 900
_LONGEST_CURSOR = 4_000
# Memberships belong to a later stage; the list only asks who is in.
_segments = sa.table("segments", sa.column("id"), sa.column("key"))
_memberships = sa.table("memberships", sa.column("segment_id"), sa.column("lead_id"), sa.column("left_at"))

_SELECT = sa.select(
    leads,
    companies.c.name.label("company"),
    sa.select(listed(lead_tags.c.tag)).where(lead_tags.c.lead_id == leads.c.id).scalar_subquery().label("tags"),
).select_from(leads.outerjoin(companies, companies.c.id == leads.c.company_id))


def hold(conn: Connection, ids: Sequence[int]) -> None:
    """Hold these leads until the transaction ends, in one order for all. SQLite has one writer, and needs none."""
    if conn.dialect.name != "sqlite":
        query = sa.select(leads.c.id).where(among(leads.c.id, ids)).order_by(leads.c.id)
        conn.execute(query.with_for_update(key_share=True))


def _lead(row: RowMapping) -> Lead:
    return Lead(
        id=row["id"],
        public_id=row["public_id"],
        email=row["email"],
        phone=row["phone"],
        name=row["name"],
        given_name=row["given_name"],
        honorific=row["honorific"],
        company_id=row["company_id"],
        company=row["company"] or "",
        address=row["address"],
        city=row["city"],
        first_source=row["first_source"],
        source=row["source"],
        owner_id=row["owner_id"],
        temperature=Temperature(row["temperature"]),
        engagement=row["engagement"],
        fit=row["fit"],
        lifecycle=Lifecycle(row["lifecycle"]),
        zone=row["zone"],
        language=row["language"],
        fields=row["fields"] or {},
        merged_into=row["merged_into"],
        paused_at=row["paused_at"],
        paused_reason=row["paused_reason"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        last_activity_at=row["last_activity_at"],
        tags=tuple(sorted(row["tags"] or ())),
        replied_at=row["replied_at"],
    )


# Built once: building costs more than running.
_BY_ID = _SELECT.where(leads.c.id == sa.bindparam("lead"))
_BY_EMAIL = _SELECT.where(leads.c.email == sa.bindparam("address"))
_BY_PUBLIC_ID = _SELECT.where(leads.c.public_id == sa.bindparam("public"))
_INSERT = leads.insert().returning(leads.c.id)


def _one(conn: Connection, query: sa.Select[Any], **values: Any) -> Lead | None:
    row = conn.execute(query, values).mappings().one_or_none()
    return _lead(row) if row else None


def insert(conn: Connection, values: Mapping[str, Any]) -> int:
    """A new lead by its columns; gives its id."""
    return int(conn.execute(_INSERT, dict(values)).scalar_one())


def get(conn: Connection, lead_id: int) -> Lead | None:
    """The lead with this key."""
    return _one(conn, _BY_ID, lead=lead_id)


def by_ids(conn: Connection, ids: Iterable[int]) -> dict[int, Lead]:
    """Leads by key; those that do not exist are left out."""
    wanted = sorted(set(ids))
    found: dict[int, Lead] = {}
    for start in range(0, len(wanted), _CHUNK):
        rows = conn.execute(_SELECT.where(leads.c.id.in_(wanted[start : start + _CHUNK]))).mappings().all()
        found.update((row["id"], _lead(row)) for row in rows)
    return found


def by_email(conn: Connection, email: str) -> Lead | None:
    """The lead with this normalized address, or the one it was merged into."""
    found = _one(conn, _BY_EMAIL, address=email)
    return _living(conn, found) if found else None


def by_public_id(conn: Connection, public_id: str, person: Person | None = None) -> Lead:
    """The lead with this public id, or the one it was merged into. NotFoundError when there is none, or the person may
    not see it."""
    lead = stored(conn, public_id)
    lead = _living(conn, lead) if lead else None
    if lead is None or (person is not None and not may_see_lead(person, lead.owner_id)):
        raise NotFoundError(N_("There is no such lead"))
    return lead


def stored(conn: Connection, public_id: str) -> Lead | None:
    """The lead with this public id as it is stored, merged or not."""
    return _one(conn, _BY_PUBLIC_ID, public=public_id)


def holder(conn: Connection, email: str) -> Lead | None:
    """The lead at which this normalized address is stored, merged or not."""
    return _one(conn, _BY_EMAIL, address=email)


def _living(conn: Connection, lead: Lead) -> Lead | None:
    """The lead itself, or the one it was merged into at last."""
    for _ in range(LONGEST_CHAIN):
        if lead.merged_into is None:
            return lead
        into = get(conn, lead.merged_into)
        if into is None:
            return None
        lead = into
    return None


def visible(person: Person) -> sa.ColumnElement[bool]:
    """`users.model.may_see_lead` as a condition on leads."""
    if person.sees_all:
        return sa.true()
    return sa.or_(leads.c.owner_id.is_(None), leads.c.owner_id == person.id)


def tags_of(conn: Connection, ids: Sequence[int]) -> dict[int, tuple[str, ...]]:
    """The tag keys of each lead, sorted; leads without any are left out."""
    found: dict[int, list[str]] = {}
    for start in range(0, len(ids), _CHUNK):
        query = sa.select(lead_tags.c.lead_id, lead_tags.c.tag).where(
            lead_tags.c.lead_id.in_(ids[start : start + _CHUNK])
        )
        for lead_id, tag in conn.execute(query):
            found.setdefault(lead_id, []).append(tag)
    return {lead_id: tuple(sorted(keys)) for lead_id, keys in found.items()}


# The list

_Where = list[sa.ColumnElement[bool]]


def _conditions(person: Person, filters: Filters, *, walk: bool = False, sets: bool = True) -> _Where:
    """What the filters ask, `sets` or without them. `walk`: many meet it, and are looked for in the list's order."""

    def column(one: sa.Column[Any]) -> sa.ColumnElement[Any]:
        return unindexed(one) if walk else one

    owner = column(leads.c.owner_id)
    where: _Where = [leads.c.merged_into.is_(None), *_text(filters.text)]
    if not person.sees_all:
        where.append(sa.or_(owner.is_(None), owner == person.id))
    asked = {name: getattr(filters, name) for name in ("temperature", "lifecycle", "source")}
    where += [column(leads.c[name]) == value for name, value in asked.items() if value]
    if filters.sort is Sort.LAST_ACTIVITY:
        owner = leads.c.owner_id  # one person's leads, or nobody's, lie in this order in an index
    if filters.without_owner:
        where.append(owner.is_(None))
    elif filters.owner is not None:
        where.append(owner == filters.owner)
    for inside in _sets(filters) if sets else ():  # asked lead by lead on a walk, else gathered before
        one = inside.where(inside.selected_columns[0] == leads.c.id).correlate(leads)
        where.append(one.exists() if walk else leads.c.id.in_(inside))
    return where


def _sets(filters: Filters) -> Iterator[sa.Select[tuple[int]]]:
    """Who has the tag, and who is in the segment, each lead once."""
    if filters.tag:
        yield sa.select(lead_tags.c.lead_id).where(lead_tags.c.tag == filters.tag)
    if filters.segment:
        named = sa.and_(_segments.c.id == _memberships.c.segment_id, _segments.c.key == filters.segment)
        yield sa.select(_memberships.c.lead_id).join(_segments, named).where(_memberships.c.left_at.is_(None))


def _some(person: Person, filters: Filters, columns: Sequence[sa.Column[Any]], most: int) -> sa.Select[Any]:
    """So many of those that the filters leave, in no order: nothing is gathered beyond them."""
    query = sa.select(*columns).where(*_conditions(person, filters, sets=False))
    for found in [inside.subquery() for inside in _sets(filters)]:
        query = query.join_from(leads, found, found.c.lead_id == leads.c.id)
    return query.limit(most)


def _text(text: str) -> _Where:
    """All words stand in what is searched; or the text is the address of a lead that was merged into this one."""
    words = [leads.c.search_text.contains(word, autoescape=True) for word in search_words(text)]
    if "@" not in text or not words:
        return words
    merged = leads.alias("merged")
    into = sa.select(merged.c.merged_into).where(merged.c.email == text.strip().lower())
    return [sa.or_(sa.and_(*words), leads.c.id.in_(into.where(merged.c.merged_into.is_not(None))))]


_ORDERS: dict[Sort, tuple[sa.Column[Any], bool]] = {
    Sort.LAST_ACTIVITY: (leads.c.last_activity_at, True),
    Sort.ENGAGEMENT: (leads.c.engagement, True),
    Sort.CREATED: (leads.c.created_at, True),
    Sort.NAME: (leads.c.name_folded, False),
}


def count(conn: Connection, person: Person, filters: Filters, at_most: int = COUNTED_TO) -> Count:
    """How many leads the filters leave: exact up to `at_most`."""
    found = _some(person, filters, [leads.c.id], at_most + 1).subquery()
    number = conn.execute(sa.select(sa.func.count()).select_from(found)).scalar_one()
    return Count(min(number, at_most), number > at_most)


def counted(
    conn: Connection, person: Person, filters: Filters, after: str | None = None, limit: int = 50, few: int = FEW
) -> tuple[Page, Count]:
    """`page` and `count`. Where at most `few` leads are left, both are taken from one look at all of them."""
    start = _read_cursor(after, filters.sort) if after else None
    if filters.narrows or not person.sees_all:
        by, descending = _ORDERS[filters.sort]
        rows = conn.execute(_some(person, filters, [by, leads.c.id], few + 1)).all()
        if len(rows) <= few:
            ids = _from(((row[0], row[1]) for row in rows), start, descending=descending)
            return _page(conn, filters.sort, ids[: limit + 1], limit), Count(len(rows))
    number = count(conn, person, filters)
    ids = _walked(conn, _conditions(person, filters, walk=number.more), filters.sort, start, limit + 1)
    return _page(conn, filters.sort, ids, limit), number


def _from(
    found: Iterable[tuple[Any, int]], start: tuple[Any, int] | None, *, descending: bool
) -> list[tuple[Any, int]]:
    """As `_walked`, of leads that are at hand: those from the place on, in order."""
    there = [one for one in found if start is None or _is_beyond(one, start, descending=descending)]
    ids = sorted((one for one in there if one[0] is not None), reverse=descending)
    return ids + sorted((one for one in there if one[0] is None), key=lambda one: -one[1])


def page(conn: Connection, person: Person, filters: Filters, after: str | None = None, limit: int = 50) -> Page:
    """Leads in order from the cursor `after` on. InputError when the cursor is not one of this order."""
    start = _read_cursor(after, filters.sort) if after else None
    ids = _walked(conn, _conditions(person, filters), filters.sort, start, limit + 1)
    return _page(conn, filters.sort, ids, limit)


def _walked(
    conn: Connection, where: Sequence[sa.ColumnElement[bool]], sort: Sort, start: tuple[Any, int] | None, limit: int
) -> list[tuple[Any, int]]:
    """So many leads from the place on, those without a value last: each with its value."""
    by, descending = _ORDERS[sort]
    ids: list[tuple[Any, int]] = []
    if start is None or start[0] is not None:
        query = sa.select(by, leads.c.id).where(*where, by.is_not(None))
        if start is not None:
            query = query.where(_beyond(by, start, descending=descending))
        ids = _ordered(conn, query, (by, leads.c.id), limit, descending=descending)
    if len(ids) < limit and by.nullable:
        query = sa.select(sa.null(), leads.c.id).where(*where, by.is_(None))
        if start is not None and start[0] is None:
            query = query.where(leads.c.id < start[1])
        ids += _ordered(conn, query, (leads.c.id,), limit - len(ids), descending=True)
    return ids


def _page(conn: Connection, sort: Sort, ids: Sequence[tuple[Any, int]], limit: int) -> Page:
    shown = ids[:limit]
    found = by_ids(conn, [lead_id for _, lead_id in shown])
    rows = tuple(found[lead_id] for _, lead_id in shown if lead_id in found)
    return Page(rows, _cursor(sort, shown[-1]) if len(ids) > limit else None)


def _is_beyond(one: tuple[Any, int], start: tuple[Any, int], *, descending: bool) -> bool:
    """As `_beyond`, of one row; those without a value come last, the newest first."""
    if start[0] is None or one[0] is None:
        return one[0] is None and (start[0] is not None or one[1] < start[1])
    return one < start if descending else one > start


def _ordered(
    conn: Connection, query: sa.Select[Any], by: Sequence[sa.Column[Any]], limit: int, *, descending: bool
) -> list[tuple[Any, int]]:
    order = [one.desc() if descending else one.asc() for one in by]
    return [(value, lead_id) for value, lead_id in conn.execute(query.order_by(*order).limit(limit))]


def _beyond(by: sa.Column[Any], start: tuple[Any, int], *, descending: bool) -> sa.ColumnElement[bool]:
    """Past the cursor, written so that an index on (by, id) can begin there."""
    value, lead_id = start
    if descending:
        return sa.and_(by <= value, sa.or_(by < value, leads.c.id < lead_id))
    return sa.and_(by >= value, sa.or_(by > value, leads.c.id > lead_id))


def _cursor(sort: Sort, last: tuple[Any, int]) -> str:
    value = last[0].isoformat() if isinstance(last[0], datetime) else last[0]
    return base64.urlsafe_b64encode(json.dumps([sort.value, value, last[1]]).encode()).decode().rstrip("=")


def _read_cursor(text: str, sort: Sort) -> tuple[Any, int]:
    try:
        if len(text) > _LONGEST_CURSOR:
            raise ValueError("longer than any of ours")
        name, value, lead_id = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if name != sort.value or type(lead_id) is not int or not -(2**63) <= lead_id < 2**63:
            raise ValueError("another order's")
        return _cursor_value(sort, value), lead_id
    except (ValueError, TypeError, OverflowError, RecursionError, binascii.Error) as error:
        raise InputError(N_("This place in the list does not exist; start at its first page")) from error


def _cursor_value(sort: Sort, value: Any) -> Any:
    match sort:
        case Sort.NAME:
            return str(value).encode().decode()  # half a character is a ValueError
        case Sort.ENGAGEMENT:
            if type(value) is not int or abs(value) >= 2**31:
                raise ValueError("no score")
            return value
        case _:
            return None if value is None and sort is Sort.LAST_ACTIVITY else aware(datetime.fromisoformat(value))


# Words to choose from


def sources(conn: Connection, limit: int = 100) -> list[str]:
    """The sources in use, a to z: a step through the index for each, however many leads there are."""
    first = sa.select(sa.func.min(leads.c.source).label("source")).where(leads.c.source != "")
    found = first.cte("found", recursive=True)
    after = sa.select(sa.func.min(leads.c.source)).where(leads.c.source > found.c.source).scalar_subquery()
    found = found.union_all(sa.select(after).where(found.c.source.is_not(None)))
    return list(conn.execute(sa.select(found.c.source).where(found.c.source.is_not(None)).limit(limit)).scalars())


_FIELD_DEFINITIONS = sa.select(field_definitions).order_by(field_definitions.c.position, field_definitions.c.key)


def field_definitions_of(conn: Connection) -> dict[str, FieldDefinition]:
    """The installation's own fields by key, in their order."""
    rows = conn.execute(_FIELD_DEFINITIONS)
    return {row.key: FieldDefinition(row.key, row.label, FieldType(row.type), tuple(row.choices)) for row in rows}


def conflicts_of(conn: Connection, lead_id: int) -> list[RowMapping]:
    """The other phones and names that wait for a person's decision."""
    query = sa.select(lead_conflicts).where(lead_conflicts.c.lead_id == lead_id, lead_conflicts.c.resolved_at.is_(None))
    return list(conn.execute(query.order_by(lead_conflicts.c.id)).mappings())


# Writing


def ensure_tags(conn: Connection, labels: Mapping[str, str]) -> None:
    """Make the tags that are not there yet: key to label."""
    if labels:
        insert = upsert(conn.dialect.name, tags).on_conflict_do_nothing(index_elements=["key"])
        conn.execute(insert, [{"key": key, "label": label} for key, label in labels.items()])


def ensure_company(conn: Connection, name: str, now: datetime, public_id: str) -> tuple[int, bool]:
    """The key of the company of this name, made when it is new; and whether it is."""
    folded = fold(name)
    query = sa.select(companies.c.id).where(companies.c.name_folded == folded).order_by(companies.c.id).limit(1)
    known = conn.execute(query).scalar_one_or_none()
    if known is not None:
        return known, False
    values = {"public_id": public_id, "name": name, "name_folded": folded, "created_at": now}
    return conn.execute(companies.insert().values(values).returning(companies.c.id)).scalar_one(), True


def update(conn: Connection, lead_id: int, values: Mapping[str, Any]) -> None:
    """Set columns of one lead."""
    conn.execute(leads.update().where(leads.c.id == lead_id).values(**values))
