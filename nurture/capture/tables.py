"""Tables of how leads came in: import batches and the rows they refused."""

import sqlalchemy as sa

from nurture.kernel.database import Id, Instant, Json, column, key_column, metadata

import_batches = sa.Table(
    "import_batches",
    metadata,
    key_column(),
    column("public_id", sa.Text, unique=True, personal=False),
    column("file_name", sa.Text, personal=False),
    column("file_hash", sa.Text, index=True, personal=False),
    column("options_hash", sa.Text, personal=False),
    column("options", Json, personal=False),  # mapping, tags, source, consent statement, …
    column("state", sa.Text, personal=False),  # running | done | undone
    column("position", sa.Integer, server_default="0", personal=False),  # data rows done, committed with them
    column("created", sa.Integer, server_default="0", personal=False),
    column("updated", sa.Integer, server_default="0", personal=False),
    column("unchanged", sa.Integer, server_default="0", personal=False),
    column("duplicates", sa.Integer, server_default="0", personal=False),
    column("refused", sa.Integer, server_default="0", personal=False),
    column("without_consent", sa.Integer, server_default="0", personal=False),
    column("dropped_values", sa.Integer, server_default="0", personal=False),
    column("actor", sa.Text, personal=False),
    column("started_at", Instant, personal=False),
    column("finished_at", Instant, nullable=True, personal=False),
)

import_refusals = sa.Table(
    "import_refusals",
    metadata,
    key_column(),
    column("batch_id", Id, sa.ForeignKey("import_batches.id"), index=True, personal=False),
    column("line", sa.Integer, personal=False),
    column("column_name", sa.Text, personal=False),
    column("value", sa.Text, personal=True),
    column("reason", sa.Text, personal=False),
)

# A column mapping a person chose, kept for the next file with the same header.
import_mappings = sa.Table(
    "import_mappings",
    metadata,
    column("header_folded", sa.Text, primary_key=True, personal=False),
    column("target", sa.Text, personal=False),
    column("at", Instant, personal=False),
)
