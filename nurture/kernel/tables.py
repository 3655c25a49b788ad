"""Tables that belong to no stage: the installation itself, engine time, leases."""

import sqlalchemy as sa

from nurture.kernel.database import Instant, column, metadata

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
