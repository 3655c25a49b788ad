"""What needs a person, besides campaigns: routes that are paused, reactions that fail, alerts nobody took, and what
people ask about their data, and what is wrong with the engine (queries).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.activities.tables import reactions
from nurture.alerts.store import is_due
from nurture.alerts.tables import alerts
from nurture.consents.requests import RequestState
from nurture.consents.tables import data_requests
from nurture.delivery.state import COMPLAINTS, PAUSED, Ads
from nurture.delivery.tables import routes
from nurture.engine.health_store import CLOCK
from nurture.kernel.tables import health_findings, leases


@dataclass(frozen=True, slots=True)
class Troubles:
    """Counts; with one error for an example."""

    routes: Mapping[str, str]  # paused ones: why, by key
    failing: int  # activities that could not be reacted to so far
    error: str
    hot: int  # leads whose alert waits for anybody
    old: int  # of these, raised before the given instant
    asked: int = 0  # people who ask for their data, or to be forgotten
    asked_by: datetime | None = None  # when the first of these is due
    wrong: int = 0  # things that must hold and do not, as of the latest look
    clock_until: datetime | None = None  # until when the clock has its lease; None: none ever ran


def troubles(conn: Connection, now: datetime, old: datetime) -> Troubles:
    """All of it, in one query: a row for each paused route, and one where there is none."""
    failed = reactions.c.error.is_not(None)
    waits = is_due(now)
    open_ = data_requests.c.state == RequestState.OPEN.value
    first = sa.func.coalesce(data_requests.c.due_at, data_requests.c.answer_by)
    count = sa.select(sa.func.count())
    figures = sa.select(
        count.select_from(reactions).where(failed).scalar_subquery().label("failing"),
        sa.select(sa.func.min(reactions.c.error)).where(failed).scalar_subquery().label("error"),
        count.select_from(alerts).where(waits).scalar_subquery().label("hot"),
        count.select_from(alerts).where(waits, alerts.c.raised_at < old).scalar_subquery().label("old"),
        count.select_from(data_requests).where(open_).scalar_subquery().label("asked"),
        sa.select(sa.func.min(first)).where(open_).scalar_subquery().label("asked_by"),
        count.select_from(health_findings).where(health_findings.c.ended_at.is_(None)).scalar_subquery().label("wrong"),
        sa.select(leases.c.until).where(leases.c.name == CLOCK).scalar_subquery().label("clock_until"),
    ).subquery()
    stopped = sa.or_(routes.c.state == PAUSED, routes.c.ads == Ads.PAUSED.value)
    both = figures.outerjoin(routes, stopped)
    why = sa.case((routes.c.state == PAUSED, routes.c.reason), else_=COMPLAINTS).label("reason")
    rows = conn.execute(sa.select(figures, routes.c.key, why).select_from(both).order_by(routes.c.key)).all()
    one = rows[0]
    return Troubles(
        {row.key: row.reason or "" for row in rows if row.key is not None},
        one.failing,
        one.error or "",
        one.hot,
        one.old,
        one.asked,
        one.asked_by,
        one.wrong,
        one.clock_until,
    )
