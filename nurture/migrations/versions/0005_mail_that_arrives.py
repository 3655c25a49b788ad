"""Mail that arrives, tracking that tells the truth"""

import sqlalchemy as sa
from alembic import op

from nurture.kernel import database

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "inbox_places",
        sa.Column("inbox", sa.Text(), nullable=False),
        sa.Column("validity", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("last_uid", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("stuck", sa.Text(), server_default="", nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("looked_at", database.Instant(), nullable=True),
        sa.Column("failed_at", database.Instant(), nullable=True),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("inbox", name=op.f("pk_inbox_places")),
    )
    op.create_table(
        "inbox_seen",
        sa.Column("inbox", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("at", database.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("inbox", "name", name=op.f("pk_inbox_seen")),
    )
    op.create_table(
        "relay_counts",
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("slot", database.Instant(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("taken", sa.Integer(), server_default="0", nullable=False),
        sa.Column("sent", sa.Integer(), server_default="0", nullable=False),
        sa.Column("complaints", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("route", "slot", "holder", name=op.f("pk_relay_counts")),
    )
    op.create_table(
        "relay_rates",
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("rate", sa.Float(), nullable=True),
        sa.Column("learned_at", database.Instant(), nullable=True),
        sa.Column("said", sa.Text(), server_default="", nullable=False),
        sa.Column("tokens", sa.Float(), server_default="0", nullable=False),
        sa.Column("at", database.Instant(), nullable=False),
        sa.Column("booked_at", database.Instant(), nullable=True),
        sa.Column("day_at", database.Instant(), nullable=True),
        sa.Column("day_count", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("route", "domain", name=op.f("pk_relay_rates")),
    )
    op.create_table(
        "template_files",
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", database.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_template_files")),
    )
    op.create_table(
        "askings",
        sa.Column("id", database.Id, autoincrement=True, nullable=False),
        sa.Column("lead_id", database.Id, nullable=False),
        sa.Column("address_hash", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("words", database.Json, nullable=False),
        sa.Column("proof", sa.Text(), server_default="", nullable=False),
        sa.Column("asked_at", database.Instant(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("agreed_at", database.Instant(), nullable=True),
        sa.Column("ip", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["lead_id"], ["leads.id"], name=op.f("fk_askings_lead_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_askings")),
        sa.UniqueConstraint("address_hash", name=op.f("uq_askings_address_hash")),
    )
    op.create_index(op.f("ix_askings_lead_id"), "askings", ["lead_id"], unique=False)
    op.create_table(
        "data_requests",
        sa.Column("id", database.Id, autoincrement=True, nullable=False),
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("lead_id", database.Id, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("via", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), server_default="", nullable=False),
        sa.Column("asked_at", database.Instant(), nullable=False),
        sa.Column("answer_by", database.Instant(), nullable=True),
        sa.Column("due_at", database.Instant(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("answered_at", database.Instant(), nullable=True),
        sa.Column("ended_at", database.Instant(), nullable=True),
        sa.Column("ended_by", sa.Text(), server_default="", nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["lead_id"], ["leads.id"], name=op.f("fk_data_requests_lead_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_requests")),
        sa.UniqueConstraint("public_id", name=op.f("uq_data_requests_public_id")),
    )
    op.create_index(op.f("ix_data_requests_lead_id"), "data_requests", ["lead_id"], unique=False)
    op.create_index(
        "ix_data_requests_open",
        "data_requests",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "returns",
        sa.Column("id", database.Id, autoincrement=True, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("message_id", database.Id, nullable=True),
        sa.Column("lead_id", database.Id, nullable=True),
        sa.Column("address_hash", sa.Text(), server_default="", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("status", sa.Text(), server_default="", nullable=False),
        sa.Column("diagnostic", sa.Text(), server_default="", nullable=False),
        sa.Column("at", database.Instant(), nullable=False),
        sa.Column("recorded_at", database.Instant(), nullable=False),
        sa.Column("engine_at", database.Instant(), nullable=False),
        sa.Column("outcome", sa.Text(), server_default="", nullable=False),
        sa.Column("sender", sa.Text(), server_default="", nullable=False),
        sa.Column("subject", sa.Text(), server_default="", nullable=False),
        sa.Column("text", sa.Text(), server_default="", nullable=False),
        sa.Column("refusal", sa.Text(), server_default="", nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.Text(), server_default="", nullable=False),
        sa.Column("handled_at", database.Instant(), nullable=True),
        sa.Column("handled_by", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["lead_id"], ["leads.id"], name=op.f("fk_returns_lead_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_returns")),
        sa.UniqueConstraint("source", "key", name=op.f("uq_returns_source_key")),
    )
    op.create_index("ix_returns_address_hash", "returns", ["address_hash"], unique=False)
    op.create_index(op.f("ix_returns_engine_at"), "returns", ["engine_at"], unique=False)
    op.create_index(
        "ix_returns_for_people",
        "returns",
        ["id"],
        unique=False,
        sqlite_where=sa.text("state <> ''"),
        postgresql_where=sa.text("state <> ''"),
    )
    op.create_index("ix_returns_lead_id_id", "returns", ["lead_id", "id"], unique=False)
    op.create_index(op.f("ix_returns_message_id"), "returns", ["message_id"], unique=False)
    op.create_index(
        "ix_returns_sender",
        "returns",
        ["sender"],
        unique=False,
        sqlite_where=sa.text("sender <> ''"),
        postgresql_where=sa.text("sender <> ''"),
    )
    op.create_index(
        "ix_returns_waiting",
        "returns",
        ["id"],
        unique=False,
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.add_column("attempts", sa.Column("reason", sa.Text(), nullable=True))
    op.add_column("consents", sa.Column("per_day", sa.Integer(), nullable=True))
    op.add_column("consents", sa.Column("version", sa.Text(), nullable=True))
    op.create_index(
        "ix_hits_trap",
        "hits",
        ["message_id"],
        unique=False,
        sqlite_where=sa.text("link = 65535"),
        postgresql_where=sa.text("link = 65535"),
    )
    op.add_column("leads", sa.Column("erased_at", database.Instant(), nullable=True))
    op.add_column("messages", sa.Column("delivered_at", database.Instant(), nullable=True))
    op.add_column("messages", sa.Column("resolved_at", database.Instant(), nullable=True))
    op.add_column("messages", sa.Column("address_hash", sa.Text(), nullable=True))
    op.create_index(
        "ix_messages_address_hash_gone_at",
        "messages",
        ["address_hash", "gone_at"],
        unique=False,
        sqlite_where=sa.text("address_hash IS NOT NULL"),
        postgresql_where=sa.text("address_hash IS NOT NULL"),
    )
    op.create_index("ix_messages_template_key_state", "messages", ["template_key", "state", "lead_id"], unique=False)
    op.create_index(
        "ix_messages_unknown",
        "messages",
        ["id"],
        unique=False,
        sqlite_where=sa.text("state = 'unknown'"),
        postgresql_where=sa.text("state = 'unknown'"),
    )
    op.create_index(
        "ix_messages_user_id",
        "messages",
        ["user_id"],
        unique=False,
        sqlite_where=sa.text("user_id IS NOT NULL"),
        postgresql_where=sa.text("user_id IS NOT NULL"),
    )
    op.create_index(
        "ix_outbox_texted",
        "outbox",
        ["target", "ended_at"],
        unique=False,
        sqlite_where=sa.text("kind = 'sms'"),
        postgresql_where=sa.text("kind = 'sms'"),
    )
    op.add_column("routes", sa.Column("trouble", sa.Text(), nullable=True))
    op.add_column("routes", sa.Column("told_at", database.Instant(), nullable=True))
    op.add_column("routes", sa.Column("mailed_at", database.Instant(), nullable=True))
    op.add_column("routes", sa.Column("held_at", database.Instant(), nullable=True))
    op.add_column("routes", sa.Column("held_by", sa.Text(), nullable=True))
    op.add_column("routes", sa.Column("slowed_at", database.Instant(), nullable=True))
    op.add_column("routes", sa.Column("ads", sa.Text(), nullable=True))
    op.add_column("routes", sa.Column("ads_at", database.Instant(), nullable=True))
    op.add_column("routes", sa.Column("clean_at", database.Instant(), nullable=True))
    op.add_column("suppressions", sa.Column("until", database.Instant(), nullable=True))


def downgrade() -> None:
    op.drop_column("suppressions", "until")
    op.drop_column("routes", "clean_at")
    op.drop_column("routes", "ads_at")
    op.drop_column("routes", "ads")
    op.drop_column("routes", "slowed_at")
    op.drop_column("routes", "held_by")
    op.drop_column("routes", "held_at")
    op.drop_column("routes", "mailed_at")
    op.drop_column("routes", "told_at")
    op.drop_column("routes", "trouble")
    op.drop_index(
        "ix_outbox_texted",
        table_name="outbox",
        sqlite_where=sa.text("kind = 'sms'"),
        postgresql_where=sa.text("kind = 'sms'"),
    )
    op.drop_index(
        "ix_messages_user_id",
        table_name="messages",
        sqlite_where=sa.text("user_id IS NOT NULL"),
        postgresql_where=sa.text("user_id IS NOT NULL"),
    )
    op.drop_index(
        "ix_messages_unknown",
        table_name="messages",
        sqlite_where=sa.text("state = 'unknown'"),
        postgresql_where=sa.text("state = 'unknown'"),
    )
    op.drop_index("ix_messages_template_key_state", table_name="messages")
    op.drop_index(
        "ix_messages_address_hash_gone_at",
        table_name="messages",
        sqlite_where=sa.text("address_hash IS NOT NULL"),
        postgresql_where=sa.text("address_hash IS NOT NULL"),
    )
    op.drop_column("messages", "address_hash")
    op.drop_column("messages", "resolved_at")
    op.drop_column("messages", "delivered_at")
    op.drop_column("leads", "erased_at")
    op.drop_index(
        "ix_hits_trap",
        table_name="hits",
        sqlite_where=sa.text("link = 65535"),
        postgresql_where=sa.text("link = 65535"),
    )
    op.drop_column("consents", "version")
    op.drop_column("consents", "per_day")
    op.drop_column("attempts", "reason")
    op.drop_index(
        "ix_returns_waiting",
        table_name="returns",
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.drop_index(
        "ix_returns_sender",
        table_name="returns",
        sqlite_where=sa.text("sender <> ''"),
        postgresql_where=sa.text("sender <> ''"),
    )
    op.drop_index(op.f("ix_returns_message_id"), table_name="returns")
    op.drop_index("ix_returns_lead_id_id", table_name="returns")
    op.drop_index(
        "ix_returns_for_people",
        table_name="returns",
        sqlite_where=sa.text("state <> ''"),
        postgresql_where=sa.text("state <> ''"),
    )
    op.drop_index(op.f("ix_returns_engine_at"), table_name="returns")
    op.drop_index("ix_returns_address_hash", table_name="returns")
    op.drop_table("returns")
    op.drop_index(
        "ix_data_requests_open",
        table_name="data_requests",
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.drop_index(op.f("ix_data_requests_lead_id"), table_name="data_requests")
    op.drop_table("data_requests")
    op.drop_index(op.f("ix_askings_lead_id"), table_name="askings")
    op.drop_table("askings")
    op.drop_table("template_files")
    op.drop_table("relay_rates")
    op.drop_table("relay_counts")
    op.drop_table("inbox_seen")
    op.drop_table("inbox_places")
