"""What tests of returns stand on: leads with consent and a mail to each that went, and things told about them."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from nurture.activities.tables import activities
from nurture.consents.store import standing
from nurture.inbound.model import Return, What
from nurture.inbound.service import Applied, apply
from nurture.kernel.context import Context
from nurture.messages.model import MessageClass, NewMessage, Purposes
from nurture.messages.service import write
from nurture.messages.tables import messages
from tests.faults.ground import fill


def sent(context: Context, count: int = 1, state: str = "sent") -> None:
    """So many leads, `lead1@example.com` and on, with consent and a message each that went to them."""
    fill(context, count)
    now = context.clock.engine()
    with context.database.write() as conn:
        values = {"state": state, "gone_at": now, "ended_at": now if state != "sending" else None, "attempts": 1}
        address = sa.literal("lead").concat(sa.cast(messages.c.lead_id, sa.Text)).concat("@example.com")
        conn.execute(messages.update().values(address=address, **values))


def another(context: Context, lead_id: int = 1) -> int:
    """One more message that goes to this lead now; gives its id."""
    now = context.clock.engine()
    with context.database.write() as conn:
        key = f"another{conn.execute(sa.select(sa.func.count()).select_from(messages)).scalar_one()}"
        new = NewMessage(
            Purposes.CAMPAIGN, "hello", "vi", MessageClass.ADVERTISING, now, lead_id=lead_id, unique_key=key,
            address=f"lead{lead_id}@example.com",
        )  # fmt: skip
        (number,) = write(conn, [new], now=now, real=context.clock.real())
        assert number is not None
        conn.execute(messages.update().where(messages.c.id == number).values(state="sent", gone_at=now, attempts=1))
    return number


def told(context: Context, what: What, key: str = "k", **parts: Any) -> Return:
    """One thing that came back by mail just now."""
    at = parts.pop("at", context.clock.real())
    return Return(what, parts.pop("source", "mail"), key, at, **parts)


def tell(context: Context, *returned: Return) -> Applied:
    """Act on these in one transaction."""
    with context.database.write() as conn:
        return apply(conn, context, returned)


def rows(context: Context, table: sa.Table) -> Sequence[Any]:
    """All of a table in its order."""
    with context.database.read() as conn:
        return conn.execute(sa.select(table).order_by(*table.primary_key)).all()


def kinds(context: Context) -> list[str]:
    """The kinds of all activities in their order."""
    return [row.kind for row in rows(context, activities)]


def refusal(context: Context, number: int = 1) -> str:
    """Why advertising to this lead must not go; empty when it may."""
    with context.database.read() as conn:
        found = standing(conn, context.keys, [(number, f"lead{number}@example.com")])[number].refusal("advertising")
    return found[0].value if found else ""
