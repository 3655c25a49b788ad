"""Tables of raw opens and clicks, each with a verdict that may change."""

import sqlalchemy as sa

from nurture.kernel.database import Id, Instant, Json, column, key_column, metadata
from nurture.kernel.partitions import by_month

hits = sa.Table(
    "hits",
    metadata,
    key_column(),
    # made at the edge, so that a hit kept in the spool and in the table counts once
    column("key", sa.Text, nullable=True, unique=True, personal=False),
    column("kind", sa.Text, personal=False),  # open | click
    column("message_id", Id, personal=False),  # from the signed token; the row may be gone
    column("link", sa.Integer, nullable=True, personal=False),  # position of the link in the email
    column("url", sa.Text, nullable=True, personal=True),
    column("at", Instant, personal=False),  # real time
    column("engine_at", Instant, personal=False),
    column("method", sa.Text, personal=False),
    column("agent", sa.Text, personal=True),
    column("ip", sa.Text, personal=True),  # truncated: /24 and /48
    column("headers", Json, personal=False),  # those that tell machines apart
    column("verdict", sa.Text, nullable=True, personal=False),  # model.Verdict; null: not looked at yet
    column("reasons", Json, nullable=True, personal=False),
    column("version", sa.Integer, nullable=True, personal=False),
    column("settled", sa.Boolean, server_default=sa.false(), personal=False),
    column("activity_id", Id, nullable=True, personal=False),  # the activity it counts for; null: it does not count
    sa.Index("ix_hits_message_id_at", "message_id", "at"),
    sa.Index(
        "ix_hits_trap",  # those on the hidden link (messages/links.py: TRAP)
        "message_id",
        sqlite_where=sa.text("link = 65535"),
        postgresql_where=sa.text("link = 65535"),
    ),
    sa.Index(
        "ix_hits_fresh",
        "id",
        sqlite_where=sa.text("verdict IS NULL"),
        postgresql_where=sa.text("verdict IS NULL"),
    ),
    sa.Index(
        "ix_hits_unsettled",
        "at",
        sqlite_where=sa.text("settled = 0 AND verdict IS NOT NULL"),
        postgresql_where=sa.text("NOT settled AND verdict IS NOT NULL"),
    ),
    **by_month("at"),
)

# What hits came to whose rows are gone, a line for each day (UTC): reports count these and the hits still there.
hit_days = sa.Table(
    "hit_days",
    metadata,
    column("email_key", sa.Text, primary_key=True, personal=False),
    column("day", Instant, primary_key=True, personal=False),  # real time
    column("campaign_key", sa.Text, primary_key=True, personal=False),  # empty: of no campaign
    column("broadcast_id", Id, primary_key=True, autoincrement=False, personal=False),  # 0: of no broadcast
    column("kind", sa.Text, primary_key=True, personal=False),
    column("verdict", sa.Text, primary_key=True, personal=False),
    column("amount", sa.Integer, personal=False),
)
