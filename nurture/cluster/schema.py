"""Where Procrastinate's tables live: a schema of their own beside ours, made and upgraded at the start (writes it).

Its migrations come in pairs. What a new version needs is done before it runs; what only an old version needs is taken
away a day later, by whoever starts then: old and new processes run side by side in between.
"""

import importlib
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy.engine import Connection

SCHEMA = "procrastinate"
_LOCK = 5_117_302_012  # any number of our own, for PostgreSQL's advisory lock
_SIDE_BY_SIDE = timedelta(days=1)
_VERSION = len("03.04.00")


def in_schema(conn: Connection) -> None:
    """Let the rest of the transaction find Procrastinate's names; ours are found as before."""
    conn.exec_driver_sql(
        f"SELECT set_config('search_path', '{SCHEMA}, ' || current_setting('search_path'), true)"
        f" WHERE current_setting('search_path') NOT LIKE '{SCHEMA},%%'",
        (),
    )


def has_tables(conn: Connection) -> bool:
    """Whether there is a queue in this database."""
    if conn.dialect.name != "postgresql":
        return False
    return conn.exec_driver_sql(f"SELECT to_regclass('{SCHEMA}.procrastinate_jobs')").scalar() is not None


def install(conn: Connection, real: datetime) -> list[str]:
    """Make the tables, or bring them to the form of the installed version; gives what was applied."""
    manager = importlib.import_module("procrastinate.schema").SchemaManager
    conn.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
    files = sorted(Path(manager.get_migrations_path()).glob("*.sql"))
    names = [one.stem for one in files]
    if not has_tables(conn):
        conn.exec_driver_sql(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
        _apply(conn, [manager.get_schema()])
        _note(conn, names[-1:], real)
        return ["schema"]
    noted = _noted(conn)
    if noted is None:  # made by hand, or a copy: of this version, as far as can be told
        _note(conn, names[-1:], real)
        return []
    wanted = due(names, *noted, real)
    if wanted:
        _apply(conn, [one.read_text("utf-8") for one in files if one.stem in wanted])
        _note(conn, wanted, real)
    return wanted


def due(names: Sequence[str], done: str, since: datetime, real: datetime) -> list[str]:
    """Which migrations to apply now, in order. What the newest version takes away waits until it has run for a day."""
    missing = [name for name in names if name > done]
    last = [name for name in missing if name[:_VERSION] == missing[-1][:_VERSION] and "_post_" in name]
    if missing == last:
        return missing if real - since >= _SIDE_BY_SIDE else []
    return [name for name in missing if name not in last]


def _apply(conn: Connection, scripts: Sequence[str]) -> None:
    conn.exec_driver_sql(f"SET LOCAL search_path TO {SCHEMA}")
    driver = conn.connection.driver_connection
    for script in scripts:
        driver.execute(script)  # type: ignore[union-attr] # many statements in one text: psycopg takes them as they are


def _noted(conn: Connection) -> tuple[str, datetime] | None:
    """How far the schema is, and since when; None where its comment does not tell."""
    query = f"SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = '{SCHEMA}'"  # noqa: S608
    try:
        noted = json.loads(conn.exec_driver_sql(query).scalar() or "{}")
        return str(noted["done"]), datetime.fromisoformat(noted["at"])
    except (ValueError, KeyError, TypeError):
        return None


def _note(conn: Connection, applied: Sequence[str], real: datetime) -> None:
    noted = json.dumps({"done": applied[-1], "at": real.isoformat()})
    conn.exec_driver_sql(f"COMMENT ON SCHEMA {SCHEMA} IS '{noted}'")
