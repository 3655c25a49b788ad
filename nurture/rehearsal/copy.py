"""The stage of a rehearsal: a scratch database with the definitions and some leads, made anew each time (I/O).

What a lead has behind it comes along: timeline, score, memberships, tasks, messages, so that caps, windows and rules
answer as they would; mail of broadcasts that is written already goes, and counts. Broadcasts that have not begun are
not played. Sessions, raw hits and journals stay where they are.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.enrollments.tables import enrollments
from nurture.kernel.database import Database, insert_rows
from nurture.leads.tables import leads
from nurture.messages.model import MessageState
from nurture.messages.tables import messages
from nurture.outbound.model import CallState
from nurture.outbound.tables import outbox
from nurture.schema import metadata

# Tables that are copied whole: what is defined, how far sweeps and entries have come, the people of the house.
WHOLE = (
    "installation", "users", "user_away", "companies", "field_definitions", "tags", "suppressions", "segments",
    "campaigns", "campaign_revisions", "entry_marks", "experiments", "broadcasts", "shared_definitions",
    "template_revisions", "templates", "score_sweeps", "rotations",
)  # fmt: skip
# Tables that name no lead but what names one: through which column of theirs, and of which table.
THROUGH = {
    "passages": ("enrollment_id", "enrollments"), "opportunity_changes": ("opportunity_id", "opportunities"),
    "message_values": ("message_id", "messages"),
}  # fmt: skip
# Work in hand elsewhere, secrets, traces, or what nobody asks for. The stage has its own beat in `runs`.
LEFT_OUT = frozenset({
    "template_files", "runs", "leases", "senders", "routes", "attempts", "quotas", "relay_counts", "relay_rates",
    "processes", "pulses", "health_findings", "reactions", "activity_causes", "hits", "hit_days", "mailbox_mails",
    "sessions", "login_failures", "user_links", "saved_views", "distinct_leads",
    "audit", "import_batches", "import_refusals", "import_mappings", "returns", "data_requests", "askings",
    "inbox_places", "inbox_seen",
})  # fmt: skip
_AT_ONCE = 500


def make(source: Connection, path: Path, lead_ids: Sequence[int]) -> Database:
    """A scratch database in this file with these leads and all definitions."""
    stage = Database(f"sqlite:///{path}", scratch=True)
    metadata.create_all(stage.engine)
    with stage.write() as conn:
        for name in WHOLE:
            _copy(source, conn, metadata.tables[name])
        _copy(source, conn, leads, leads.c.id, lead_ids)
        for table in by_lead():
            _copy(source, conn, table, table.c.lead_id, lead_ids)
        for name, (column, other) in THROUGH.items():
            ids = list(conn.execute(sa.select(metadata.tables[other].c.id)).scalars())
            _copy(source, conn, metadata.tables[name], metadata.tables[name].c[column], ids)
        _let_go(conn)
    return stage


def by_lead() -> list[sa.Table]:
    """Tables of which the rows of the leads come along, in the order of their references."""
    return [one for one in metadata.sorted_tables if "lead_id" in one.c and one.name not in LEFT_OUT]


def _copy(
    source: Connection,
    into: Connection,
    table: sa.Table,
    column: sa.ColumnElement[int] | None = None,
    wanted: Sequence[int] = (),
) -> None:
    """Rows of one table, all or those whose column has one of these values."""
    queries: Iterable[sa.Select[tuple[object, ...]]] = [sa.select(table)]
    if column is not None:
        queries = (sa.select(table).where(column.in_(part)) for part in batches(wanted))
    for query in queries:
        rows = [tuple(row) for row in source.execute(query)]
        insert_rows(into, table, [one.key for one in table.c], rows)


def batches(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    """The ids in parts that fit into one statement."""
    return (ids[start : start + _AT_ONCE] for start in range(0, len(ids), _AT_ONCE))


def _let_go(conn: Connection) -> None:
    """Leases of the processes outside mean nothing here; what is in a conversation there counts as sent."""
    conn.execute(messages.update().values(lease_until=None, lease_holder=None))
    under_way = messages.c.state == MessageState.SENDING.value
    conn.execute(messages.update().where(under_way).values(state=MessageState.SENT.value))
    begun = outbox.c.state == CallState.SENDING.value
    conn.execute(outbox.update().where(begun).values(state=CallState.SENT.value, lease_until=None, lease_holder=None))
    conn.execute(outbox.update().values(retry_at=None))
    ended = sa.select(messages.c.id).where(messages.c.state.not_in(("queued", "deferred", "sending")))
    conn.execute(enrollments.update().where(enrollments.c.waits_for.in_(ended)).values(waits_for=None))
    conn.execute(enrollments.update().values(lease_until=None, lease_holder=None))
