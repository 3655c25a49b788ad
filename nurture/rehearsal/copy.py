"""The stage of a rehearsal: a scratch database with the definitions and some leads, made anew each time (I/O).

What a lead has behind it comes along: timeline, score, memberships, messages, so that caps, windows and rules answer
as they would. Accounts, sessions, raw hits and journals stay where they are.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.enrollments.tables import enrollments, passages
from nurture.kernel.database import Database, insert_rows
from nurture.leads.tables import leads
from nurture.messages.model import MessageState
from nurture.messages.tables import messages
from nurture.schema import metadata

# Tables that are copied whole: what is defined, and the people of the house.
_WHOLE = (
    "installation", "users", "companies", "field_definitions", "tags", "suppressions", "segments", "campaigns",
    "campaign_revisions", "shared_definitions", "template_revisions", "templates", "experiments",
)  # fmt: skip
# Tables that name a lead and are left out: work in hand elsewhere, or what nobody asks for.
_LEFT_OUT = frozenset({"reactions", "hits", "imports", "import_rows", "broadcasts"})
_AT_ONCE = 500


def make(source: Connection, path: Path, lead_ids: Sequence[int]) -> Database:
    """A scratch database in this file with these leads and all definitions."""
    stage = Database(f"sqlite:///{path}", scratch=True)
    metadata.create_all(stage.engine)
    with stage.write() as conn:
        for name in _WHOLE:
            if name in metadata.tables:
                _copy(source, conn, metadata.tables[name])
        _copy(source, conn, leads, leads.c.id, lead_ids)
        for table in metadata.sorted_tables:
            if table is not leads and table.name not in {*_WHOLE, *_LEFT_OUT} and "lead_id" in table.c:
                _copy(source, conn, table, table.c.lead_id, lead_ids)
        ids = list(conn.execute(sa.select(enrollments.c.id)).scalars())
        _copy(source, conn, passages, passages.c.enrollment_id, ids)
        _let_go(conn)
    return stage


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
    ended = sa.select(messages.c.id).where(messages.c.state.not_in(("queued", "deferred", "sending")))
    conn.execute(enrollments.update().where(enrollments.c.waits_for.in_(ended)).values(waits_for=None))
    conn.execute(enrollments.update().values(lease_until=None, lease_holder=None))
