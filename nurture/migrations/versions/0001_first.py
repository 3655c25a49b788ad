"""First"""

import sqlalchemy as sa
from alembic import op

from nurture.kernel import database

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Tables in the order of their references.
    op.create_table(
        "campaigns",
        sa.Column("id", database.Id, autoincrement=True, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", database.Json, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("revision_id", database.Id, nullable=True),
        sa.Column("created_at", database.Instant(), nullable=False),
        sa.Column("published_at", database.Instant(), nullable=True),
        sa.Column("entered_until", database.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaigns")),
        sa.UniqueConstraint("key", name=op.f("uq_campaigns_key")),
    )
    op.create_table(
        "field_definitions",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("choices", database.Json, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("created_at", database.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_field_definitions")),
    )
    op.create_table(
        "hits",
        sa.Column("id", database.Id, autoincrement=True, nullable=False),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("message_id", database.Id, nullable=False),
        sa.Column("link", sa.Integer(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("at", database.Instant(), nullable=False),
        sa.Column("engine_at", database.Instant(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("ip", sa.Text(), nullable=False),
        sa.Column("headers", database.Json, nullable=False),
        sa.Column("verdict", sa.Text(), nullable=True),
        sa.Column("reasons", database.Json, nullable=True),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("settled", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("activity_id", database.Id, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hits")),
        sa.UniqueConstraint("key", name=op.f("uq_hits_key")),
    )
    op.create_index(
        "ix_hits_fresh",
        "hits",
        ["id"],
        unique=False,
        sqlite_where=sa.text("verdict IS NULL"),
        postgresql_where=sa.text("verdict IS NULL"),
    )
    op.create_index("ix_hits_message_id_at", "hits", ["message_id", "at"], unique=False)
    op.create_index(
        "ix_hits_unsettled",
        "hits",
        ["at"],
        unique=False,
        sqlite_where=sa.text("settled = 0 AND verdict IS NOT NULL"),
        postgresql_where=sa.text("NOT settled AND verdict IS NOT NULL"),
    )
    op.create_table(
        "import_batches",
        sa.Column("id", database.Id, autoincrement=True, nullable=False),
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("file_hash", sa.Text(), nullable=False),
        sa.Column("options_hash", sa.Text(), nullable=False),
        sa.Column("options", database.Json, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created", sa.Integer(), server_default="0", nullable=False),
        sa.Column("updated", sa.Integer(), server_default="0", nullable=False),
        sa.Column("unchanged", sa.Integer(), server_default="0", nullable=False),
        sa.Column("duplicates", sa.Integer(), server_default="0", nullable=False),
        sa.Column("refused", sa.Integer(), server_default="0", nullable=False),
        sa.Column("without_consent", sa.Integer(), server_default="0", nullable=False),
        sa.Column("dropped_values", sa.Integer(), server_default="0", nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("started_at", database.Instant(), nullable=False),
        sa.Column("finished_at", database.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_batches")),
        sa.UniqueConstraint("public_id", name=op.f("uq_import_batches_public_id")),
    )
    op.create_index(op.f("ix_import_batches_file_hash"), "import_batches", ["file_hash"], unique=False)
    op.create_table(
        "import_mappings",
        sa.Column("header_folded", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("at", database.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("header_folded", name=op.f("pk_import_mappings")),
    )
    op.create_table(
        "installation",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("instance", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("created_at", database.Instant(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=True),
        sa.Column("demo", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("engine_at", database.Instant(), nullable=True),
        sa.Column("noted_at", database.Instant(), nullable=True),
        sa.Column("speed", sa.Float(), nullable=True),
        sa.Column("stopped_sending", sa.Text(), nullable=True),
        sa.Column("mail_domain", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_installation")),
    )
    op.create_table(
        "leases",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("until", database.Instant(), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leases")),
    )
    op.create_table(
        "login_failures",
        sa.Column("id", database.Id, autoincrement=True, nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("at", database.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_failures")),
    )
    op.create_index("ix_login_failures_address_at", "login_failures", ["address", "at"], unique=False)
    op.create_index(op.f("ix_login_failures_at"), "login_failures", ["at"], unique=False)
    op.create_table(
        "mailbox_mails",
        sa.Column("id", database.Id, autoincrement=True, nullable=False),
        sa.Column("received_at", database.Instant(), nullable=False),
        sa.Column("mail_from", sa.Text(), nullable=False),
        sa.Column("rcpt_to", sa.Text(), nullable=False),
        sa.Column("header_id", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mailbox_mails")),
    )
    op.create_index(op.f("ix_mailbox_mails_header_id"), "mailbox_mails", ["header_id"], unique=False)
    op.create_index(op.f("ix_mailbox_mails_rcpt_to"), "mailbox_mails", ["rcpt_to"], unique=False)
    op.create_table(
        "quotas",
        sa.Column("address_hash", sa.Text(), nullable=False),
        sa.Column("at", database.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("address_hash", name=op.f("pk_quotas")),
    )
    op.create_table(
        "rotations",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("last_user_id", database.Id, nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_rotations")),
    )
    op.create_table(
        "routes",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("since", database.Instant(), nullable=False),
        sa.Column("retry_at", database.Instant(), nullable=True),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_routes")),
    )
    op.create_table(
        "score_sweeps",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("upto", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("started_at", database.Instant(), nullable=False),
        sa.Column("done_at", database.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_score_sweeps")),
    )
    op.create_table(
        "segments",
        sa.Column("id", database.Id, autoincrement=True, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", database.Json, nullable=False),
        sa.Column("rule", database.Json, nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("created_at", database.Instant(), nullable=False),
        sa.Column("updated_at", database.Instant(), nullable=False),
        sa.Column("evaluated_at", database.Instant(), nullable=True),
        sa.Column("refreshed_at", database.Instant(), nullable=True),
        sa.Column("archived_at", database.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_segments")),
        sa.UniqueConstraint("key", name=op.f("uq_segments_key")),
    )
    op.create_table(
        "senders",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("boot", sa.Text(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("journal", sa.Text(), nullable=False),
        sa.Column("started_at", database.Instant(), nullable=False),
        sa.Column("seen_at", database.Instant(), nullable=False),
        sa.Column("ended_at", database.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_senders")),
    )
    op.create_table(
        "shared_definitions",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("definition", database.Json, nullable=False),
        sa.Column("applied_at", database.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_shared_definitions")),
    )
    op.create_table(
        "suppressions",
        sa.Column("id", database.Id, autoincrement=True, nullable=False),
        sa.Column("address_hash", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), server_default="all", nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("at", database.Instant(), nullable=False),
        sa.Column("lifts", database.Id, nullable=True),
        sa.ForeignKeyConstraint(["lifts"], ["suppressions.id"], name=op.f("fk_suppressions_lifts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suppressions")),
    )
    op.create_index(op.f("ix_suppressions_address_hash"), "suppressions", ["address_hash"], unique=False)
    op.create_index(op.f("ix_suppressions_lifts"), "suppressions", ["lifts"], unique=False)
    op.create_table(
        "tags",
        sa.Column("key", database.Folded, nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_tags")),
    )
    op.create_table(
        "template_revisions",
        sa.Column("id", database.Id, autoincrement=True, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("source", database.Json, nullable=False),
        sa.Column("compiled", database.Json, nullable=False),
        sa.Column("created_at", database.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_template_revisions")),
        sa.UniqueConstraint("key", "language", "hash", name=op.f("uq_template_revisions_key_language_hash")),
    )
    op.create_table(
        "users",
        sa.Column("id", database.Id, autoincrement=True, nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("zone", sa.Text(), nullable=True),
        sa.Column("theme", sa.Text(), server_default="auto", nullable=False),
        sa.Column("working_hours", database.Json, nullable=False),
        sa.Column("session_epoch", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", database.Instant(), nullable=False),
        sa.Column("last_login_at", database.Instant(), nullable=True),
        sa.Column("disabled_at", database.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("email", name=op.f("uq_users_email")),
    )
    op.create_table(
        "audit",
        sa.Column("id", database.Id, autoincrement=True, nullable=False),
        sa.Column("at", database.Instant(), nullable=False),
        sa.Column("user_id", database.Id, nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("detail", database.Json, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_audit_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index(op.f("ix_audit_at"), "audit", ["at"], unique=False)
    op.create_table(
        "campaign_revisions",
        sa.Column("id", database.Id, autoincrement=True, nullable=False),
        sa.Column("campaign_id", database.Id, nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("definition", database.Json, nullable=False),
        sa.Column("created_at", database.Instant(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaigns.id"], name=op.f("fk_campaign_revisions_campaign_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_revisions")),
        sa.UniqueConstraint("campaign_id", "hash", name=op.f("uq_campaign_revisions_campaign_id_hash")),
    )
    op.create_table(
        "companies",
        sa.Column("id", database.Id, autoincrement=True, nullable=False),
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_folded", database.Folded, nullable=False),
        sa.Column("domain", database.Folded, nullable=True),
        sa.Column("tax_code", sa.Text(), nullable=True),
        sa.Column("size", sa.Integer(), nullable=True),
        sa.Column("owner_id", database.Id, nullable=True),
        sa.Column("created_at", database.Instant(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_companies_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_companies")),
        sa.UniqueConstraint("public_id", name=op.f("uq_companies_public_id")),
    )
    op.create_index(op.f("ix_companies_domain"), "companies", ["domain"], unique=False)
    op.create_index(op.f("ix_companies_name_folded"), "companies", ["name_folded"], unique=False)
    op.create_table(
        "import_refusals",
        sa.Column("id", database.Id, autoincrement=True, nullable=False),
        sa.Column("batch_id", database.Id, nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("column_name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["import_batches.id"], name=op.f("fk_import_refusals_batch_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_refusals")),
    )
    op.create_index(op.f("ix_import_refusals_batch_id"), "import_refusals", ["batch_id"], unique=False)
    op.create_table(
        "saved_views",
        sa.Column("id", database.Id, autoincrement=True, nullable=False),
        sa.Column("user_id", database.Id, nullable=True),
        sa.Column("page", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("created_at", database.Instant(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_saved_views_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_views")),
    )
    op.create_table(
        "templates",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("revision_id", database.Id, nullable=False),
        sa.Column("updated_at", database.Instant(), nullable=False),
        sa.ForeignKeyConstraint(["revision_id"], ["template_revisions.id"], name=op.f("fk_templates_revision_id")),
        sa.PrimaryKeyConstraint("key", "language", name=op.f("pk_templates")),
    )
    op.create_table(
        "user_away",
        sa.Column("id", database.Id, autoincrement=True, nullable=False),
        sa.Column("user_id", database.Id, nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_user_away_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_away")),
    )
    op.create_index(op.f("ix_user_away_user_id"), "user_away", ["user_id"], unique=False)
    op.create_table(
        "user_links",
        sa.Column("id", database.Id, autoincrement=True, nullable=False),
        sa.Column("user_id", database.Id, nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("expires_at", database.Instant(), nullable=False),
        sa.Column("used_at", database.Instant(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_user_links_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_links")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_user_links_token_hash")),
    )
    op.create_index(op.f("ix_user_links_user_id"), "user_links", ["user_id"], unique=False)
    op.create_table(
        "leads",
        sa.Column("id", database.Id, autoincrement=True, nullable=False),
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("email", database.Folded, nullable=True),
        sa.Column("phone", database.Folded, nullable=True),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("name_folded", database.Folded, server_default="", nullable=False),
        sa.Column("given_name", sa.Text(), server_default="", nullable=False),
        sa.Column("honorific", sa.Text(), server_default="", nullable=False),
        sa.Column("search_text", database.Folded, server_default="", nullable=False),
        sa.Column("company_id", database.Id, nullable=True),
        sa.Column("address", sa.Text(), server_default="", nullable=False),
        sa.Column("city", sa.Text(), server_default="", nullable=False),
        sa.Column("city_folded", database.Folded, server_default="", nullable=False),
        sa.Column("first_source", database.Folded, server_default="", nullable=False),
        sa.Column("source", database.Folded, server_default="", nullable=False),
        sa.Column("owner_id", database.Id, nullable=True),
        sa.Column("temperature", sa.Text(), server_default="cold", nullable=False),
        sa.Column("engagement", sa.Integer(), server_default="0", nullable=False),
        sa.Column("fit", sa.Integer(), server_default="0", nullable=False),
        sa.Column("lifecycle", sa.Text(), server_default="lead", nullable=False),
        sa.Column("zone", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("fields", database.FoldedDocument(), nullable=False),
        sa.Column("merged_into", database.Id, nullable=True),
        sa.Column("paused_at", database.Instant(), nullable=True),
        sa.Column("paused_reason", sa.Text(), nullable=True),
        sa.Column("created_at", database.Instant(), nullable=False),
        sa.Column("updated_at", database.Instant(), nullable=False),
        sa.Column("last_activity_at", database.Instant(), nullable=True),
        sa.CheckConstraint(
            "email IS NOT NULL OR phone IS NOT NULL OR merged_into IS NOT NULL", name=op.f("ck_leads_reachable")
        ),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name=op.f("fk_leads_company_id")),
        sa.ForeignKeyConstraint(["merged_into"], ["leads.id"], name=op.f("fk_leads_merged_into")),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_leads_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_leads")),
        sa.UniqueConstraint("email", name=op.f("uq_leads_email")),
        sa.UniqueConstraint("public_id", name=op.f("uq_leads_public_id")),
    )
    op.create_index(op.f("ix_leads_company_id"), "leads", ["company_id"], unique=False)
    op.create_index(op.f("ix_leads_created_at"), "leads", ["created_at"], unique=False)
    op.create_index("ix_leads_engagement_id", "leads", ["engagement", "id"], unique=False)
    op.create_index("ix_leads_last_activity_at_id", "leads", ["last_activity_at", "id"], unique=False)
    op.create_index("ix_leads_name_folded_id", "leads", ["name_folded", "id"], unique=False)
    op.create_index(op.f("ix_leads_owner_id"), "leads", ["owner_id"], unique=False)
    op.create_index(op.f("ix_leads_phone"), "leads", ["phone"], unique=False)
    op.create_index(op.f("ix_leads_source"), "leads", ["source"], unique=False)
    op.create_index("ix_leads_temperature_engagement", "leads", ["temperature", "engagement"], unique=False)
    op.create_table(
        "activities",
        sa.Column("id", database.Id, autoincrement=True, nullable=False),
        sa.Column("lead_id", database.Id, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("occurred_at", database.Instant(), nullable=False),
        sa.Column("recorded_at", database.Instant(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("cause_key", sa.Text(), nullable=True),
        sa.Column("message_id", database.Id, nullable=True),
        sa.Column("campaign_key", sa.Text(), nullable=True),
        sa.Column("email_key", sa.Text(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("detail", database.Json, nullable=False),
        sa.Column("withdrawn_at", database.Instant(), nullable=True),
        sa.ForeignKeyConstraint(["lead_id"], ["leads.id"], name=op.f("fk_activities_lead_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activities")),
        sa.UniqueConstraint("cause_key", name=op.f("uq_activities_cause_key")),
    )
    op.create_index(
        "ix_activities_kind_occurred_at_lead_id",
        "activities",
        ["kind", "occurred_at", "lead_id", "email_key", "withdrawn_at"],
        unique=False,
    )
    op.create_index("ix_activities_lead_id_id", "activities", ["lead_id", "id"], unique=False)
    op.create_index(
        "ix_activities_lead_id_kind_occurred_at",
        "activities",
        ["lead_id", "kind", "occurred_at", "email_key", "withdrawn_at"],
        unique=False,
    )
    op.create_table(
        "consents",
        sa.Column("id", database.Id, autoincrement=True, nullable=False),
        sa.Column("lead_id", database.Id, nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("given", sa.Boolean(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("proof", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("ip", sa.Text(), nullable=True),
        sa.Column("occurred_at", database.Instant(), nullable=False),
        sa.Column("recorded_at", database.Instant(), nullable=False),
        sa.ForeignKeyConstraint(["lead_id"], ["leads.id"], name=op.f("fk_consents_lead_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consents")),
    )
    op.create_index(
        "ix_consents_lead_id_purpose_channel_id", "consents", ["lead_id", "purpose", "channel", "id"], unique=False
    )
    op.create_table(
        "decisions",
        sa.Column("id", database.Id, autoincrement=True, nullable=False),
        sa.Column("lead_id", database.Id, nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("detail", database.Json, nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("at", database.Instant(), nullable=False),
        sa.ForeignKeyConstraint(["lead_id"], ["leads.id"], name=op.f("fk_decisions_lead_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decisions")),
    )
    op.create_index("ix_decisions_lead_id_id", "decisions", ["lead_id", "id"], unique=False)
    op.create_index("ix_decisions_subject_id", "decisions", ["subject", "id"], unique=False)
    op.create_table(
        "enrollments",
        sa.Column("id", database.Id, autoincrement=True, nullable=False),
        sa.Column("campaign_id", database.Id, nullable=False),
        sa.Column("revision_id", database.Id, nullable=False),
        sa.Column("lead_id", database.Id, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=True),
        sa.Column("occurrence", sa.Integer(), server_default="1", nullable=False),
        sa.Column("due_at", database.Instant(), nullable=True),
        sa.Column("planned_at", database.Instant(), nullable=True),
        sa.Column("arrived_at", database.Instant(), nullable=True),
        sa.Column("held", sa.Text(), nullable=True),
        sa.Column("held_detail", database.Json, nullable=True),
        sa.Column("waits_for", database.Id, nullable=True),
        sa.Column("entered_at", database.Instant(), nullable=False),
        sa.Column("ended_at", database.Instant(), nullable=True),
        sa.Column("detail", database.Json, nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("lease_until", database.Instant(), nullable=True),
        sa.Column("lease_holder", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaigns.id"], name=op.f("fk_enrollments_campaign_id")),
        sa.ForeignKeyConstraint(["lead_id"], ["leads.id"], name=op.f("fk_enrollments_lead_id")),
        sa.ForeignKeyConstraint(["revision_id"], ["campaign_revisions.id"], name=op.f("fk_enrollments_revision_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enrollments")),
    )
    op.create_index(
        "ix_enrollments_campaign_id_state_step", "enrollments", ["campaign_id", "state", "step"], unique=False
    )
    op.create_index(
        "ix_enrollments_due",
        "enrollments",
        ["due_at", "id"],
        unique=False,
        sqlite_where=sa.text("state = 'active' AND waits_for IS NULL"),
        postgresql_where=sa.text("state = 'active' AND waits_for IS NULL"),
    )
    op.create_index(op.f("ix_enrollments_lead_id"), "enrollments", ["lead_id"], unique=False)
    op.create_index(
        "uq_enrollments_active",
        "enrollments",
        ["campaign_id", "lead_id"],
        unique=True,
        sqlite_where=sa.text("state = 'active'"),
        postgresql_where=sa.text("state = 'active'"),
    )
    op.create_table(
        "lead_conflicts",
        sa.Column("id", database.Id, autoincrement=True, nullable=False),
        sa.Column("lead_id", database.Id, nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("at", database.Instant(), nullable=False),
        sa.Column("resolved_at", database.Instant(), nullable=True),
        sa.ForeignKeyConstraint(["lead_id"], ["leads.id"], name=op.f("fk_lead_conflicts_lead_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lead_conflicts")),
        sa.UniqueConstraint("lead_id", "field", "value", name=op.f("uq_lead_conflicts_lead_id_field_value")),
    )
    op.create_table(
        "lead_tags",
        sa.Column("lead_id", database.Id, nullable=False),
        sa.Column("tag", database.Folded, nullable=False),
        sa.Column("at", database.Instant(), nullable=False),
        sa.ForeignKeyConstraint(["lead_id"], ["leads.id"], name=op.f("fk_lead_tags_lead_id")),
        sa.ForeignKeyConstraint(["tag"], ["tags.key"], name=op.f("fk_lead_tags_tag")),
        sa.PrimaryKeyConstraint("lead_id", "tag", name=op.f("pk_lead_tags")),
    )
    op.create_index("ix_lead_tags_tag_lead_id", "lead_tags", ["tag", "lead_id"], unique=False)
    op.create_table(
        "memberships",
        sa.Column("id", database.Id, autoincrement=True, nullable=False),
        sa.Column("segment_id", database.Id, nullable=False),
        sa.Column("lead_id", database.Id, nullable=False),
        sa.Column("joined_at", database.Instant(), nullable=False),
        sa.Column("left_at", database.Instant(), nullable=True),
        sa.ForeignKeyConstraint(["lead_id"], ["leads.id"], name=op.f("fk_memberships_lead_id")),
        sa.ForeignKeyConstraint(["segment_id"], ["segments.id"], name=op.f("fk_memberships_segment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_memberships")),
    )
    op.create_index(op.f("ix_memberships_lead_id"), "memberships", ["lead_id"], unique=False)
    op.create_index("ix_memberships_segment_id_joined_at", "memberships", ["segment_id", "joined_at"], unique=False)
    op.create_index(
        "uq_memberships_open",
        "memberships",
        ["segment_id", "lead_id"],
        unique=True,
        sqlite_where=sa.text("left_at IS NULL"),
        postgresql_where=sa.text("left_at IS NULL"),
    )
    op.create_table(
        "opportunities",
        sa.Column("id", database.Id, autoincrement=True, nullable=False),
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("lead_id", database.Id, nullable=False),
        sa.Column("company_id", database.Id, nullable=True),
        sa.Column("owner_id", database.Id, nullable=True),
        sa.Column("pipeline", sa.Text(), nullable=False),
        sa.Column("product_line", sa.Text(), server_default="", nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.Text(), server_default="VND", nullable=False),
        sa.Column("automatic", sa.Boolean(), nullable=False),
        sa.Column("criteria", database.Json, nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("next_step", sa.Text(), server_default="", nullable=False),
        sa.Column("next_at", database.Instant(), nullable=True),
        sa.Column("opened_at", database.Instant(), nullable=False),
        sa.Column("accepted_at", database.Instant(), nullable=True),
        sa.Column("stage_since", database.Instant(), nullable=False),
        sa.Column("closed_at", database.Instant(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name=op.f("fk_opportunities_company_id")),
        sa.ForeignKeyConstraint(["lead_id"], ["leads.id"], name=op.f("fk_opportunities_lead_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_opportunities_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opportunities")),
        sa.UniqueConstraint("public_id", name=op.f("uq_opportunities_public_id")),
    )
    op.create_index(op.f("ix_opportunities_lead_id"), "opportunities", ["lead_id"], unique=False)
    op.create_index(op.f("ix_opportunities_owner_id"), "opportunities", ["owner_id"], unique=False)
    op.create_index(
        "ix_opportunities_pipeline_state_stage", "opportunities", ["pipeline", "state", "stage"], unique=False
    )
    op.create_index(
        "uq_opportunities_automatic",
        "opportunities",
        ["lead_id", "pipeline", "product_line"],
        unique=True,
        sqlite_where=sa.text("state = 'open' AND automatic = 1"),
        postgresql_where=sa.text("state = 'open' AND automatic"),
    )
    op.create_table(
        "score_entries",
        sa.Column("id", database.Id, autoincrement=True, nullable=False),
        sa.Column("lead_id", database.Id, nullable=False),
        sa.Column("axis", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("sequence", sa.Integer(), server_default="1", nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("reverses", database.Id, nullable=True),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("detail", database.Json, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", database.Instant(), nullable=False),
        sa.Column("recorded_at", database.Instant(), nullable=False),
        sa.ForeignKeyConstraint(["lead_id"], ["leads.id"], name=op.f("fk_score_entries_lead_id")),
        sa.ForeignKeyConstraint(["reverses"], ["score_entries.id"], name=op.f("fk_score_entries_reverses")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_score_entries")),
        sa.UniqueConstraint("reverses", name=op.f("uq_score_entries_reverses")),
        sa.UniqueConstraint(
            "rule", "lead_id", "cause", "sequence", name=op.f("uq_score_entries_rule_lead_id_cause_sequence")
        ),
    )
    op.create_index("ix_score_entries_lead_id_axis_at", "score_entries", ["lead_id", "axis", "at"], unique=False)
    op.create_table(
        "messages",
        sa.Column("id", database.Id, autoincrement=True, nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("lead_id", database.Id, nullable=True),
        sa.Column("user_id", database.Id, nullable=True),
        sa.Column("campaign_id", database.Id, nullable=True),
        sa.Column("enrollment_id", database.Id, nullable=True),
        sa.Column("revision_id", database.Id, nullable=True),
        sa.Column("step", sa.Text(), nullable=True),
        sa.Column("occurrence", sa.Integer(), nullable=True),
        sa.Column("broadcast_id", database.Id, nullable=True),
        sa.Column("unique_key", sa.Text(), nullable=True),
        sa.Column("template_key", sa.Text(), nullable=False),
        sa.Column("template_revision_id", database.Id, nullable=True),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("class", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), server_default="house", nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("values", database.Json, nullable=True),
        sa.Column("policy", database.Json, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("detail", database.Json, nullable=True),
        sa.Column("priority", sa.Integer(), server_default="5", nullable=False),
        sa.Column("planned_at", database.Instant(), nullable=False),
        sa.Column("not_before", database.Instant(), nullable=False),
        sa.Column("retry_at", database.Instant(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("lease_until", database.Instant(), nullable=True),
        sa.Column("lease_holder", sa.Text(), nullable=True),
        sa.Column("fence", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("header_id", sa.Text(), nullable=False),
        sa.Column("dated_at", database.Instant(), nullable=True),
        sa.Column("created_at", database.Instant(), nullable=False),
        sa.Column("gone_at", database.Instant(), nullable=True),
        sa.Column("ended_at", database.Instant(), nullable=True),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaigns.id"], name=op.f("fk_messages_campaign_id")),
        sa.ForeignKeyConstraint(["enrollment_id"], ["enrollments.id"], name=op.f("fk_messages_enrollment_id")),
        sa.ForeignKeyConstraint(["lead_id"], ["leads.id"], name=op.f("fk_messages_lead_id")),
        sa.ForeignKeyConstraint(
            ["template_revision_id"], ["template_revisions.id"], name=op.f("fk_messages_template_revision_id")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_messages_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
        sa.UniqueConstraint("broadcast_id", "lead_id", name=op.f("uq_messages_broadcast_id_lead_id")),
        sa.UniqueConstraint(
            "enrollment_id", "step", "occurrence", name=op.f("uq_messages_enrollment_id_step_occurrence")
        ),
        sa.UniqueConstraint("unique_key", name=op.f("uq_messages_unique_key")),
    )
    op.create_index("ix_messages_campaign_id_state", "messages", ["campaign_id", "state"], unique=False)
    op.create_index("ix_messages_lead_id_gone_at", "messages", ["lead_id", "gone_at"], unique=False)
    op.create_index("ix_messages_lead_id_id", "messages", ["lead_id", "id"], unique=False)
    op.create_index(
        "ix_messages_sending",
        "messages",
        ["lease_holder"],
        unique=False,
        sqlite_where=sa.text("state = 'sending'"),
        postgresql_where=sa.text("state = 'sending'"),
    )
    op.create_index(
        "ix_messages_waiting",
        "messages",
        ["priority", "not_before", "id"],
        unique=False,
        sqlite_where=sa.text("state IN ('queued', 'deferred')"),
        postgresql_where=sa.text("state IN ('queued', 'deferred')"),
    )
    op.create_table(
        "opportunity_changes",
        sa.Column("id", database.Id, autoincrement=True, nullable=False),
        sa.Column("opportunity_id", database.Id, nullable=False),
        sa.Column("at", database.Instant(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["opportunity_id"], ["opportunities.id"], name=op.f("fk_opportunity_changes_opportunity_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opportunity_changes")),
    )
    op.create_index(
        op.f("ix_opportunity_changes_opportunity_id"), "opportunity_changes", ["opportunity_id"], unique=False
    )
    op.create_table(
        "passages",
        sa.Column("id", database.Id, autoincrement=True, nullable=False),
        sa.Column("enrollment_id", database.Id, nullable=False),
        sa.Column("campaign_id", database.Id, nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("occurrence", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("planned_at", database.Instant(), nullable=False),
        sa.Column("at", database.Instant(), nullable=False),
        sa.ForeignKeyConstraint(["enrollment_id"], ["enrollments.id"], name=op.f("fk_passages_enrollment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passages")),
        sa.UniqueConstraint(
            "enrollment_id", "step", "occurrence", name=op.f("uq_passages_enrollment_id_step_occurrence")
        ),
    )
    op.create_index(
        "ix_passages_campaign_id_step_outcome", "passages", ["campaign_id", "step", "outcome"], unique=False
    )
    op.create_table(
        "reactions",
        sa.Column("id", database.Id, autoincrement=True, nullable=False),
        sa.Column("activity_id", database.Id, nullable=False),
        sa.Column("lead_id", database.Id, nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("not_before", database.Instant(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["activity_id"], ["activities.id"], name=op.f("fk_reactions_activity_id")),
        sa.ForeignKeyConstraint(["lead_id"], ["leads.id"], name=op.f("fk_reactions_lead_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reactions")),
        sa.UniqueConstraint("activity_id", name=op.f("uq_reactions_activity_id")),
    )
    op.create_index(op.f("ix_reactions_lead_id"), "reactions", ["lead_id"], unique=False)
    op.create_table(
        "alerts",
        sa.Column("id", database.Id, autoincrement=True, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("trigger", sa.Text(), nullable=False),
        sa.Column("lead_id", database.Id, nullable=False),
        sa.Column("opportunity_id", database.Id, nullable=True),
        sa.Column("owner_id", database.Id, nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reasons", database.Json, nullable=False),
        sa.Column("raised_at", database.Instant(), nullable=False),
        sa.Column("later_until", database.Instant(), nullable=True),
        sa.Column("ended_at", database.Instant(), nullable=True),
        sa.Column("ended_by", sa.Text(), server_default="", nullable=False),
        sa.Column("ended_reason", sa.Text(), server_default="", nullable=False),
        sa.Column("cause", sa.Text(), server_default="", nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("email_reason", sa.Text(), server_default="", nullable=False),
        sa.Column("email_after", database.Instant(), nullable=True),
        sa.Column("message_id", database.Id, nullable=True),
        sa.ForeignKeyConstraint(["lead_id"], ["leads.id"], name=op.f("fk_alerts_lead_id")),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name=op.f("fk_alerts_message_id")),
        sa.ForeignKeyConstraint(["opportunity_id"], ["opportunities.id"], name=op.f("fk_alerts_opportunity_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_alerts_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alerts")),
        sa.UniqueConstraint("key", name=op.f("uq_alerts_key")),
    )
    op.create_index(op.f("ix_alerts_lead_id"), "alerts", ["lead_id"], unique=False)
    op.create_index("ix_alerts_owner_id_state", "alerts", ["owner_id", "state", "raised_at"], unique=False)
    op.create_table(
        "attempts",
        sa.Column("id", database.Id, autoincrement=True, nullable=False),
        sa.Column("message_id", database.Id, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", database.Instant(), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("code", sa.Integer(), nullable=True),
        sa.Column("enhanced", sa.Text(), nullable=True),
        sa.Column("answer", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name=op.f("fk_attempts_message_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempts")),
    )
    op.create_index(op.f("ix_attempts_message_id"), "attempts", ["message_id"], unique=False)


def downgrade() -> None:
    # Tables in the order of their references.
    op.drop_index(op.f("ix_attempts_message_id"), table_name="attempts")
    op.drop_table("attempts")
    op.drop_index("ix_alerts_owner_id_state", table_name="alerts")
    op.drop_index(op.f("ix_alerts_lead_id"), table_name="alerts")
    op.drop_table("alerts")
    op.drop_index(op.f("ix_reactions_lead_id"), table_name="reactions")
    op.drop_table("reactions")
    op.drop_index("ix_passages_campaign_id_step_outcome", table_name="passages")
    op.drop_table("passages")
    op.drop_index(op.f("ix_opportunity_changes_opportunity_id"), table_name="opportunity_changes")
    op.drop_table("opportunity_changes")
    op.drop_index(
        "ix_messages_waiting",
        table_name="messages",
        sqlite_where=sa.text("state IN ('queued', 'deferred')"),
        postgresql_where=sa.text("state IN ('queued', 'deferred')"),
    )
    op.drop_index(
        "ix_messages_sending",
        table_name="messages",
        sqlite_where=sa.text("state = 'sending'"),
        postgresql_where=sa.text("state = 'sending'"),
    )
    op.drop_index("ix_messages_lead_id_id", table_name="messages")
    op.drop_index("ix_messages_lead_id_gone_at", table_name="messages")
    op.drop_index("ix_messages_campaign_id_state", table_name="messages")
    op.drop_table("messages")
    op.drop_index("ix_score_entries_lead_id_axis_at", table_name="score_entries")
    op.drop_table("score_entries")
    op.drop_index(
        "uq_opportunities_automatic",
        table_name="opportunities",
        sqlite_where=sa.text("state = 'open' AND automatic = 1"),
        postgresql_where=sa.text("state = 'open' AND automatic"),
    )
    op.drop_index("ix_opportunities_pipeline_state_stage", table_name="opportunities")
    op.drop_index(op.f("ix_opportunities_owner_id"), table_name="opportunities")
    op.drop_index(op.f("ix_opportunities_lead_id"), table_name="opportunities")
    op.drop_table("opportunities")
    op.drop_index(
        "uq_memberships_open",
        table_name="memberships",
        sqlite_where=sa.text("left_at IS NULL"),
        postgresql_where=sa.text("left_at IS NULL"),
    )
    op.drop_index("ix_memberships_segment_id_joined_at", table_name="memberships")
    op.drop_index(op.f("ix_memberships_lead_id"), table_name="memberships")
    op.drop_table("memberships")
    op.drop_index("ix_lead_tags_tag_lead_id", table_name="lead_tags")
    op.drop_table("lead_tags")
    op.drop_table("lead_conflicts")
    op.drop_index(
        "uq_enrollments_active",
        table_name="enrollments",
        sqlite_where=sa.text("state = 'active'"),
        postgresql_where=sa.text("state = 'active'"),
    )
    op.drop_index(op.f("ix_enrollments_lead_id"), table_name="enrollments")
    op.drop_index(
        "ix_enrollments_due",
        table_name="enrollments",
        sqlite_where=sa.text("state = 'active' AND waits_for IS NULL"),
        postgresql_where=sa.text("state = 'active' AND waits_for IS NULL"),
    )
    op.drop_index("ix_enrollments_campaign_id_state_step", table_name="enrollments")
    op.drop_table("enrollments")
    op.drop_index("ix_decisions_subject_id", table_name="decisions")
    op.drop_index("ix_decisions_lead_id_id", table_name="decisions")
    op.drop_table("decisions")
    op.drop_index("ix_consents_lead_id_purpose_channel_id", table_name="consents")
    op.drop_table("consents")
    op.drop_index("ix_activities_lead_id_kind_occurred_at", table_name="activities")
    op.drop_index("ix_activities_lead_id_id", table_name="activities")
    op.drop_index("ix_activities_kind_occurred_at_lead_id", table_name="activities")
    op.drop_table("activities")
    op.drop_index("ix_leads_temperature_engagement", table_name="leads")
    op.drop_index(op.f("ix_leads_source"), table_name="leads")
    op.drop_index(op.f("ix_leads_phone"), table_name="leads")
    op.drop_index(op.f("ix_leads_owner_id"), table_name="leads")
    op.drop_index("ix_leads_name_folded_id", table_name="leads")
    op.drop_index("ix_leads_last_activity_at_id", table_name="leads")
    op.drop_index("ix_leads_engagement_id", table_name="leads")
    op.drop_index(op.f("ix_leads_created_at"), table_name="leads")
    op.drop_index(op.f("ix_leads_company_id"), table_name="leads")
    op.drop_table("leads")
    op.drop_index(op.f("ix_user_links_user_id"), table_name="user_links")
    op.drop_table("user_links")
    op.drop_index(op.f("ix_user_away_user_id"), table_name="user_away")
    op.drop_table("user_away")
    op.drop_table("templates")
    op.drop_table("saved_views")
    op.drop_index(op.f("ix_import_refusals_batch_id"), table_name="import_refusals")
    op.drop_table("import_refusals")
    op.drop_index(op.f("ix_companies_name_folded"), table_name="companies")
    op.drop_index(op.f("ix_companies_domain"), table_name="companies")
    op.drop_table("companies")
    op.drop_table("campaign_revisions")
    op.drop_index(op.f("ix_audit_at"), table_name="audit")
    op.drop_table("audit")
    op.drop_table("users")
    op.drop_table("template_revisions")
    op.drop_table("tags")
    op.drop_index(op.f("ix_suppressions_lifts"), table_name="suppressions")
    op.drop_index(op.f("ix_suppressions_address_hash"), table_name="suppressions")
    op.drop_table("suppressions")
    op.drop_table("shared_definitions")
    op.drop_table("senders")
    op.drop_table("segments")
    op.drop_table("score_sweeps")
    op.drop_table("routes")
    op.drop_table("rotations")
    op.drop_table("quotas")
    op.drop_index(op.f("ix_mailbox_mails_rcpt_to"), table_name="mailbox_mails")
    op.drop_index(op.f("ix_mailbox_mails_header_id"), table_name="mailbox_mails")
    op.drop_table("mailbox_mails")
    op.drop_index(op.f("ix_login_failures_at"), table_name="login_failures")
    op.drop_index("ix_login_failures_address_at", table_name="login_failures")
    op.drop_table("login_failures")
    op.drop_table("leases")
    op.drop_table("installation")
    op.drop_table("import_mappings")
    op.drop_index(op.f("ix_import_batches_file_hash"), table_name="import_batches")
    op.drop_table("import_batches")
    op.drop_index(
        "ix_hits_unsettled",
        table_name="hits",
        sqlite_where=sa.text("settled = 0 AND verdict IS NOT NULL"),
        postgresql_where=sa.text("NOT settled AND verdict IS NOT NULL"),
    )
    op.drop_index("ix_hits_message_id_at", table_name="hits")
    op.drop_index(
        "ix_hits_fresh",
        table_name="hits",
        sqlite_where=sa.text("verdict IS NULL"),
        postgresql_where=sa.text("verdict IS NULL"),
    )
    op.drop_table("hits")
    op.drop_table("field_definitions")
    op.drop_table("campaigns")
