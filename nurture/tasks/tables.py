"""The table of tasks for people."""

import sqlalchemy as sa

from nurture.kernel.database import Id, Instant, Json, column, key_column, metadata

tasks = sa.Table(
    "tasks",
    metadata,
    key_column(),
    column("lead_id", Id, sa.ForeignKey("leads.id"), personal=False),
    column("kind", sa.Text, personal=False),  # model.TaskKind: call | email | sms | visit | other
    column("title", Json, personal=True),  # by language
    column("note", Json, personal=True),  # by language
    column("due_at", Instant, personal=False),  # engine time; moved by putting it off
    column("for_owner", sa.Boolean, personal=False),  # of the lead, whoever that is; else owner_id
    column("owner_id", Id, sa.ForeignKey("users.id"), nullable=True, personal=False),
    column("state", sa.Text, personal=False),  # model.TaskState: open | done | canceled
    column("outcome", sa.Text, server_default="", personal=False),  # done | no_answer | not_interested | own word
    column("said", sa.Text, server_default="", personal=False),  # the outcome, or a call's own
    column("ended_at", Instant, nullable=True, personal=False),
    column("ended_by", sa.Text, server_default="", personal=False),  # actor
    column("ended_note", sa.Text, server_default="", personal=True),
    column("reason", sa.Text, server_default="", personal=False),  # why it was canceled: a reason code
    column("words", Json, personal=False),  # outcomes a campaign lists: {key: text by language}
    column("waits", sa.Boolean, personal=False),  # its enrollment waits for what comes of it
    column("enrollment_id", Id, sa.ForeignKey("enrollments.id"), nullable=True, personal=False),
    column("step", sa.Text, nullable=True, personal=False),
    column("occurrence", sa.Integer, nullable=True, personal=False),
    column("campaign_key", sa.Text, nullable=True, personal=False),
    column("opportunity", sa.Text, nullable=True, personal=False),  # public id of the deal it was made on
    column("created_at", Instant, personal=False),  # engine time
    column("created_by", sa.Text, personal=False),  # actor
    sa.UniqueConstraint("enrollment_id", "step", "occurrence"),
    sa.Index(
        "ix_tasks_open",
        "due_at",
        "id",
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    ),
    sa.Index("ix_tasks_lead_id_state", "lead_id", "state"),
    sa.Index("ix_tasks_ended_at_id", "ended_at", "id"),
)
