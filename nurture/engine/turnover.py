"""Leads that a segment gained or lost as time passed: goal, exit condition and what their steps wait for, looked at.

No activity tells of it, so that the tick does (opens its own transactions).
"""

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.engine import revisions
from nurture.engine.leave import examine
from nurture.enrollments.model import EnrollmentState
from nurture.enrollments.tables import enrollments
from nurture.kernel.context import Context
from nurture.rules.facts import Facts
from nurture.rules.model import names
from nurture.segments.tables import memberships, segments

CHUNK = 200
_ACTIVE = enrollments.c.state == EnrollmentState.ACTIVE.value


def turnover(ctx: Context, changed: Collection[str], facts: Facts, now: datetime, real: datetime) -> int:
    """Look at those under way whom one of these segments took in or let go at `now`; gives how many left."""
    with ctx.database.read() as conn:
        asked = sorted(set(changed) & _named(conn, facts)) if changed else []
        ids = _moved(conn, asked, now) if asked else []
    left = 0
    for start in range(0, len(ids), CHUNK):
        with ctx.database.write() as conn:
            part = ids[start : start + CHUNK]
            left += len(examine(conn, part, now, real, facts=facts, language=ctx.settings.language))
    return left


def _named(conn: Connection, facts: Facts) -> set[str]:
    """The segments that any campaign with leads under way looks at."""
    used = list(conn.execute(sa.select(enrollments.c.revision_id).where(_ACTIVE).distinct()).scalars())
    found = [ready.campaign for ready in revisions.load(conn, used, facts).values() if ready.campaign is not None]
    return {word for campaign in found for rule in campaign.rules() for kind, word in names(rule) if kind == "segment"}


def _moved(conn: Connection, keys: Collection[str], now: datetime) -> list[int]:
    m = memberships.c
    of_these = m.segment_id.in_(sa.select(segments.c.id).where(segments.c.key.in_(keys)))
    moved = sa.select(m.lead_id).where(of_these, sa.or_(m.joined_at == now, m.left_at == now))
    query = sa.select(enrollments.c.lead_id).where(_ACTIVE, enrollments.c.lead_id.in_(moved)).distinct()
    return list(conn.execute(query.order_by(enrollments.c.lead_id)).scalars())
