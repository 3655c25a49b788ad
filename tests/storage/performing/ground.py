"""What tests of performers share: a campaign of these steps, what it left behind, how many statements it took."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from nurture.activities.model import Kind
from nurture.activities.tables import activities, decisions
from nurture.engine.tick import tick
from nurture.kernel.context import Context
from tests.storage.ticking import SEGMENTS, apply, rows

HAND = SEGMENTS + "guests: {name: Guests, by_hand: true}\n"


def put(context: Context, *steps: str, others: Sequence[str] = (), again: str = "never") -> None:
    """A campaign of these steps, written as `add_tag: vip`, and others that it may name, go live."""
    listed = "\n".join(f"  - {{id: step{number}, {step}}}" for number, step in enumerate(steps))
    entry = f"{{segment: everyone, existing: enroll, again: {again}}}"
    apply(context, f"key: hello\nname: Hello\nentry: {entry}\nsteps:\n{listed}\n", *others, segments=HAND)


def go(context: Context, *steps: str, others: Sequence[str] = (), again: str = "never", ticks: int = 1) -> None:
    """Everybody passes these steps now."""
    put(context, *steps, others=others, again=again)
    for _ in range(ticks):
        tick(context)


def lines(context: Context, *kinds: Kind) -> list[tuple[Any, ...]]:
    """Lines of the timeline of these kinds: lead, kind, cause, campaign, detail."""
    a = activities.c
    query = sa.select(a.lead_id, a.kind, a.cause, a.campaign_key, a.detail).where(a.kind.in_([k.value for k in kinds]))
    return [tuple(row) for row in rows(context, query.order_by(a.id))]


def told(context: Context) -> list[tuple[str, str, Any]]:
    """Decisions about steps: outcome, reason, detail."""
    d = decisions.c
    query = sa.select(d.outcome, d.reason, d.detail).where(d.kind == "step").order_by(d.id)
    return [tuple(row) for row in rows(context, query)]


@contextmanager
def counted(context: Context) -> Iterator[Counter[str]]:
    """How often each statement goes to the database; many rows in one call are one statement."""
    seen: Counter[str] = Counter()

    def note(_conn: Any, _cursor: Any, statement: str, _parameters: Any, _context: Any, _many: bool) -> None:
        seen[statement[:80]] += 1

    event.listen(context.database.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(context.database.engine, "before_cursor_execute", note)
