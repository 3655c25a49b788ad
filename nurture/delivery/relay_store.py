"""Queries of relays: how each stands, what went by it, how fast it may go."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from nurture.delivery.tables import relay_counts, relay_rates, routes
from nurture.kernel.database import Instant, among, upsert
from nurture.kernel.ready import Ready
from nurture.kernel.reasons import Reason
from nurture.messages.model import MessageState
from nurture.messages.tables import messages

COMPLAINTS = "complaints"  # holder of the rows on which these are counted
# Mail that waits for a relay rather than for an hour or a person.
WAITS = (Reason.QUOTA, Reason.RELAY_RATE, Reason.DOMAIN_RATE, Reason.COMPLAINT_RATE, Reason.ROUTE_PAUSED)
BOOKED = (Reason.QUOTA, Reason.RELAY_RATE, Reason.DOMAIN_RATE)  # of these, those for whom a time is set
_WAITING = sa.text("messages.state IN ('queued', 'deferred')")
_ROUTES = Ready(sa.select(routes))
_FULL = 1e6  # tokens: more than any rate holds, so that a relay begins with as many as it may have


def standing(conn: Connection) -> dict[str, Any]:
    """How each relay stands, by its key; one that never had trouble has no row."""
    return {row.key: row for row in _ROUTES.rows(conn)}


def change(conn: Connection, key: str, values: Mapping[str, Any], real: datetime) -> None:
    """Keep something of how a relay stands; the rest stays as it is."""
    insert = upsert(conn.dialect.name, routes).values(key=key, **{"state": "open", "since": real, **values})
    conn.execute(insert.on_conflict_do_update(index_elements=["key"], set_=dict(values)))


# -- rates --


def hold_rates(conn: Connection, keys: Sequence[str], real: datetime) -> list[Row[Any]]:
    """All rates of these relays, locked until the transaction ends; the row that is the lock is made where it lacks."""
    query = sa.select(relay_rates).where(relay_rates.c.route.in_(keys)).order_by(relay_rates.c.route)
    query = query.order_by(relay_rates.c.domain).with_for_update(key_share=True)
    rows = list(conn.execute(query))
    missing = sorted(set(keys) - {row.route for row in rows if not row.domain})
    if not missing:
        return rows
    new = [{"route": key, "domain": "", "tokens": _FULL, "at": real} for key in missing]
    conn.execute(upsert(conn.dialect.name, relay_rates).on_conflict_do_nothing(), new)
    return list(conn.execute(query))


_KEPT = ("rate", "learned_at", "said", "tokens", "at", "booked_at", "day_at", "day_count")


def keep_rates(conn: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep rates; each row has all columns."""
    if not rows:
        return
    insert = upsert(conn.dialect.name, relay_rates)
    change_to = {name: getattr(insert.excluded, name) for name in _KEPT}
    conn.execute(insert.on_conflict_do_update(index_elements=["route", "domain"], set_=change_to), list(rows))


def forget_rates(conn: Connection, key: str, domains: Iterable[str]) -> None:
    """Remove what was learned of these domains."""
    gone = relay_rates.c.domain.in_(sorted(domains))
    conn.execute(relay_rates.delete().where(relay_rates.c.route == key, gone))


def rates(conn: Connection) -> list[Row[Any]]:
    """All rates, for looking."""
    return list(conn.execute(sa.select(relay_rates).order_by(relay_rates.c.route, relay_rates.c.domain)))


# -- counts --


def taken(conn: Connection, keys: Sequence[str], since: datetime) -> dict[str, list[tuple[datetime, int]]]:
    """What relays have taken since, by slot."""
    if not keys:
        return {}
    query = sa.select(relay_counts.c.route, relay_counts.c.slot, relay_counts.c.taken).where(
        relay_counts.c.route.in_(keys), relay_counts.c.slot >= since, relay_counts.c.holder == ""
    )
    found: dict[str, list[tuple[datetime, int]]] = {key: [] for key in keys}
    for row in conn.execute(query):
        found[row.route].append((row.slot, row.taken))
    return found


@cache
def _counted(dialect: str, what: str) -> Ready:
    """Built once for each kind of database and column: every turn counts."""
    names = (("route", sa.Text()), ("slot", Instant()), ("holder", sa.Text()), (what, sa.Integer()))
    insert = upsert(dialect, relay_counts).values({name: sa.bindparam(name, type_=kind) for name, kind in names})
    grown = {what: relay_counts.c[what] + getattr(insert.excluded, what)}
    return Ready(insert.on_conflict_do_update(index_elements=["route", "slot", "holder"], set_=grown), ())


def count(conn: Connection, what: str, key: str, slot: datetime, number: int, holder: str = "") -> None:
    """Add to a count: `taken`, `sent` or `complaints`."""
    _counted(conn.dialect.name, what).run(conn, route=key, slot=slot, holder=holder, **{what: number})


def sums(conn: Connection, since: datetime) -> dict[str, tuple[int, int]]:
    """What was sent by each relay since, and how many called it spam."""
    query = (
        sa.select(
            relay_counts.c.route,
            sa.func.sum(relay_counts.c.sent).label("sent"),
            sa.func.sum(relay_counts.c.complaints).label("complaints"),
        )
        .where(relay_counts.c.slot >= since)
        .group_by(relay_counts.c.route)
    )
    return {row.route: (int(row.sent), int(row.complaints)) for row in conn.execute(query)}


def sent_since(conn: Connection, key: str, since: datetime) -> tuple[int, int]:
    """The same of one relay."""
    return sums(conn, since).get(key, (0, 0))


def clear_counts(conn: Connection, before: datetime) -> None:
    """Remove what is too old to be asked for."""
    conn.execute(relay_counts.delete().where(relay_counts.c.slot < before))


# -- mail that waits --


def hand_on(conn: Connection, ids: Sequence[int], real: datetime, tries: int) -> None:
    """Let deferred messages be tried again at once: what broke was the relay, and there is another."""
    conn.execute(
        messages.update()
        .where(among(messages.c.id, sorted(ids)), messages.c.state == MessageState.DEFERRED.value)
        .where(messages.c.attempts <= tries)
        .values(retry_at=sa.bindparam("now", real, type_=Instant))
    )


def ask_again(conn: Connection, reasons: Sequence[Reason] = WAITS) -> int:
    """Let mail that waits for a relay be asked about at once, and nothing be booked; gives how many.

    Also when a process starts: it may have other relays, or other limits, than those by which the mail was put off.
    """
    conn.execute(relay_rates.update().values(booked_at=None, day_at=None, day_count=0))
    found = conn.execute(
        messages.update()
        .where(_WAITING, messages.c.retry_at.is_not(None))
        .where(messages.c.reason.in_([one.value for one in reasons]))
        .values(retry_at=None)
    )
    return int(found.rowcount)


def standing_and_waiting(conn: Connection, now: datetime) -> tuple[dict[str, Row[Any]], int]:
    """How each relay stands, and how many mails to leads wait whose own time has come; in one query."""
    mine = sa.select(sa.func.count()).select_from(messages).where(_WAITING, messages.c.not_before <= now)
    figures = sa.select(mine.where(messages.c.user_id.is_(None)).scalar_subquery().label("waiting")).subquery()
    rows = conn.execute(sa.select(figures, routes).select_from(figures.outerjoin(routes, sa.true()))).all()
    return {row.key: row for row in rows if row.key is not None}, int(rows[0].waiting)
