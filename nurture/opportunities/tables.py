"""Tables of opportunities and of what happened to them."""

import sqlalchemy as sa

from nurture.kernel.database import Id, Instant, Json, column, key_column, metadata

opportunities = sa.Table(
    "opportunities",
    metadata,
    key_column(),
    column("public_id", sa.Text, unique=True, personal=False),
    column("lead_id", Id, sa.ForeignKey("leads.id"), index=True, personal=False),
    column("company_id", Id, sa.ForeignKey("companies.id"), nullable=True, personal=False),
    column("owner_id", Id, sa.ForeignKey("users.id"), nullable=True, index=True, personal=False),
    column("pipeline", sa.Text, personal=False),
    column("product_line", sa.Text, server_default="", personal=False),
    column("name", sa.Text, personal=True),
    column("stage", sa.Text, personal=False),
    column("state", sa.Text, personal=False),  # model.State: open | won | lost | returned | withdrawn
    column("value", sa.BigInteger, nullable=True, personal=False),  # minor units
    column("currency", sa.Text, server_default="VND", personal=False),
    column("automatic", sa.Boolean, personal=False),
    column("criteria", Json, personal=False),  # each criterion with the value seen at the opening
    column("cause", sa.Text, personal=False),
    column("reason", sa.Text, server_default="", personal=False),  # why lost, returned, withdrawn
    column("next_step", sa.Text, server_default="", personal=True),
    column("next_at", Instant, nullable=True, personal=False),
    column("opened_at", Instant, personal=False),
    column("accepted_at", Instant, nullable=True, personal=False),
    column("stage_since", Instant, personal=False),
    column("closed_at", Instant, nullable=True, personal=False),
    column("version", sa.Integer, server_default="1", personal=False),
    sa.Index(
        "uq_opportunities_automatic",
        "lead_id",
        "pipeline",
        "product_line",
        unique=True,
        sqlite_where=sa.text("state = 'open' AND automatic = 1"),
        postgresql_where=sa.text("state = 'open' AND automatic"),
    ),
    sa.Index("ix_opportunities_pipeline_state_stage", "pipeline", "state", "stage"),
)

# Each change of stage, owner or state. Append only.
opportunity_changes = sa.Table(
    "opportunity_changes",
    metadata,
    key_column(),
    column("opportunity_id", Id, sa.ForeignKey("opportunities.id"), index=True, personal=False),
    column("at", Instant, personal=False),
    column("actor", sa.Text, personal=False),
    column("field", sa.Text, personal=False),  # stage | owner | state | value
    column("before", sa.Text, personal=False),
    column("after", sa.Text, personal=False),
    column("reason", sa.Text, server_default="", personal=False),
)

# Whose turn it is in the round robin; locked while an owner is drawn.
rotations = sa.Table(
    "rotations",
    metadata,
    column("key", sa.Text, primary_key=True, personal=False),
    column("last_user_id", Id, nullable=True, personal=False),
)
