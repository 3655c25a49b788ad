"""The campaign engine"""

import hashlib
import json

import sqlalchemy as sa
from alembic import op

from nurture.kernel import database

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


# What conditions narrow an activity by stands in a column of its own from now on; of these kinds it was kept before.
_ABOUT = {"called": "outcome", "form_submitted": "form", "tagged": "tag", "untagged": "tag", "left_campaign": "reason"}


def upgrade() -> None:
    op.create_table(
        "broadcasts",
        sa.Column("id", database.Id, autoincrement=True, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("definition", database.Json, nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("root_id", database.Id, nullable=True),
        sa.Column("before_state", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("starts_at", database.Instant(), nullable=True),
        sa.Column("started_at", database.Instant(), nullable=True),
        sa.Column("written_until", database.Id, nullable=True),
        sa.Column("written_at", database.Instant(), nullable=True),
        sa.Column("texts", database.Json, nullable=True),
        sa.Column("winner", sa.Text(), nullable=True),
        sa.Column("result", database.Json, nullable=True),
        sa.Column("decided_at", database.Instant(), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("launched_by", sa.Text(), nullable=True),
        sa.Column("seen", database.Json, nullable=True),
        sa.Column("ended_at", database.Instant(), nullable=True),
        sa.Column("created_at", database.Instant(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_broadcasts")),
        sa.UniqueConstraint("key", name=op.f("uq_broadcasts_key")),
    )
    op.create_index("ix_broadcasts_state", "broadcasts", ["state"], unique=False)
    op.create_table(
        "runs",
        sa.Column("id", database.Id, autoincrement=True, nullable=False),
        sa.Column("began_at", database.Instant(), nullable=False),
        sa.Column("seen_at", database.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runs")),
    )
    op.create_index(op.f("ix_runs_seen_at"), "runs", ["seen_at"], unique=False)
    op.create_table(
        "entry_marks",
        sa.Column("campaign_id", database.Id, nullable=False),
        sa.Column("entrance", sa.Text(), nullable=False),
        sa.Column("begun_at", database.Instant(), nullable=False),
        sa.Column("until", database.Instant(), nullable=True),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaigns.id"], name=op.f("fk_entry_marks_campaign_id")),
        sa.PrimaryKeyConstraint("campaign_id", "entrance", name=op.f("pk_entry_marks")),
    )
    op.create_table(
        "experiments",
        sa.Column("id", database.Id, autoincrement=True, nullable=False),
        sa.Column("campaign_id", database.Id, nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("winner", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("detail", database.Json, nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("decided_at", database.Instant(), nullable=False),
        sa.Column("tests", sa.Integer(), server_default="0", nullable=False),
        sa.Column("smallest", sa.Integer(), server_default="0", nullable=False),
        sa.Column("since", database.Instant(), nullable=True),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaigns.id"], name=op.f("fk_experiments_campaign_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_experiments")),
        sa.UniqueConstraint("campaign_id", "step", name=op.f("uq_experiments_campaign_id_step")),
    )
    op.create_table(
        "outbox",
        sa.Column("id", database.Id, autoincrement=True, nullable=False),
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("lead_id", database.Id, nullable=False),
        sa.Column("campaign_id", database.Id, nullable=True),
        sa.Column("enrollment_id", database.Id, nullable=True),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("occurrence", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("host", sa.Text(), server_default="", nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("class", sa.Text(), server_default="", nullable=False),
        sa.Column("parts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("policy", database.Json, nullable=False),
        sa.Column("webhook_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("detail", database.Json, nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("planned_at", database.Instant(), nullable=False),
        sa.Column("not_before", database.Instant(), nullable=False),
        sa.Column("retry_at", database.Instant(), nullable=True),
        sa.Column("created_at", database.Instant(), nullable=False),
        sa.Column("first_at", database.Instant(), nullable=True),
        sa.Column("tried_at", database.Instant(), nullable=True),
        sa.Column("ended_at", database.Instant(), nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("answer", sa.Text(), server_default="", nullable=False),
        sa.Column("reference", sa.Text(), server_default="", nullable=False),
        sa.Column("lease_until", database.Instant(), nullable=True),
        sa.Column("lease_holder", sa.Text(), nullable=True),
        sa.Column("fence", sa.BigInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaigns.id"], name=op.f("fk_outbox_campaign_id")),
        sa.ForeignKeyConstraint(["enrollment_id"], ["enrollments.id"], name=op.f("fk_outbox_enrollment_id")),
        sa.ForeignKeyConstraint(["lead_id"], ["leads.id"], name=op.f("fk_outbox_lead_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("cause", name=op.f("uq_outbox_cause")),
        sa.UniqueConstraint("public_id", name=op.f("uq_outbox_public_id")),
        sa.UniqueConstraint("webhook_id", name=op.f("uq_outbox_webhook_id")),
    )
    op.create_index("ix_outbox_campaign_id_kind_state", "outbox", ["campaign_id", "kind", "state", "id"], unique=False)
    op.create_index("ix_outbox_enrollment_id", "outbox", ["enrollment_id"], unique=False)
    op.create_index("ix_outbox_lead_id_id", "outbox", ["lead_id", "id"], unique=False)
    op.create_index(
        "ix_outbox_sending",
        "outbox",
        ["lease_until"],
        unique=False,
        sqlite_where=sa.text("state = 'sending'"),
        postgresql_where=sa.text("state = 'sending'"),
    )
    op.create_index(
        "ix_outbox_waiting",
        "outbox",
        ["not_before", "id"],
        unique=False,
        sqlite_where=sa.text("state = 'queued'"),
        postgresql_where=sa.text("state = 'queued'"),
    )
    op.create_table(
        "tasks",
        sa.Column("id", database.Id, autoincrement=True, nullable=False),
        sa.Column("lead_id", database.Id, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("title", database.Json, nullable=False),
        sa.Column("note", database.Json, nullable=False),
        sa.Column("due_at", database.Instant(), nullable=False),
        sa.Column("for_owner", sa.Boolean(), nullable=False),
        sa.Column("owner_id", database.Id, nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), server_default="", nullable=False),
        sa.Column("said", sa.Text(), server_default="", nullable=False),
        sa.Column("ended_at", database.Instant(), nullable=True),
        sa.Column("ended_by", sa.Text(), server_default="", nullable=False),
        sa.Column("ended_note", sa.Text(), server_default="", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("words", database.Json, nullable=False),
        sa.Column("waits", sa.Boolean(), nullable=False),
        sa.Column("enrollment_id", database.Id, nullable=True),
        sa.Column("step", sa.Text(), nullable=True),
        sa.Column("occurrence", sa.Integer(), nullable=True),
        sa.Column("campaign_key", sa.Text(), nullable=True),
        sa.Column("opportunity", sa.Text(), nullable=True),
        sa.Column("created_at", database.Instant(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["enrollment_id"], ["enrollments.id"], name=op.f("fk_tasks_enrollment_id")),
        sa.ForeignKeyConstraint(["lead_id"], ["leads.id"], name=op.f("fk_tasks_lead_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_tasks_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tasks")),
        sa.UniqueConstraint("enrollment_id", "step", "occurrence", name=op.f("uq_tasks_enrollment_id_step_occurrence")),
    )
    op.create_index("ix_tasks_ended_at_id", "tasks", ["ended_at", "id"], unique=False)
    op.create_index("ix_tasks_lead_id_state", "tasks", ["lead_id", "state"], unique=False)
    op.create_index(
        "ix_tasks_open",
        "tasks",
        ["due_at", "id"],
        unique=False,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.add_column("activities", sa.Column("about", database.Folded, nullable=True))
    _tell_what_activities_are_about()
    op.create_index(
        "ix_activities_kind_about_occurred_at_lead_id",
        "activities",
        ["kind", "about", "occurred_at", "lead_id", "withdrawn_at"],
        unique=False,
        sqlite_where=sa.text("about IS NOT NULL"),
        postgresql_where=sa.text("about IS NOT NULL"),
    )
    op.add_column("campaigns", sa.Column("resumed_at", database.Instant(), nullable=True))
    _keep_how_far_entries_have_looked()
    op.drop_column("campaigns", "entered_until")
    op.add_column("enrollments", sa.Column("memory", database.Json, nullable=True))
    op.add_column("enrollments", sa.Column("stirred", sa.Integer(), server_default="0", nullable=False))
    _index_what_is_due("campaign_id", "due_at", "id")
    op.add_column("leads", sa.Column("replied_at", database.Instant(), nullable=True))
    _make_room_for_merges()
    op.add_column("memberships", sa.Column("cause", sa.Text(), nullable=True))
    op.add_column("memberships", sa.Column("left_cause", sa.Text(), nullable=True))
    op.create_index(
        "ix_messages_broadcast_id_state",
        "messages",
        ["broadcast_id", "state", "reason", "step", "lead_id"],
        unique=False,
        sqlite_where=sa.text("broadcast_id IS NOT NULL"),
        postgresql_where=sa.text("broadcast_id IS NOT NULL"),
    )
    op.add_column("segments", sa.Column("swept_until", database.Instant(), nullable=True))
    op.add_column("segments", sa.Column("swept_as", sa.Text(), nullable=True))
    op.add_column("segments", sa.Column("untold_since", database.Instant(), nullable=True))


_IS_MERGED = sa.text("merged_into IS NOT NULL")


def _make_room_for_merges() -> None:
    """Pairs that are said to be two, and the ways to find namesakes of a company and who was merged into a lead."""
    op.create_table(
        "distinct_leads",
        sa.Column("first_id", database.Id, nullable=False),
        sa.Column("second_id", database.Id, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", database.Instant(), nullable=False),
        sa.ForeignKeyConstraint(["first_id"], ["leads.id"], name=op.f("fk_distinct_leads_first_id")),
        sa.ForeignKeyConstraint(["second_id"], ["leads.id"], name=op.f("fk_distinct_leads_second_id")),
        sa.PrimaryKeyConstraint("first_id", "second_id", name=op.f("pk_distinct_leads")),
    )
    op.create_index(op.f("ix_distinct_leads_second_id"), "distinct_leads", ["second_id"], unique=False)
    op.drop_index(op.f("ix_leads_company_id"), table_name="leads")
    op.create_index("ix_leads_company_id_name_folded", "leads", ["company_id", "name_folded"], unique=False)
    op.create_index(
        "ix_leads_merged_into",
        "leads",
        ["merged_into"],
        unique=False,
        sqlite_where=_IS_MERGED,
        postgresql_where=_IS_MERGED,
    )


def _tell_what_activities_are_about() -> None:
    taken = "detail ->> '%s'" if op.get_bind().dialect.name == "postgresql" else "json_extract(detail, '$.%s')"
    for kind, part in _ABOUT.items():
        op.execute(f"UPDATE activities SET about = {taken % part} WHERE kind = '{kind}'")  # noqa: S608 - our names


def _keep_how_far_entries_have_looked() -> None:
    """An entry by segment goes on from where it was: else leads of long ago, never asked before, would all come in."""
    instant = database.Instant()
    found = sa.text(
        "SELECT c.id, c.published_at, c.entered_until, r.definition FROM campaigns c "
        "JOIN campaign_revisions r ON r.id = c.revision_id WHERE c.entered_until IS NOT NULL"
    ).columns(id=database.Id, published_at=instant, entered_until=instant, definition=database.Json)
    marks = sa.table(
        "entry_marks", sa.column("campaign_id"), sa.column("entrance"), sa.column("begun_at", instant),
        sa.column("until", instant),
    )  # fmt: skip
    for key, published_at, until, definition in op.get_bind().execute(found).all():
        segment = (definition.get("entry") or {}).get("segment")
        if isinstance(segment, str):
            digest = hashlib.sha256(json.dumps(segment, ensure_ascii=False).encode()).hexdigest()[:12]
            row = {"campaign_id": key, "entrance": f"segment:{digest}", "begun_at": published_at or until}
            op.get_bind().execute(marks.insert().values(**row, until=until))


def _index_what_is_due(*columns: str) -> None:
    idle = sa.text("state = 'active' AND waits_for IS NULL")
    op.drop_index("ix_enrollments_due", table_name="enrollments", sqlite_where=idle, postgresql_where=idle)
    op.create_index(
        "ix_enrollments_due", "enrollments", columns, unique=False, sqlite_where=idle, postgresql_where=idle
    )


def downgrade() -> None:
    op.drop_column("segments", "swept_as")
    op.drop_column("segments", "swept_until")
    op.drop_column("segments", "untold_since")
    op.drop_index(
        "ix_messages_broadcast_id_state",
        table_name="messages",
        sqlite_where=sa.text("broadcast_id IS NOT NULL"),
        postgresql_where=sa.text("broadcast_id IS NOT NULL"),
    )
    op.drop_column("memberships", "left_cause")
    op.drop_column("memberships", "cause")
    op.drop_index("ix_leads_merged_into", table_name="leads", sqlite_where=_IS_MERGED, postgresql_where=_IS_MERGED)
    op.drop_index("ix_leads_company_id_name_folded", table_name="leads")
    op.create_index(op.f("ix_leads_company_id"), "leads", ["company_id"], unique=False)
    op.drop_index(op.f("ix_distinct_leads_second_id"), table_name="distinct_leads")
    op.drop_table("distinct_leads")
    op.drop_column("leads", "replied_at")
    _index_what_is_due("due_at", "id")
    op.drop_column("enrollments", "stirred")
    op.drop_column("enrollments", "memory")
    op.add_column("campaigns", sa.Column("entered_until", database.Instant(), nullable=True))
    op.drop_column("campaigns", "resumed_at")
    op.drop_index(
        "ix_activities_kind_about_occurred_at_lead_id",
        table_name="activities",
        sqlite_where=sa.text("about IS NOT NULL"),
        postgresql_where=sa.text("about IS NOT NULL"),
    )
    op.drop_column("activities", "about")
    op.drop_index(
        "ix_tasks_open",
        table_name="tasks",
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.drop_index("ix_tasks_lead_id_state", table_name="tasks")
    op.drop_index("ix_tasks_ended_at_id", table_name="tasks")
    op.drop_table("tasks")
    op.drop_index(
        "ix_outbox_waiting",
        table_name="outbox",
        sqlite_where=sa.text("state = 'queued'"),
        postgresql_where=sa.text("state = 'queued'"),
    )
    op.drop_index(
        "ix_outbox_sending",
        table_name="outbox",
        sqlite_where=sa.text("state = 'sending'"),
        postgresql_where=sa.text("state = 'sending'"),
    )
    op.drop_index("ix_outbox_lead_id_id", table_name="outbox")
    op.drop_index("ix_outbox_enrollment_id", table_name="outbox")
    op.drop_index("ix_outbox_campaign_id_kind_state", table_name="outbox")
    op.drop_table("outbox")
    op.drop_table("experiments")
    op.drop_table("entry_marks")
    op.drop_index(op.f("ix_runs_seen_at"), table_name="runs")
    op.drop_table("runs")
    op.drop_index("ix_broadcasts_state", table_name="broadcasts")
    op.drop_table("broadcasts")
