"""Leads that a segment gained or lost as time passed: goal, exit condition and what their steps wait for, looked at.

No activity tells of it, so that the tick does (opens its own transactions).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial

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


def turnover(ctx: Context, facts: Facts, now: datetime, real: datetime) -> int:
    """Look at those under way whom a segment took in or let go and who were not looked at yet; gives how many left.

    They are told off as looked at when all of them are: a kill in between has them looked at again.
    """
    with ctx.database.read() as conn:
        untold = _untold(conn)
        asked = {key: untold[key] for key in sorted(untold.keys() & _named(conn, facts))} if untold else {}
        ids = _moved(conn, asked) if asked else []
    look = partial(examine, now=now, real=real, facts=facts, language=ctx.settings.language)
    left = 0
    for start in range(0, len(ids), CHUNK):
        with ctx.database.write() as conn:
            left += len(look(conn, ids[start : start + CHUNK]))
    if untold:
        with ctx.database.write() as conn:
            _hold(conn, list(untold))  # whom another sweep moved meanwhile are here by now, or come under a new mark
            left += len(look(conn, sorted(set(_moved(conn, asked)) - set(ids)))) if asked else 0
            _tell(conn, list(untold))
    return left


def _untold(conn: Connection) -> dict[str, datetime]:
    """Segments with leads that have to be looked at, and since when."""
    query = sa.select(segments.c.key, segments.c.untold_since).where(segments.c.untold_since.is_not(None))
    return {row.key: row.untold_since for row in conn.execute(query)}


def _hold(conn: Connection, keys: Sequence[str]) -> None:
    query = sa.select(segments.c.id).where(segments.c.key.in_(keys)).order_by(segments.c.id)
    conn.execute(query.with_for_update(key_share=True))


def _tell(conn: Connection, keys: Sequence[str]) -> None:
    conn.execute(segments.update().where(segments.c.key.in_(keys)).values(untold_since=None))


def _named(conn: Connection, facts: Facts) -> set[str]:
    """The segments that any campaign with leads under way looks at."""
    used = list(conn.execute(sa.select(enrollments.c.revision_id).where(_ACTIVE).distinct()).scalars())
    found = [ready.campaign for ready in revisions.load(conn, used, facts).values() if ready.campaign is not None]
    return {word for campaign in found for rule in campaign.rules() for kind, word in names(rule) if kind == "segment"}


def _moved(conn: Connection, since: Mapping[str, datetime]) -> list[int]:
    m = memberships.c
    numbers = {row.key: row.id for row in conn.execute(sa.select(segments.c.key, segments.c.id))}
    moved = [
        sa.and_(m.segment_id == numbers[key], sa.or_(m.joined_at >= first, m.left_at >= first))
        for key, first in since.items()
    ]
    query = sa.select(enrollments.c.lead_id).where(
        _ACTIVE, enrollments.c.lead_id.in_(sa.select(m.lead_id).where(sa.or_(*moved)))
    )
    return list(conn.execute(query.distinct().order_by(enrollments.c.lead_id)).scalars())
