"""Tables of compiled templates and of messages: one email for one person at one step."""

import sqlalchemy as sa

from nurture.kernel.database import Id, Instant, Json, column, key_column, metadata

template_revisions = sa.Table(
    "template_revisions",
    metadata,
    key_column(),
    column("key", sa.Text, personal=False),
    column("language", sa.Text, personal=False),
    column("hash", sa.Text, personal=False),
    column("source", Json, personal=False),  # flattened parts as written
    column("compiled", Json, personal=False),  # compile.Compiled as data
    column("created_at", Instant, personal=False),
    sa.UniqueConstraint("key", "language", "hash"),
)

# Which revision of an email is used for what is not yet sent.
templates = sa.Table(
    "templates",
    metadata,
    column("key", sa.Text, primary_key=True, personal=False),
    column("language", sa.Text, primary_key=True, personal=False),
    column("revision_id", Id, sa.ForeignKey("template_revisions.id"), personal=False),
    column("updated_at", Instant, personal=False),
)

# Images and attachments of emails by what they hold; kept for ever, since what was sent shows them.
template_files = sa.Table(
    "template_files",
    metadata,
    column("hash", sa.Text, primary_key=True, personal=False),  # model.content_hash
    column("media_type", sa.Text, personal=False),
    column("data", sa.LargeBinary, personal=False),
    column("created_at", Instant, personal=False),
)

messages = sa.Table(
    "messages",
    metadata,
    key_column(),
    column("purpose", sa.Text, personal=False),  # campaign | broadcast | alert | account
    column("lead_id", Id, sa.ForeignKey("leads.id"), nullable=True, personal=False),
    column("user_id", Id, sa.ForeignKey("users.id"), nullable=True, personal=False),  # alerts go to staff
    column("campaign_id", Id, sa.ForeignKey("campaigns.id"), nullable=True, personal=False),
    column("enrollment_id", Id, sa.ForeignKey("enrollments.id"), nullable=True, personal=False),
    column("revision_id", Id, nullable=True, personal=False),  # campaign revision
    column("step", sa.Text, nullable=True, personal=False),  # of a broadcast: the variant; null waits for the winner
    column("occurrence", sa.Integer, nullable=True, personal=False),  # of a broadcast with a test: 1 in it, 2 after it
    column("broadcast_id", Id, nullable=True, personal=False),
    column("unique_key", sa.Text, nullable=True, unique=True, personal=False),  # of alerts and account mail
    column("template_key", sa.Text, personal=False),
    column("template_revision_id", Id, sa.ForeignKey("template_revisions.id"), nullable=True, personal=False),
    column("language", sa.Text, personal=False),
    column("class", sa.Text, key="class_", personal=False),  # advertising | care | deal | transactional
    column("sender", sa.Text, server_default="house", personal=False),  # house | owner
    column("address", sa.Text, nullable=True, personal=True),  # frozen at the first go
    # what it was written with besides what its template sees of everybody; see message_values
    column("values", Json, nullable=True, key="values_", personal=True),
    column("policy", Json, personal=False),  # window and cap to re-read at the go
    column("state", sa.Text, personal=False),  # model.State
    column("reason", sa.Text, server_default="", personal=False),
    column("detail", Json, nullable=True, personal=True),  # the reason's parameters; answers quote addresses
    column("priority", sa.Integer, server_default="5", personal=False),  # 1 first
    column("planned_at", Instant, personal=False),  # engine time the step was planned for
    column("not_before", Instant, personal=False),  # engine time; earliest hand-over
    column("retry_at", Instant, nullable=True, personal=False),  # real time; set when deferred
    column("attempts", sa.Integer, server_default="0", personal=False),
    column("lease_until", Instant, nullable=True, personal=False),  # database time
    column("lease_holder", sa.Text, nullable=True, personal=False),  # senders.id as text
    column("fence", sa.BigInteger, server_default="0", personal=False),
    column("header_id", sa.Text, personal=False),  # Message-ID without brackets, made from the key
    column("dated_at", Instant, nullable=True, personal=False),  # the Date header, real time of the first go
    column("created_at", Instant, personal=False),
    column("gone_at", Instant, nullable=True, personal=False),  # engine time of the go that counts for caps
    column("delivered_at", Instant, nullable=True, personal=False),  # real time at which the receiver took it, if told
    column("ended_at", Instant, nullable=True, personal=False),  # engine time the present state was reached
    column("resolved_at", Instant, nullable=True, personal=False),  # real time; somebody said what became of it
    column("address_hash", sa.Text, nullable=True, personal=False),  # keyed, set at the go; outlives the address
    sa.UniqueConstraint("enrollment_id", "step", "occurrence"),
    sa.UniqueConstraint("broadcast_id", "lead_id"),
    sa.Index("ix_messages_lead_id_id", "lead_id", "id"),
    sa.Index("ix_messages_campaign_id_state", "campaign_id", "state", "reason", "purpose", "lead_id"),  # to count by
    sa.Index(
        "ix_messages_broadcast_id_state",  # to count by
        "broadcast_id",
        "state",
        "reason",
        "step",
        "lead_id",
        sqlite_where=sa.text("broadcast_id IS NOT NULL"),
        postgresql_where=sa.text("broadcast_id IS NOT NULL"),
    ),
    sa.Index("ix_messages_header_id", "header_id"),
    sa.Index("ix_messages_template_key_state", "template_key", "state", "lead_id"),  # what came of an email
    sa.Index("ix_messages_lead_id_gone_at", "lead_id", "gone_at"),
    sa.Index(
        "ix_messages_address_hash_gone_at",
        "address_hash",
        "gone_at",
        sqlite_where=sa.text("address_hash IS NOT NULL"),
        postgresql_where=sa.text("address_hash IS NOT NULL"),
    ),
    sa.Index(
        "ix_messages_user_id",  # mail to staff
        "user_id",
        sqlite_where=sa.text("user_id IS NOT NULL"),
        postgresql_where=sa.text("user_id IS NOT NULL"),
    ),
    sa.Index(
        "ix_messages_unknown",
        "id",
        sqlite_where=sa.text("state = 'unknown'"),
        postgresql_where=sa.text("state = 'unknown'"),
    ),
    sa.Index(
        "ix_messages_waiting",
        "priority",
        "not_before",
        "id",
        sqlite_where=sa.text("state IN ('queued', 'deferred')"),
        postgresql_where=sa.text("state IN ('queued', 'deferred')"),
    ),
    sa.Index(
        "ix_messages_sending",
        "lease_holder",
        sqlite_where=sa.text("state = 'sending'"),
        postgresql_where=sa.text("state = 'sending'"),
    ),
)

# What the template of a message sees, frozen at the first go, so that a retry renders the same bytes. Gone when the
# message has ended. No reference holds it: each mail writes and deletes a row.
message_values = sa.Table(
    "message_values",
    metadata,
    column("message_id", Id, primary_key=True, autoincrement=False, personal=False),
    column("values", Json, key="values_", personal=True),
)

# One conversation with a relay about one message.
attempts = sa.Table(
    "attempts",
    metadata,
    key_column(),
    column("message_id", Id, sa.ForeignKey("messages.id"), index=True, personal=False),
    column("number", sa.Integer, personal=False),
    column("at", Instant, personal=False),  # real time
    column("route", sa.Text, personal=False),
    column("phase", sa.Text, personal=False),  # connect | greeting | auth | mail | rcpt | data | body | dot | answered
    column("outcome", sa.Text, personal=False),  # the state it led to
    column("code", sa.Integer, nullable=True, personal=False),
    column("enhanced", sa.Text, nullable=True, personal=False),  # 5.1.1 (RFC 3463)
    column("answer", sa.Text, server_default="", personal=True),
    column("reason", sa.Text, nullable=True, personal=False),  # of a refusal for good: delivery.bounce.BounceReason
)
