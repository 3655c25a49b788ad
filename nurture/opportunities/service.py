"""Opening, moving and ending opportunities. Each change leaves a line, an activity, and a new version."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.activities.model import Kind
from nurture.activities.service import Activity, record
from nurture.activities.tables import activities
from nurture.kernel.database import upsert
from nurture.kernel.errors import ConflictError, ForbiddenError, InputError, NotFoundError, Problem
from nurture.kernel.i18n import N_
from nurture.kernel.identity import public_id
from nurture.kernel.reasons import Reason
from nurture.kernel.text import clean
from nurture.leads import service as lead_service
from nurture.leads.model import Lifecycle
from nurture.leads.tables import companies, leads
from nurture.opportunities import store
from nurture.opportunities.assign import assign
from nurture.opportunities.model import NewOpportunity, Opportunity, OpportunityState, Pipeline
from nurture.opportunities.tables import opportunities, opportunity_changes
from nurture.users.model import Person, may_edit_lead, may_see_lead, user_of

LARGEST_VALUE = 10**15


# opening


def open_(
    conn: Connection,
    new: NewOpportunity,
    pipeline: Pipeline,
    *,
    actor: str,
    cause: str,
    now: datetime,
    real: datetime,
    zone: ZoneInfo,
) -> Opportunity | None:
    """Open an opportunity and give it an owner. None when the automatic one of this lead is open already.

    By hand any number is opened; the lead's owner becomes the one of the opportunity. Whoever opens it for themselves
    has accepted it by that.
    """
    lead = _lead(conn, new.lead_id)
    owner_id = new.owner_id if new.owner_id is not None else assign(conn, new.lead_id, pipeline.key, now, zone)
    values = {
        "public_id": public_id(), "lead_id": lead.id, "company_id": lead.company_id, "owner_id": owner_id,
        "pipeline": pipeline.key, "name": clean(new.name, 200) or lead.company or lead.name or lead.email or lead.phone,
        "product_line": pipeline.product_line if new.product_line is None else clean(new.product_line, 80),
        "stage": pipeline.first.key, "state": OpportunityState.OPEN.value, "value": _value(new.value),
        "currency": pipeline.currency, "automatic": new.automatic, "cause": cause,
        "criteria": [criterion.plain() for criterion in new.criteria], "next_step": clean(new.next_step),
        "next_at": new.next_at, "opened_at": now, "stage_since": now, "version": 1,
        "accepted_at": now if owner_id is not None and owner_id == user_of(actor) else None,
    }  # fmt: skip
    insert = upsert(conn.dialect.name, opportunities).values(values)
    if new.automatic:
        insert = insert.on_conflict_do_nothing()
    opened_id = conn.execute(insert.returning(opportunities.c.id)).scalar_one_or_none()
    if opened_id is None:
        return None
    one = store.get(conn, int(opened_id))
    _line(conn, one, "state", "", OpportunityState.OPEN.value, actor, now)
    detail = {"opportunity": one.public_id, "name": one.name, "automatic": one.automatic, "owner": one.owner_id}
    record(conn, Activity(lead.id, Kind.OPPORTUNITY_OPENED, now, actor, cause, detail=detail), real=real)
    own = f"opportunity:{one.id}"
    if owner_id is not None and owner_id != lead.owner_id:
        lead_service.set_owner(conn, lead.id, owner_id, now=now, real=real, actor=actor, cause=own)
    _advance(conn, lead.id, Lifecycle.OPPORTUNITY, actor, own, now, real)
    return one


def open_by_hand(
    conn: Connection, person: Person, new: NewOpportunity, pipeline: Pipeline,
    *, now: datetime, real: datetime, zone: ZoneInfo, known: int | None = None,
) -> Opportunity:  # fmt: skip
    """What a person opens in one click: theirs when the lead has no owner and they sell.

    `known`: how many the lead had when the person asked. Asked twice, the second gets what the first has opened.
    """
    conn.execute(sa.select(leads.c.id).where(leads.c.id == new.lead_id).with_for_update(key_share=True))
    lead = _lead(conn, new.lead_id)
    if not may_see_lead(person, lead.owner_id):
        raise NotFoundError(N_("There is no such lead"))
    if not may_edit_lead(person, lead.owner_id):
        raise ForbiddenError(N_("You may look, but not change anything"))
    there = store.of_lead(conn, new.lead_id)
    if known is not None and len(there) > known and there[0].is_open:
        return there[0]
    owner = new.owner_id or lead.owner_id or (person.id if not person.sees_all else None)
    chosen = replace(new, owner_id=owner, automatic=False)
    opened = open_(conn, chosen, pipeline, actor=person.actor, cause=person.actor, now=now, real=real, zone=zone)
    if opened is None:
        raise ConflictError(N_("An opportunity is open already"))
    return opened


def _lead(conn: Connection, lead_id: int) -> Any:
    query = (
        sa.select(
            leads.c.id, leads.c.company_id, leads.c.owner_id, leads.c.name, leads.c.email, leads.c.phone,
            leads.c.lifecycle, companies.c.name.label("company"),
        )
        .select_from(leads.outerjoin(companies, companies.c.id == leads.c.company_id))
        .where(leads.c.id == lead_id)
    )  # fmt: skip
    row = conn.execute(query).one_or_none()
    if row is None:
        raise NotFoundError(N_("There is no such lead"))
    return row


def _value(value: int | None) -> int | None:
    if value is not None and not 0 <= value <= LARGEST_VALUE:
        raise InputError(
            [Problem("bad_value", N_("A value is not below zero, and not above a thousand trillion"), path="value")]
        )
    return value


def _advance(
    conn: Connection, lead_id: int, stage: Lifecycle, actor: str, cause: str, now: datetime, real: datetime
) -> None:
    """Move the lead on to a stage, never back."""
    before = Lifecycle(conn.execute(sa.select(leads.c.lifecycle).where(leads.c.id == lead_id)).scalar_one())
    if before.rank < stage.rank:
        lead_service.set_lifecycle(conn, lead_id, stage, now=now, real=real, actor=actor, cause=cause)


# what people do with one


def accept(
    conn: Connection, person: Person, opportunity_id: int, version: int, *, now: datetime, real: datetime
) -> Opportunity:
    """The owner takes it on. Whoever accepts one without an owner becomes its owner."""
    one = _held(conn, person, opportunity_id, version)
    if one.accepted_at is not None:
        return one
    change: dict[str, Any] = {"accepted_at": now}
    if one.owner_id is None:
        change["owner_id"] = person.id
    after = _save(conn, one, change, person.actor, "accepted", "", "yes", now, real)
    if one.owner_id is None:
        cause = f"opportunity:{one.id}"
        lead_service.set_owner(conn, one.lead_id, person.id, now=now, real=real, actor=person.actor, cause=cause)
    _advance(conn, one.lead_id, Lifecycle.SQL, person.actor, f"opportunity:{one.id}", now, real)
    return after


def move(
    conn: Connection, person: Person, opportunity_id: int, stage: str, version: int, pipeline: Pipeline,
    *, now: datetime, real: datetime,
) -> Opportunity:  # fmt: skip
    """Put it into another stage."""
    one = _held(conn, person, opportunity_id, version)
    if pipeline.stage(stage) is None:
        raise InputError([Problem("unknown_stage", N_("There is no such stage"), path="stage")])
    if stage == one.stage:
        return one
    return _save(conn, one, {"stage": stage, "stage_since": now}, person.actor, "stage", one.stage, stage, now, real)


def win(
    conn: Connection, person: Person, opportunity_id: int, version: int,
    *, now: datetime, real: datetime, value: int | None = None,
) -> Opportunity:  # fmt: skip
    """Won: the lead is a customer from now on."""
    one = _held(conn, person, opportunity_id, version)
    more = {} if value is None else {"value": _value(value)}
    after = _end(conn, one, OpportunityState.WON, "", person.actor, now, real, more)
    _advance(conn, one.lead_id, Lifecycle.CUSTOMER, person.actor, f"opportunity:{one.id}", now, real)
    return after


def lose(
    conn: Connection, person: Person, opportunity_id: int, reason: str, version: int, *, now: datetime, real: datetime
) -> Opportunity:
    """Lost, with the reason: a key of the pipeline's, or words."""
    one = _held(conn, person, opportunity_id, version)
    after = _end(conn, one, OpportunityState.LOST, _reason(reason), person.actor, now, real)
    _step_back(conn, one, person.actor, now, real)
    return after


def give_back(
    conn: Connection, person: Person, opportunity_id: int, reason: str, version: int, *, now: datetime, real: datetime
) -> Opportunity:
    """Back to marketing, with the reason: the lead is nobody's again and mail to it may go on."""
    one = _held(conn, person, opportunity_id, version)
    after = _end(conn, one, OpportunityState.RETURNED, _reason(reason), person.actor, now, real)
    _step_back(conn, one, person.actor, now, real)
    if one.owner_id is not None and _lead(conn, one.lead_id).owner_id == one.owner_id:
        cause = f"opportunity:{one.id}"
        lead_service.set_owner(conn, one.lead_id, None, now=now, real=real, actor=person.actor, cause=cause)
    return after


def set_value(
    conn: Connection, person: Person, opportunity_id: int, value: int | None, version: int,
    *, now: datetime, real: datetime,
) -> Opportunity:  # fmt: skip
    """What the sale may be worth, in minor units of its currency."""
    one = _held(conn, person, opportunity_id, version)
    before, after = (str(one.value) if one.value is not None else ""), (str(value) if value is not None else "")
    return _save(conn, one, {"value": _value(value)}, person.actor, "value", before, after, now, real)


def set_next_step(
    conn: Connection, person: Person, opportunity_id: int, next_step: str, next_at: datetime | None, version: int,
    *, now: datetime, real: datetime,
) -> Opportunity:  # fmt: skip
    """What is to be done next, and when."""
    one = _held(conn, person, opportunity_id, version)
    step = clean(next_step)
    change = {"next_step": step, "next_at": next_at}
    return _save(conn, one, change, person.actor, "next_step", one.next_step, step, now, real)


def set_owner(
    conn: Connection, person: Person, opportunity_id: int, owner_id: int | None, version: int,
    *, now: datetime, real: datetime,
) -> Opportunity:  # fmt: skip
    """Hand it to another salesperson, and the lead with it; it waits to be accepted again."""
    one = _held(conn, person, opportunity_id, version)
    if owner_id == one.owner_id:
        return one
    before, after = (str(one.owner_id or ""), str(owner_id or ""))
    change = {"owner_id": owner_id, "accepted_at": now if owner_id == person.id else None}
    saved = _save(conn, one, change, person.actor, "owner", before, after, now, real)
    cause = f"opportunity:{one.id}"
    lead_service.set_owner(conn, one.lead_id, owner_id, now=now, real=real, actor=person.actor, cause=cause)
    return saved


# what the engine does with one


def withdraw(conn: Connection, one: Opportunity, *, now: datetime, real: datetime) -> Opportunity:
    """Take back an automatic one whose cause was a machine, with owner and lifecycle as they were before.

    ConflictError when somebody has worked on it.
    """
    if not (one.is_open and one.automatic and one.is_untouched):
        raise ConflictError("only an untouched automatic opportunity is withdrawn")
    after = _end(conn, one, OpportunityState.WITHDRAWN, Reason.VERDICT_CHANGED.value, "engine", now, real)
    lead, cause = _lead(conn, one.lead_id), f"opportunity:{one.id}"
    owner = _before(conn, one, Kind.OWNER_CHANGED)
    if owner is not None and lead.owner_id == owner["after"]:
        lead_service.set_owner(conn, lead.id, owner["before"], now=now, real=real, actor="engine", cause=cause)
    stage = _before(conn, one, Kind.LIFECYCLE_CHANGED)
    if stage is not None and lead.lifecycle == stage["after"]:
        back = Lifecycle(stage["before"])
        lead_service.set_lifecycle(conn, lead.id, back, now=now, real=real, actor="engine", cause=cause)
    return after


def _before(conn: Connection, one: Opportunity, kind: Kind) -> Mapping[str, Any] | None:
    """What an opening changed about its lead, as `before` and `after`."""
    a = activities.c
    query = sa.select(a.detail).where(
        a.lead_id == one.lead_id, a.kind == kind.value, a.cause == f"opportunity:{one.id}", a.actor == "engine"
    )
    found: Mapping[str, Any] | None = conn.execute(query.order_by(a.id).limit(1)).scalar_one_or_none()
    return found


# steps of the above


def _reason(reason: str) -> str:
    why = clean(reason, 300)
    if not why:
        raise InputError([Problem("no_reason", N_("Say why"), path="reason")])
    return why


def _held(conn: Connection, person: Person, opportunity_id: int, version: int) -> Opportunity:
    """The open opportunity at this version, which this person may change."""
    one = store.get(conn, opportunity_id, lock=True)
    if not may_see_lead(person, one.owner_id):
        raise NotFoundError(N_("There is no such opportunity"))
    if not may_edit_lead(person, one.owner_id):
        raise ForbiddenError(N_("You may look, but not change anything"))
    if one.version != version:
        raise ConflictError(N_("Somebody else has changed this opportunity meanwhile"))
    if not one.is_open:
        raise ConflictError(N_("This opportunity is closed"))
    return one


def _end(
    conn: Connection,
    one: Opportunity,
    state: OpportunityState,
    reason: str,
    actor: str,
    now: datetime,
    real: datetime,
    more: Mapping[str, Any] | None = None,
) -> Opportunity:
    change = {"state": state.value, "reason": reason, "closed_at": now, **(more or {})}
    return _save(conn, one, change, actor, "state", one.state.value, state.value, now, real, reason)


def _step_back(conn: Connection, one: Opportunity, actor: str, now: datetime, real: datetime) -> None:
    """A lead without an open opportunity is marketing's again, unless it is a customer."""
    lifecycle = Lifecycle(_lead(conn, one.lead_id).lifecycle)
    still = store.open_of_leads(conn, [one.lead_id])
    if not still and lifecycle in {Lifecycle.SQL, Lifecycle.OPPORTUNITY}:
        cause = f"opportunity:{one.id}"
        lead_service.set_lifecycle(conn, one.lead_id, Lifecycle.MQL, now=now, real=real, actor=actor, cause=cause)


def _save(
    conn: Connection,
    one: Opportunity,
    change: Mapping[str, Any],
    actor: str,
    field: str,
    before: str,
    after: str,
    now: datetime,
    real: datetime,
    reason: str = "",
) -> Opportunity:
    update = opportunities.update().where(opportunities.c.id == one.id, opportunities.c.version == one.version)
    if not conn.execute(update.values(**change, version=one.version + 1)).rowcount:
        raise ConflictError(N_("Somebody else has changed this opportunity meanwhile"))
    _line(conn, one, field, before, after, actor, now, reason)
    detail = {"opportunity": one.public_id, "field": field, "before": before, "after": after, "reason": reason}
    cause = f"opportunity:{one.id}"
    record(conn, Activity(one.lead_id, Kind.OPPORTUNITY_CHANGED, now, actor, cause, detail=detail), real=real)
    return store.get(conn, one.id)


def _line(
    conn: Connection, one: Opportunity, field: str, before: str, after: str, actor: str, now: datetime, reason: str = ""
) -> None:
    conn.execute(
        opportunity_changes.insert().values(
            opportunity_id=one.id, at=now, actor=actor, field=field, before=before, after=after, reason=reason
        )
    )
