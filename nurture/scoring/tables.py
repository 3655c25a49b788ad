"""Tables of the score ledger (append only; a lead's score is the sum of its lines) and of sweeps over all leads."""

import sqlalchemy as sa

from nurture.kernel.database import Id, Instant, Json, column, key_column, metadata

score_entries = sa.Table(
    "score_entries",
    metadata,
    key_column(),
    column("lead_id", Id, sa.ForeignKey("leads.id"), personal=False),
    column("axis", sa.Text, personal=False),  # engagement | fit
    column("rule", sa.Text, personal=False),  # key in scoring.yaml; `decay`, `reversal`, `by_hand`
    column("cause", sa.Text, personal=False),  # `activity:12`, `lead:…`, `decay:2026-11-22`
    column("sequence", sa.Integer, server_default="1", personal=False),
    column("points", sa.Integer, personal=False),
    column("reverses", Id, sa.ForeignKey("score_entries.id"), nullable=True, unique=True, personal=False),
    column("reason", sa.Text, server_default="", personal=False),
    column("detail", Json, personal=True),
    column("actor", sa.Text, personal=False),
    column("at", Instant, personal=False),  # engine time
    column("recorded_at", Instant, personal=False),
    sa.UniqueConstraint("rule", "lead_id", "cause", "sequence"),
    sa.Index("ix_score_entries_lead_id_axis_at", "lead_id", "axis", "at"),
)

# How far a sweep over all leads has come: `decay:2026-11-22`, `rate:<hash of the rules>`.
score_sweeps = sa.Table(
    "score_sweeps",
    metadata,
    column("key", sa.Text, primary_key=True, personal=False),
    column("upto", sa.BigInteger, server_default="0", personal=False),  # the last lead looked at
    column("started_at", Instant, personal=False),  # engine time
    column("done_at", Instant, nullable=True, personal=False),
)
