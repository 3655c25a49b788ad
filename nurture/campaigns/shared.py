"""Shared definitions (`scoring`, `pipeline`): kept as text, read once for each text. Uses the database."""

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Any, Generic, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.campaigns.tables import shared_definitions
from nurture.kernel.database import upsert
from nurture.rules.facts import Facts

T = TypeVar("T")
_MOST = 20
# Built once: building costs more than running.
_KEPT = sa.select(shared_definitions.c.hash, shared_definitions.c.source).where(
    shared_definitions.c.key == sa.bindparam("name")
)


def digest(text: str) -> str:
    """What names a text."""
    return hashlib.sha256(text.encode()).hexdigest()


def keep(conn: Connection, key: str, text: str, data: Any, now: datetime) -> bool:
    """Make this text the live one, with what it says as plain data; False when it is already."""
    values = {"hash": digest(text), "source": text, "definition": data, "applied_at": now}
    table = shared_definitions
    insert = upsert(conn.dialect.name, table).values(key=key, **values)
    changed = insert.on_conflict_do_update(index_elements=["key"], set_=values, where=table.c.hash != values["hash"])
    return conn.execute(changed.returning(table.c.key)).one_or_none() is not None


class Live(Generic[T]):
    """What is live under a key, parsed once for each text and each set of facts."""

    def __init__(self, key: str, read: Callable[[str, Facts], T]) -> None:
        self._key = key
        self._read = read
        self._known: dict[tuple[str, str, frozenset[str]], T] = {}

    def __call__(self, conn: Connection, facts: Facts) -> T | None:
        """The parsed definition; None before the first is kept."""
        row = conn.execute(_KEPT, {"name": self._key}).one_or_none()
        return self.of(None if row is None else (row.hash, row.source), facts)

    def of(self, kept: tuple[str, str] | None, facts: Facts) -> T | None:
        """The parsed definition of what is kept: its hash and its text."""
        if kept is None:
            return None
        name = (kept[0], str(facts.zone), frozenset(facts.values))
        if name not in self._known:
            if len(self._known) > _MOST:
                self._known.clear()
            self._known[name] = self._read(kept[1], facts)
        return self._known[name]
