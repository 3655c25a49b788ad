"""One change to many leads at once, in a fixed number of statements, each with its line in the timeline.

It uses the database, in the caller's write transaction, where the leads are held. What is so already stays as it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.activities.model import Kind
from nurture.activities.service import Activity, record_set
from nurture.kernel.database import update_rows
from nurture.kernel.errors import ConflictError
from nurture.kernel.i18n import N_
from nurture.kernel.identity import public_id
from nurture.kernel.text import fold
from nurture.leads import service
from nurture.leads.model import Lifecycle, NewLead
from nurture.leads.normalize import given_name_of, search_text, tag_key
from nurture.leads.tables import companies, lead_tags, leads

_CHANGED = (
    "name", "name_folded", "given_name", "honorific", "company_id", "address", "city", "city_folded", "source", "zone",
    "language", "fields", "search_text", "updated_at",
)  # fmt: skip
_READ = ("name", "given_name", "honorific", "address", "city", "source", "zone", "language", "email", "phone")


@dataclass(frozen=True, slots=True)
class By:
    """Who changes, when in both times; what each lead's line says of its cause and campaign."""

    actor: str
    now: datetime
    real: datetime
    causes: Mapping[int, tuple[str, str | None]]  # by lead: cause, campaign's key

    def line(self, lead_id: int, kind: Kind, detail: Mapping[str, Any]) -> Activity:
        """The line of one lead."""
        cause, campaign = self.causes[lead_id]
        return Activity(lead_id, kind, self.now, self.actor, cause, campaign_key=campaign, detail=detail)


def add(
    conn: Connection, people: Mapping[str, NewLead], *, now: datetime, real: datetime, actor: str, cause: str
) -> list[tuple[int, str | None]]:  # fmt: skip
    """Take leads in by public id, as `service.add` does one; gives their ids and addresses in their order.

    InputError names every fact of the first that cannot be used; ConflictError when an address is known.
    """
    taken = {key: service.of_new(conn, new, now) for key, new in people.items()}
    rows = [{**values, "public_id": key, "last_activity_at": now} for key, (values, _) in taken.items()]
    addresses = [row["email"] for row in rows if row.get("email")]
    known = sa.select(leads.c.id).where(leads.c.email.in_(addresses)).limit(1)
    if len(set(addresses)) < len(addresses) or conn.execute(known).first() is not None:
        raise ConflictError(N_("There is a lead with this address already"))
    for _, alike in groupby(rows, key=sorted):
        conn.execute(leads.insert(), list(alike))
    named = sa.select(leads.c.public_id, leads.c.id).where(leads.c.public_id.in_(list(people)))
    ids = {row.public_id: row.id for row in conn.execute(named)}
    lines = [
        Activity(ids[row["public_id"]], Kind.CREATED, now, actor, cause, detail={"source": row["first_source"]})
        for row in rows
    ]
    record_set(conn, lines, real=real)
    for key, (_, labels) in taken.items():
        for label in labels:
            service.tag(conn, ids[key], label, now=now, real=real, actor=actor, cause=cause)
    return [(ids[row["public_id"]], row.get("email")) for row in rows]


def set_owner(conn: Connection, wanted: Mapping[int, int | None], by: By) -> None:
    """Give each lead to a member of staff, or to nobody."""
    _set(conn, "owner_id", wanted, Kind.OWNER_CHANGED, by)


def set_lifecycle(conn: Connection, wanted: Mapping[int, Lifecycle], by: By, *, forward: bool = False) -> None:
    """Put each lead at a stage; `forward`: never back."""
    stages: dict[int, str] = {lead_id: stage.value for lead_id, stage in wanted.items()}
    if forward:
        now = conn.execute(sa.select(leads.c.id, leads.c.lifecycle).where(leads.c.id.in_(sorted(stages))))
        stages = {
            row.id: stages[row.id] for row in now if Lifecycle(row.lifecycle).rank < Lifecycle(stages[row.id]).rank
        }
    _set(conn, "lifecycle", stages, Kind.LIFECYCLE_CHANGED, by)


def _set(conn: Connection, column: str, wanted: Mapping[int, Any], kind: Kind, by: By) -> None:
    if not wanted:
        return
    rows = conn.execute(sa.select(leads.c.id, leads.c[column]).where(leads.c.id.in_(sorted(wanted))))
    changed = [(lead_id, before) for lead_id, before in rows if before != wanted[lead_id]]
    update_rows(conn, leads, [column, "updated_at"], [(lead_id, wanted[lead_id], by.now) for lead_id, _ in changed])
    lines = [by.line(lead_id, kind, {"before": before, "after": wanted[lead_id]}) for lead_id, before in changed]
    record_set(conn, lines, real=by.real)


def untag(conn: Connection, wanted: Sequence[tuple[int, str]], by: By) -> None:
    """Take tags off, by (lead, label)."""
    keys = {(lead_id, tag_key(label)) for lead_id, label in wanted}
    if not keys:
        return
    t = lead_tags.c
    some = sa.and_(t.lead_id.in_(sorted({one for one, _ in keys})), t.tag.in_(sorted({tag for _, tag in keys})))
    there = {(row.lead_id, row.tag) for row in conn.execute(sa.select(t.lead_id, t.tag).where(some))} & keys
    if not there:
        return
    gone = lead_tags.delete().where(t.lead_id == sa.bindparam("of"), t.tag == sa.bindparam("named"))
    conn.execute(gone, [{"of": lead_id, "named": tag} for lead_id, tag in sorted(there)])
    lines = [by.line(lead_id, Kind.UNTAGGED, {"tag": tag}) for lead_id, tag in sorted(there)]
    record_set(conn, lines, real=by.real)


def change(conn: Connection, wanted: Mapping[int, Mapping[str, Any]], by: By) -> None:
    """Set facts of each lead by key, as `values.read_fact` and `fields.typed` give them; own ones are `fields.<key>`.

    Lifecycle is not among them, nor are the addresses.
    """
    if not wanted:
        return
    named = {str(facts["company"]) for facts in wanted.values() if facts.get("company")}
    known = _companies(conn, named, by.now)
    query = (
        sa.select(leads.c.id, *(leads.c[name] for name in _READ), leads.c.fields, companies.c.name.label("company"))
        .select_from(leads.outerjoin(companies, companies.c.id == leads.c.company_id))
        .add_columns(leads.c.company_id)
        .where(leads.c.id.in_(sorted(wanted)))
        .order_by(leads.c.id)
    )
    rows: list[tuple[Any, ...]] = []
    lines: list[Activity] = []
    for row in conn.execute(query).mappings():
        lead_id = row["id"]
        after = {**row, "company": row["company"] or "", "fields": dict(row["fields"] or {})}
        changed = _merge(after, wanted[lead_id])
        if changed:
            rows.append((lead_id, *_columns(after, changed, known, by.now)))
            lines.append(by.line(lead_id, Kind.UPDATED, {"fields": changed}))
    update_rows(conn, leads, _CHANGED, rows)
    record_set(conn, lines, real=by.real)


def _merge(after: dict[str, Any], facts: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Put the facts into the lead's values; gives what that changes, as before and after."""
    changed: dict[str, list[Any]] = {}
    if "name" in facts and "given_name" not in facts and after["given_name"] == given_name_of(after["name"]):
        facts = {**facts, "given_name": given_name_of(facts["name"] or "")}
    for key, value in facts.items():
        own = key.removeprefix("fields.") if key.startswith("fields.") else None
        place = after if own is None else after["fields"]
        name = own or key
        before = place.get(name)
        if before == value or (own is None and not before and not value):
            continue
        changed[key] = [before, value]
        if own is not None and value is None:
            place.pop(name, None)
        else:
            place[name] = value
    return changed


def _columns(
    after: Mapping[str, Any], changed: Mapping[str, Any], known: Mapping[str, int], now: datetime
) -> tuple[Any, ...]:
    """The values of `_CHANGED` for a lead."""
    company_id = after["company_id"]
    if "company" in changed:
        company_id = known[fold(after["company"])] if after["company"] else None
    search = search_text(after["name"], after["email"], after["phone"], after["company"])
    folded = (fold(after["name"]), fold(after["city"]))
    return (
        after["name"], folded[0], after["given_name"], after["honorific"], company_id, after["address"], after["city"],
        folded[1], after["source"], after["zone"], after["language"], after["fields"], search, now,
    )  # fmt: skip


def _companies(conn: Connection, names: set[str], now: datetime) -> dict[str, int]:
    """The companies of these names by folded name, the oldest of several; those that are missing are made."""
    if not names:
        return {}
    asked = {fold(name): name for name in sorted(names)}

    def there() -> dict[str, int]:
        query = sa.select(companies.c.name_folded, companies.c.id).where(companies.c.name_folded.in_(sorted(asked)))
        return {row[0]: row[1] for row in conn.execute(query.order_by(companies.c.id.desc()))}

    known = there()
    new = [
        {"public_id": public_id(), "name": asked[key], "name_folded": key, "created_at": now}
        for key in asked.keys() - known.keys()
    ]
    if new:
        conn.execute(companies.insert(), new)
        known = there()
    return known
