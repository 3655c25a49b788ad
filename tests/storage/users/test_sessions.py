"""Sessions: each has an end, and what has ended stays so."""

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from nurture.engine.upkeep import upkeep
from nurture.kernel.clock import ManualClock
from nurture.kernel.context import Context
from nurture.kernel.errors import ConflictError, NotFoundError
from nurture.kernel.identity import bearer_hash
from nurture.users import service, sessions, store
from nurture.users.sessions import IDLE, LONGEST, MOST, SEEN_EVERY, Origin
from nurture.users.tables import sessions as table
from nurture.users.tables import users

PASSWORD = "một câu dễ nhớ"


def _add(context: Context, email: str = "an@example.com") -> int:
    with context.database.write() as conn:
        return service.add(
            conn, email=email, name="An", role="sales", real=context.clock.real(), actor="cli", password=PASSWORD
        )


def _begin(context: Context, user_id: int, instead_of: int | None = None) -> str:
    with context.database.write() as conn:
        account = store.by_id(conn, user_id)
        assert account is not None
        origin = Origin("203.0.113.0/24", "Chrome, Windows")
        return sessions.begin(conn, account, origin, real=context.clock.real(), instead_of=instead_of)


def _found(context: Context, key: str) -> store.Session | None:
    with context.database.read() as conn:
        found = store.signed_in(conn, bearer_hash(key), context.clock.real())
    return found[1] if found else None


def _number(context: Context, key: str) -> int:
    found = _found(context, key)
    assert found is not None
    return found.id


def _see(context: Context, key: str) -> bool:
    found = _found(context, key)
    assert found is not None
    with context.database.write() as conn:
        return sessions.see(conn, found, context.clock.real())


def test_a_session_brings_its_account(context: Context) -> None:
    """By the key; the key itself is stored nowhere."""
    user_id = _add(context)
    key = _begin(context, user_id)
    with context.database.read() as conn:
        found = store.signed_in(conn, bearer_hash(key), context.clock.real())
        row = conn.execute(sa.select(table)).one()
        lines = store.trail(conn, f"user:{user_id}")
    assert found is not None
    assert (found[0].id, found[0].email) == (user_id, "an@example.com")
    assert (found[1].device, found[1].network) == ("Chrome, Windows", "203.0.113.0/24")
    assert key not in [str(value) for value in row]
    assert lines[0].action == "user.sign_in"
    assert _found(context, row.key_hash) is None


def test_each_sign_in_has_a_key_of_its_own_and_ends_the_one_before_in_the_same_browser(context: Context) -> None:
    """No key that was there before the sign-in is good after it."""
    user_id = _add(context)
    first = _begin(context, user_id)
    second = _begin(context, user_id, instead_of=_number(context, first))
    assert first != second
    assert _found(context, first) is None
    assert _found(context, second) is not None


def test_an_unused_session_ends(context: Context, clock: ManualClock) -> None:
    """After fourteen days; one in use lasts on from its last use."""
    user_id = _add(context)
    used, unused = _begin(context, user_id), _begin(context, user_id)
    clock.advance(IDLE - timedelta(seconds=1))
    assert _see(context, used)
    clock.advance(timedelta(seconds=1))
    assert _found(context, used) is not None
    assert _found(context, unused) is None


def test_no_session_lasts_for_ever(context: Context, clock: ManualClock) -> None:
    """However it is used."""
    key = _begin(context, _add(context))
    for _ in range(LONGEST // timedelta(days=10) - 1):
        clock.advance(timedelta(days=10))
        assert _see(context, key)
    clock.advance(timedelta(days=10))
    assert _found(context, key) is None


def test_last_use_is_written_once_in_a_while(context: Context, clock: ManualClock) -> None:
    """Not with each request, and by one of two at once."""
    key = _begin(context, _add(context))
    clock.advance(SEEN_EVERY - timedelta(seconds=1))
    first = _found(context, key)
    assert first is not None
    assert not sessions.is_unseen(first, clock.real())
    clock.advance(timedelta(seconds=1))
    assert sessions.is_unseen(first, clock.real())
    assert _see(context, key)
    with context.database.write() as conn:
        assert not sessions.see(conn, first, clock.real())


def test_what_has_ended_is_not_revived(context: Context, clock: ManualClock) -> None:
    """Neither by use, nor by a new key, nor by ending it again."""
    user_id = _add(context)
    key = _begin(context, user_id)
    held = _found(context, key)
    assert held is not None
    real = clock.real() + SEEN_EVERY
    with context.database.write() as conn:
        sessions.end(conn, user_id, held.id, real=real, actor=f"user:{user_id}")
        assert not sessions.see(conn, held, real)
        with pytest.raises(ConflictError):
            sessions.renew(conn, held.id, real)
        with pytest.raises(NotFoundError):
            sessions.end(conn, user_id, held.id, real=real, actor=f"user:{user_id}")
        assert sessions.end_all(conn, user_id, real=real + SEEN_EVERY, actor="cli") == 0
        assert conn.execute(sa.select(table.c.revoked_at)).scalar_one() == real
    assert _found(context, key) is None


def test_a_renewed_session_is_found_by_its_new_key_only(context: Context) -> None:
    """A copy of the old one is good for nothing."""
    key = _begin(context, _add(context))
    number = _number(context, key)
    with context.database.write() as conn:
        renewed = sessions.renew(conn, number, context.clock.real())
    assert _found(context, key) is None
    assert _number(context, renewed) == number


def test_sessions_of_others_are_out_of_reach(context: Context) -> None:
    """Nobody ends a stranger's session, and nobody sees it."""
    mine, other = _add(context), _add(context, "binh@example.com")
    key = _begin(context, other)
    with context.database.write() as conn:
        with pytest.raises(NotFoundError):
            sessions.end(conn, mine, _found_id(conn), real=context.clock.real(), actor=f"user:{mine}")
        assert store.sessions_of(conn, mine, context.clock.real()) == []
        assert sessions.end_all(conn, mine, real=context.clock.real(), actor="cli") == 0
    assert _found(context, key) is not None


def _found_id(conn: sa.Connection) -> int:
    return int(conn.execute(sa.select(table.c.id)).scalar_one())


def test_ending_all_keeps_the_one_and_leaves_a_line(context: Context) -> None:
    """With how many have ended."""
    user_id = _add(context)
    keys = [_begin(context, user_id) for _ in range(3)]
    kept = _number(context, keys[1])
    with context.database.write() as conn:
        assert sessions.end_all(conn, user_id, real=context.clock.real(), actor=f"user:{user_id}", keep=kept) == 2
        assert [one.id for one in store.sessions_of(conn, user_id, context.clock.real())] == [kept]
        line = store.trail(conn, f"user:{user_id}")[0]
    assert (line.action, line.detail) == ("user.sign_out_everywhere", {"sessions": 2, "kept": True})


@pytest.mark.parametrize("what", ["password", "reset", "disable"])
def test_what_changes_the_account_ends_its_sessions(context: Context, what: str) -> None:
    """A new password, one by a link, and closing the account."""
    user_id, real = _add(context), context.clock.real()
    keys = [_begin(context, user_id) for _ in range(2)]
    with context.database.write() as conn:
        if what == "password":
            service.set_password(conn, user_id, "một câu khác hẳn", real=real, actor="cli")
        elif what == "reset":
            _, token = service.reset(conn, email="an@example.com", real=real, actor="cli")
            service.redeem(conn, "reset", token, "một câu khác hẳn", real=real)
        else:
            service.disable(conn, user_id, real=real, actor="cli")
        line = store.trail(conn, f"user:{user_id}")[0]
        live = conn.execute(sa.select(sa.func.count()).where(table.c.revoked_at.is_(None))).scalar_one()
    assert [_found(context, key) for key in keys] == [None, None]
    assert live == 0
    assert line.detail == {"sessions": 2}


@pytest.mark.parametrize("what", ["password", "disable"])
def test_a_sign_in_that_was_overtaken_gets_no_session(context: Context, what: str) -> None:
    """The password that it proved is no more, or the account is closed."""
    user_id, real = _add(context), context.clock.real()
    with context.database.write() as conn:
        proved = store.by_id(conn, user_id)
        assert proved is not None
        if what == "password":
            service.set_password(conn, user_id, "một câu khác hẳn", real=real, actor="cli")
        else:
            service.disable(conn, user_id, real=real, actor="cli")
        with pytest.raises(ConflictError):
            sessions.begin(conn, proved, Origin(), real=real)
        assert conn.execute(sa.select(sa.func.count()).select_from(table)).scalar_one() == 0


@pytest.mark.parametrize("first", ["sign-in", "password"])
def test_a_sign_in_and_a_new_password_at_once_leave_no_session(context: Context, first: str) -> None:
    """Whichever of the two is earlier by an instant: the other waits for it, and sees what it did."""
    user_id, real = _add(context), context.clock.real()
    with context.database.read() as conn:
        proved = store.by_id(conn, user_id)
    assert proved is not None
    is_under_way, is_waiting = threading.Event(), threading.Event()

    def act(what: str) -> None:
        if what != first:
            assert is_under_way.wait(10)
            is_waiting.set()
        with contextlib.suppress(ConflictError), context.database.write() as conn:
            if what == "password":
                service.set_password(conn, user_id, "một câu khác hẳn", real=real, actor="cli")
            else:
                sessions.begin(conn, proved, Origin(), real=real)
            is_under_way.set()
            assert is_waiting.wait(10)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(act, ["sign-in", "password"]))
    with context.database.read() as conn:
        assert store.sessions_of(conn, user_id, real) == []


def test_a_closed_account_has_no_session_whatever_its_row_says(context: Context) -> None:
    """The look-up asks the account, too."""
    user_id = _add(context)
    key = _begin(context, user_id)
    with context.database.write() as conn:
        conn.execute(users.update().where(users.c.id == user_id).values(disabled_at=context.clock.real()))
    assert _found(context, key) is None


def test_an_account_has_so_many_sessions_at_once(context: Context, clock: ManualClock) -> None:
    """One more ends the one that was used longest ago."""
    user_id = _add(context)
    keys = []
    for _ in range(MOST):
        keys.append(_begin(context, user_id))
        clock.advance(timedelta(seconds=1))
    clock.advance(SEEN_EVERY)
    assert _see(context, keys[0])
    last = _begin(context, user_id)
    assert _found(context, keys[1]) is None
    assert all(_found(context, key) for key in (keys[0], *keys[2:], last))


def test_what_is_over_is_deleted_by_the_upkeep(context: Context, clock: ManualClock) -> None:
    """Ended or not, when its time is over; what lives stays."""
    user_id = _add(context)
    ended = _begin(context, user_id)
    _begin(context, user_id)
    with context.database.write() as conn:
        sessions.end(conn, user_id, _number_in(conn, ended, clock.real()), real=clock.real(), actor="cli")
    assert upkeep(context) == 0
    clock.advance(timedelta(days=1))
    alive = _begin(context, user_id)
    clock.advance(IDLE - timedelta(days=1))
    assert upkeep(context) == 2
    assert upkeep(context) == 0
    with context.database.read() as conn:
        assert conn.execute(sa.select(table.c.key_hash)).scalars().all() == [bearer_hash(alive)]


def _number_in(conn: sa.Connection, key: str, real: datetime) -> int:
    found = store.signed_in(conn, bearer_hash(key), real)
    assert found is not None
    return found[1].id
