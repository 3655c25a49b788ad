"""Many machines"""

import re

import sqlalchemy as sa
from alembic import op
from sqlalchemy.engine import Connection

from nurture.kernel import database

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# The table, the instant it is cut by, and what was unique besides its number.
CUT = (("hits", "at", "key"), ("activities", "occurred_at", None))
ONCE = (
    "CREATE FUNCTION activity_once() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
    " INSERT INTO activity_causes (key, at) VALUES (NEW.cause_key, NEW.occurred_at) ON CONFLICT DO NOTHING;"
    " IF FOUND THEN RETURN NEW; END IF; RETURN NULL; END $$",
    "CREATE TRIGGER activity_once BEFORE INSERT ON activities"
    " FOR EACH ROW WHEN (NEW.cause_key IS NOT NULL) EXECUTE FUNCTION activity_once()",
)


def upgrade() -> None:
    conn = op.get_bind()
    op.drop_index("ix_activities_lead_id_id", table_name="activities")  # another begins with the lead
    op.create_table(
        "activity_causes",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("at", database.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_activity_causes")),
    )
    op.create_table(
        "hit_days",
        sa.Column("email_key", sa.Text(), nullable=False),
        sa.Column("day", database.Instant(), nullable=False),
        sa.Column("campaign_key", sa.Text(), nullable=False),
        sa.Column("broadcast_id", database.Id, autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            "email_key", "day", "campaign_key", "broadcast_id", "kind", "verdict", name=op.f("pk_hit_days")
        ),
    )
    with op.batch_alter_table("reactions") as batch:
        batch.drop_constraint("fk_reactions_activity_id", type_="foreignkey")
        batch.add_column(sa.Column("occurred_at", database.Instant(), nullable=True))
    if conn.dialect.name == "postgresql":
        conn.exec_driver_sql(
            "INSERT INTO activity_causes (key, at) SELECT cause_key, occurred_at FROM activities"
            " WHERE cause_key IS NOT NULL"
        )
        conn.exec_driver_sql("ALTER TABLE activities DROP CONSTRAINT uq_activities_cause_key")
        for table, at, unique in CUT:
            _cut(conn, table, at, unique)
        for statement in ONCE:
            conn.exec_driver_sql(statement)
    _values_apart(conn)
    _what_runs()
    op.drop_index("ix_leads_owner_id", table_name="leads")
    op.create_index("ix_leads_owner_id_last_activity_at_id", "leads", ["owner_id", "last_activity_at", "id"])
    replied = sa.text("replied_at IS NOT NULL")
    op.create_index(
        "ix_leads_replied_at_id", "leads", ["replied_at", "id"], sqlite_where=replied, postgresql_where=replied
    )
    op.drop_index("ix_leads_company_id_name_folded", table_name="leads")
    named, placed = ["company_id", "name_folded"], sa.text("company_id IS NOT NULL")
    op.create_index("ix_leads_company_id_name_folded", "leads", named, sqlite_where=placed, postgresql_where=placed)


def _values_apart(conn: Connection) -> None:
    """What mails that may be tried again were made with. Those that have ended keep theirs where they are."""
    op.create_table(
        "message_values",
        sa.Column("message_id", database.Id, autoincrement=False, nullable=False),
        sa.Column("values", database.Json, nullable=False),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_message_values")),
    )
    conn.exec_driver_sql(
        'INSERT INTO message_values (message_id, "values") SELECT id, "values" FROM messages'
        " WHERE state IN ('queued', 'deferred', 'sending', 'unknown') AND dated_at IS NOT NULL"
        " AND CAST(\"values\" AS TEXT) <> 'null'"
    )


def _what_runs() -> None:
    """What lives, what it counted, and what is wrong."""
    op.create_table(
        "health_findings",
        sa.Column("id", database.Id, autoincrement=True, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), server_default="", nullable=False),
        sa.Column("detail", database.Json, nullable=False),
        sa.Column("since", database.Instant(), nullable=False),
        sa.Column("seen_at", database.Instant(), nullable=False),
        sa.Column("ended_at", database.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_health_findings")),
    )
    op.create_index("ix_health_findings_ended_at", "health_findings", ["ended_at"])
    op.create_table(
        "processes",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("roles", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("started_at", database.Instant(), nullable=False),
        sa.Column("seen_at", database.Instant(), nullable=False),
        sa.Column("ended_at", database.Instant(), nullable=True),
        sa.Column("figures", database.Json, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_processes")),
    )
    op.create_index("ix_processes_seen_at", "processes", ["seen_at"])
    op.create_table(
        "pulses",
        sa.Column("minute", database.Instant(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("amount", sa.Float(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("minute", "what", name=op.f("pk_pulses")),
    )


def _cut(conn: Connection, table: str, at: str, unique: str | None) -> None:
    """What is there becomes the first part as it is: nothing is copied, two indexes are built, one pass checks it."""
    before = f"{table}_before"
    indexes = conn.exec_driver_sql(
        "SELECT c.relname, pg_get_indexdef(c.oid) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
        f" LEFT JOIN pg_constraint k ON k.conindid = c.oid WHERE i.indrelid = '{table}'::regclass AND k.oid IS NULL"  # noqa: S608
    ).all()
    foreign = conn.exec_driver_sql(
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
        f" WHERE conrelid = '{table}'::regclass AND contype = 'f'"  # noqa: S608 - our own names
    ).all()
    (sequence,) = conn.exec_driver_sql(f"SELECT pg_get_serial_sequence('{table}', 'id')").one()
    keys = {f"pk_{table}": f"PRIMARY KEY (id, {at})"}
    if unique is not None:
        keys[f"uq_{table}_{unique}"] = f"UNIQUE ({unique}, {at})"
    for name in keys:
        conn.exec_driver_sql(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    conn.exec_driver_sql(f"ALTER TABLE {table} RENAME TO {before}")
    for name, _ in indexes:
        conn.exec_driver_sql(f"ALTER INDEX {name} RENAME TO {_shortened(name)}_before")
    conn.exec_driver_sql(f"CREATE TABLE {table} (LIKE {before} INCLUDING DEFAULTS) PARTITION BY RANGE ({at})")
    conn.exec_driver_sql(f"ALTER SEQUENCE {sequence} OWNED BY {table}.id")
    for name, definition in [*keys.items(), *foreign]:
        conn.exec_driver_sql(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
    for _, definition in indexes:
        conn.exec_driver_sql(definition)
    conn.exec_driver_sql(f"CREATE TABLE {table}_rest PARTITION OF {table} DEFAULT")
    (last,) = conn.exec_driver_sql(f"SELECT max({at}) FROM {before}").one()  # noqa: S608 - our own names
    if last is None:
        conn.exec_driver_sql(f"DROP TABLE {before}")
        return
    until = "SELECT date_trunc('month', greatest(%s, now()) AT TIME ZONE 'UTC') + interval '1 month'"
    (end,) = conn.exec_driver_sql(until, (last,)).one()
    conn.exec_driver_sql(
        f"ALTER TABLE {table} ATTACH PARTITION {before} FOR VALUES FROM (MINVALUE) TO ('{end:%Y-%m-%d} 00:00:00+00')"
    )


def _shortened(name: str) -> str:
    """PostgreSQL's names have 63 bytes."""
    return re.sub(r"^ix_", "", name)[:56]
