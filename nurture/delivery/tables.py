"""Tables of handing over: routes, senders, quota rows, and the built-in mailbox."""

import sqlalchemy as sa

from nurture.kernel.database import Instant, column, key_column, metadata

routes = sa.Table(
    "routes",
    metadata,
    column("key", sa.Text, primary_key=True, personal=False),
    column("state", sa.Text, personal=False),  # open | paused
    column("reason", sa.Text, server_default="", personal=False),
    column("since", Instant, personal=False),  # real time
    column("retry_at", Instant, nullable=True, personal=False),
    column("failures", sa.Integer, server_default="0", personal=False),
)

# A process that hands over: who it is and where its journal lies, so that a dead one can be recovered.
senders = sa.Table(
    "senders",
    metadata,
    column("id", sa.Text, primary_key=True, personal=False),
    column("host", sa.Text, personal=False),
    column("boot", sa.Text, personal=False),
    column("pid", sa.Integer, personal=False),
    column("journal", sa.Text, personal=False),
    column("started_at", Instant, personal=False),  # database time
    column("seen_at", Instant, personal=False),  # database time
    column("ended_at", Instant, nullable=True, personal=False),
)

# One row for each address: the lock under which a cap's slot is taken.
quotas = sa.Table(
    "quotas",
    metadata,
    column("address_hash", sa.Text, primary_key=True, personal=False),
    column("at", Instant, personal=False),
)

# Mails the built-in mailbox accepted.
mailbox_mails = sa.Table(
    "mailbox_mails",
    metadata,
    key_column(),
    column("received_at", Instant, personal=False),  # engine time
    column("mail_from", sa.Text, personal=True),
    column("rcpt_to", sa.Text, index=True, personal=True),
    column("header_id", sa.Text, index=True, personal=False),
    column("subject", sa.Text, personal=True),
    column("raw", sa.LargeBinary, personal=True),
)
