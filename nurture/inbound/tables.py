"""Tables of what came back, and of how far the returns mailbox has been read."""

import sqlalchemy as sa

from nurture.kernel.database import Id, Instant, column, key_column, metadata

# One thing that came back about one recipient: told once by its source, whatever order things are told in.
returns = sa.Table(
    "returns",
    metadata,
    key_column(),
    column("source", sa.Text, personal=False),  # `mail`, or the file name of a webhook
    column("key", sa.Text, personal=False),  # what names it within its source
    column("what", sa.Text, personal=False),  # model.What
    column("message_id", Id, nullable=True, index=True, personal=False),
    column("lead_id", Id, sa.ForeignKey("leads.id"), nullable=True, personal=False),
    column("address_hash", sa.Text, server_default="", personal=False),  # keyed; of the recipient, or of who wrote
    column("reason", sa.Text, server_default="", personal=False),  # delivery.bounce.BounceReason
    column("status", sa.Text, server_default="", personal=False),  # RFC 3463
    column("diagnostic", sa.Text, server_default="", personal=True),
    column("at", Instant, personal=False),  # real time, as whoever tells it says
    column("recorded_at", Instant, personal=False),  # real time
    column("engine_at", Instant, index=True, personal=False),  # engine time at which we heard
    column("outcome", sa.Text, server_default="", personal=False),  # model.Outcome: what we made of it
    column("sender", sa.Text, server_default="", personal=True),
    column("subject", sa.Text, server_default="", personal=True),
    column("text", sa.Text, server_default="", personal=True),
    column("refusal", sa.Text, server_default="", personal=True),  # the words that say no
    column("raw", sa.LargeBinary, nullable=True, personal=True),  # the mail itself, where a person may want to look
    column("state", sa.Text, server_default="", personal=False),  # model.Handling, of what a person should see
    column("handled_at", Instant, nullable=True, personal=False),  # engine time
    column("handled_by", sa.Text, server_default="", personal=False),  # `user:4`
    sa.UniqueConstraint("source", "key"),
    sa.Index("ix_returns_lead_id_id", "lead_id", "id"),
    sa.Index("ix_returns_address_hash", "address_hash"),
    sa.Index(
        "ix_returns_sender",  # of those that somebody wrote
        "sender",
        sqlite_where=sa.text("sender <> ''"),
        postgresql_where=sa.text("sender <> ''"),
    ),
    sa.Index(
        "ix_returns_waiting",
        "id",
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    ),
    sa.Index(
        "ix_returns_for_people",
        "id",
        sqlite_where=sa.text("state <> ''"),
        postgresql_where=sa.text("state <> ''"),
    ),
)

# How far a mailbox has been read; written in the transaction that acts on what was read.
inbox_places = sa.Table(
    "inbox_places",
    metadata,
    column("inbox", sa.Text, primary_key=True, personal=False),  # the mailbox's address without its secret
    column("validity", sa.BigInteger, server_default="0", personal=False),  # UIDVALIDITY (RFC 3501); 0: not IMAP
    column("last_uid", sa.BigInteger, server_default="0", personal=False),  # read up to here
    column("stuck", sa.Text, server_default="", personal=False),  # the mail at which the last look broke off
    column("tries", sa.Integer, server_default="0", personal=False),  # and how often
    column("looked_at", Instant, nullable=True, personal=False),  # real time of the last good look
    column("failed_at", Instant, nullable=True, personal=False),  # real time of the first failure since
    column("error", sa.Text, server_default="", personal=False),
)

# Mails that were read and still lie there: of IMAP those not yet marked or moved, of POP3 all that the server lists.
inbox_seen = sa.Table(
    "inbox_seen",
    metadata,
    column("inbox", sa.Text, primary_key=True, personal=False),
    column("name", sa.Text, primary_key=True, personal=False),  # UID (RFC 3501), or UIDL (RFC 1939)
    column("at", Instant, personal=False),  # real time
)
