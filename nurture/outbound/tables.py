"""The outbox: webhooks and text messages, written with the move of their enrollment, handed over by a loop."""

import sqlalchemy as sa

from nurture.kernel.database import Id, Instant, Json, column, key_column, metadata

outbox = sa.Table(
    "outbox",
    metadata,
    key_column(),
    column("public_id", sa.Text, unique=True, personal=False),
    column("kind", sa.Text, personal=False),  # model.CallKind
    column("cause", sa.Text, unique=True, personal=False),  # enrollment:4/crm/1
    column("lead_id", Id, sa.ForeignKey("leads.id"), personal=False),
    column("campaign_id", Id, sa.ForeignKey("campaigns.id"), nullable=True, personal=False),
    column("enrollment_id", Id, sa.ForeignKey("enrollments.id"), nullable=True, personal=False),
    column("step", sa.Text, personal=False),
    column("occurrence", sa.Integer, personal=False),
    column("name", sa.Text, server_default="", personal=False),  # of the webhook, as the campaign calls it
    column("host", sa.Text, server_default="", personal=False),  # of the webhook: a host that is down rests
    column("target", sa.Text, personal=True),  # address, or phone number
    column("body", sa.Text, personal=True),  # the document or text as it goes out
    column("class", sa.Text, key="class_", server_default="", personal=False),  # of a text message
    column("parts", sa.Integer, server_default="0", personal=False),  # of a text message
    column("policy", Json, personal=False),  # window and zone to look at before it goes
    column("webhook_id", sa.Text, unique=True, personal=False),  # the same at every try
    column("state", sa.Text, personal=False),  # model.CallState
    column("reason", sa.Text, server_default="", personal=False),
    column("detail", Json, nullable=True, personal=True),
    column("attempts", sa.Integer, server_default="0", personal=False),
    column("planned_at", Instant, personal=False),  # engine time the step was planned for
    column("not_before", Instant, personal=False),  # engine time
    column("retry_at", Instant, nullable=True, personal=False),  # real time
    column("created_at", Instant, personal=False),  # real time
    column(
        "first_at", Instant, nullable=True, personal=False
    ),  # real time of the first try; the last day counts from it
    column("tried_at", Instant, nullable=True, personal=False),  # real time of the latest try
    column("ended_at", Instant, nullable=True, personal=False),  # engine time
    column("status", sa.Integer, nullable=True, personal=False),  # of the latest answer
    column("answer", sa.Text, server_default="", personal=True),  # its beginning, or the error
    column("reference", sa.Text, server_default="", personal=False),  # the gateway's number of it
    column("lease_until", Instant, nullable=True, personal=False),  # database time
    column("lease_holder", sa.Text, nullable=True, personal=False),
    column("fence", sa.BigInteger, server_default="0", personal=False),
    sa.Index("ix_outbox_lead_id_id", "lead_id", "id"),
    sa.Index("ix_outbox_campaign_id_kind_state", "campaign_id", "kind", "state", "id"),
    sa.Index("ix_outbox_enrollment_id", "enrollment_id"),
    sa.Index(
        "ix_outbox_texted",  # to count by
        "target",
        "ended_at",
        sqlite_where=sa.text("kind = 'sms'"),
        postgresql_where=sa.text("kind = 'sms'"),
    ),
    sa.Index(
        "ix_outbox_waiting",
        "not_before",
        "id",
        sqlite_where=sa.text("state = 'queued'"),
        postgresql_where=sa.text("state = 'queued'"),
    ),
    sa.Index(
        "ix_outbox_sending",
        "lease_until",
        sqlite_where=sa.text("state = 'sending'"),
        postgresql_where=sa.text("state = 'sending'"),
    ),
)
