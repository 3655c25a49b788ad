"""Tables of yes and no: consent with its proof, and addresses that must not be written to. Append only."""

import sqlalchemy as sa

from nurture.kernel.database import Id, Instant, Json, column, key_column, metadata

consents = sa.Table(
    "consents",
    metadata,
    key_column(),
    column("lead_id", Id, sa.ForeignKey("leads.id"), personal=False),
    column("purpose", sa.Text, personal=False),  # model.Purpose: advertising | tracking
    column("channel", sa.Text, personal=False),  # model.Channel: email | sms | call
    column("given", sa.Boolean, personal=False),
    column("method", sa.Text, personal=False),  # model.Method
    column("proof", sa.Text, personal=True),  # the words agreed to, or the operator's statement
    column("origin", sa.Text, personal=False),  # `import:<id> line 3`, `unsubscribe`, `user:4`
    column("ip", sa.Text, nullable=True, personal=True),
    column("occurred_at", Instant, personal=False),
    column("recorded_at", Instant, personal=False),
    # of a yes: at most so many advertising messages in 24 hours, where the words agreed to name a figure
    column("per_day", sa.Integer, nullable=True, personal=False),
    column("version", sa.Text, nullable=True, personal=False),  # of the words that were shown: consents/wording.py
    sa.Index("ix_consents_lead_id_purpose_channel_id", "lead_id", "purpose", "channel", "id"),
)

# A row with `lifts` takes back the row it names. The address itself is not kept, only its keyed hash.
suppressions = sa.Table(
    "suppressions",
    metadata,
    key_column(),
    column("address_hash", sa.Text, index=True, personal=False),
    column("channel", sa.Text, personal=False),
    column("reason", sa.Text, personal=False),  # model.SuppressionReason
    column("scope", sa.Text, server_default="all", personal=False),  # model.Scope, or `topic:<key>`
    column("origin", sa.Text, personal=False),
    column("at", Instant, personal=False),
    column("until", Instant, nullable=True, personal=False),  # of a pause: engine time
    column("lifts", Id, sa.ForeignKey("suppressions.id"), nullable=True, index=True, personal=False),
)

# What a person asked us to do with their data, and by when the law wants it done.
data_requests = sa.Table(
    "data_requests",
    metadata,
    key_column(),
    column("public_id", sa.Text, unique=True, personal=False),
    column("lead_id", Id, sa.ForeignKey("leads.id"), index=True, personal=False),
    column("kind", sa.Text, personal=False),  # model.RequestKind
    column("via", sa.Text, personal=False),  # model.Method: how it reached us
    column("words", sa.Text, server_default="", personal=True),  # what was asked, in their words
    column("asked_at", Instant, personal=False),  # engine time
    column("answer_by", Instant, nullable=True, personal=False),  # engine time; null: the law names no day
    column("due_at", Instant, nullable=True, personal=False),
    column("state", sa.Text, personal=False),  # model.RequestState
    column("answered_at", Instant, nullable=True, personal=False),  # the person was told that it was heard
    column("ended_at", Instant, nullable=True, personal=False),
    column("ended_by", sa.Text, server_default="", personal=False),  # actor
    column("note", sa.Text, server_default="", personal=True),  # why it was refused, how it was done
    column("origin", sa.Text, personal=False),  # `page`, `user:4`, `cli`
    sa.Index(
        "ix_data_requests_open",
        "due_at",
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    ),
)

# Who was asked by mail to agree, once for each address, and whether they did. The words they were shown are kept.
askings = sa.Table(
    "askings",
    metadata,
    key_column(),
    column("lead_id", Id, sa.ForeignKey("leads.id"), index=True, personal=False),
    column("address_hash", sa.Text, unique=True, personal=False),
    column("language", sa.Text, personal=False),
    column("words", Json, personal=False),  # by purpose
    column("proof", sa.Text, server_default="", personal=True),  # what a form or a person said before
    column("asked_at", Instant, personal=False),  # engine time
    column("asked_by", sa.Text, personal=False),  # actor
    column("agreed_at", Instant, nullable=True, personal=False),  # engine time
    column("ip", sa.Text, nullable=True, personal=True),
)
