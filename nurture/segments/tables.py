"""Tables of segments and of who was in them from when to when."""

import sqlalchemy as sa

from nurture.kernel.database import Id, Instant, Json, column, key_column, metadata

segments = sa.Table(
    "segments",
    metadata,
    key_column(),
    column("key", sa.Text, unique=True, personal=False),
    column("name", Json, personal=False),  # {"vi": …, "en": …}
    column("rule", Json, personal=False),  # the rule as written, plain data; {"by_hand": true} of one without
    column("hash", sa.Text, personal=False),
    column("created_at", Instant, personal=False),
    column("updated_at", Instant, personal=False),
    column("evaluated_at", Instant, nullable=True, personal=False),  # engine time, the first time by its rule
    column("refreshed_at", Instant, nullable=True, personal=False),  # real time, the last time over all leads
    # engine time up to which leads whose answer changes with time alone were looked at
    column("swept_until", Instant, nullable=True, personal=False),
    # what the rule meant when all leads were looked at; another meaning, or none: they all are to be looked at again
    column("swept_as", sa.Text, nullable=True, personal=False),
    column("archived_at", Instant, nullable=True, personal=False),
    # engine time since which leads joined or left by a sweep and campaigns have not looked at them yet
    column("untold_since", Instant, nullable=True, personal=False),
)

memberships = sa.Table(
    "memberships",
    metadata,
    key_column(),
    column("segment_id", Id, sa.ForeignKey("segments.id"), personal=False),
    column("lead_id", Id, sa.ForeignKey("leads.id"), personal=False, index=True),
    column("joined_at", Instant, personal=False),
    column("left_at", Instant, nullable=True, personal=False),
    # of a segment kept by hand, who or what put the lead in and took it out: `user:4`, `enrollment:17/step/1`
    column("cause", sa.Text, nullable=True, personal=False),
    column("left_cause", sa.Text, nullable=True, personal=False),
    sa.Index(
        "uq_memberships_open",
        "segment_id",
        "lead_id",
        unique=True,
        sqlite_where=sa.text("left_at IS NULL"),
        postgresql_where=sa.text("left_at IS NULL"),
    ),
    sa.Index("ix_memberships_segment_id_joined_at", "segment_id", "joined_at"),
)
