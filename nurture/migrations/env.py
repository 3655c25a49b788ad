"""Alembic's own entry: runs inside the transaction that `migrate` opened."""

from typing import Any, Literal

import sqlalchemy as sa
from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy.sql import elements

from nurture.kernel import database
from nurture.schema import metadata


def _written(kind: str, thing: Any, _context: AutogenContext) -> str | Literal[False]:
    """Our own types and plain booleans by their names, so that a migration reads well and suits both databases."""
    if kind == "type" and isinstance(thing, database.Instant | database.FoldedDocument):
        return f"database.{type(thing).__name__}()"
    if kind == "type" and isinstance(thing, sa.JSON):
        return "database.Json"
    if kind == "type" and isinstance(thing, sa.BigInteger):
        return "database.Id" if "sqlite" in thing._variant_mapping else "sa.BigInteger()"  # noqa: SLF001 - no other way
    if kind == "type" and isinstance(thing, sa.Text):
        return "database.Folded" if "postgresql" in thing._variant_mapping else "sa.Text()"  # noqa: SLF001
    if kind == "server_default" and isinstance(getattr(thing, "arg", None), elements.False_):
        return "sa.false()"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_item=_written,
    compare_type=False,
)
context.run_migrations()
