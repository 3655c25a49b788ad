"""Tables that belong to no stage: the installation itself, engine time, leases, and how it runs."""

import sqlalchemy as sa

from nurture.kernel.database import Instant, Json, column, key_column, metadata

# One row: which installation this is, where it lives, and engine time.
# `mode` is `real` or `lapse`; a database once in a mode refuses the other.
installation = sa.Table(
    "installation",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False, info={"personal": False}),
    column("instance", sa.Text, personal=False),
    column("place", sa.Text, personal=False),
    column("created_at", Instant, personal=False),
    column("mode", sa.Text, personal=False, nullable=True),
    column("demo", sa.Boolean, personal=False, server_default=sa.false()),
    column("engine_at", Instant, personal=False, nullable=True),  # time-lapse: engine time when last noted
    column("noted_at", Instant, personal=False, nullable=True),  # real time of that note; null while nothing runs
    column("speed", sa.Float, personal=False, nullable=True),
    column("stopped_sending", sa.Text, personal=False, nullable=True),
    column("mail_domain", sa.Text, personal=False, nullable=True),  # of MAIL_FROM: the right side of Message-IDs
)

# Who holds a role that only one process may hold (the clock). Database time; `fence` grows with each change of holder.
leases = sa.Table(
    "leases",
    metadata,
    column("name", sa.Text, primary_key=True, personal=False),
    column("holder", sa.Text, personal=False),
    column("until", Instant, personal=False),
    column("fence", sa.BigInteger, personal=False),
)

# Every process that runs, or ran lately: what it is for, when it was last heard of, what it sees of its own machine.
processes = sa.Table(
    "processes",
    metadata,
    column("id", sa.Text, primary_key=True, personal=False),
    column("roles", sa.Text, personal=False),  # `web clock worker`
    column("host", sa.Text, personal=False),
    column("pid", sa.Integer, personal=False),
    column("version", sa.Text, personal=False),
    column("started_at", Instant, personal=False),  # database time
    column("seen_at", Instant, personal=False),  # database time
    column("ended_at", Instant, nullable=True, personal=False),  # it said good-bye
    column("figures", Json, personal=False),  # engine.presence.Figures: clock skew, disk, spool, memory
    sa.Index("ix_processes_seen_at", "seen_at"),
)

# What was counted in each minute, over all processes.
pulses = sa.Table(
    "pulses",
    metadata,
    column("minute", Instant, primary_key=True, personal=False),  # database time
    column("what", sa.Text, primary_key=True, personal=False),  # engine.health_store.WHAT
    column("amount", sa.Float, server_default="0", personal=False),
)

# What was found wrong while it runs, from when to when. One row at most is open for each (key, subject).
health_findings = sa.Table(
    "health_findings",
    metadata,
    key_column(),
    column("key", sa.Text, personal=False),  # engine.invariants.Invariant
    column("subject", sa.Text, server_default="", personal=False),  # a campaign's key, a machine: what it is about
    column("detail", Json, personal=False),  # figures for the sentence
    column("since", Instant, personal=False),  # real time
    column("seen_at", Instant, personal=False),
    column("ended_at", Instant, nullable=True, personal=False),
    sa.Index("ix_health_findings_ended_at", "ended_at"),
)
