"""One database, two dialects: SQLite with a single writer, PostgreSQL with many.

`Database.read()` gives a connection for looking, `Database.write()` one transaction for changing. On SQLite all writers
of all processes queue up on one lock file, so that nobody polls for the database's own lock.
"""

import contextlib
import json
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Dialect, make_url
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator

from nurture.kernel.clock import SystemClock, aware
from nurture.kernel.counting import WRITER_WAITS
from nurture.kernel.errors import OutsideError
from nurture.kernel.i18n import N_
from nurture.kernel.rows import insert_new as insert_new  # noqa: PLC0414 - whoever has a database asks for them here
from nurture.kernel.rows import insert_rows as insert_rows  # noqa: PLC0414
from nurture.kernel.rows import update_rows as update_rows  # noqa: PLC0414
from nurture.kernel.text import fold, fold_list
from nurture.kernel.turn import Turn

if sys.platform != "win32":
    import fcntl

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_monotonic = SystemClock().monotonic
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Instant(TypeDecorator[datetime]):
    """An aware instant: timestamptz on PostgreSQL, integer microseconds since 1970 (UTC) on SQLite."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(sa.BigInteger())
        return dialect.type_descriptor(sa.DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        instant = aware(value)
        return (instant - _EPOCH) // _MICROSECOND if dialect.name == "sqlite" else instant

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if dialect.name == "sqlite":
            return _EPOCH + timedelta(microseconds=int(value))
        return aware(value)

    # The same without a call in between: a campaign reads and writes a dozen of them for each lead.

    def bind_processor(self, dialect: Dialect) -> Any:
        return _microseconds if dialect.name == "sqlite" else super().bind_processor(dialect)

    def result_processor(self, dialect: Dialect, coltype: Any) -> Any:
        return _instant if dialect.name == "sqlite" else super().result_processor(dialect, coltype)


def _microseconds(value: datetime | None) -> int | None:
    if value is None:
        return None
    passed = (value if value.tzinfo is not None else aware(value)) - _EPOCH
    return passed.days * 86_400_000_000 + passed.seconds * 1_000_000 + passed.microseconds


def _instant(value: int | None) -> datetime | None:
    return None if value is None else _EPOCH + timedelta(0, 0, value)


# Of each connection to PostgreSQL. A side that hears nothing of the other any more gives the connection up within
# 20 seconds: the client its statement, the server the transaction and its locks.
_KEEPALIVE = "-c tcp_keepalives_idle=8 -c tcp_keepalives_interval=4 -c tcp_keepalives_count=3 -c tcp_user_timeout=20000"
POSTGRESQL: dict[str, Any] = {
    "connect_timeout": 10,
    "keepalives": 1,
    "keepalives_idle": 8,
    "keepalives_interval": 4,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
    "options": f"-c timezone=UTC {_KEEPALIVE}",
}


def json_text(value: Any) -> str:
    """JSON as it is stored."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


# JSON that keeps Vietnamese readable, jsonb where there is one.
Json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
# The same where there is often none: nothing is kept as NULL, which need not be read as JSON.
OptionalJson = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


class FoldedDocument(TypeDecorator[dict[str, Any]]):
    """A JSON object whose texts are kept folded beside the originals, under `~`, for comparison in SQL.

    `{"city": "Huế"}` is stored as `{"city": "Huế", "~": {"city": "hue"}}`; whoever reads it never sees the `~`.
    Text that folding leaves as it is has no second form. A list of texts is folded into one text.
    """

    impl = Json
    cache_ok = True

    def process_bind_param(self, value: Any, _dialect: Dialect) -> Any:
        return folded_document(value) if isinstance(value, dict) else value

    def process_result_value(self, value: Any, _dialect: Dialect) -> Any:
        if not isinstance(value, dict):
            return value
        return {key: one for key, one in value.items() if key != FOLDED}


FOLDED = "~"


def folded_document(value: Mapping[str, Any]) -> dict[str, Any]:
    """A document as `FoldedDocument` stores it."""
    plain = {key: one for key, one in value.items() if key != FOLDED}
    folded = {key: fold(one) for key, one in plain.items() if isinstance(one, str) and fold(one) != one}
    folded |= {key: fold_list(one) or "" for key, one in plain.items() if isinstance(one, list)}
    return {**plain, FOLDED: folded} if folded else plain


class _Many(TypeDecorator[Sequence[Any]]):
    """Many numbers or texts as one parameter: an array on PostgreSQL, a JSON list on SQLite."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        if dialect.name == "sqlite":
            return json_text(list(value))
        return f"{{{','.join([_element(one) for one in value])}}}"


def _element(value: Any) -> str:
    """As it stands in the text of an array."""
    if not isinstance(value, str):
        return str(value)
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


class among(FunctionElement[bool]):  # noqa: N801 - read as SQL's own functions are
    """Whether a number or text is one of many: `IN` with one parameter, so that the statement is the same for any many.

    They may be named, to be given when the statement is run.
    """

    inherit_cache = True
    type = sa.Boolean()

    def __init__(self, column: sa.ColumnElement[Any], many: Sequence[Any] | str) -> None:
        if isinstance(many, str):
            wanted = sa.bindparam(many, type_=_Many())
        else:
            wanted = sa.bindparam(None, many, type_=_Many(), unique=True)
        super().__init__(column, wanted)

    def self_group(self, against: Any = None) -> "among":  # noqa: ARG002 - as SQLAlchemy calls it
        """As it is: SQLAlchemy would write `… IN (…) = 1` on SQLite, for which no index serves."""
        return self


@compiles(among, "sqlite")
def _among_sqlite(element: among, compiler: Any, **options: Any) -> str:
    column, numbers = (compiler.process(one, **options) for one in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({numbers}))"  # noqa: S608 - compiled parts


@compiles(among, "postgresql")
def _among_postgresql(element: among, compiler: Any, **options: Any) -> str:
    column, numbers = (compiler.process(one, **options) for one in element.clauses)
    # Not IN a subquery: what is few shall be looked for in the index, whatever the figures say of a table that grew.
    # The list is selected so that it is read once: where no index serves, a cast would be made anew for each row.
    kind = "text" if isinstance(next(iter(element.clauses)).type, sa.Text) else "bigint"
    return f"{column} = ANY ((SELECT ({numbers})::{kind}[])::{kind}[])"


class listed(FunctionElement[Any]):  # noqa: N801 - read as SQL's own functions are
    """The values of a column over all rows, as one JSON list in no order; NULL or empty where there is no row."""

    inherit_cache = True

    def __init__(self, column: sa.ColumnElement[Any]) -> None:
        super().__init__(column)
        self.type = Json


@compiles(listed, "sqlite")
def _listed_sqlite(element: listed, compiler: Any, **options: Any) -> str:
    return f"json_group_array({compiler.process(element.clauses, **options)})"


@compiles(listed, "postgresql")
def _listed_postgresql(element: listed, compiler: Any, **options: Any) -> str:
    return f"jsonb_agg({compiler.process(element.clauses, **options)})"


class unindexed(FunctionElement[Any]):  # noqa: N801 - likewise
    """A column as it is, which SQLite must not look for in an index: it has no figures to tell few rows from many."""

    inherit_cache = True

    def __init__(self, column: sa.ColumnElement[Any]) -> None:
        super().__init__(column)
        self.type = column.type


@compiles(unindexed, "sqlite")
def _unindexed_sqlite(element: unindexed, compiler: Any, **options: Any) -> str:
    return f"+{compiler.process(element.clauses, **options)}"


@compiles(unindexed)
def _unindexed(element: unindexed, compiler: Any, **options: Any) -> str:
    return str(compiler.process(element.clauses, **options))


# A 64-bit key that SQLite can still number by itself.
Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# Text compared by its bytes on both databases; it is folded in Python before it is stored.
Folded = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def column(name: str, kind: Any, *args: Any, personal: bool, **options: Any) -> sa.Column[Any]:
    """A column that says whether it holds personal data (what an erasure blanks)."""
    info = {"personal": personal, **options.pop("info", {})}
    options.setdefault("nullable", False)
    return sa.Column(name, kind, *args, info=info, **options)


def key_column() -> sa.Column[Any]:
    """The numbered primary key of a table."""
    return sa.Column("id", Id, primary_key=True, autoincrement=True, info={"personal": False})


class Database:
    """The installation's database. One object for each process.

    `scratch`: a file that is thrown away after use (a rehearsal's). It may hold a part of an installation only, so that
    references are not checked, and nothing of it waits for the disk.
    """

    def __init__(self, url: str, *, scratch: bool = False) -> None:
        self.url = make_url(url)
        self._scratch = scratch
        self.dialect = self.url.get_backend_name()
        if self.dialect not in {"sqlite", "postgresql"}:
            raise OutsideError(N_("This kind of database is not supported: %(kind)s"), kind=self.dialect)
        self._turn = Turn()
        self._lock_file: IO[bytes] | None = None
        self._own = threading.local()  # of each thread: a look before commits; a connection
        self._kept: list[Connection] = []
        self.engine = self._postgresql() if self.dialect == "postgresql" else self._sqlite()

    @property
    def is_sqlite(self) -> bool:
        """Whether there is one writer only."""
        return self.dialect == "sqlite"

    def _postgresql(self) -> sa.Engine:
        return sa.create_engine(
            self.url.set(drivername="postgresql+psycopg"),
            json_serializer=json_text,
            hide_parameters=True,  # an error that is logged names no person and no secret
            pool_size=8,
            max_overflow=16,
            pool_pre_ping=True,
            connect_args=POSTGRESQL,
        )

    def _sqlite(self) -> sa.Engine:
        path = self.url.database
        if not path or path == ":memory:":
            raise OutsideError(N_("SQLite needs a file: a database in memory cannot be shared"))
        Path(path).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _begin_private(path)
        engine = sa.create_engine(
            self.url,
            json_serializer=json_text,
            hide_parameters=True,
            pool_size=16,
            max_overflow=32,
            connect_args={"timeout": 30, "check_same_thread": False, "isolation_level": None},
        )

        safe = ("synchronous=FULL", "foreign_keys=ON")

        @event.listens_for(engine, "connect")
        def _prepare(connection: Any, _record: Any) -> None:
            cursor = connection.cursor()
            for pragma in (
                "journal_mode=WAL",
                *(("synchronous=OFF", "foreign_keys=OFF") if self._scratch else safe),
                "temp_store=MEMORY",
                "cache_size=-8192",
                "mmap_size=268435456",
            ):
                cursor.execute(f"PRAGMA {pragma}")
            cursor.close()

        @event.listens_for(engine, "begin")
        def _begin(connection: Connection) -> None:
            options = connection.get_execution_options()
            if options.get("nurture_bare"):
                return
            connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("nurture_write") else "BEGIN")

        return engine

    @property
    def is_scratch(self) -> bool:
        """Whether nobody else waits for it, so that transactions may be as long as suits the work."""
        return self._scratch

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection for reading: one snapshot on SQLite, read committed on PostgreSQL.

        Of a scratch database one for each thread, without a transaction: nobody else writes meanwhile.
        """
        if self._scratch and self.is_sqlite:
            yield self._bare()
            return
        with self.engine.connect() as connection:
            yield connection

    def _bare(self) -> Connection:
        found: Connection | None = getattr(self._own, "connection", None)
        if found is None or found.closed:
            found = self._own.connection = self.engine.connect().execution_options(nurture_bare=True)
            self._kept.append(found)
        return found

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """A connection whose every query sees the same state, on both databases."""
        with self.engine.connect() as connection:
            if not self.is_sqlite:
                connection = connection.execution_options(isolation_level="REPEATABLE READ")
            yield connection

    @contextmanager
    def write(self, *, urgent: bool = False) -> Iterator[Connection]:
        """One transaction: committed at the end of the block, rolled back on any error. Does not nest.

        `urgent`: somebody waits for the answer; on SQLite such a writer goes before the loops.
        """
        if not self.is_sqlite:
            with self.engine.begin() as connection:
                yield connection
                self._look_last(connection)
            return
        asked = _monotonic()
        with self._turn.mine(urgent=urgent), self._between_processes(), self.engine.connect() as bare:
            if not self._scratch:
                WRITER_WAITS.note(_monotonic() - asked)
            connection = bare.execution_options(nurture_write=True)
            with connection.begin():
                yield connection
                self._look_last(connection)

    @property
    def is_awaited(self) -> bool:
        """Whether somebody waits for an answer until this writer has done: a good moment to end. Of SQLite only."""
        return self._turn.is_awaited

    @contextmanager
    def fenced(self, look: Callable[[Connection], None]) -> Iterator[None]:
        """While the block runs each transaction of this thread ends with this look, which undoes it by an error."""
        self._own.look = look
        try:
            yield
        finally:
            self._own.look = None

    def _look_last(self, connection: Connection) -> None:
        look: Callable[[Connection], None] | None = getattr(self._own, "look", None)
        if look is not None:
            look(connection)

    @contextmanager
    def _between_processes(self) -> Iterator[None]:
        if sys.platform == "win32":
            yield
            return
        if self._lock_file is None:
            path = f"{self.url.database}.writer"
            try:
                self._lock_file = open(path, "ab", opener=_private)  # noqa: SIM115 - held as long as the process
            except OSError as error:
                raise OutsideError(N_("The database's folder cannot be written: %(error)s"), error=error) from error
        fcntl.flock(self._lock_file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._lock_file, fcntl.LOCK_UN)

    def now(self, connection: Connection) -> datetime:
        """The database's own time, for leases: one clock for all machines."""
        if self.is_sqlite:
            days = "(julianday('now') - 2440587.5) * 86400000"
            passed = connection.exec_driver_sql(f"SELECT CAST({days} AS INTEGER)").scalar_one()
            return _EPOCH + timedelta(milliseconds=int(passed))
        return aware(connection.execute(sa.select(sa.func.clock_timestamp())).scalar_one())

    def now_within(self, connection: Connection) -> sa.ColumnElement[datetime]:
        """The same as a part of a statement: as it is when the database comes to it."""
        if self.is_sqlite:
            return sa.literal(self.now(connection), Instant)
        return sa.func.clock_timestamp()

    def close(self) -> None:
        """Give all connections back."""
        while self._kept:
            self._kept.pop().close()
        self.engine.dispose()
        if self._lock_file is not None:
            self._lock_file.close()
            self._lock_file = None


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _begin_private(path: str) -> None:
    """A new database is for its owner's eyes; SQLite gives its -wal and -shm the same mode.

    One that is there is never opened here: closing it again would take SQLite's own locks away.
    """
    with contextlib.suppress(OSError):  # there already, or SQLite says what is wrong
        os.close(_private(path, os.O_RDWR | os.O_CREAT | os.O_EXCL))


def upsert(dialect: str, table: sa.Table) -> Any:
    """`INSERT … ON CONFLICT` of the dialect, which SQLAlchemy spells in two places."""
    if dialect == "sqlite":
        return sqlite.insert(table)
    return postgresql.insert(table)
