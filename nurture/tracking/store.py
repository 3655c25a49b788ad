"""Queries of hits: keeping raw ones, and reading those that wait for a verdict with all that a verdict needs."""

from collections.abc import Sequence
from functools import cache
from itertools import chain
from typing import Any

from sqlalchemy.engine import Connection

from nurture.kernel.database import upsert
from nurture.tracking.model import Hit
from nurture.tracking.tables import hits

_RAW = ("key", "kind", "message_id", "link", "url", "at", "engine_at", "method", "agent", "ip", "headers")
# How many rows one statement writes: few sizes, so that the driver keeps them prepared.
_SIZES = (256, 64, 16, 4, 1)


def keep(conn: Connection, batch: Sequence[Hit]) -> None:
    """Write raw hits; one that is there already, by its key, is passed over."""
    if conn.dialect.name != "sqlite":
        insert = upsert(conn.dialect.name, hits).on_conflict_do_nothing(index_elements=["key"])
        conn.execute(insert, [{name: getattr(hit, name) for name in _RAW} for hit in batch])
        return
    # The driver lets go of the interpreter's lock at every row of an executemany, and the threads that answer hits
    # take it: one statement for many rows keeps a commit short.
    rows = _bound(conn, batch)
    start = 0
    while start < len(rows):
        size = next(size for size in _SIZES if size <= len(rows) - start)
        conn.exec_driver_sql(_statement(size), tuple(chain.from_iterable(rows[start : start + size])))
        start += size


def _bound(conn: Connection, batch: Sequence[Hit]) -> list[list[Any]]:
    dialect = conn.dialect
    kinds = [(name, hits.c[name].type.dialect_impl(dialect).bind_processor(dialect)) for name in _RAW]
    return [[bind(getattr(hit, name)) if bind else getattr(hit, name) for name, bind in kinds] for hit in batch]


@cache
def _statement(size: int) -> str:
    row = "(" + ", ".join("?" * len(_RAW)) + ")"
    return f"INSERT INTO hits ({', '.join(_RAW)}) VALUES {', '.join([row] * size)} ON CONFLICT (key) DO NOTHING"  # noqa: S608 - our own names
