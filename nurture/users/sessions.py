"""Sessions: opened at a sign-in, looked up with each request, ended by their owner, a new password or a closed account.

Does I/O, as a service does. A session's key is in the browser's cookie only; what has ended never begins again.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.kernel.errors import ConflictError, NotFoundError
from nurture.kernel.i18n import N_
from nurture.kernel.identity import bearer, bearer_hash
from nurture.users import store
from nurture.users.service import note
from nurture.users.tables import sessions, users

IDLE = timedelta(days=14)  # unused for so long, a session ends
LONGEST = timedelta(days=90)  # and however it is used
SEEN_EVERY = timedelta(minutes=5)  # how often "last seen" is written
MOST = 30  # of one account at once; one more ends the one that was used longest ago


@dataclass(frozen=True, slots=True)
class Origin:
    """Where somebody signs in from: the truncated address and the device's name, either may be empty."""

    network: str = ""
    device: str = ""


def begin(
    conn: Connection, account: store.Account, origin: Origin, *, real: datetime, instead_of: int | None = None
) -> str:
    """A session for whom the password, or a one-time link, has just proved; gives its key, which is stored nowhere.

    ConflictError when the account was closed or its password changed since `account` was read. `instead_of`: the
    session that the same browser held until now.
    """
    unchanged = (
        (users.c.id == account.id)
        & users.c.disabled_at.is_(None)
        & users.c.password_hash.is_not_distinct_from(account.password_hash)
    )
    if not conn.execute(users.update().where(unchanged).values(last_login_at=real)).rowcount:
        raise ConflictError(N_("Your account has just changed. Sign in again"))
    if instead_of is not None:
        conn.execute(_ended(sessions.c.id == instead_of, real))
    _make_room(conn, account.id, real)
    key = bearer()
    conn.execute(
        sessions.insert().values(
            key_hash=bearer_hash(key),
            user_id=account.id,
            began_at=real,
            seen_at=real,
            expires_at=real + IDLE,
            network=origin.network,
            device=origin.device,
        )
    )
    detail = {"device": origin.device, "network": origin.network}
    actor = subject = f"user:{account.id}"
    note(conn, actor=actor, action="user.sign_in", subject=subject, at=real, detail=detail)
    return key


def _ended(which: sa.ColumnElement[bool], real: datetime) -> sa.Update:
    return sessions.update().where(which, store.is_live(real)).values(revoked_at=real)


def _make_room(conn: Connection, user_id: int, real: datetime) -> None:
    live = (sessions.c.user_id == user_id) & store.is_live(real)
    kept = sa.select(sessions.c.id).where(live).order_by(sessions.c.seen_at.desc(), sessions.c.id.desc())
    conn.execute(_ended((sessions.c.user_id == user_id) & sessions.c.id.not_in(kept.limit(MOST - 1)), real))


def is_unseen(session: store.Session, real: datetime) -> bool:
    """Whether it is time to write down that the session is used."""
    return session.seen_at <= real - SEEN_EVERY


def see(conn: Connection, session: store.Session, real: datetime) -> bool:
    """The session was used now, and lasts on; False when it has ended or another request wrote it already."""
    expires = min(real + IDLE, session.began_at + LONGEST)
    due = (sessions.c.id == session.id) & store.is_live(real) & (sessions.c.seen_at <= real - SEEN_EVERY)
    return bool(conn.execute(sessions.update().where(due).values(seen_at=real, expires_at=expires)).rowcount)


def renew(conn: Connection, session_id: int, real: datetime) -> str:
    """The same session under a new key: a copy of the old one is good for nothing. ConflictError when it has ended."""
    key = bearer()
    mine = (sessions.c.id == session_id) & store.is_live(real)
    if not conn.execute(sessions.update().where(mine).values(key_hash=bearer_hash(key))).rowcount:
        raise ConflictError(N_("This session has ended. Sign in again"))
    return key


def end(conn: Connection, user_id: int, session_id: int, *, real: datetime, actor: str) -> None:
    """Sign out of one browser; NotFoundError when the session is not this person's or has ended."""
    mine = (sessions.c.id == session_id) & (sessions.c.user_id == user_id)
    device = conn.execute(_ended(mine, real).returning(sessions.c.device)).scalar_one_or_none()
    if device is None:
        raise NotFoundError(N_("There is no such session"))
    detail = {"session": session_id, "device": device}
    note(conn, actor=actor, action="user.sign_out", subject=f"user:{user_id}", at=real, detail=detail)


def end_all(conn: Connection, user_id: int, *, real: datetime, actor: str, keep: int | None = None) -> int:
    """Sign out everywhere, but for the session to keep; gives how many have ended."""
    ended = store.end_sessions(conn, user_id, real, keep=keep)
    detail = {"sessions": ended, "kept": keep is not None}
    note(conn, actor=actor, action="user.sign_out_everywhere", subject=f"user:{user_id}", at=real, detail=detail)
    return ended


def is_any_over(conn: Connection, real: datetime) -> bool:
    """Whether there is something to purge."""
    return conn.execute(_OVER, {"real": real}).first() is not None


_OVER = sa.select(sessions.c.id).where(sessions.c.expires_at <= sa.bindparam("real")).limit(1)


def purge(conn: Connection, real: datetime) -> int:
    """Delete the sessions whose time is over, those ended before it too; gives how many."""
    return conn.execute(sessions.delete().where(sessions.c.expires_at <= real)).rowcount
