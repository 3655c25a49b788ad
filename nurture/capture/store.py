"""Queries of imports: batches, kept mappings, and writing what a part of a file comes to, set by set."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from nurture.activities.model import Kind
from nurture.activities.tables import activities, reactions
from nurture.capture.fold import BLANK, Change, Known, Part
from nurture.capture.headers import plain
from nurture.capture.model import BatchState, Refused
from nurture.capture.tables import import_batches, import_mappings, import_refusals
from nurture.consents import store as consents_store
from nurture.consents.model import Channel, Standing, SuppressionReason
from nurture.consents.tables import consents, suppressions
from nurture.kernel.bulk import new_ids, one_of, put
from nurture.kernel.database import folded_document, insert_rows, json_text, upsert
from nurture.kernel.identity import public_ids, public_ids_together
from nurture.kernel.signing import KeyRing
from nurture.kernel.text import Remembered, fold
from nurture.leads import store as leads_store
from nurture.leads.contacts import ids_with_contact
from nurture.leads.model import FieldDefinition
from nurture.leads.normalize import search_text, searched
from nurture.leads.tables import companies, field_definitions, lead_conflicts, lead_tags, leads


@dataclass(frozen=True, slots=True)
class Author:
    """Which batch writes, for whom, and when."""

    batch: str  # public id
    actor: str
    now: datetime  # engine time
    real: datetime

    def origin(self, line: int) -> str:
        """Where a line of the file is told apart: `import:k3… line 17`."""
        return f"import:{self.batch} line {line}"


# Batches and mappings


def running(conn: Connection, file_hash: str, options_hash: str) -> RowMapping | None:
    """The unfinished batch of this file with these options."""
    query = (
        sa.select(import_batches)
        .where(import_batches.c.file_hash == file_hash, import_batches.c.options_hash == options_hash)
        .where(import_batches.c.state == BatchState.RUNNING)
        .order_by(import_batches.c.id)
        .limit(1)
    )
    return conn.execute(query).mappings().one_or_none()


def add_batch(conn: Connection, values: Mapping[str, Any]) -> RowMapping:
    """Write a new batch and give it back."""
    return conn.execute(import_batches.insert().values(**values).returning(import_batches)).mappings().one()


def batch(conn: Connection, batch_id: int) -> RowMapping:
    """The batch as it stands."""
    return conn.execute(sa.select(import_batches).where(import_batches.c.id == batch_id)).mappings().one()


def advance(conn: Connection, batch_id: int, position: int, rows: int, part: Part, refused: int) -> bool:
    """Move a batch on by these rows and their counts; False when somebody else has moved it."""
    c = import_batches.c
    moved = (
        import_batches.update()
        .where(c.id == batch_id, c.position == position, c.state == BatchState.RUNNING)
        .values(
            position=position + rows,
            created=c.created + part.created,
            updated=c.updated + part.updated,
            unchanged=c.unchanged + part.unchanged,
            duplicates=c.duplicates + part.duplicates,
            refused=c.refused + refused,
            without_consent=c.without_consent + part.without_consent,
            dropped_values=c.dropped_values + part.dropped_values,
        )
    )
    return conn.execute(moved).rowcount == 1


def finish(conn: Connection, batch_id: int, now: datetime) -> None:
    """The batch is done."""
    done = import_batches.update().where(import_batches.c.id == batch_id)
    conn.execute(done.values(state=BatchState.DONE.value, finished_at=now))


def add_refusals(conn: Connection, batch_id: int, refused: Sequence[Refused]) -> None:
    """Keep the rows that were refused."""
    rows = [(batch_id, *one) for one in refused]
    insert_rows(conn, import_refusals, ("batch_id", "line", "column_name", "value", "reason"), rows)


def refusals(conn: Connection, batch_id: int, limit: int | None = None) -> list[Refused]:
    """The refused rows of a batch in the order of the file."""
    query = sa.select(import_refusals).where(import_refusals.c.batch_id == batch_id)
    rows = conn.execute(query.order_by(import_refusals.c.line, import_refusals.c.id).limit(limit))
    return [Refused(row.line, row.column_name, row.value, row.reason) for row in rows]


def kept_mappings(conn: Connection) -> dict[str, str]:
    """What people chose for headers before: folded header to target."""
    return {row.header_folded: row.target for row in conn.execute(sa.select(import_mappings))}


def keep_mappings(conn: Connection, mapping: Mapping[str, str], now: datetime) -> None:
    """Remember what a person chose."""
    for header, target in mapping.items():
        insert = upsert(conn.dialect.name, import_mappings).values(header_folded=plain(header), target=target, at=now)
        conn.execute(insert.on_conflict_do_update(index_elements=["header_folded"], set_={"target": target, "at": now}))


def keep_definitions(conn: Connection, definitions: Iterable[FieldDefinition], now: datetime) -> None:
    """Make the own fields that are new; a known one only gains choices."""
    position = conn.execute(sa.select(sa.func.coalesce(sa.func.max(field_definitions.c.position), 0))).scalar_one()
    for number, one in enumerate(definitions, start=1):
        values = {
            "key": one.key, "label": one.label, "type": one.type.value, "choices": list(one.choices),
            "position": position + number, "created_at": now,
        }  # fmt: skip
        insert = upsert(conn.dialect.name, field_definitions).values(**values)
        grown = {"choices": insert.excluded.choices}
        same = field_definitions.c.type == insert.excluded.type
        conn.execute(insert.on_conflict_do_update(index_elements=["key"], set_=grown, where=same))


# What is known


_FACTS = (leads.c.id, leads.c.email, *(leads.c[key] for key in BLANK if key != "company"))


def leads_with(conn: Connection, emails: Sequence[str], phones: Sequence[str]) -> dict[str, Known]:
    """The leads with these addresses, and those without address with these numbers, held until the commit.

    One that is erased while we wait for it is not known any more.
    """
    found = ids_with_contact(conn, emails, phones)
    if not found:
        return {}
    ids = sorted(set(found.values()))
    query = sa.select(*_FACTS, leads.c.company_id).where(leads.c.id.in_(ids), leads.c.erased_at.is_(None))
    query = query.order_by(leads.c.id)
    rows = {row["id"]: row for row in conn.execute(query.with_for_update(key_share=True)).mappings()}
    names = _company_names(conn, {row["company_id"] for row in rows.values() if row["company_id"]})
    tags = leads_store.tags_of(conn, ids)
    given = consents_store.given_of(conn, ids, Channel.EMAIL)
    conflicts: dict[int, set[tuple[str, str]]] = {}
    columns = (lead_conflicts.c.lead_id, lead_conflicts.c.field, lead_conflicts.c.value)
    for lead_id, key, value in conn.execute(sa.select(*columns).where(lead_conflicts.c.lead_id.in_(ids))):
        conflicts.setdefault(lead_id, set()).add((key, value))
    return {
        contact: Known(
            lead_id,
            {key: rows[lead_id][key] for key in BLANK if key != "company"}
            | {"company": names.get(rows[lead_id]["company_id"], "")},
            frozenset(tags.get(lead_id, ())),
            frozenset(conflicts.get(lead_id, ())),
            {purpose: word[0] for purpose, word in given.get(lead_id, {}).items()},
        )
        for contact, lead_id in found.items()
        if lead_id in rows
    }


def _company_names(conn: Connection, ids: set[int]) -> dict[int, str]:
    if not ids:
        return {}
    query = sa.select(companies.c.id, companies.c.name).where(companies.c.id.in_(sorted(ids)))
    return {row.id: row.name for row in conn.execute(query)}


def blocked(conn: Connection, keys: KeyRing, asked: Mapping[Channel, Iterable[str]]) -> set[tuple[Channel, str]]:
    """Which of these addresses must not be reached by these channels."""
    found = set()
    for channel, addresses in asked.items():
        hashes = {keys.address_hash(address): address for address in addresses}
        if not hashes:
            continue
        lines = sa.select(suppressions.c.address_hash).where(suppressions.c.channel == channel.value)
        named = list(conn.execute(lines.where(one_of(suppressions.c.address_hash, list(hashes)))).scalars())
        in_force = consents_store.suppressed(conn, named, channel)
        closed = (one for one, no in in_force.items() if Standing(reachable=True, given={}, suppressed=no).closed)
        found |= {(channel, hashes[one]) for one in closed}
    return found


# Writing


def write(conn: Connection, keys: KeyRing, author: Author, changes: Sequence[Change]) -> None:
    """Write everything that changes, one statement for each table."""
    names = _companies(conn, author, changes)
    new = [change for change in changes if change.lead_id is None]
    known = [change for change in changes if change.lead_id is not None]
    _insert_leads(conn, author, new, names)
    _update_leads(conn, author, [change for change in known if change.changed], names)
    _write_tags(conn, author, changes)
    _write_words(conn, keys, author, changes)
    _write_timeline(conn, author, new, known)


def _companies(conn: Connection, author: Author, changes: Sequence[Change]) -> dict[str, int]:
    """Company keys by name, new companies made."""
    names: dict[str, str] = {}
    for change in changes:
        if change.facts["company"]:
            names.setdefault(fold(change.facts["company"]), change.facts["company"])
    if not names:
        return {}
    query = sa.select(companies.c.name_folded, companies.c.id).where(one_of(companies.c.name_folded, list(names)))
    found = {row.name_folded: row.id for row in conn.execute(query.order_by(companies.c.id.desc()))}
    missing = [folded for folded in names if folded not in found]
    if missing:
        rows = [
            {"public_id": public, "name": names[folded], "name_folded": folded, "created_at": author.now}
            for public, folded in zip(public_ids(len(missing)), missing, strict=True)
        ]
        made = conn.execute(companies.insert().returning(companies.c.name_folded, companies.c.id), rows)
        found.update((row.name_folded, row.id) for row in made)
    return {
        change.facts["company"]: found[fold(change.facts["company"])] for change in changes if change.facts["company"]
    }


_PLAIN = tuple(key for key in BLANK if key != "company")
_MOVED = (
    *_PLAIN, "name_folded", "city_folded", "company_id", "search_text", "updated_at", "last_activity_at",
)  # fmt: skip


def _values(author: Author, change: Change, names: Mapping[str, int]) -> tuple[Any, ...]:
    """The values of `_MOVED` for one lead."""
    facts = change.facts
    name, company = fold(facts["name"]), facts["company"]
    return (
        *[facts[key] for key in _PLAIN], name, fold(facts["city"]), names.get(company),
        search_text(name, change.email, facts["phone"], company), author.now, author.now,
    )  # fmt: skip


_folded = Remembered(fold)


def _insert_leads(conn: Connection, author: Author, new: Sequence[Change], names: Mapping[str, int]) -> None:
    """Write the new leads; their keys stand in the changes afterwards."""
    facts = [change.facts for change in new]
    plain = {key: [one[key] for one in facts] for key in _PLAIN if key != "fields"}
    folded = [_folded[name] for name in plain["name"]]
    brought = [one["company"] for one in facts]
    emails = [change.email for change in new]
    search = [
        searched(name, email, phone, fold(company) if company else "")
        for name, email, phone, company in zip(folded, emails, plain["phone"], brought, strict=True)
    ]
    ids = new_ids(conn, leads, len(new))
    put(
        conn, leads, len(new),
        {
            **plain, "id": list(ids), "public_id": public_ids_together(len(new)), "email": emails,
            "name_folded": folded, "city_folded": [_folded[city] for city in plain["city"]], "search_text": search,
            "company_id": [names.get(one) for one in brought] if names else None, "first_source": plain["source"],
            "fields": [_document(one["fields"]) for one in facts],
            "created_at": author.now, "updated_at": author.now, "last_activity_at": author.now,
        },
    )  # fmt: skip
    for change, lead_id in zip(new, ids, strict=True):
        change.lead_id = lead_id


def _document(fields: Mapping[str, Any]) -> str:
    """The own fields as they are stored."""
    if len(fields) == 1:
        ((key, value),) = fields.items()
        if type(value) is int:
            return f'{{"{key}":{value}}}'  # a key needs no escaping
    return json_text(folded_document(fields)) if fields else "{}"


def _update_leads(conn: Connection, author: Author, moved: Sequence[Change], names: Mapping[str, int]) -> None:
    if not moved:
        return
    rows = [
        {"_lead_id": change.lead_id}
        | {f"_{key}": value for key, value in zip(_MOVED, _values(author, change, names), strict=True)}
        for change in moved
    ]
    values: dict[str, Any] = {key: sa.bindparam(f"_{key}") for key in _MOVED}
    # a lead that had no source has its first one now
    first = sa.case((leads.c.first_source == "", sa.bindparam("_source", type_=sa.Text)), else_=leads.c.first_source)
    conn.execute(
        leads.update().where(leads.c.id == sa.bindparam("_lead_id")).values(**values, first_source=first), rows
    )


def _write_tags(conn: Connection, author: Author, changes: Sequence[Change]) -> None:
    labels = {key: label for change in changes for key, label in change.tags.items()}
    if not labels:
        return
    leads_store.ensure_tags(conn, labels)
    rows = [(change.lead_id, key, author.now) for change in changes for key in change.tags]
    insert_rows(conn, lead_tags, ("lead_id", "tag", "at"), rows, once=True)


def _write_words(conn: Connection, keys: KeyRing, author: Author, changes: Sequence[Change]) -> None:
    """Conflicts, refusals and consents."""
    others = [
        (change.lead_id, key, value, author.origin(line), author.now)
        for change in changes
        for key, value, line in change.conflicts
    ]
    insert_rows(conn, lead_conflicts, ("lead_id", "field", "value", "origin", "at"), others, once=True)
    unsubscribed = SuppressionReason.UNSUBSCRIBED.value
    refused = [
        (keys.address_hash(address), channel.value, unsubscribed, author.origin(line), author.now)
        for change in changes
        for channel, address, line in change.refusals
    ]
    insert_rows(conn, suppressions, ("address_hash", "channel", "reason", "origin", "at"), refused)
    words = [(change.lead_id, word) for change in changes for word in change.words]
    put(
        conn, consents, len(words),
        {
            "lead_id": [lead_id for lead_id, _ in words], "purpose": [word.purpose.value for _, word in words],
            "channel": Channel.EMAIL.value, "given": [word.given for _, word in words],
            "method": [word.method.value for _, word in words], "proof": [word.proof for _, word in words],
            "origin": [author.origin(word.line) for _, word in words],
            "occurred_at": author.now, "recorded_at": author.real,
        },
    )  # fmt: skip


def _write_timeline(conn: Connection, author: Author, new: Sequence[Change], known: Sequence[Change]) -> None:
    """A line for each lead that came in or changed, and its pending reaction."""
    told = [change for change in known if change.changed or change.tags]
    lines = [*new, *told]
    ids = list(new_ids(conn, activities, len(lines)))
    details = [
        _came(change.facts["source"], author.batch, tuple(sorted(change.tags)) if change.tags else ()) for change in new
    ]
    details += [_detail(author, change, {"fields": change.changed}) for change in told]
    leads_of = [change.lead_id for change in lines]
    put(
        conn, activities, len(lines),
        {
            "id": ids, "lead_id": leads_of,
            "kind": [Kind.CREATED.value] * len(new) + [Kind.UPDATED.value] * len(told),
            "occurred_at": author.now, "recorded_at": author.real, "actor": author.actor,
            "cause": [author.origin(change.line) for change in lines], "detail": details,
        },
    )  # fmt: skip
    put(conn, reactions, len(lines), {"activity_id": ids, "lead_id": leads_of, "occurred_at": author.now})


@lru_cache(maxsize=1024)
def _came(source: str, batch: str, tags: tuple[str, ...]) -> str:
    """The detail of a lead's first line, which very many share."""
    return json_text({"source": source, "import": batch} | ({"tags": list(tags)} if tags else {}))


def _detail(author: Author, change: Change, detail: dict[str, Any]) -> str:
    tags = {"tags": sorted(change.tags)} if change.tags else {}
    return json_text(detail | {"import": author.batch} | tags)
