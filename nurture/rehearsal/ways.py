"""Each lead's way through a rehearsal, and the texts they would have read, from the stage (queries)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.activities.model import Kind
from nurture.activities.tables import activities
from nurture.campaigns.tables import campaigns
from nurture.enrollments.tables import enrollments, passages
from nurture.leads.tables import leads
from nurture.messages import store as message_store
from nurture.messages.links import PlainLinks
from nurture.messages.model import Purposes
from nurture.messages.personalize import Personalizer, Rendered
from nurture.messages.tables import messages
from nurture.outbound.model import CallKind
from nurture.outbound.tables import outbox
from nurture.tasks.tables import tasks

_DID = (
    Kind.OPENED, Kind.CLICKED, Kind.REPLIED, Kind.UNSUBSCRIBED, Kind.OPPORTUNITY_OPENED, Kind.TEMPERATURE_CHANGED,
    Kind.TASK_DONE, Kind.MAIL_RESUMED,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """One thing on a lead's way: `entered`, `passed`, `sent`, `skipped`, `task`, `sms`, `webhook`, `left`, or the kind
    of an activity."""

    at: datetime
    what: str
    step: str = ""
    outcome: str = ""  # of a step, of the end
    reason: str = ""
    planned_at: datetime | None = None  # where it differs from `at`
    message_id: int | None = None
    campaign: str = ""  # of a mail of another campaign
    detail: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """As plain data, without what is empty."""
        data = {name: getattr(self, name) for name in self.__slots__}
        for name in ("at", "planned_at"):
            data[name] = data[name].isoformat() if data[name] is not None else None
        return {name: value for name, value in data.items() if value not in (None, "", {})}


@dataclass(frozen=True, slots=True)
class Walker:
    """A lead of a rehearsal, and where they ended."""

    lead_id: int
    name: str
    email: str | None
    state: str
    step: str | None
    reason: str | None


def walkers(conn: Connection, campaign: str, begun: datetime, *, limit: int = 100, after: int = 0) -> list[Walker]:
    """The leads that took part, in the order of their ids, from the one after `after` on."""
    query = (
        sa.select(
            leads.c.id, leads.c.name, leads.c.email, enrollments.c.state, enrollments.c.step, enrollments.c.reason
        )
        .join(leads, leads.c.id == enrollments.c.lead_id)
        .join(campaigns, campaigns.c.id == enrollments.c.campaign_id)
        .where(campaigns.c.key == campaign, enrollments.c.lead_id > after)
        .where(sa.or_(enrollments.c.ended_at.is_(None), enrollments.c.ended_at >= begun))
        .order_by(enrollments.c.lead_id, enrollments.c.id)
        .limit(limit)
    )
    return [Walker(*row) for row in conn.execute(query)]


def way(conn: Connection, campaign: str, lead_id: int, begun: datetime) -> list[Line]:
    """Everything on one lead's way since the begin, in the order of the instants."""
    mine = sa.select(enrollments).join(campaigns, campaigns.c.id == enrollments.c.campaign_id)
    rows = conn.execute(mine.where(campaigns.c.key == campaign, enrollments.c.lead_id == lead_id)).all()
    lines = [*_ends(rows, begun), *_passed(conn, [row.id for row in rows], begun)]
    lines += [*_mails(conn, campaign, lead_id, begun), *_did(conn, lead_id, begun)]
    lines += [*_tasks(conn, lead_id, begun), *_calls(conn, lead_id, begun)]
    order = ("entered", "task", "webhook", "task_done", "passed", "sms", "skipped", "sent")
    return sorted(lines, key=lambda one: (one.at, order.index(one.what) if one.what in order else len(order)))


def _ends(rows: Sequence[sa.Row[Any]], begun: datetime) -> list[Line]:
    found = [Line(row.entered_at, "entered", detail={"cause": row.cause}) for row in rows if row.entered_at >= begun]
    return found + [
        Line(row.ended_at, "left", row.step or "", row.state, row.reason or "", detail=row.detail or {})
        for row in rows
        if row.ended_at is not None and row.ended_at >= begun
    ]


def _passed(conn: Connection, ids: Sequence[int], begun: datetime) -> list[Line]:
    query = sa.select(passages).where(passages.c.enrollment_id.in_(ids), passages.c.at >= begun)
    return [
        Line(row.at, "passed", row.step, row.outcome, row.reason, row.planned_at if row.planned_at != row.at else None)
        for row in conn.execute(query.order_by(passages.c.id))
    ]


def _mails(conn: Connection, campaign: str, lead_id: int, begun: datetime) -> list[Line]:
    """Mails that went or were left out, those of other campaigns too."""
    query = (
        sa.select(messages, campaigns.c.key.label("campaign_key"))
        .outerjoin(campaigns, campaigns.c.id == messages.c.campaign_id)
        .where(messages.c.lead_id == lead_id, messages.c.user_id.is_(None), messages.c.planned_at >= begun)
        .where(messages.c.purpose.in_((Purposes.CAMPAIGN.value, Purposes.BROADCAST.value)))
    )
    return [
        Line(
            row.gone_at or row.ended_at or row.not_before,
            "sent" if row.gone_at is not None and row.state != "skipped" else row.state,
            (row.step or "") if row.campaign_key == campaign else "",
            reason=row.reason,
            planned_at=row.planned_at if row.planned_at != row.gone_at else None,
            message_id=row.id,
            campaign=row.campaign_key if row.campaign_key not in {None, campaign} else "",
            detail={"email": row.template_key},
        )
        for row in conn.execute(query.order_by(messages.c.id))
        if not (row.state == "skipped" and row.campaign_key == campaign and row.step)  # its passage says so
    ]


def _tasks(conn: Connection, lead_id: int, begun: datetime) -> list[Line]:
    """Tasks about the lead, as they are given; what came of them is in the timeline."""
    query = sa.select(tasks).where(tasks.c.lead_id == lead_id, tasks.c.created_at >= begun).order_by(tasks.c.id)
    return [
        Line(
            row.created_at, "task", row.step or "",
            detail={"kind": row.kind, "title": row.title, "due": row.due_at.isoformat()},
        )
        for row in conn.execute(query)
    ]  # fmt: skip


def _calls(conn: Connection, lead_id: int, begun: datetime) -> list[Line]:
    """Text messages to the lead, and what other systems were told."""
    query = sa.select(outbox).where(outbox.c.lead_id == lead_id, outbox.c.planned_at >= begun).order_by(outbox.c.id)
    return [
        Line(
            row.ended_at or row.not_before, row.kind, row.step or "", row.state, row.reason or "",
            row.planned_at if row.planned_at != row.ended_at else None,
            detail={"text": row.body} if row.kind == CallKind.SMS.value else {"name": row.name},
        )
        for row in conn.execute(query)
    ]  # fmt: skip


def _did(conn: Connection, lead_id: int, begun: datetime) -> list[Line]:
    query = sa.select(activities).where(
        activities.c.lead_id == lead_id,
        activities.c.occurred_at >= begun,
        activities.c.kind.in_([one.value for one in _DID]),
        activities.c.withdrawn_at.is_(None),
    )
    return [
        Line(
            row.occurred_at,
            row.kind,
            message_id=row.message_id,
            detail={
                **row.detail,
                **({"email": row.email_key} if row.email_key else {}),
                **({"url": row.url} if row.url else {}),
            },
        )
        for row in conn.execute(query.order_by(activities.c.id))
    ]


def letter(conn: Connection, message_id: int, base_url: str) -> Rendered | None:
    """The mail as this lead would read it, links as the author wrote them; None when it never went."""
    row = conn.execute(sa.select(messages).where(messages.c.id == message_id)).first()
    if row is None or row.template_revision_id is None or not row.values_:
        return None
    compiled = message_store.compiled(conn, row.template_revision_id)
    return None if compiled is None else Personalizer(compiled).render(row.values_, PlainLinks(base_url))
