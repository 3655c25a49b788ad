"""A database that the first release filled keeps every row and every promise when it is brought to the present form.

It was killed in the middle of a sending: `fill.py` shows what was done to it.
"""

import json
import lzma
import shutil
import socket
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from nurture.activities.model import Kind
from nurture.activities.service import Activity, record_many
from nurture.activities.tables import activities, reactions
from nurture.delivery import journal
from nurture.delivery.recovery import recover
from nurture.delivery.service import Dispatcher
from nurture.delivery.tables import senders
from nurture.engine.react import react
from nurture.engine.tick import tick
from nurture.enrollments.tables import enrollments, passages
from nurture.kernel import installation
from nurture.kernel.clock import ManualClock
from nurture.kernel.context import Context
from nurture.kernel.database import Database
from nurture.kernel.errors import GuardError
from nurture.kernel.partitions import parts
from nurture.kernel.settings import read_settings
from nurture.kernel.signing import load_ring
from nurture.leads.tables import leads
from nurture.messages.tables import attempts, messages
from nurture.migrations import current, head, migrate
from nurture.scoring.tables import score_entries
from nurture.tracking.event import events
from nurture.tracking.service import ingest
from nurture.tracking.tables import hits
from nurture.web.app import create_app
from tests.faults.sink import Script, Sink
from tests.journeys.server import wait_for
from tests.web.client import Client

HERE = Path(__file__).resolve().parent
PASSWORD = "correct horse battery 9"
Rows = Mapping[str, Counter[tuple[Any, ...]]]
# What no longer stands where it stood: entries go on from marks of their own (`entry_marks`).
MOVED = {"campaigns": {"entered_until"}}


@dataclass(frozen=True)
class First:
    """The database after the migration, what stood in it before, and what had left the house."""

    context: Context
    before: Rows
    names: Mapping[str, list[str]]
    outside: dict[str, Any]


def _loaded(kind: str, folder: Path, server: str) -> str:
    """The address of a database as the first release left it."""
    text = lzma.decompress((HERE / f"first_{kind}" / "dump.sql.xz").read_bytes()).decode("utf-8")
    if kind == "sqlite":
        with closing(sqlite3.connect(folder / "nurture.db")) as file:
            file.executescript(text)
        return f"sqlite:///{folder / 'nurture.db'}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute("DROP DATABASE IF EXISTS nurture_first WITH (FORCE)")
        admin.execute("CREATE DATABASE nurture_first")
    url = sa.make_url(server).set(drivername="postgresql", database="nurture_first")
    address = url.render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True) as connection:
        connection.cursor().execute(text.encode())
    return address


def _rows(database: Database, names: Mapping[str, list[str]]) -> Rows:
    """Every row of these columns, as the driver gives it."""
    found: dict[str, Counter[tuple[Any, ...]]] = {}
    with database.read() as conn:
        for table, columns in names.items():
            listed = ", ".join(f'"{name}"' for name in columns)
            rows = conn.exec_driver_sql(f'SELECT {listed} FROM "{table}"')  # noqa: S608 - names of the dump
            found[table] = Counter(tuple(map(_plain, row)) for row in rows)
    return found


def _plain(value: Any) -> Any:
    return json.dumps(value, sort_keys=True) if isinstance(value, dict | list) else value


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def first(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[First]:
    """The first release's database, brought to the present form."""
    kind, folder = request.param, tmp_path_factory.mktemp("first")
    server = "" if kind == "sqlite" else request.getfixturevalue("postgres_server")
    address, home = _loaded(kind, folder, server), HERE / f"first_{kind}"
    outside = json.loads((home / "outside.json").read_text("utf-8"))
    shutil.copy(home / "keys.json", folder / "keys.json")
    settings = read_settings(
        {"NURTURE_DATA_DIR": str(folder), "NURTURE_DATABASE_URL": address, "NURTURE_SECRET_KEY": outside["secret"]}
    )
    database = Database(address)
    reflected = sa.inspect(database.engine)
    tables = [name for name in reflected.get_table_names() if name != "alembic_version"]
    names = {name: [column["name"] for column in reflected.get_columns(name)] for name in tables}
    before = _rows(database, names)
    migrate(database)
    with database.read() as conn:
        row = installation.load(conn)
    assert row is not None
    assert row.engine_at is not None
    clock = ManualClock(row.engine_at, row.noted_at)
    yield First(Context(settings, database, clock, load_ring(settings.keys_file)), before, names, outside)
    database.close()


def _scalars(context: Context, query: sa.Select[Any]) -> list[Any]:
    with context.database.read() as conn:
        return list(conn.execute(query).scalars())


def test_every_row_is_there_with_its_values(first: First) -> None:
    """Nothing is lost, doubled or changed but what is said; the database is of the newest form."""
    kept = {
        table: [name for name in columns if name not in MOVED.get(table, set())]
        for table, columns in first.names.items()
    }
    after = _rows(first.context.database, kept)
    changed = []
    for table, columns in kept.items():
        places = [first.names[table].index(name) for name in columns]
        before: Counter[tuple[Any, ...]] = Counter()
        for row, count in first.before[table].items():
            before[tuple(row[place] for place in places)] += count
        changed += [table] if after[table] != before else []
    assert changed == []
    with first.context.database.read() as conn:
        assert current(conn) == head()
    assert sum(sum(rows.values()) for rows in first.before.values()) > 3_000


def test_the_account_adds_up_and_no_key_is_there_twice(first: First) -> None:
    """As many messages as before in each state; one for each step of an enrollment."""
    states = dict(Counter(_scalars(first.context, sa.select(messages.c.state))))
    assert {"queued", "sending", "sent", "deferred", "unknown", "skipped", "bounced"} <= set(states)
    key = sa.select(messages.c.enrollment_id, messages.c.step, messages.c.occurrence)
    with first.context.database.read() as conn:
        keys = [tuple(row) for row in conn.execute(key.where(messages.c.enrollment_id.is_not(None)))]
    assert len(keys) == len(set(keys)) > 100


def test_what_was_there_is_the_first_part_of_what_is_cut_by_month(first: First) -> None:
    """On PostgreSQL; and nothing that happened then can be written again, whenever it is said to have been."""
    context = first.context
    with context.database.write() as conn:
        if not context.database.is_sqlite:
            for table in (hits, activities):
                assert [one.name for one in parts(conn, table)] == [f"{table.name}_before", f"{table.name}_rest"]
        row = conn.execute(sa.select(activities).where(activities.c.cause_key.is_not(None))).mappings().first()
        assert row is not None
        later = row["occurred_at"] + timedelta(days=400)
        line = Activity(row["lead_id"], Kind(row["kind"]), later, "lead", "test", row["cause_key"])
        assert record_many(conn, [line], real=context.clock.real()) == [None]


def test_the_score_is_the_sum_of_its_lines(first: First) -> None:
    """Of both axes, for every lead."""
    total = sa.select(score_entries.c.lead_id, score_entries.c.axis, sa.func.sum(score_entries.c.points))
    with first.context.database.read() as conn:
        rows = conn.execute(total.group_by(score_entries.c.lead_id, score_entries.c.axis))
        sums = {(lead, axis): int(points) for lead, axis, points in rows}
        points = conn.execute(sa.select(leads.c.id, leads.c.engagement, leads.c.fit)).all()
    assert any(row.engagement for row in points)
    for row in points:
        assert (row.engagement, row.fit) == (sums.get((row.id, "engagement"), 0), sums.get((row.id, "fit"), 0))


def test_links_that_left_the_house_are_still_good(first: First) -> None:
    """Opens, clicks with their target, and the way out."""
    client = Client(create_app(first.context))
    for pixel, clicks, leave in first.outside["links"]:
        opened = events()["open"].read(first.context.keys, pixel.rpartition("/")[2])
        assert opened is not None
        for link in clicks:
            target = events()["click"].read(first.context.keys, link.rpartition("/")[2])
            assert target is not None
            assert target.message_id == opened.message_id
            assert (target.url or "").startswith("https://www.nurture.example/")
        assert client.get("/u/" + leave.rpartition("/")[2]).status_code == 200


def test_people_sign_in_as_before(first: First) -> None:
    """With the password that was hashed then; and who was signed in still is."""
    app = create_app(first.context)
    client = Client(app)
    client.get("/login")
    assert client.post("/login", {"email": "chu@anphat.example", "password": PASSWORD}).status_code == 303
    assert client.get("/leads").status_code == 200
    before = Client(app)
    for name, value in first.outside["cookies"].items():
        before.flask.set_cookie(name, value)
    assert before.get("/leads").status_code == 200


def test_there_is_no_way_back_but_the_copy_made_before(first: First) -> None:
    """A nurture that knows less refuses, unless the newer one noted that its form still serves it."""
    database = first.context.database
    with database.write() as conn:
        conn.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
        if not database.is_sqlite:
            conn.exec_driver_sql("COMMENT ON TABLE alembic_version IS NULL")
    with pytest.raises(GuardError, match="of a newer nurture"):
        migrate(database)
    with database.write() as conn:
        conn.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{head()}'")  # noqa: S608 - our word


def _die(context: Context) -> None:
    """The senders that were killed have been of this machine."""
    home = HERE / f"first_{context.database.dialect}"
    boot = journal.boot_id()
    with context.database.write() as conn:
        for path in home.glob("*.journal"):
            data = path.read_bytes()
            target = context.settings.data_dir / path.name
            target.write_bytes(data[:16] + boot.encode("ascii").ljust(40, b"\0") + data[56:])
            here = {"host": socket.gethostname(), "boot": boot, "journal": str(target)}
            conn.execute(senders.update().where(senders.c.id == path.stem).values(here))


def test_what_was_under_way_goes_on_and_goes_out_once(first: First) -> None:
    """Journals are believed, hits judged and reacted to; each letter is handed over once, and steps follow."""
    context = first.context
    installation.claim(context.database)
    _die(context)
    found = recover(context)
    assert found == sum(1 for row in first.before["messages"].elements() if "sending" in row)
    assert not _scalars(context, sa.select(messages.c.id).where(messages.c.state == "sending"))
    ingest(context)
    react(context)
    assert not _scalars(context, sa.select(hits.c.id).where(hits.c.verdict.is_(None)))
    assert not _scalars(context, sa.select(reactions.c.id))
    waiting = sa.select(sa.func.count()).where(messages.c.state == "queued", messages.c.not_before <= _now(context))
    (ready,) = _scalars(context, waiting)
    assert ready > 20
    gone = _send_all(context)
    assert len(gone) == len(set(gone)) >= ready // 2
    sent_twice = (
        sa.select(attempts.c.message_id)
        .where(attempts.c.outcome == "sent")
        .group_by(attempts.c.message_id)
        .having(sa.func.count() > 1)
    )
    assert not _scalars(context, sent_twice)
    _go_on(context)


def _now(context: Context) -> datetime:
    return context.clock.engine()


def _send_all(context: Context) -> list[str]:
    """Hand over what may go now; gives the Message-IDs that a relay took."""
    with Sink(Script()) as sink:
        settings = read_settings(
            {
                "NURTURE_DATA_DIR": str(context.settings.data_dir),
                "NURTURE_DATABASE_URL": context.database.url.render_as_string(hide_password=False),
                "NURTURE_SMTP_URL": f"smtp://127.0.0.1:{sink.port}",
            }
        )
        sending = Context(settings, context.database, context.clock, context.keys)
        waiting = sa.select(messages.c.id).where(
            messages.c.state.in_(["queued", "sending"]), messages.c.not_before <= _now(context)
        )
        dispatcher = Dispatcher(sending)
        dispatcher.start()
        try:
            wait_for(lambda: not _scalars(context, waiting), 30, "everything that may go has gone")
        finally:
            dispatcher.stop()
    marks = [line for raw in sink.mails for line in raw.split(b"\r\n") if line.lower().startswith(b"message-id:")]
    return [mark.decode() for mark in marks]


def _go_on(context: Context) -> None:
    """Months later those who rested have come to their next step."""
    assert isinstance(context.clock, ManualClock)
    rested = sa.select(sa.func.count()).select_from(passages).where(passages.c.step == "rest")
    (before,) = _scalars(context, rested)
    for _ in range(3):
        context.clock.advance(timedelta(days=31))
        tick(context)
    (after,) = _scalars(context, rested)
    assert after >= before + 30
    assert not _scalars(context, sa.select(enrollments.c.id).where(enrollments.c.state == "failed"))
