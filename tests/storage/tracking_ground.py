"""What the tracking tests stand on: a lead, a message that went out, and hits on it."""

import itertools
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from nurture.kernel.context import Context
from nurture.kernel.identity import public_id
from nurture.leads.tables import leads
from nurture.messages.tables import attempts, messages
from nurture.tracking import store
from nurture.tracking.model import Hit

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36"
)
SCANNER = "BarracudaCentral/1.0"
GMAIL = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
_numbers = itertools.count(1)


def add_lead(context: Context, email: str | None = "mai@anphat.example", **more: Any) -> int:
    """A lead; gives its id."""
    now = context.clock.engine()
    values = {"public_id": public_id(), "email": email, "fields": {}, "created_at": now, "updated_at": now, **more}
    with context.database.write() as conn:
        return int(conn.execute(leads.insert().values(values).returning(leads.c.id)).scalar_one())


def add_message(context: Context, lead_id: int | None, *, sent: bool = True, **more: Any) -> int:
    """A message that was handed over an hour ago; gives its id."""
    ago = context.clock.real() - timedelta(hours=1)
    values = {
        "purpose": "campaign", "lead_id": lead_id, "template_key": "welcome_series_hello", "language": "vi",
        "class_": "advertising", "policy": {}, "state": "sent", "planned_at": ago, "not_before": ago,
        "header_id": f"{next(_numbers)}@anphat.example", "created_at": ago, **more,
    }  # fmt: skip
    with context.database.write() as conn:
        new = int(conn.execute(messages.insert().values(values).returning(messages.c.id)).scalar_one())
        if sent:
            line = {"number": 1, "at": ago, "route": "mailbox", "phase": "answered", "outcome": "sent"}
            conn.execute(attempts.insert().values(message_id=new, **line))
    return new


def add_hit(context: Context, message_id: int, kind: str = "click", **more: Any) -> Hit:
    """A raw hit now, by a reader's browser unless told otherwise; `after` moves it by seconds."""
    at: datetime = context.clock.real() + timedelta(seconds=more.pop("after", 0))
    values = {
        "key": f"key-{next(_numbers)}", "kind": kind, "message_id": message_id, "at": at, "engine_at": at,
        "link": 0 if kind == "click" else None, "url": "https://anphat.example/bang-gia" if kind == "click" else None,
        "method": "GET", "agent": CHROME, "ip": "203.0.113.0/24", "headers": {}, **more,
    }  # fmt: skip
    hit = Hit(**values)
    with context.database.write() as conn:
        store.keep(conn, [hit])
    return hit


def rows(context: Context, table: sa.Table) -> list[sa.Row[Any]]:
    """All rows of a table in the order of their ids."""
    with context.database.read() as conn:
        return list(conn.execute(sa.select(table).order_by(table.c.id)))
