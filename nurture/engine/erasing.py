"""Erasing a lead: what names the person goes, what counts stays (queries; in the caller's write transaction).

First everything under way ends: campaigns, mail and text messages that wait, tasks, deals, alerts. Then every column
that is marked personal is blanked wherever the lead is meant, append-only tables included; numbers, instants and states
stay, so that accounts and reports still add up. The keyed hashes of the addresses are closed and stay closed: nobody
who asked to be forgotten is written to because a later file brings the address again.

It cannot be taken back. Copies made before (backups) still hold what they held.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.activities.tables import activities, decisions, reactions
from nurture.alerts.model import AlertState
from nurture.alerts.tables import alerts
from nurture.campaigns.effects import Leave
from nurture.capture.tables import import_refusals
from nurture.consents.model import Channel, Method, SuppressionReason
from nurture.consents.service import Said, suppress
from nurture.consents.tables import askings, consents, data_requests
from nurture.delivery.tables import mailbox_mails
from nurture.engine.leave import take_each_out
from nurture.enrollments.model import EnrollmentState
from nurture.enrollments.tables import enrollments
from nurture.inbound.tables import returns
from nurture.kernel.database import among
from nurture.kernel.errors import ConflictError, NotFoundError
from nurture.kernel.i18n import LANGUAGES, N_, translate
from nurture.kernel.reasons import Reason
from nurture.kernel.signing import KeyRing
from nurture.leads import store, uniting
from nurture.leads.model import Lead, Temperature
from nurture.leads.tables import distinct_leads, lead_conflicts, lead_tags, leads
from nurture.messages.model import MessageState
from nurture.messages.service import WAITING, set_state
from nurture.messages.tables import attempts, message_values, messages
from nurture.opportunities.model import OpportunityState
from nurture.opportunities.tables import opportunities, opportunity_changes
from nurture.outbound.model import CallState
from nurture.outbound.tables import outbox
from nurture.scoring.tables import score_entries
from nurture.segments.tables import memberships
from nurture.tasks.model import TaskState
from nurture.tasks.tables import tasks
from nurture.tracking.store import NEVER_AGAIN
from nurture.tracking.tables import hits
from nurture.users import service as staff
from nurture.users.tables import audit

# Tables whose rows are a lead's by `lead_id`, and those whose rows are a message's.
OF_LEAD = (
    activities, decisions, consents, data_requests, askings, outbox, tasks, alerts, opportunities, score_entries,
    returns, messages,
)  # fmt: skip
OF_MESSAGE = (attempts, hits)
# Likewise, and the rows go altogether.
UNDER_WAY = (message_values,)
# Whose rows go altogether.
GONE = (lead_conflicts, lead_tags, reactions)
# What is looked after by hand below.
APART = (leads, mailbox_mails, import_refusals, audit)

_ERASED = N_("(erased)")
_KEPT_CHANGES = ("stage", "owner", "state", "value")  # of a deal; anything else is words


@dataclass(frozen=True, slots=True)
class Erasure:
    """What an erasure ends: how much of it is under way."""

    lead: Lead
    also: int = 0  # leads that were merged into it
    campaigns: int = 0
    mails: int = 0  # that wait
    deals: int = 0  # that are open
    tasks: int = 0  # likewise


def look(conn: Connection, lead: Lead) -> Erasure:
    """What erasing this lead would end. Reads only."""
    ids = [lead.id, *uniting.merged_into(conn, lead.id)]
    asked: tuple[tuple[sa.Table, sa.ColumnElement[bool]], ...] = (
        (enrollments, enrollments.c.state == EnrollmentState.ACTIVE.value),
        (messages, messages.c.state.in_([one.value for one in WAITING])),
        (opportunities, opportunities.c.state == OpportunityState.OPEN.value),
        (tasks, tasks.c.state == TaskState.OPEN.value),
    )
    columns = [
        sa.select(sa.func.count()).select_from(table).where(table.c.lead_id.in_(ids), which).scalar_subquery()
        for table, which in asked
    ]
    return Erasure(lead, len(ids) - 1, *map(int, conn.execute(sa.select(*columns)).one()))


def erase(
    conn: Connection, keys: KeyRing, lead_id: int, *, now: datetime, real: datetime, actor: str, why: str
) -> Erasure:  # fmt: skip
    """Forget this lead, and all that were merged into it. `why` names what asked for it, such as `request:k3…`.

    NotFoundError when there is no such lead, or no more; ConflictError while a mail to it is just being handed over.
    """
    uniting.hold_all(conn, [lead_id])
    known = store.by_ids(conn, [lead_id, *uniting.merged_into(conn, lead_id)])
    lead = known.get(lead_id)
    if lead is None or lead.merged_into is not None:
        raise NotFoundError(N_("There is no such lead"))
    ids = sorted(known)
    _lock_mail(conn, ids)
    found = look(conn, lead)
    _close(conn, keys, known.values(), now=now, real=real, actor=actor)
    _end(conn, ids, now=now, real=real, actor=actor)
    _blank_mail_to_staff(conn, known.values(), now)
    _blank(conn, ids)
    _blank_apart(conn, keys, known.values())
    _blank_lead(conn, ids, now, real)
    detail = {"why": why, "also": found.also, "mails": found.mails, "deals": found.deals}
    staff.note(conn, actor=actor, action="lead.erase", subject=f"lead:{lead.public_id}", at=real, detail=detail)
    return found


def _lock_mail(conn: Connection, ids: Sequence[int]) -> None:
    """Nothing of theirs may leave meanwhile; what is leaving has to be settled first, with its address."""
    open_ = messages.c.state.in_([one.value for one in (*WAITING, MessageState.SENDING)])
    query = sa.select(messages.c.state).where(messages.c.lead_id.in_(ids), open_).order_by(messages.c.id)
    if conn.dialect.name != "sqlite":
        query = query.with_for_update(key_share=True)
    if MessageState.SENDING.value in set(conn.execute(query).scalars()):
        raise ConflictError(N_("A mail to this lead is just being handed over: try again in a moment"))


def _close(
    conn: Connection, keys: KeyRing, known: Collection[Lead], *, now: datetime, real: datetime, actor: str
) -> None:  # fmt: skip
    """Every address and number of theirs, by its hash."""
    for one in known:
        said = Said(Method.PERSON, f"erase:{one.public_id}", actor, actor, now, real)
        ways = [(one.email, Channel.EMAIL), (one.phone, Channel.SMS), (one.phone, Channel.CALL)]
        for address, channel in ways:
            if address:
                suppress(conn, keys, address, SuppressionReason.UNSUBSCRIBED, said=said, channel=channel)


def _end(conn: Connection, ids: Sequence[int], *, now: datetime, real: datetime, actor: str) -> None:
    """What is under way."""
    query = sa.select(enrollments.c.id).where(
        enrollments.c.lead_id.in_(ids), enrollments.c.state == EnrollmentState.ACTIVE.value
    )
    under_way = list(conn.execute(query).scalars())
    if under_way:
        take_each_out(conn, dict.fromkeys(under_way, Leave(Reason.ERASED)), now=now, real=real, actor=actor)
    waiting = sa.select(messages.c.id).where(
        messages.c.lead_id.in_(ids), messages.c.state.in_([one.value for one in WAITING])
    )
    set_state(conn, conn.execute(waiting).scalars(), MessageState.CANCELED, now=now, reason=Reason.ERASED)
    ended = {"ended_at": now, "ended_by": actor}
    ends: tuple[tuple[sa.Table, sa.ColumnElement[bool], Mapping[str, Any]], ...] = (
        (outbox, outbox.c.state == CallState.QUEUED.value,
         {"state": CallState.CANCELED.value, "reason": Reason.ERASED.value, "ended_at": now, "retry_at": None}),
        (tasks, tasks.c.state == TaskState.OPEN.value,
         {"state": TaskState.CANCELED.value, "reason": Reason.ERASED.value, **ended}),
        (alerts, alerts.c.state.in_([AlertState.OPEN.value, AlertState.LATER.value]),
         {"state": AlertState.WITHDRAWN.value, "ended_reason": Reason.ERASED.value, **ended}),
        (opportunities, opportunities.c.state == OpportunityState.OPEN.value,
         {"state": OpportunityState.LOST.value, "reason": Reason.ERASED.value, "closed_at": now,
          "version": opportunities.c.version + 1}),
        (memberships, memberships.c.left_at.is_(None), {"left_at": now, "left_cause": Reason.ERASED.value}),
    )  # fmt: skip
    for table, which, values in ends:
        conn.execute(table.update().where(table.c.lead_id.in_(ids), which).values(values))


def blanks(table: sa.Table) -> dict[str, Any]:
    """What stands in the personal columns of a table after an erasure, by the columns' keys."""
    special: dict[sa.Column[Any], Any] = {
        tasks.c.title: {one: translate(one, _ERASED) for one in LANGUAGES},
        alerts.c.reasons: [],
    }
    return {
        column.key: special[column] if column in special else _empty(column)
        for column in table.c
        if column.info["personal"]
    }


def _empty(column: sa.Column[Any]) -> Any:
    if column.nullable:
        return sa.null()
    if isinstance(column.type, sa.LargeBinary):
        return b""
    kind = column.type.impl_instance if isinstance(column.type, sa.TypeDecorator) else column.type
    return {} if isinstance(kind, sa.JSON) else ""


def _blank(conn: Connection, ids: Sequence[int]) -> None:
    of_theirs = sa.select(messages.c.id).where(messages.c.lead_id.in_(ids))
    for table in OF_MESSAGE:
        conn.execute(table.update().where(table.c.message_id.in_(of_theirs)).values(blanks(table)))
    conn.execute(hits.update().where(hits.c.message_id.in_(of_theirs)).values(version=NEVER_AGAIN))
    words = opportunity_changes.c
    deals = sa.select(opportunities.c.id).where(opportunities.c.lead_id.in_(ids))
    conn.execute(
        opportunity_changes.update()
        .where(words.opportunity_id.in_(deals), words.field.not_in(_KEPT_CHANGES))
        .values(before="", after="")
    )
    for table in UNDER_WAY:
        conn.execute(table.delete().where(table.c.message_id.in_(of_theirs)))
    for table in OF_LEAD:
        conn.execute(table.update().where(table.c.lead_id.in_(ids)).values(blanks(table)))
    for table in GONE:
        conn.execute(table.delete().where(table.c.lead_id.in_(ids)))
    d = distinct_leads.c
    conn.execute(distinct_leads.delete().where(sa.or_(d.first_id.in_(ids), d.second_id.in_(ids))))


def _blank_mail_to_staff(conn: Connection, known: Collection[Lead], now: datetime) -> None:
    """Mails that told staff of them, by the address of the lead's page. One that waits is taken back."""
    m = messages.c
    written = sa.cast(m.values_, sa.Text)
    about = sa.or_(*(written.contains(one.public_id, autoescape=True) for one in known))
    ids = list(conn.execute(sa.select(m.id).where(m.user_id.is_not(None), m.values_.is_not(None), about)).scalars())
    set_state(conn, ids, MessageState.CANCELED, now=now, reason=Reason.ERASED)
    conn.execute(message_values.delete().where(among(message_values.c.message_id, ids)))
    gone = {"values_": sa.null(), "detail": sa.null()}
    conn.execute(messages.update().where(among(m.id, ids)).values(gone))


def _blank_apart(conn: Connection, keys: KeyRing, known: Collection[Lead]) -> None:
    """What has no reference to a lead and yet tells of them."""
    for one in known:
        subject = f"lead:{one.public_id}"
        conn.execute(audit.update().where(audit.c.subject == subject).values(blanks(audit)))
        for said in filter(None, (one.email, one.phone)):
            of_value = sa.func.lower(import_refusals.c.value).contains(said.lower(), autoescape=True)
            conn.execute(import_refusals.update().where(of_value).values(blanks(import_refusals)))
        if one.email:
            conn.execute(mailbox_mails.delete().where(mailbox_mails.c.rcpt_to == one.email))
            wrote = sa.and_(returns.c.sender == one.email, sa.text("returns.sender <> ''"))  # as its index says
            theirs = sa.or_(wrote, returns.c.address_hash == keys.address_hash(one.email))
            conn.execute(returns.update().where(theirs).values(blanks(returns)))  # also what came as nobody's


def _blank_lead(conn: Connection, ids: Sequence[int], now: datetime, real: datetime) -> None:
    change = {
        **blanks(leads), "company_id": None, "zone": None, "language": None, "temperature": Temperature.COLD.value,
        "engagement": 0, "fit": 0, "paused_at": None, "paused_reason": None, "replied_at": None, "updated_at": now,
        "erased_at": real, "merged_into": leads.c.id,
    }  # fmt: skip
    conn.execute(leads.update().where(among(leads.c.id, ids)).values(change))
