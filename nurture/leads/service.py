"""Changing leads: each change leaves a line in the timeline that says who did it and what it came from.

Every function wants the caller's write transaction. `now` is engine time, `real` the time on the wall.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.activities.model import Kind
from nurture.activities.service import Activity, record
from nurture.kernel.database import upsert
from nurture.kernel.errors import ConflictError, InputError, NotFoundError, Problem
from nurture.kernel.i18n import N_
from nurture.kernel.identity import public_id
from nurture.kernel.text import clean, fold
from nurture.leads import fields as own_fields
from nurture.leads import store
from nurture.leads.model import Lead, Lifecycle, NewLead
from nurture.leads.normalize import (
    given_name_of,
    search_text,
    tag_key,
)  # fmt: skip
from nurture.leads.tables import lead_conflicts, lead_tags, leads
from nurture.leads.values import CHANGEABLE, read_fact

MOST_TAGS = 50  # given at once


def add(conn: Connection, new: NewLead, *, now: datetime, real: datetime, actor: str, cause: str) -> Lead:
    """Take a lead in. InputError names every fact that cannot be used; ConflictError when the address is known."""
    values, labels = of_new(conn, new, now)
    lead_id = _insert(conn, values)
    detail = {"source": values["first_source"]}
    record(conn, Activity(lead_id, Kind.CREATED, now, actor, cause, detail=detail), real=real)
    for label in labels:
        tag(conn, lead_id, label, now=now, real=real, actor=actor, cause=cause)
    return _known(conn, lead_id)


def of_new(conn: Connection, new: NewLead, now: datetime) -> tuple[dict[str, Any], list[str]]:
    """The columns and the tags of a lead to be. InputError names every fact that cannot be used."""
    facts = _facts(conn, {key: getattr(new, key) for key in CHANGEABLE if getattr(new, key)})
    if not facts.get("email") and not facts.get("phone"):
        raise InputError([Problem("unreachable", N_("A lead needs an email address or a phone number"), path="email")])
    name = facts.get("name", "")
    facts.setdefault("given_name", given_name_of(name))
    labels = {tag_key(label): label for label in new.tags}
    if len(labels) > MOST_TAGS:
        params = (("count", str(MOST_TAGS)),)
        raise InputError([Problem("many_tags", N_("At most %(count)s tags at once"), path="tags", params=params)])
    values = {
        **_columns(conn, facts, now),
        "public_id": public_id(),
        "first_source": facts.get("source", ""),
        "owner_id": new.owner_id,
        "lifecycle": new.lifecycle.value,
        "fields": facts.get("fields", {}),
        "search_text": search_text(name, facts.get("email"), facts.get("phone"), facts.get("company", "")),
        "created_at": now,
        "updated_at": now,
    }
    return values, list(labels.values())


def _insert(conn: Connection, values: Mapping[str, Any]) -> int:
    _refuse_known_address(conn, values.get("email"))
    return store.insert(conn, values)


def _refuse_known_address(conn: Connection, email: str | None) -> None:
    if email and store.by_email(conn, email):
        raise ConflictError(N_("There is a lead with this address already"))


def _free(conn: Connection, lead_id: int, email: str | None) -> int | None:
    """See that nobody has this address. One that the lead has from a merge is freed; gives the merged lead's key."""
    holder = store.by_email(conn, email) if email else None
    if holder is None:
        return None
    if holder.id != lead_id:
        raise ConflictError(N_("There is a lead with this address already"))
    freed = leads.update().where(leads.c.email == email).values(email=None).returning(leads.c.id)
    return int(conn.execute(freed).scalar_one())


def _known(conn: Connection, lead_id: int) -> Lead:
    lead = store.get(conn, lead_id)
    if lead is None:
        raise NotFoundError(N_("There is no such lead"))
    return lead


def change(
    conn: Connection, lead_id: int, changes: Mapping[str, Any], *,
    now: datetime, real: datetime, actor: str, cause: str,
) -> Lead:  # fmt: skip
    """Set facts by key (`fields` maps the keys of own fields, None blanks one); gives the lead as it is then."""
    lead = _known(conn, lead_id)
    facts = _facts(conn, changes)
    if "name" in facts and "given_name" not in facts and lead.given_name == given_name_of(lead.name):
        facts["given_name"] = given_name_of(facts["name"])
    changed = {key: [getattr(lead, key), value] for key, value in facts.items() if key != "fields"}
    changed = {key: pair for key, pair in changed.items() if (pair[0] or "") != (pair[1] or "")}
    merged = dict(lead.fields)
    for key, value in facts.get("fields", {}).items():
        if merged.get(key) != value:
            changed[f"fields.{key}"] = [merged.get(key), value]
            merged[key] = value
    if not changed:
        return lead
    if not facts.get("email", lead.email) and not facts.get("phone", lead.phone):
        raise InputError([Problem("unreachable", N_("A lead needs an email address or a phone number"), path="email")])
    freed = _free(conn, lead_id, facts["email"]) if "email" in changed else None
    values = _columns(conn, {key: facts[key] for key in changed if key in facts}, now)
    values["fields"] = {key: value for key, value in merged.items() if value is not None}
    values["search_text"] = search_text(
        *(facts.get(key, getattr(lead, key)) or "" for key in ("name", "email", "phone", "company"))
    )
    store.update(conn, lead_id, {**values, "updated_at": now})
    if freed is not None:
        store.update(conn, freed, {"email": lead.email})
    record(conn, Activity(lead_id, Kind.UPDATED, now, actor, cause, detail={"fields": changed}), real=real)
    return _known(conn, lead_id)


def _columns(conn: Connection, facts: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Columns of the leads table for normalized facts, folded companions included."""
    values = {key: value for key, value in facts.items() if key not in {"company", "fields"}}
    if "name" in facts:
        values["name_folded"] = fold(facts["name"])
    if "city" in facts:
        values["city_folded"] = fold(facts["city"])
    if "company" in facts:
        values["company_id"] = (
            store.ensure_company(conn, facts["company"], now, public_id())[0] if facts["company"] else None
        )
    return values


def _facts(conn: Connection, given: Mapping[str, Any]) -> dict[str, Any]:
    """The given facts normalized. InputError names every one that cannot be used."""
    problems: list[Problem] = []
    facts: dict[str, Any] = {}
    for key, value in given.items():
        if key not in CHANGEABLE:
            problems.append(Problem("unknown_fact", N_("A lead has no “%(key)s”"), path=key, params=(("key", key),)))
        elif key == "fields":
            facts[key], more = own_fields.typed_all(store.field_definitions_of(conn), value)
            problems += more
        else:
            facts[key], problem = read_fact(key, str(value or ""))
            problems += [problem] if problem else []
    if problems:
        raise InputError(problems)
    return facts


def tag(
    conn: Connection, lead_id: int, label: str, *, now: datetime, real: datetime, actor: str, cause: str
) -> bool:  # fmt: skip
    """Put a tag on a lead; True when it was not there. InputError when the label makes no key."""
    key = tag_key(label)
    if not key:
        raise InputError(N_("A tag needs at least one letter or digit"))
    store.ensure_tags(conn, {key: clean(label, 80)})
    insert = upsert(conn.dialect.name, lead_tags).values(lead_id=lead_id, tag=key, at=now)
    once = insert.on_conflict_do_nothing(index_elements=["lead_id", "tag"]).returning(lead_tags.c.tag)
    if conn.execute(once).one_or_none() is None:
        return False
    record(conn, Activity(lead_id, Kind.TAGGED, now, actor, cause, detail={"tag": key}), real=real)
    return True


def untag(conn: Connection, lead_id: int, label: str, *, now: datetime, real: datetime, actor: str, cause: str) -> bool:
    """Take a tag off a lead; True when it was there."""
    key = tag_key(label)
    gone = conn.execute(lead_tags.delete().where(lead_tags.c.lead_id == lead_id, lead_tags.c.tag == key)).rowcount
    if gone:
        record(conn, Activity(lead_id, Kind.UNTAGGED, now, actor, cause, detail={"tag": key}), real=real)
    return bool(gone)


def set_owner(
    conn: Connection, lead_id: int, owner_id: int | None, *, now: datetime, real: datetime, actor: str, cause: str
) -> bool:  # fmt: skip
    """Give a lead to a member of staff, or to nobody; True when that changed something."""
    return _set(conn, lead_id, "owner_id", owner_id, Kind.OWNER_CHANGED, now=now, real=real, actor=actor, cause=cause)


def set_lifecycle(
    conn: Connection, lead_id: int, stage: Lifecycle, *, now: datetime, real: datetime, actor: str, cause: str
) -> bool:  # fmt: skip
    """Put a lead at this stage, forward or back; True when that changed something."""
    kind = Kind.LIFECYCLE_CHANGED
    return _set(conn, lead_id, "lifecycle", stage.value, kind, now=now, real=real, actor=actor, cause=cause)


def _set(
    conn: Connection, lead_id: int, column: str, value: Any, kind: Kind, *,
    now: datetime, real: datetime, actor: str, cause: str,
) -> bool:  # fmt: skip
    before = conn.execute(sa.select(leads.c[column]).where(leads.c.id == lead_id)).scalar_one_or_none()
    if before == value:
        return False
    store.update(conn, lead_id, {column: value, "updated_at": now})
    record(conn, Activity(lead_id, kind, now, actor, cause, detail={"before": before, "after": value}), real=real)
    return True


def pause_mail(
    conn: Connection, lead_id: int, reason: str, *, now: datetime, real: datetime, actor: str, cause: str
) -> bool:  # fmt: skip
    """Stop all automatic mail to a lead; True when it was not stopped."""
    why = clean(reason)
    stop = leads.update().where(leads.c.id == lead_id, leads.c.paused_at.is_(None))
    if not conn.execute(stop.values(paused_at=now, paused_reason=why, updated_at=now)).rowcount:
        return False
    record(conn, Activity(lead_id, Kind.MAIL_PAUSED, now, actor, cause, detail={"reason": why}), real=real)
    return True


def resume_mail(conn: Connection, lead_id: int, *, now: datetime, real: datetime, actor: str, cause: str) -> bool:
    """Let automatic mail to a lead go again; True when it was stopped."""
    go = leads.update().where(leads.c.id == lead_id, leads.c.paused_at.is_not(None))
    if not conn.execute(go.values(paused_at=None, paused_reason=None, updated_at=now)).rowcount:
        return False
    record(conn, Activity(lead_id, Kind.MAIL_RESUMED, now, actor, cause), real=real)
    return True


def resolve_conflict(
    conn: Connection, conflict_id: int, *, keep_other: bool, now: datetime, real: datetime, actor: str, cause: str
) -> None:  # fmt: skip
    """Decide between a lead's value and the other one. ConflictError when somebody has decided meanwhile."""
    row = conn.execute(sa.select(lead_conflicts).where(lead_conflicts.c.id == conflict_id)).mappings().one_or_none()
    if row is None:
        raise NotFoundError(N_("There is no such conflict"))
    done = lead_conflicts.update().where(lead_conflicts.c.id == conflict_id, lead_conflicts.c.resolved_at.is_(None))
    if not conn.execute(done.values(resolved_at=now)).rowcount:
        raise ConflictError(N_("Somebody has decided this already"))
    if keep_other:
        change(conn, row["lead_id"], {row["field"]: row["value"]}, now=now, real=real, actor=actor, cause=cause)
