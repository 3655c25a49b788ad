"""Tables of the lead's timeline, of what waits to be reacted to, and of decisions that fell due."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.kernel.database import Folded, Id, Instant, Json, column, key_column, metadata
from nurture.kernel.partitions import by_month

activities = sa.Table(
    "activities",
    metadata,
    key_column(),
    column("lead_id", Id, sa.ForeignKey("leads.id"), personal=False),
    column("kind", sa.Text, personal=False),  # model.Kind
    column("occurred_at", Instant, personal=False),  # engine time
    column("recorded_at", Instant, personal=False),  # real time
    column("actor", sa.Text, personal=False),  # `lead`, `engine`, `user:4`
    column("cause", sa.Text, personal=False),  # `hit:12`, `message:7`, `import:…`: what it came from
    column("cause_key", sa.Text, nullable=True, unique=True, personal=False),  # set where it may happen once only
    column("message_id", Id, nullable=True, personal=False),
    column("campaign_key", sa.Text, nullable=True, personal=False),
    column("email_key", sa.Text, nullable=True, personal=False),
    column("url", sa.Text, nullable=True, personal=True),
    # what it is about, folded, for kinds that are asked for by it: outcome, tag, path of a page; see about.py
    column("about", Folded, nullable=True, personal=True),
    column("detail", Json, personal=True),
    column("withdrawn_at", Instant, nullable=True, personal=False),  # its verdict changed: it no longer counts
    sa.Index("ix_activities_lead_id_kind_occurred_at", "lead_id", "kind", "occurred_at", "email_key", "withdrawn_at"),
    sa.Index("ix_activities_kind_occurred_at_lead_id", "kind", "occurred_at", "lead_id", "email_key", "withdrawn_at"),
    sa.Index(  # for what is asked of all leads: "visited a page whose path starts with /bang-gia"
        "ix_activities_kind_about_occurred_at_lead_id",
        "kind",
        "about",
        "occurred_at",
        "lead_id",
        "withdrawn_at",
        sqlite_where=sa.text("about IS NOT NULL"),
        postgresql_where=sa.text("about IS NOT NULL"),
    ),
    **by_month("occurred_at", loose=("cause_key",)),
)

# On PostgreSQL a part of a table knows its own keys only: there each cause key stands here too, written by a trigger
# with its activity, and an activity whose key is here already is passed over. On SQLite the column itself is unique.
activity_causes = sa.Table(
    "activity_causes",
    metadata,
    column("key", sa.Text, primary_key=True, personal=False),
    column("at", Instant, personal=False),  # when the activity occurred: which part it is in
    info={"derived": True},
)
_FUNCTION = """
    CREATE OR REPLACE FUNCTION activity_once() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO activity_causes (key, at) VALUES (NEW.cause_key, NEW.occurred_at) ON CONFLICT DO NOTHING;
        IF FOUND THEN RETURN NEW; END IF;
        RETURN NULL;
    END $$
"""
_TRIGGER = """
    CREATE TRIGGER activity_once BEFORE INSERT ON activities
    FOR EACH ROW WHEN (NEW.cause_key IS NOT NULL) EXECUTE FUNCTION activity_once()
"""


@sa.event.listens_for(activities, "after_create")
def _once(_table: sa.Table, connection: Connection, **_: Any) -> None:
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(_FUNCTION)
        connection.exec_driver_sql(_TRIGGER)


# An activity that nobody has reacted to yet; written with it, deleted with the effects.
reactions = sa.Table(
    "reactions",
    metadata,
    key_column(),
    column("activity_id", Id, unique=True, personal=False),  # activities are never deleted
    column("occurred_at", Instant, nullable=True, personal=False),  # the activity's: which part it is in
    column("lead_id", Id, sa.ForeignKey("leads.id"), index=True, personal=False),
    column("attempts", sa.Integer, server_default="0", personal=False),
    column("not_before", Instant, nullable=True, personal=False),  # real time; set after a failure
    column("error", sa.Text, nullable=True, personal=False),
)

# Every yes and no that fell due: enrolled or not, step done or not, qualified or not, alerted or not. Append only.
decisions = sa.Table(
    "decisions",
    metadata,
    key_column(),
    column("lead_id", Id, sa.ForeignKey("leads.id"), nullable=True, personal=False),
    column("kind", sa.Text, personal=False),  # enroll | step | send | score | qualify | alert
    column("subject", sa.Text, personal=False),  # `campaign:welcome_series`, `enrollment:4/hello`, `message:9`
    column("outcome", sa.Text, personal=False),  # `yes`, `no`, or the step's outcome word
    column("reason", sa.Text, personal=False),  # reason code, see kernel/reasons.py
    column("detail", Json, personal=True),
    column("cause", sa.Text, personal=False),
    column("at", Instant, personal=False),  # engine time
    sa.Index("ix_decisions_lead_id_id", "lead_id", "id"),
    sa.Index("ix_decisions_subject_id", "subject", "id"),
)
