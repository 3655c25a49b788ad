"""Accounts: added, invited, reset, changed, each with its audit line."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest

from nurture.kernel.clock import ManualClock
from nurture.kernel.context import Context
from nurture.kernel.errors import ConflictError, InputError, NotFoundError
from nurture.users import login, service, store

PASSWORD = "một câu dễ nhớ"


def _add(context: Context, email: str = "an@example.com", role: str = "sales", password: str | None = PASSWORD) -> int:
    with context.database.write() as conn:
        return service.add(
            conn, email=email, name="Nguyễn An", role=role, real=context.clock.real(), actor="cli", password=password
        )


def test_every_fault_of_a_new_account_is_named(context: Context) -> None:
    """Role, name and password at once."""
    with pytest.raises(InputError) as caught, context.database.write() as conn:
        service.add(
            conn, email="an@example.com", name=" ", role="boss", real=context.clock.real(), actor="cli", password="x"
        )
    assert [one.path for one in caught.value.problems] == ["role", "name", "password"]


def test_an_address_has_one_account(context: Context) -> None:
    """Whatever its case."""
    _add(context)
    with pytest.raises(ConflictError):
        _add(context, "AN@Example.com")


def test_an_invitation_works_once_and_for_seven_days(context: Context, clock: ManualClock) -> None:
    """A second one replaces the first."""
    with context.database.write() as conn:
        values = {"email": "moi@example.com", "name": "Mới", "role": "sales", "actor": "cli"}
        user_id, first = service.invite(conn, **values, real=clock.real())
        same, second = service.invite(conn, **values, real=clock.real())
        assert same == user_id
        assert service.holder(conn, "invite", first, clock.real()) is None
        assert service.holder(conn, "reset", second, clock.real()) is None
        assert service.holder(conn, "invite", second, clock.real() + timedelta(days=8)) is None
        assert service.redeem(conn, "invite", second, PASSWORD, real=clock.real()) == user_id
        with pytest.raises(NotFoundError):
            service.redeem(conn, "invite", second, PASSWORD, real=clock.real())


def test_a_reset_is_for_accounts_that_may_come_in(context: Context) -> None:
    """Neither for strangers nor for the disabled."""
    user_id, real = _add(context), context.clock.real()
    with context.database.write() as conn:
        service.reset(conn, email="an@example.com", real=real, actor="cli")
        service.disable(conn, user_id, real=real, actor="user:1")
        for email in ("an@example.com", "nobody@example.com"):
            with pytest.raises(NotFoundError):
                service.reset(conn, email=email, real=real, actor="cli")


def test_a_new_password_ends_open_links(context: Context) -> None:
    """Whoever held one is out."""
    user_id, real = _add(context), context.clock.real()
    with context.database.write() as conn:
        _, token = service.reset(conn, email="an@example.com", real=real, actor="cli")
        service.set_password(conn, user_id, "một câu khác hẳn", real=real, actor=f"user:{user_id}")
        assert service.holder(conn, "reset", token, real) is None


def test_days_away_are_looked_up_by_day(context: Context) -> None:
    """Both ends included; only one's own can be removed."""
    user_id, real = _add(context), context.clock.real()
    other = _add(context, "binh@example.com")
    with context.database.write() as conn:
        absence = service.add_absence(
            conn, user_id, date(2026, 11, 5), date(2026, 11, 6), real=real, actor=f"user:{user_id}"
        )
        days = [store.away_on(conn, date(2026, 11, day)) for day in (4, 5, 6, 7)]
        with pytest.raises(NotFoundError):
            service.remove_absence(conn, other, absence, real=real, actor=f"user:{other}")
        service.remove_absence(conn, user_id, absence, real=real, actor=f"user:{user_id}")
        assert store.absences(conn, user_id) == []
    mine = frozenset({user_id})
    assert days == [frozenset(), mine, mine, frozenset()]


def test_a_profile_that_is_changed_leaves_one_audit_line(context: Context) -> None:
    """With before and after; saving the same again leaves none."""
    user_id, real = _add(context), context.clock.real()
    working = {"days": "mon,tue,wed", "from": "08:30", "to": "17:00"}
    for _ in range(2):
        with context.database.write() as conn:
            service.set_profile(
                conn, user_id, name="An Nguyễn", phone="+84901234567", zone="Asia/Bangkok", working=working, real=real
            )
    with context.database.read() as conn:
        lines = [line for line in store.trail(conn, f"user:{user_id}") if line.action == "user.profile"]
        account = store.by_id(conn, user_id)
    assert len(lines) == 1
    assert lines[0].detail["name"] == ["Nguyễn An", "An Nguyễn"]
    assert account is not None
    assert account.working_hours == {"days": "mon-wed", "from": "08:30", "to": "17:00"}


def test_guessing_is_stopped_for_the_address_it_comes_from(context: Context, clock: ManualClock) -> None:
    """After five wrong passwords even the right one waits; elsewhere, and a quarter of an hour later, it works."""
    _add(context)

    def attempt(password: str, address: str = "10.0.0.1") -> object:
        found = login.sign_in(context.database, "An@example.com ", password, address, clock.real())
        return found.email if isinstance(found, store.Account) else found

    wrong = [attempt("wrong") for _ in range(5)]
    assert wrong == [login.Refused.WRONG] * 5
    assert attempt(PASSWORD) is login.Refused.TOO_MANY
    assert attempt(PASSWORD, "10.0.0.2") == "an@example.com"
    clock.advance(timedelta(minutes=16))
    assert attempt(PASSWORD) == "an@example.com"


def test_guesses_at_the_same_instant_are_counted_each(context: Context, clock: ManualClock) -> None:
    """Twelve at once get no more looks at the password than five in a row."""
    _add(context)
    begin = threading.Barrier(12)

    def guess(number: int) -> object:
        begin.wait(10)
        return login.sign_in(context.database, "an@example.com", f"wrong {number}", "10.0.0.1", clock.real())

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(guess, range(12)))
    assert answers.count(login.Refused.WRONG) <= 5
    assert set(answers) <= set(login.Refused)


def test_a_try_that_was_refused_makes_the_wait_no_longer(context: Context, clock: ManualClock) -> None:
    """Who keeps trying is let in a quarter of an hour after the last wrong password that was looked at."""
    _add(context)
    for _ in range(5):
        login.sign_in(context.database, "an@example.com", "wrong", "10.0.0.1", clock.real())
    clock.advance(timedelta(minutes=14))
    early = login.sign_in(context.database, "an@example.com", PASSWORD, "10.0.0.1", clock.real())
    clock.advance(timedelta(minutes=2))
    late = login.sign_in(context.database, "an@example.com", PASSWORD, "10.0.0.1", clock.real())
    assert early is login.Refused.TOO_MANY
    assert isinstance(late, store.Account)


def test_a_link_used_twice_at_once_works_once(context: Context, clock: ManualClock) -> None:
    """Both saw it unused; one of them sets the password."""
    _add(context, password=None)
    with context.database.write() as conn:
        _, token = service.invite(conn, email="an@example.com", name="An", role="sales", real=clock.real(), actor="cli")
    begin = threading.Barrier(4)

    def use(number: int) -> str:
        begin.wait(10)
        try:
            with context.database.write() as conn:
                service.redeem(conn, "invite", token, f"một câu dễ nhớ {number}", real=clock.real())
        except NotFoundError:
            return "dead"
        return "used"

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(use, range(4))) == ["dead", "dead", "dead", "used"]


def test_nobody_the_disabled_and_the_invited_are_refused_alike(context: Context) -> None:
    """The answer does not tell whether there is such an account."""
    user_id = _add(context)
    _add(context, "moi@example.com", password=None)
    with context.database.write() as conn:
        service.disable(conn, user_id, real=context.clock.real(), actor="cli")
    for email in ("an@example.com", "moi@example.com", "nobody@example.com"):
        found = login.sign_in(context.database, email, PASSWORD, "10.0.0.1", context.clock.real())
        assert found is login.Refused.WRONG


def _first_admin(context: Context, email: str = "admin@nurture.example") -> str | None:
    with context.database.write() as conn:
        return service.first_admin(conn, email=email, password=PASSWORD, real=context.clock.real(), actor="cli")


def test_an_admin_is_made_whoever_was_invited_before(context: Context) -> None:
    """Once: afterwards there is one, who can sign in."""
    with context.database.write() as conn:
        service.invite(
            conn, email="an@example.com", name="An", role="sales", real=context.clock.real(), actor="cli"
        )  # fmt: skip
        assert not store.has_admin(conn)
    assert _first_admin(context) == "admin@nurture.example"
    assert _first_admin(context) is None
    with context.database.read() as conn:
        made = store.by_email(conn, "admin@nurture.example")
        assert store.has_admin(conn)
    assert made is not None
    assert (made.role, made.password_hash is not None) == ("admin", True)


def test_an_admin_who_may_not_come_in_is_none(context: Context) -> None:
    """The closed account stays closed; the new one gets an address of its own."""
    assert _first_admin(context) == "admin@nurture.example"
    with context.database.write() as conn:
        closed = store.by_email(conn, "admin@nurture.example")
        assert closed is not None
        service.disable(conn, closed.id, real=context.clock.real(), actor="cli")
        assert not store.has_admin(conn)
    assert _first_admin(context) == "admin2@nurture.example"
    with context.database.read() as conn:
        still = store.by_email(conn, "admin@nurture.example")
    assert still is not None
    assert still.disabled_at is not None
