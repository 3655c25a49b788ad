"""Tables of campaigns, their revisions, and the shared definitions that are live."""

import sqlalchemy as sa

from nurture.kernel.database import Id, Instant, Json, column, key_column, metadata

campaigns = sa.Table(
    "campaigns",
    metadata,
    key_column(),
    column("key", sa.Text, unique=True, personal=False),
    column("name", Json, personal=False),
    column("state", sa.Text, personal=False),  # model.CampaignState: draft | live | paused | archived
    column("revision_id", Id, nullable=True, personal=False),  # the one new enrollments get
    column("created_at", Instant, personal=False),
    column("published_at", Instant, nullable=True, personal=False),  # engine time of the first publish
    # when a person last let it go on, engine time: what came due before is not late
    column("resumed_at", Instant, nullable=True, personal=False),
)

campaign_revisions = sa.Table(
    "campaign_revisions",
    metadata,
    key_column(),
    column("campaign_id", Id, sa.ForeignKey("campaigns.id"), personal=False),
    column("hash", sa.Text, personal=False),
    column("source", sa.Text, personal=False),  # the YAML as written
    column("definition", Json, personal=False),  # the same as plain data, checked
    column("created_at", Instant, personal=False),
    column("created_by", sa.Text, personal=False),
    sa.UniqueConstraint("campaign_id", "hash"),
)

# What is live of `_shared/`: `scoring`, `pipeline`.
shared_definitions = sa.Table(
    "shared_definitions",
    metadata,
    column("key", sa.Text, primary_key=True, personal=False),
    column("hash", sa.Text, personal=False),
    column("source", sa.Text, personal=False),
    column("definition", Json, personal=False),
    column("applied_at", Instant, personal=False),
)
