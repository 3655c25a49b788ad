"""Tables of yes and no: consent with its proof, and addresses that must not be written to. Append only."""

import sqlalchemy as sa

from nurture.kernel.database import Id, Instant, column, key_column, metadata

consents = sa.Table(
    "consents",
    metadata,
    key_column(),
    column("lead_id", Id, sa.ForeignKey("leads.id"), personal=False),
    column("purpose", sa.Text, personal=False),  # model.Purpose: advertising | tracking
    column("channel", sa.Text, personal=False),  # model.Channel: email | sms | call
    column("given", sa.Boolean, personal=False),
    column("method", sa.Text, personal=False),  # model.Method
    column("proof", sa.Text, personal=True),  # the words agreed to, or the operator's statement
    column("origin", sa.Text, personal=False),  # `import:<id> line 3`, `unsubscribe`, `user:4`
    column("ip", sa.Text, nullable=True, personal=True),
    column("occurred_at", Instant, personal=False),
    column("recorded_at", Instant, personal=False),
    # of a yes: at most so many advertising messages in 24 hours, where the words agreed to name a figure
    column("per_day", sa.Integer, nullable=True, personal=False),
    sa.Index("ix_consents_lead_id_purpose_channel_id", "lead_id", "purpose", "channel", "id"),
)

# A row with `lifts` takes back the row it names. The address itself is not kept, only its keyed hash.
suppressions = sa.Table(
    "suppressions",
    metadata,
    key_column(),
    column("address_hash", sa.Text, index=True, personal=False),
    column("channel", sa.Text, personal=False),
    column("reason", sa.Text, personal=False),  # model.SuppressionReason
    column("scope", sa.Text, server_default="all", personal=False),  # model.Scope, or `topic:<key>`
    column("origin", sa.Text, personal=False),
    column("at", Instant, personal=False),
    column("until", Instant, nullable=True, personal=False),  # of a pause: engine time
    column("lifts", Id, sa.ForeignKey("suppressions.id"), nullable=True, index=True, personal=False),
)
