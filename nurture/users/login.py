"""Proving who one is: one password check that tells nothing, and a limit on guessing by account and address.

Does I/O: it opens its own short transactions, so that no lock is held while a password is hashed.
"""

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.kernel.database import Database
from nurture.kernel.text import clean
from nurture.users import passwords, store
from nurture.users.tables import login_failures, users

WINDOW = timedelta(minutes=15)
FAILURES_PAIR = 5  # wrong passwords for one account from one address
FAILURES_ADDRESS = 30  # wrong passwords from one address, whatever the account


class Refused(StrEnum):
    """Why somebody did not get in. `wrong` does not say what was wrong."""

    WRONG = "wrong"
    TOO_MANY = "too_many"


def sign_in(database: Database, email: str, password: str, address: str, real: datetime) -> store.Account | Refused:
    """The account of this address and password, or why not. A refusal of either kind takes as long as the other.

    The try is counted before the password is looked at, so that many at the same instant are as many tries.
    """
    normalized = clean(email).lower()
    tried = hashlib.sha256(normalized.encode("utf-8", "replace")).hexdigest()
    with database.write() as conn:
        own = _counted(conn, tried, address, real)
    with database.read() as conn:
        full = _full(conn, tried, address, real)
        account = None if full else store.by_email(conn, normalized)
    stored = account.password_hash if account and account.disabled_at is None else None
    right = passwords.matches(stored, password)
    if full:
        with database.write() as conn:  # one that was never looked at does not make the wait longer
            conn.execute(login_failures.delete().where(login_failures.c.id == own))
        return Refused.TOO_MANY
    if account is None or not right:
        return Refused.WRONG
    again = passwords.hashed(password) if account.password_hash and passwords.outdated(account.password_hash) else None
    with database.write() as conn:
        return _succeeded(conn, account, tried, address, again)


def _full(conn: Connection, account: str, address: str, real: datetime) -> bool:
    recent = sa.select(sa.func.count()).select_from(login_failures).where(
        login_failures.c.address == address, login_failures.c.at > real - WINDOW
    )  # fmt: skip
    pair = conn.execute(recent.where(login_failures.c.account == account)).scalar_one()
    return pair > FAILURES_PAIR or conn.execute(recent).scalar_one() > FAILURES_ADDRESS


def _counted(conn: Connection, account: str, address: str, real: datetime) -> int:
    """A try written down as a failure until it is none; gives its id."""
    conn.execute(login_failures.delete().where(login_failures.c.at <= real - WINDOW))
    row = login_failures.insert().values(account=account, address=address, at=real).returning(login_failures.c.id)
    return int(conn.execute(row).scalar_one())


def _succeeded(conn: Connection, account: store.Account, tried: str, address: str, again: str | None) -> store.Account:
    """Forget the wrong ones; keep the password by today's way of hashing unless it was changed meanwhile."""
    mine = (login_failures.c.account == tried) & (login_failures.c.address == address)
    conn.execute(login_failures.delete().where(mine))
    if again is None:
        return account
    unchanged = (users.c.id == account.id) & (users.c.password_hash == account.password_hash)
    done = conn.execute(users.update().where(unchanged).values(password_hash=again)).rowcount
    return replace(account, password_hash=again) if done else account
