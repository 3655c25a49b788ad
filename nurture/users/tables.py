"""Tables of staff: accounts, sessions, absences, one-time links, audit."""

import sqlalchemy as sa

from nurture.kernel.database import Id, Instant, Json, column, key_column, metadata

users = sa.Table(
    "users",
    metadata,
    key_column(),
    column("email", sa.Text, unique=True, personal=True),
    column("name", sa.Text, personal=True),
    column("role", sa.Text, personal=False),  # model.Role
    column("password_hash", sa.Text, nullable=True, personal=False),
    column("phone", sa.Text, nullable=True, personal=True),
    column("language", sa.Text, nullable=True, personal=False),
    column("zone", sa.Text, nullable=True, personal=False),
    column("theme", sa.Text, server_default="auto", personal=False),
    # {"days": "mon-sat", "from": "08:00", "to": "17:30"} in the user's zone
    column("working_hours", Json, personal=False),
    column("created_at", Instant, personal=False),
    column("last_login_at", Instant, nullable=True, personal=False),
    column("disabled_at", Instant, nullable=True, personal=False),
)

# Who is signed in, in which browser. The cookie holds the key, the row only its hash. All times are real time.
sessions = sa.Table(
    "sessions",
    metadata,
    key_column(),
    column("key_hash", sa.Text, unique=True, personal=False),
    column("user_id", Id, sa.ForeignKey("users.id"), personal=False, index=True),
    column("began_at", Instant, personal=False),
    column("seen_at", Instant, personal=False),  # to the nearest minutes: see sessions.SEEN_EVERY
    column("expires_at", Instant, personal=False, index=True),  # moves on with seen_at; the row is deleted then
    column("network", sa.Text, personal=True),  # truncated: /24 and /48
    column("device", sa.Text, personal=True),  # `Chrome, Windows`; empty when not known
    column("revoked_at", Instant, nullable=True, personal=False),
)

away = sa.Table(
    "user_away",
    metadata,
    key_column(),
    column("user_id", Id, sa.ForeignKey("users.id"), personal=False, index=True),
    column("first_day", sa.Date, personal=False),
    column("last_day", sa.Date, personal=False),
)

# Invitations and password resets; the token itself is never stored.
user_links = sa.Table(
    "user_links",
    metadata,
    key_column(),
    column("user_id", Id, sa.ForeignKey("users.id"), personal=False, index=True),
    column("purpose", sa.Text, personal=False),  # invite | reset
    column("token_hash", sa.Text, unique=True, personal=False),
    column("expires_at", Instant, personal=False),  # real time
    column("used_at", Instant, nullable=True, personal=False),
)

# Who changed or exported what. Append only.
audit = sa.Table(
    "audit",
    metadata,
    key_column(),
    column("at", Instant, index=True, personal=False),  # real time
    column("user_id", Id, sa.ForeignKey("users.id"), nullable=True, personal=False),
    column("actor", sa.Text, personal=False),  # `user:12`, `cli`, `engine`
    column("action", sa.Text, personal=False),  # `lead.change_owner`
    column("subject", sa.Text, personal=False),  # `lead:k3…`
    column("detail", Json, personal=True),
)

# Failed sign-ins of the last while, for the limit on guessing; old rows are deleted as new ones come.
login_failures = sa.Table(
    "login_failures",
    metadata,
    key_column(),
    column("account", sa.Text, personal=False),  # keyed by hash: the address tried may be a mistyped password
    column("address", sa.Text, personal=True),  # where it came from
    column("at", Instant, index=True, personal=False),  # real time
    sa.Index("ix_login_failures_address_at", "address", "at"),
)
