"""Alembic's own entry: runs inside the transaction that `migrate` opened."""

from alembic import context

from nurture.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    compare_type=False,
)
context.run_migrations()
