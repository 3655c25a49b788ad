"""What tests of one-time emails share: a segment, an email, a broadcast that is launched and moved on."""

from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from nurture.activities.model import Kind
from nurture.broadcasts import preflight, service
from nurture.broadcasts.progress import progress
from nurture.broadcasts.store import Stored
from nurture.consents.model import Method, SuppressionReason
from nurture.consents.service import Said, suppress
from nurture.delivery import store as delivery
from nurture.delivery.go import go
from nurture.kernel.context import Context
from nurture.kernel.yamlfile import Source
from nurture.messages.tables import messages
from nurture.segments import store as segments
from nurture.segments.upkeep import keep
from tests.faults.ground import email, publish
from tests.storage.ticking import SEGMENTS, act, apply, rows

PLAIN = {"key": "tet", "name": "Tết", "segment": "everyone", "email": "hello"}


def ground(context: Context, *more: str) -> None:
    """The segments, and the email `hello` in Vietnamese; each of `more` likewise."""
    apply(context, segments=SEGMENTS)
    with context.database.write() as conn:
        for key in ("hello", *more):
            data = {**email().to_json(), "key": key, "hash": key}
            publish(conn, type(email()).from_json(data), context.clock.engine())


def draft(context: Context, **change: Any) -> Stored:
    """Keep a draft."""
    data = {key: value for key, value in {**PLAIN, **change}.items() if value is not None}
    now, real = context.clock.engine(), context.clock.real()
    with context.database.write() as conn:
        return service.save(conn, Source("", "", data, {}), by=None, now=now, real=real)


def look(context: Context, key: str = "tet") -> preflight.Look:
    """The look at a draft, with memberships as of now."""
    _refresh(context)
    return look_only(context, key)


def look_only(context: Context, key: str = "tet") -> preflight.Look:
    """The look at a draft, with memberships as they stand."""
    with context.database.read() as conn:
        stored = service.found(conn, key)
        chosen = service.definition(stored)
        other = service.other_of(conn, chosen)
        return preflight.look(
            conn, stored, chosen, settings=context.settings, keys=context.keys, now=context.clock.engine(), other=other
        )


def _refresh(context: Context) -> None:
    with context.database.read() as conn:
        facts = segments.facts(conn)
    keep(context.database, context.clock.engine(), context.clock.real(), facts, whole=True)


def launch(context: Context, key: str = "tet", **more: Any) -> Stored:
    """Let a draft go, its number typed."""
    seen = look(context, key)
    given = {"confirmed": seen.will, **more}
    now, real = context.clock.engine(), context.clock.real()
    with context.database.write() as conn:
        return service.launch(conn, key, seen, by=None, house=context.settings.local_zone, now=now, real=real, **given)


def steer(context: Context, verb: str, key: str = "tet") -> Stored:
    """Do this to it."""
    now, real = context.clock.engine(), context.clock.real()
    with context.database.write() as conn:
        return service.steer(conn, key, verb, by=None, now=now, real=real)


def stored(context: Context, key: str = "tet") -> Stored:
    """The broadcast as it is."""
    with context.database.read() as conn:
        return service.found(conn, key)


def run(context: Context) -> None:
    """Move everything on until nothing more is due now."""
    while progress(context):
        pass


def sends(context: Context, *columns: str, key: str = "tet") -> list[Any]:
    """The messages of a broadcast by lead, as tuples of these columns."""
    mine = messages.c.broadcast_id == stored(context, key).id
    query = sa.select(*(messages.c[one] for one in columns)).where(mine).order_by(messages.c.lead_id)
    return [tuple(row) for row in rows(context, query)]


def click(context: Context, variant: str, count: int, key: str = "tet") -> None:
    """So many of those who got this variant click, once each."""
    mine = (messages.c.broadcast_id == stored(context, key).id, messages.c.step == variant, messages.c.state == "sent")
    query = sa.select(messages.c.id, messages.c.lead_id).where(*mine).order_by(messages.c.id).limit(count)
    for row in rows(context, query):
        act(context, row.lead_id, Kind.CLICKED, message_id=row.id, email_key="hello", url="https://anphat.example/")


def refuse(context: Context, email: str) -> None:
    """This address says no."""
    now = context.clock.engine()
    with context.database.write() as conn:
        said = Said(Method.PAGE, "unsubscribe", "lead", "hit:1", now, now)
        suppress(conn, context.keys, email, SuppressionReason.UNSUBSCRIBED, said=said)


def let_go(context: Context, limit: int = 64) -> list[int]:
    """Reserve and let go; gives the leads of the letters."""
    with context.database.write() as conn:
        at = context.database.now(conn)
        times = {"now": context.clock.engine(), "real": context.clock.real(), "at": at}
        ids = delivery.reserve(conn, "s1", limit, lease=timedelta(seconds=60), **times)
        return [letter.lead_id for letter in go(conn, context, "s1", ids, at=at)]
