"""A role that one process holds at a time, by a row and the database's own time. Reads and writes the database."""

from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.kernel.database import Database, upsert
from nurture.kernel.tables import leases


class LeaseLostError(Exception):
    """The role a process acted in is another's by now, or is to be given up: what it was writing is undone."""


def hold(database: Database, name: str, holder: str, span: timedelta) -> int | None:
    """Take or renew the role for `span`; gives the fence, or None when another holds it."""
    with database.write() as conn:
        now = database.now(conn)
        conn.execute(
            upsert(database.dialect, leases)
            .values(name=name, holder=holder, until=now, fence=0)
            .on_conflict_do_nothing(index_elements=["name"])
        )
        row = conn.execute(
            leases.update()
            .where(leases.c.name == name)
            .where(sa.or_(leases.c.holder == holder, leases.c.until <= now))
            .values(
                holder=holder,
                until=now + span,
                fence=leases.c.fence + sa.case((leases.c.holder == holder, 0), else_=1),
            )
            .returning(leases.c.fence)
        ).scalar_one_or_none()
    return None if row is None else int(row)


def stands(conn: Connection, database: Database, name: str, holder: str, fence: int) -> bool:
    """Whether this holder has the role still, as it took it: to be asked last in what it writes."""
    ours = leases.c.name == name, leases.c.holder == holder, leases.c.fence == fence
    within = leases.c.until > database.now_within(conn)
    return conn.execute(sa.select(leases.c.name).where(*ours, within)).first() is not None


def is_held(database: Database, name: str) -> bool:
    """Whether somebody has the role at this moment."""
    with database.read() as conn:
        asked = sa.select(leases.c.name).where(leases.c.name == name, leases.c.until > database.now(conn))
        return conn.execute(asked).first() is not None


def any_held(conn: Connection, database: Database) -> bool:
    """Whether anybody has any role at this moment: a server runs here."""
    return (
        conn.execute(sa.select(leases.c.name).where(leases.c.until > database.now(conn)).limit(1)).first() is not None
    )


def release(database: Database, name: str, holder: str) -> None:
    """Give the role back at once."""
    with database.write() as conn:
        conn.execute(
            leases.update()
            .where(leases.c.name == name, leases.c.holder == holder)
            .values(until=database.now(conn) - timedelta(seconds=1))
        )
