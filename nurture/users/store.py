"""Queries on staff."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row, RowMapping

from nurture.users.model import Person, Role
from nurture.users.tables import audit, away, users


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
    session_epoch: int
    password_hash: str | None
    last_login_at: datetime | None
    disabled_at: datetime | None

    def person(self, language: str, zone: str) -> Person:
        """Who acts, with the installation's language and zone where the account has none."""
        return Person(self.id, self.name, self.email, self.role, self.language or language, self.zone or zone)


@dataclass(frozen=True, slots=True)
class Absence:
    """Days somebody is away, both included."""

    id: int
    first_day: date
    last_day: date


_ACCOUNT = (
    users.c.id, users.c.email, users.c.name, users.c.role, users.c.phone, users.c.language, users.c.zone,
    users.c.theme, users.c.working_hours, users.c.session_epoch, users.c.password_hash, users.c.last_login_at,
    users.c.disabled_at,
)  # fmt: skip


def _account(row: RowMapping) -> Account:
    return Account(**{**row, "role": Role(row["role"])})


def by_id(conn: Connection, user_id: int) -> Account | None:
    """The account, disabled ones included."""
    row = conn.execute(sa.select(*_ACCOUNT).where(users.c.id == user_id)).mappings().one_or_none()
    return _account(row) if row else None


def by_email(conn: Connection, email: str) -> Account | None:
    """The account of a normalized address, disabled ones included."""
    row = conn.execute(sa.select(*_ACCOUNT).where(users.c.email == email)).mappings().one_or_none()
    return _account(row) if row else None


def everybody(conn: Connection, *, disabled: bool = False) -> list[Account]:
    """All accounts by name; those that may not come in any more only when asked for."""
    query = sa.select(*_ACCOUNT).order_by(users.c.name, users.c.id)
    if not disabled:
        query = query.where(users.c.disabled_at.is_(None))
    return [_account(row) for row in conn.execute(query).mappings()]


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


def away_on(conn: Connection, day: date) -> frozenset[int]:
    """Ids of those who are away on this day."""
    rows = conn.execute(sa.select(away.c.user_id).where(away.c.first_day <= day, away.c.last_day >= day))
    return frozenset(rows.scalars())


def trail(conn: Connection, subject: str, limit: int = 50) -> list[Row[Any]]:
    """What the audit says of a subject, newest first."""
    query = sa.select(audit).where(audit.c.subject == subject).order_by(audit.c.id.desc()).limit(limit)
    return list(conn.execute(query))
