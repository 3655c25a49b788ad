"""Queries on staff."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row, RowMapping

from nurture.users.model import Person, Role
from nurture.users.tables import audit, away, sessions, users


@dataclass(frozen=True, slots=True)
class Account:
    """One member of staff, as stored."""

    id: int
    email: str
    name: str
    role: Role
    phone: str | None
    language: str | None
    zone: str | None
    theme: str
    working_hours: Mapping[str, Any]
    password_hash: str | None
    last_login_at: datetime | None
    disabled_at: datetime | None

    def person(self, language: str, zone: str) -> Person:
        """Who acts, with the installation's language and zone where the account has none."""
        return Person(self.id, self.name, self.email, self.role, self.language or language, self.zone or zone)


@dataclass(frozen=True, slots=True)
class Session:
    """One browser that is signed in; instants are real time."""

    id: int
    began_at: datetime
    seen_at: datetime
    expires_at: datetime
    network: str
    device: str


@dataclass(frozen=True, slots=True)
class Absence:
    """Days somebody is away, both included."""

    id: int
    first_day: date
    last_day: date


_ACCOUNT = (
    users.c.id, users.c.email, users.c.name, users.c.role, users.c.phone, users.c.language, users.c.zone,
    users.c.theme, users.c.working_hours, users.c.password_hash, users.c.last_login_at, users.c.disabled_at,
)  # fmt: skip
_SESSION = (
    sessions.c.id, sessions.c.began_at, sessions.c.seen_at, sessions.c.expires_at, sessions.c.network,
    sessions.c.device,
)  # fmt: skip


def _account(row: Mapping[str, Any] | RowMapping) -> Account:
    return Account(**{**row, "role": Role(row["role"])})


def by_id(conn: Connection, user_id: int) -> Account | None:
    """The account, disabled ones included."""
    row = conn.execute(sa.select(*_ACCOUNT).where(users.c.id == user_id)).mappings().one_or_none()
    return _account(row) if row else None


def by_email(conn: Connection, email: str) -> Account | None:
    """The account of a normalized address, disabled ones included."""
    row = conn.execute(sa.select(*_ACCOUNT).where(users.c.email == email)).mappings().one_or_none()
    return _account(row) if row else None


def is_live(real: datetime) -> sa.ColumnElement[bool]:
    """A session that was not ended and whose time is not over."""
    return sessions.c.revoked_at.is_(None) & (sessions.c.expires_at > real)


def signed_in(conn: Connection, key_hash: str, real: datetime) -> tuple[Account, Session] | None:
    """The live session of this key and its enabled account, by one query."""
    query = sa.select(*_ACCOUNT, *(column.label(f"session_{column.name}") for column in _SESSION)).join_from(
        sessions, users
    )
    good = (sessions.c.key_hash == key_hash) & is_live(real) & users.c.disabled_at.is_(None)
    row = conn.execute(query.where(good)).one_or_none()
    if row is None:
        return None
    values = row[: len(_ACCOUNT)]
    account = _account({column.name: value for column, value in zip(_ACCOUNT, values, strict=True)})
    return account, Session(*row[len(_ACCOUNT) :])


def sessions_of(conn: Connection, user_id: int, real: datetime) -> list[Session]:
    """Where this person is signed in, last used first."""
    query = sa.select(*_SESSION).where(sessions.c.user_id == user_id, is_live(real))
    return [Session(*row) for row in conn.execute(query.order_by(sessions.c.seen_at.desc(), sessions.c.id.desc()))]


def end_sessions(conn: Connection, user_id: int, real: datetime, *, keep: int | None = None) -> int:
    """End this person's live sessions, but for the one to keep; gives how many."""
    others = sessions.update().where(sessions.c.user_id == user_id, is_live(real))
    if keep is not None:
        others = others.where(sessions.c.id != keep)
    return conn.execute(others.values(revoked_at=real)).rowcount


def everybody(conn: Connection, *, disabled: bool = False) -> list[Account]:
    """All accounts by name; those that may not come in any more only when asked for."""
    query = sa.select(*_ACCOUNT).order_by(users.c.name, users.c.id)
    if not disabled:
        query = query.where(users.c.disabled_at.is_(None))
    return [_account(row) for row in conn.execute(query).mappings()]


def has_admin(conn: Connection) -> bool:
    """Whether anybody enabled manages people and settings."""
    good = (users.c.role == Role.ADMIN.value) & users.c.disabled_at.is_(None)
    return conn.execute(sa.select(users.c.id).where(good).limit(1)).first() is not None


def names(conn: Connection, ids: Sequence[int]) -> dict[int, str]:
    """Names by id."""
    wanted = sorted({one for one in ids if one})
    if not wanted:
        return {}
    rows = conn.execute(sa.select(users.c.id, users.c.name).where(users.c.id.in_(wanted)))
    return {row.id: row.name for row in rows}


def owners(conn: Connection) -> list[Account]:
    """Who can be in charge of a lead: everybody enabled but viewers."""
    return [account for account in everybody(conn) if account.role is not Role.VIEWER]


def absences(conn: Connection, user_id: int) -> list[Absence]:
    """When this person is away, earliest first."""
    query = sa.select(away.c.id, away.c.first_day, away.c.last_day).where(away.c.user_id == user_id)
    return [Absence(*row) for row in conn.execute(query.order_by(away.c.first_day, away.c.id))]


def absences_of(conn: Connection, user_ids: Sequence[int]) -> dict[int, list[tuple[date, date]]]:
    """When these people are away: first and last day, by person."""
    found: dict[int, list[tuple[date, date]]] = {}
    query = sa.select(away.c.user_id, away.c.first_day, away.c.last_day).where(away.c.user_id.in_(list(user_ids)))
    for user_id, first, last in conn.execute(query.order_by(away.c.first_day, away.c.id)):
        found.setdefault(user_id, []).append((first, last))
    return found


def away_on(conn: Connection, day: date) -> frozenset[int]:
    """Ids of those who are away on this day."""
    rows = conn.execute(sa.select(away.c.user_id).where(away.c.first_day <= day, away.c.last_day >= day))
    return frozenset(rows.scalars())


def trail(conn: Connection, subject: str, limit: int = 50) -> list[Row[Any]]:
    """What the audit says of a subject, newest first."""
    query = sa.select(audit).where(audit.c.subject == subject).order_by(audit.c.id.desc()).limit(limit)
    return list(conn.execute(query))
