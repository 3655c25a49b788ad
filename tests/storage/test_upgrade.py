"""A database of the first release, with leads under way, becomes one of the campaign engine."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from nurture.activities.tables import activities
from nurture.campaigns.entry import read_entry
from nurture.campaigns.reading import Reading
from nurture.campaigns.tables import campaign_revisions, campaigns
from nurture.enrollments import store
from nurture.enrollments.tables import enrollments, entry_marks
from nurture.kernel.database import Database, Instant
from nurture.kernel.yamlfile import read
from nurture.leads.tables import leads
from nurture.migrations import migrate
from nurture.migrations.upgrading import upgrade
from nurture.segments import store as segment_store

NOW = datetime(2026, 11, 2, 2, 0, tzinfo=UTC)
BEFORE = NOW - timedelta(days=30)
DEFINITION = {"key": "hello", "entry": {"segment": "khách", "existing": "skip"}}


@pytest.fixture(params=["sqlite", "postgresql"])
def released(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """A database as the first release leaves it."""
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path}/released.db")
    else:
        url = sa.make_url(request.getfixturevalue("postgres_server"))
        admin = sa.create_engine(url.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.exec_driver_sql("DROP DATABASE IF EXISTS nurture_released WITH (FORCE)")
            connection.exec_driver_sql("CREATE DATABASE nurture_released")
        admin.dispose()
        target = url.set(drivername="postgresql", database="nurture_released")
        database = Database(target.render_as_string(hide_password=False))
    with database.write() as conn:
        upgrade(conn, "0003")
    yield database
    database.close()


def _fill(database: Database) -> None:
    """A lead under way, held by a cap, in a live campaign; a tag that was given before."""
    until = sa.bindparam("until", NOW, Instant())
    rows: list[tuple[sa.Table, dict[str, Any]]] = [
        (leads, {"public_id": "lead1", "email": "a@example.vn", "fields": {}, "updated_at": BEFORE}),
        (campaigns, {"key": "hello", "name": {}, "state": "live"}),
        (campaign_revisions, {"campaign_id": 1, "hash": "x", "source": "", "definition": DEFINITION,
                              "created_by": "cli"}),
        (enrollments, {"campaign_id": 1, "revision_id": 1, "lead_id": 1, "state": "active", "cause": "membership:1",
                       "step": "first", "due_at": NOW, "planned_at": NOW, "arrived_at": BEFORE, "held": "capped",
                       "held_detail": {"count": 3}, "entered_at": BEFORE}),
        (activities, {"lead_id": 1, "kind": "tagged", "occurred_at": BEFORE, "recorded_at": BEFORE, "actor": "cli",
                      "cause": "cli", "detail": {"tag": "khach_vip"}}),
    ]  # fmt: skip
    with database.write() as conn:
        for table, values in rows:
            created = {"created_at": BEFORE} if "created_at" in table.c else {}
            conn.execute(table.insert().values(**values, **created))
        conn.execute(campaigns.update().values(revision_id=1, published_at=BEFORE))
        conn.execute(sa.text("UPDATE campaigns SET entered_until = :until").bindparams(until))


def test_an_entry_goes_on_from_where_it_was(released: Database) -> None:
    """Under the very name that the entrance has: who joined long before the segment was named stays out as before."""
    _fill(released)
    migrate(released)
    reading = Reading(read("entry: {segment: khách, existing: skip}\n", "a.yaml"), segment_store.built_in(), None)
    (entrance,) = read_entry(reading, DEFINITION["entry"]).entrances
    with released.read() as conn:
        marks = conn.execute(sa.select(entry_marks)).all()
        assert conn.execute(sa.select(campaigns.c.resumed_at)).scalar_one() is None
    assert [tuple(one) for one in marks] == [(1, entrance.id, BEFORE, NOW)]


def test_who_is_under_way_stands_where_they_stood(released: Database) -> None:
    """With the reason for which they wait, and nothing remembered."""
    _fill(released)
    migrate(released)
    with released.read() as conn:
        (place,) = store.due(conn, NOW, 10)
        assert conn.execute(sa.select(enrollments.c.stirred)).scalar_one() == 0
        assert conn.execute(sa.select(activities.c.about)).scalar_one() == "khach_vip"
    assert (place.step, place.held, dict(place.memory)) == ("first", "capped", {})
