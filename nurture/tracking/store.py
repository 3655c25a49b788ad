"""Queries of hits: keeping raw ones, and reading those that wait for a verdict with all that a verdict needs."""

from collections.abc import Sequence

from sqlalchemy.engine import Connection

from nurture.kernel.database import upsert
from nurture.tracking.model import Hit
from nurture.tracking.tables import hits


def keep(conn: Connection, batch: Sequence[Hit]) -> None:
    """Write raw hits; one that is there already, by its key, is passed over."""
    insert = upsert(conn.dialect.name, hits).on_conflict_do_nothing(index_elements=["key"])
    conn.execute(
        insert,
        [
            {
                "key": hit.key,
                "kind": hit.kind,
                "message_id": hit.message_id,
                "link": hit.link,
                "url": hit.url,
                "at": hit.at,
                "engine_at": hit.engine_at,
                "method": hit.method,
                "agent": hit.agent,
                "ip": hit.ip,
                "headers": hit.headers,
            }
            for hit in batch
        ],
    )
