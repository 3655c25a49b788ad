"""Makes a filled house larger: of everything that a page lists, many more. For counting queries at two sizes."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.activities.tables import activities, decisions
from nurture.alerts.tables import alerts
from nurture.campaigns.tables import campaign_revisions, campaigns
from nurture.consents.tables import consents
from nurture.delivery.tables import mailbox_mails
from nurture.engine import known
from nurture.enrollments.tables import enrollments
from nurture.kernel.context import Context
from nurture.leads.tables import field_definitions, lead_conflicts, lead_tags, leads, tags
from nurture.messages.tables import attempts, messages
from nurture.opportunities.tables import opportunities, opportunity_changes
from nurture.outbound.tables import outbox
from nurture.scoring.tables import score_entries
from nurture.segments.tables import memberships, segments
from nurture.tasks.tables import tasks
from nurture.tracking.tables import hits
from nurture.users.tables import sessions, users
from tests.web.filled import Filled

MORE = 12
Fresh = Callable[[int], Any]


def _copies(conn: Connection, table: sa.Table, *where: sa.ColumnElement[bool], **fresh: Fresh) -> list[int]:
    """So many more rows like the first of these, but for what `fresh` gives by number; their ids, if they have any."""
    row = conn.execute(sa.select(table).where(*where).limit(1)).one()
    same = {one.key: row._mapping[one] for one in table.c if one.key != "id"}
    rows = [{**same, **{key: make(number) for key, make in fresh.items()}} for number in range(MORE)]
    conn.execute(table.insert(), rows)
    if "id" not in table.c:
        return []
    return list(conn.execute(sa.select(table.c.id).order_by(table.c.id.desc()).limit(MORE)).scalars())


def grow(ctx: Context, house: Filled, word: str) -> None:
    """Twelve more of everything, named by this word; most of it at the lead and the opportunity that are looked at."""
    now = ctx.clock.engine()
    with ctx.database.write() as conn:
        lead = conn.execute(sa.select(leads.c.id).where(leads.c.public_id == house.leads["of_sales"])).scalar_one()
        pipeline = known.load(conn).pipeline(known.load(conn).facts(ctx.settings.zone))
        assert pipeline is not None
        _words(conn, now, word)
        others = _copies(
            conn, leads, leads.c.id == lead, public_id=lambda n: f"{word}{n}", email=lambda n: f"{word}{n}@example.net"
        )
        _past(conn, lead, now, word)
        _nurtured(conn, lead, word)
        _sold(conn, house, lead, others, [stage.key for stage in pipeline.stages], now, word)
        _mailed(conn, house, lead, now, word)


def _words(conn: Connection, now: datetime, word: str) -> None:
    conn.execute(tags.insert(), [{"key": f"{word}{n}", "label": f"{word} {n}"} for n in range(MORE)])
    field = {"label": "x", "type": "text", "choices": [], "created_at": now}
    conn.execute(field_definitions.insert(), [{**field, "key": f"{word}{n}", "position": n} for n in range(MORE)])
    _copies(conn, users, users.c.role == "sales", email=lambda n: f"{word}{n}@example.com")
    _copies(conn, sessions, key_hash=lambda n: f"{word}{n}")


def _past(conn: Connection, lead: int, now: datetime, word: str) -> None:
    conn.execute(lead_tags.insert(), [{"lead_id": lead, "tag": f"{word}{n}", "at": now} for n in range(MORE)])
    other = {"lead_id": lead, "field": "phone", "origin": "import:x", "at": now}
    conn.execute(lead_conflicts.insert(), [{**other, "value": f"{word}{n}"} for n in range(MORE)])
    lines = _copies(conn, activities, activities.c.lead_id == lead, cause_key=lambda _: None)
    mine = score_entries.c.lead_id == lead, score_entries.c.reverses.is_(None)
    _copies(conn, score_entries, *mine, cause=lambda n: f"activity:{lines[n]}")
    _copies(conn, decisions, decisions.c.lead_id == lead)
    _copies(conn, consents, consents.c.lead_id == lead)


def _nurtured(conn: Connection, lead: int, word: str) -> None:
    live = campaigns.c.key == "welcome_series"
    more = _copies(conn, campaigns, live, key=lambda n: f"{word}{n}")
    kept = campaign_revisions.c.id == sa.select(campaigns.c.revision_id).where(live).scalar_subquery()
    revisions = _copies(conn, campaign_revisions, kept, campaign_id=lambda n: more[n])
    for number, revision in zip(more, revisions, strict=True):
        conn.execute(campaigns.update().where(campaigns.c.id == number).values(revision_id=revision))
    _copies(conn, campaign_revisions, kept, hash=lambda n: f"{word}{n}")
    _copies(
        conn, enrollments, enrollments.c.state == "active",
        lead_id=lambda _: lead, campaign_id=lambda n: more[n], revision_id=lambda n: revisions[n],
    )  # fmt: skip
    places = _copies(conn, segments, segments.c.key == "new_leads", key=lambda n: f"{word}{n}")
    _copies(conn, memberships, segment_id=lambda n: places[n], lead_id=lambda _: lead, left_at=lambda _: None)


def _sold(
    conn: Connection, house: Filled, lead: int, others: Sequence[int], stages: Sequence[str], now: datetime, word: str
) -> None:
    shown = opportunities.c.public_id == house.opportunity
    number = conn.execute(sa.select(opportunities.c.id).where(shown)).scalar_one()
    deals = _copies(
        conn, opportunities, shown, public_id=lambda n: f"{word}{n}", stage=lambda n: stages[n % len(stages)],
        lead_id=lambda n: others[n], owner_id=lambda n: house.people["sales" if n % 2 else "marketer"],
    )  # fmt: skip
    _copies(
        conn, alerts, alerts.c.lead_id == lead, key=lambda n: f"{word}{n}", lead_id=lambda n: others[n],
        opportunity_id=lambda n: deals[n], owner_id=lambda n: house.people["sales" if n % 2 else "marketer"],
    )  # fmt: skip
    for given in ("open", "done"):
        _copies(conn, tasks, tasks.c.lead_id == lead, tasks.c.state == given, enrollment_id=lambda _: None)
    line = {"opportunity_id": number, "at": now, "actor": "user:1", "field": "stage", "before": "", "after": stages[0]}
    conn.execute(opportunity_changes.insert(), [line] * MORE)


def _mailed(conn: Connection, house: Filled, lead: int, now: datetime, word: str) -> None:
    _copies(conn, messages, messages.c.id == house.messages[0], enrollment_id=lambda _: None, lead_id=lambda _: lead)
    fresh = {key: lambda n, key=key: f"{word}{key}{n}" for key in ("public_id", "cause", "webhook_id")}
    _copies(conn, outbox, outbox.c.lead_id == lead, **fresh)
    _copies(conn, mailbox_mails, mailbox_mails.c.id == house.mail)
    hit = {"kind": "click", "message_id": house.messages[0], "url": "https://example.vn/gia", "method": "GET"}
    hit |= {"at": now, "engine_at": now, "agent": "", "ip": "", "headers": {}}
    conn.execute(hits.insert(), [{**hit, "key": f"{word}{n}"} for n in range(MORE)])
    tried = {"message_id": house.messages[0], "at": now, "route": "mailbox", "phase": "connect", "outcome": "deferred"}
    conn.execute(attempts.insert(), [{**tried, "number": n} for n in range(MORE)])
