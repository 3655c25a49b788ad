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
    column("trouble", sa.Text, nullable=True, personal=False),  # model.RouteTrouble of a pause by itself, the worst
    column("told_at", Instant, nullable=True, personal=False),  # real time; a person was told of this pause
    column("mailed_at", Instant, nullable=True, personal=False),  # the latest mail about it
    column("held_at", Instant, nullable=True, personal=False),  # a person paused it
    column("held_by", sa.Text, nullable=True, personal=False),
    column("slowed_at", Instant, nullable=True, personal=False),  # some domain's rate is learned
    column("ads", sa.Text, nullable=True, personal=False),  # watched | paused: how many call its advertising spam
    column("ads_at", Instant, nullable=True, personal=False),
    column("clean_at", Instant, nullable=True, personal=False),  # complaints count from here
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

# What went by each relay, by quarters of an hour. `taken` counts against its day from the go on; the other two are
# counted by each sender, and by those who hear of complaints, on rows of their own.
relay_counts = sa.Table(
    "relay_counts",
    metadata,
    column("route", sa.Text, primary_key=True, personal=False),
    column("slot", Instant, primary_key=True, personal=False),  # real time
    column("holder", sa.Text, primary_key=True, personal=False),  # empty: of `taken`; senders.id; "complaints"
    column("taken", sa.Integer, server_default="0", personal=False),
    column("sent", sa.Integer, server_default="0", personal=False),
    column("complaints", sa.Integer, server_default="0", personal=False),
)

# How fast mail may go by a relay, to all (no domain) or to one group of domains. The row without a domain is the lock
# under which the day and all rates of the relay are taken.
relay_rates = sa.Table(
    "relay_rates",
    metadata,
    column("route", sa.Text, primary_key=True, personal=False),
    column("domain", sa.Text, primary_key=True, personal=False),
    column("rate", sa.Float, nullable=True, personal=False),  # learned, messages a second; it grows from `learned_at`
    column("learned_at", Instant, nullable=True, personal=False),  # real time
    column("said", sa.Text, server_default="", personal=False),  # the status that it was learned from
    column("tokens", sa.Float, server_default="0", personal=False),
    column("at", Instant, personal=False),  # real time of the tokens
    column("booked_at", Instant, nullable=True, personal=False),  # until when the rate is given away
    column("day_at", Instant, nullable=True, personal=False),  # which day is given away to mail that waits,
    column("day_count", sa.Integer, server_default="0", personal=False),  # and how much of it
)
