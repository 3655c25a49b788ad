"""What tests of the engine share: leads with consent, emails, campaigns out of YAML, a relay that takes everything."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from nurture.activities.model import Kind
from nurture.activities.service import Activity, record
from nurture.campaigns import service
from nurture.campaigns.load import Folder, load
from nurture.campaigns.plan import Change
from nurture.consents.tables import consents
from nurture.engine.tick import tick
from nurture.enrollments.tables import enrollments, passages
from nurture.kernel.clock import ManualClock
from nurture.kernel.context import Context
from nurture.leads.tables import leads
from nurture.messages.model import MessageState
from nurture.messages.service import set_state
from nurture.messages.tables import messages, template_revisions, templates
from nurture.segments import store as segment_store

SEGMENTS = """
everyone: {name: Everyone, when: {none: [{tag: nobody}]}}
vips: {name: VIPs, when: {tag: vip}}
"""
HELLO = """
key: hello
name: Hello
entry: {segment: everyone, existing: enroll}
steps:
  - {id: first, send_email: hello}
  - {id: breathe, wait: 2 days}
  - {id: second, send_email: again}
"""


def clock(context: Context) -> ManualClock:
    """The clock of the context under test."""
    assert isinstance(context.clock, ManualClock)
    return context.clock


def add_leads(context: Context, count: int, *, agreed: bool = True, **facts: Any) -> list[int]:
    """So many leads with an address, who agreed to advertising; gives their ids."""
    now = context.clock.engine()
    with context.database.write() as conn:
        start = conn.execute(sa.select(sa.func.coalesce(sa.func.max(leads.c.id), 0))).scalar_one()
        rows = [
            {
                "public_id": f"lead{number}",
                "email": f"lead{number}@example.vn",
                "fields": {},
                "created_at": now,
                "updated_at": now,
                **facts,
            }
            for number in range(start + 1, start + count + 1)
        ]
        conn.execute(leads.insert(), rows)
        ids = list(conn.execute(sa.select(leads.c.id).where(leads.c.id > start).order_by(leads.c.id)).scalars())
        if agreed:
            conn.execute(consents.insert(), [_consent(lead_id, now) for lead_id in ids])
    return ids


def _consent(lead_id: int, now: datetime) -> dict[str, Any]:
    return {
        "lead_id": lead_id,
        "purpose": "advertising",
        "channel": "email",
        "given": True,
        "method": "form",
        "proof": "yes",
        "origin": "test",
        "occurred_at": now,
        "recorded_at": now,
    }


def publish_emails(context: Context, *keys: str) -> None:
    """Emails of these keys in both languages; what stands in them does not matter here."""
    now = context.clock.engine()
    with context.database.write() as conn:
        for key in keys:
            for language in ("vi", "en"):
                row = {"key": key, "language": language, "hash": "x", "source": {}, "compiled": {}, "created_at": now}
                insert = template_revisions.insert().values(row).returning(template_revisions.c.id)
                new = conn.execute(insert).scalar_one()
                conn.execute(templates.insert().values(key=key, language=language, revision_id=new, updated_at=now))


def apply(context: Context, *campaigns: str, segments: str = SEGMENTS) -> tuple[Change, ...]:
    """Make these campaigns live, in one transaction."""
    with context.database.write() as conn:
        folder = Folder(
            {f"campaign{number}.yaml": text for number, text in enumerate(campaigns)},
            {"segments": ("_shared/segments.yaml", segments)},
        )
        facts = segment_store.facts(conn)
        now, real = context.clock.engine(), context.clock.real()
        return service.apply(conn, load(folder, facts), now=now, real=real, actor="cli")


def hand_over(context: Context) -> int:
    """The relay takes everything that is queued and due."""
    now = context.clock.engine()
    with context.database.write() as conn:
        query = sa.select(messages.c.id).where(messages.c.state == "queued", messages.c.not_before <= now)
        ids = list(conn.execute(query).scalars())
        conn.execute(messages.update().where(messages.c.id.in_(ids)).values(gone_at=now))
        set_state(conn, ids, MessageState.SENT, now=now)
    return len(ids)


def act(context: Context, lead_id: int, kind: Kind, **parts: Any) -> None:
    """The lead does something now."""
    with context.database.write() as conn:
        now = context.clock.engine()
        record(conn, Activity(lead_id, kind, now, "lead", "test", **parts), real=context.clock.real())


def rows(context: Context, query: sa.Select[Any]) -> Sequence[Any]:
    """What the query gives."""
    with context.database.read() as conn:
        return conn.execute(query).all()


def mails(context: Context, *columns: str) -> list[Any]:
    """The messages in the order of their writing, as tuples of these columns."""
    return [tuple(row) for row in rows(context, sa.select(*(messages.c[c] for c in columns)).order_by(messages.c.id))]


def places(context: Context, *columns: str) -> list[Any]:
    """The enrollments in the order of their ids, as tuples of these columns."""
    chosen = sa.select(*(enrollments.c[c] for c in columns)).order_by(enrollments.c.id)
    return [tuple(row) for row in rows(context, chosen)]


def passed(context: Context) -> list[tuple[str, str]]:
    """Every step passed with its outcome, in order."""
    chosen = sa.select(passages.c.step, passages.c.outcome).order_by(passages.c.id)
    return [tuple(row) for row in rows(context, chosen)]


DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def three_waiting(context: Context) -> Context:
    """Three leads have got the first email, and wait since then."""
    publish_emails(context, "hello", "again")
    add_leads(context, 3)
    apply(context, HELLO)
    tick(context)
    hand_over(context)
    tick(context)
    return context
