"""The installation's row and its guards: copies notice, modes of time do not mix, engine time stands still."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from nurture.kernel import installation
from nurture.kernel.clock import LapseClock, ManualClock
from nurture.kernel.database import Database
from nurture.kernel.errors import GuardError
from nurture.kernel.leases import hold, release
from nurture.kernel.tables import installation as table
from nurture.kernel.tables import leases

REAL = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


def _row(database: Database) -> installation.Installation:
    with database.read() as conn:
        found = installation.load(conn)
    assert found is not None
    return found


def test_a_copy_elsewhere_notices_and_waits_for_a_person(database: Database) -> None:
    """Another place stops sending until it is claimed."""
    installation.settle(database, real=REAL, demo=False)
    with database.write() as conn:
        conn.execute(table.update().values(place="another machine"))
    moved = installation.settle(database, real=REAL, demo=False)
    assert moved.stopped_sending == installation.MOVED
    installation.claim(database)
    assert installation.settle(database, real=REAL, demo=False).stopped_sending is None


def test_the_same_place_goes_on_sending(database: Database) -> None:
    """A restart is no move."""
    first = installation.settle(database, real=REAL, demo=False)
    again = installation.settle(database, real=REAL + timedelta(days=1), demo=False)
    assert (again.instance, again.stopped_sending) == (first.instance, None)


@pytest.mark.parametrize(("first", "second"), [(0.0, 60.0), (60.0, 0.0)], ids=["real-then-lapse", "lapse-then-real"])
def test_a_database_lives_in_one_kind_of_time(database: Database, first: float, second: float) -> None:
    """Once in one, it refuses the other."""
    installation.settle(database, real=REAL, demo=False)
    installation.choose_mode(database, speed=first, real=REAL)
    with pytest.raises(GuardError):
        installation.choose_mode(database, speed=second, real=REAL)


def test_engine_time_stands_still_while_nothing_runs(database: Database) -> None:
    """A start an hour later goes on where the last note was made."""
    installation.settle(database, real=REAL, demo=False)
    installation.choose_mode(database, speed=4320, real=REAL)
    engine = REAL + timedelta(days=3)
    with database.write() as conn:
        installation.note_time(conn, ManualClock(engine, REAL), running=False)
    clock = installation.clock_of(_row(database), starting=True, system=ManualClock(REAL + timedelta(hours=1)))
    assert isinstance(clock, LapseClock)
    assert (clock.engine_anchor, clock.real_anchor) == (engine, REAL + timedelta(hours=1))


def test_a_command_beside_a_running_server_sees_its_time(database: Database) -> None:
    """The note is fresh: time runs on from it. The note is old: it stands."""
    installation.settle(database, real=REAL, demo=False)
    installation.choose_mode(database, speed=60, real=REAL)
    with database.write() as conn:
        installation.note_time(conn, ManualClock(REAL, REAL), running=True)
    row = _row(database)
    beside = installation.clock_of(row, starting=False, system=ManualClock(REAL + timedelta(seconds=2)))
    later = installation.clock_of(row, starting=False, system=ManualClock(REAL + timedelta(minutes=5)))
    assert isinstance(beside, LapseClock)
    assert beside.speed == 60
    assert isinstance(later, LapseClock)
    assert later.speed == 0
    assert later.engine() == REAL


def test_one_holds_a_role_at_a_time(database: Database) -> None:
    """Another waits until it is given back or has lapsed; the fence grows with each change."""
    span = timedelta(seconds=30)
    first = hold(database, "clock", "a", span)
    assert first is not None
    assert hold(database, "clock", "b", span) is None
    assert hold(database, "clock", "a", span) == first
    release(database, "clock", "a")
    assert hold(database, "clock", "b", span) == first + 1


def test_a_dead_holder_is_followed_when_its_span_is_over(database: Database) -> None:
    """Nobody gave it back; time did."""
    assert hold(database, "clock", "a", timedelta(seconds=30)) is not None
    with database.write() as conn:
        conn.execute(sa.update(leases).values(until=database.now(conn) - timedelta(seconds=1)))
    assert hold(database, "clock", "b", timedelta(seconds=30)) is not None


def test_a_write_within_a_write_is_a_bug(sqlite_url: str) -> None:
    """On SQLite it would wait for itself for ever."""
    database = Database(sqlite_url)
    with database.write(), pytest.raises(RuntimeError), database.write():
        pass
    database.close()


def test_an_error_takes_the_whole_transaction_back(database: Database) -> None:
    """Nothing half-written stays."""
    installation.settle(database, real=REAL, demo=False)
    with pytest.raises(ZeroDivisionError), database.write() as conn:
        conn.execute(table.update().values(demo=True))
        raise ZeroDivisionError
    assert _row(database).demo is False
