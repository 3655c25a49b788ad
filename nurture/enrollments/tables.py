"""Tables of leads on their way through a campaign."""

import sqlalchemy as sa

from nurture.kernel.database import Id, Instant, Json, OptionalJson, column, key_column, metadata

enrollments = sa.Table(
    "enrollments",
    metadata,
    key_column(),
    column("campaign_id", Id, sa.ForeignKey("campaigns.id"), personal=False),
    column("revision_id", Id, sa.ForeignKey("campaign_revisions.id"), personal=False),
    column("lead_id", Id, sa.ForeignKey("leads.id"), personal=False, index=True),
    column("state", sa.Text, personal=False),  # model.EnrollmentState: active | completed | exited | failed
    column("reason", sa.Text, nullable=True, personal=False),  # why it ended
    column("cause", sa.Text, personal=False),  # `membership:17`, `activity:5`, `user:4`: why it began
    column("step", sa.Text, nullable=True, personal=False),  # the step that comes due next
    column("occurrence", sa.Integer, server_default="1", personal=False),  # which time this lead is at this step
    column("due_at", Instant, nullable=True, personal=False),  # when to look (planned_at moved by policy or retry)
    column("planned_at", Instant, nullable=True, personal=False),  # the planned instant the next one counts from
    # the planned instant at which the lead came to this step; waits count from it
    column("arrived_at", Instant, nullable=True, personal=False),
    column("held", sa.Text, nullable=True, personal=False),  # reason code: why it waits besides its step
    column("held_detail", OptionalJson, nullable=True, personal=False),  # the reason's parameters
    column("waits_for", Id, nullable=True, personal=False),  # a message not yet handed over holds the enrollment
    column("entered_at", Instant, personal=False),
    column("ended_at", Instant, nullable=True, personal=False),
    column("detail", OptionalJson, nullable=True, personal=False),  # parameters of the reason it ended for
    column("attempts", sa.Integer, server_default="0", personal=False),
    column("error", sa.Text, nullable=True, personal=False),
    column("memory", OptionalJson, nullable=True, personal=False),  # what its steps have remembered
    column("stirred", sa.Integer, server_default="0", personal=False),  # how often something relevant happened
    column("lease_until", Instant, nullable=True, personal=False),  # database time
    column("lease_holder", sa.Text, nullable=True, personal=False),
    sa.Index(
        "uq_enrollments_active",
        "campaign_id",
        "lead_id",
        unique=True,
        sqlite_where=sa.text("state = 'active'"),
        postgresql_where=sa.text("state = 'active'"),
    ),
    sa.Index(  # by campaign first: what is due in one that is paused is not looked at again and again
        "ix_enrollments_due",
        "campaign_id",
        "due_at",
        "id",
        sqlite_where=sa.text("state = 'active' AND waits_for IS NULL"),
        postgresql_where=sa.text("state = 'active' AND waits_for IS NULL"),
    ),
    sa.Index(  # to count by
        "ix_enrollments_campaign_id_state_step", "campaign_id", "state", "step", "reason", "waits_for", "due_at"
    ),
    sa.Index("ix_enrollments_campaign_id_id", "campaign_id", "id"),
)

# How far each entrance of a campaign has been looked at. An entrance that is changed begins anew.
entry_marks = sa.Table(
    "entry_marks",
    metadata,
    column("campaign_id", Id, sa.ForeignKey("campaigns.id"), primary_key=True, personal=False),
    column("entrance", sa.Text, primary_key=True, personal=False),  # campaigns.model.Entrance.id
    column("begun_at", Instant, personal=False),  # what was there then is not new
    column("until", Instant, nullable=True, personal=False),  # NULL while it is looked at for the first time
)

# Each step an enrollment passed, with what came of it. Append only.
passages = sa.Table(
    "passages",
    metadata,
    key_column(),
    column("enrollment_id", Id, sa.ForeignKey("enrollments.id"), personal=False),
    column("campaign_id", Id, personal=False),
    column("step", sa.Text, personal=False),
    column("occurrence", sa.Integer, personal=False),
    column("outcome", sa.Text, personal=False),  # `done`, `then`, `else`, `skipped`, …
    column("reason", sa.Text, server_default="", personal=False),
    column("planned_at", Instant, personal=False),
    column("at", Instant, personal=False),
    sa.UniqueConstraint("enrollment_id", "step", "occurrence"),
    sa.Index("ix_passages_campaign_id_step_outcome", "campaign_id", "step", "outcome"),
)

# What was last decided about each split of a campaign.
experiments = sa.Table(
    "experiments",
    metadata,
    key_column(),
    column("campaign_id", Id, sa.ForeignKey("campaigns.id"), personal=False),
    column("step", sa.Text, personal=False),
    column("winner", sa.Text, nullable=True, personal=False),  # the way that newcomers go; NULL: all ways
    column("reason", sa.Text, personal=False),  # reason code: has won, no clear winner, chosen by hand, …
    column("detail", Json, personal=False),  # the figures as they were
    column("decided_by", sa.Text, personal=False),  # `engine`, `cli`, `user:4`
    column("decided_at", Instant, personal=False),  # engine time
    column("tests", sa.Integer, server_default="0", personal=False),  # tests made, which share the allowed error
    column("smallest", sa.Integer, server_default="0", personal=False),  # leads of the smallest way at the last test
    column("since", Instant, nullable=True, personal=False),  # who came before does not count: it was split again
    sa.UniqueConstraint("campaign_id", "step"),
)
