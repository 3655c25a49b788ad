"""Table of alerts: something needs a salesperson, with the reasons."""

import sqlalchemy as sa

from nurture.kernel.database import Id, Instant, Json, column, key_column, metadata

alerts = sa.Table(
    "alerts",
    metadata,
    key_column(),
    column("key", sa.Text, unique=True, personal=False),  # `hot_lead:<lead>:<cause>`: raised once
    column("trigger", sa.Text, personal=False),  # file name in alerts/triggers
    column("lead_id", Id, sa.ForeignKey("leads.id"), index=True, personal=False),
    column("opportunity_id", Id, sa.ForeignKey("opportunities.id"), nullable=True, personal=False),
    column("owner_id", Id, sa.ForeignKey("users.id"), nullable=True, personal=False),
    column("state", sa.Text, personal=False),  # model.State: open | accepted | later | dismissed | withdrawn
    column("reasons", Json, personal=True),  # up to three: {"code", "at", "params"}
    column("raised_at", Instant, personal=False),  # engine time
    column("later_until", Instant, nullable=True, personal=False),
    column("ended_at", Instant, nullable=True, personal=False),
    column("ended_by", sa.Text, server_default="", personal=False),  # `user:4`, `engine`
    column("ended_reason", sa.Text, server_default="", personal=False),
    column("cause", sa.Text, server_default="", personal=False),  # `activity:12`
    # how its email goes: now | digest | none, and why
    column("email", sa.Text, personal=False),
    column("email_reason", sa.Text, server_default="", personal=False),
    column("email_after", Instant, nullable=True, personal=False),  # engine time of the digest
    column("message_id", Id, sa.ForeignKey("messages.id"), nullable=True, personal=False),
    sa.Index("ix_alerts_owner_id_state", "owner_id", "state", "raised_at"),
)
