"""The page shows an alert at once, whatever its email does."""

from datetime import timedelta

import sqlalchemy as sa

from nurture.activities.model import Kind
from nurture.activities.tables import activities, reactions
from nurture.alerts import service as alerting
from nurture.alerts import store
from nurture.alerts.model import EmailWay, Moment
from nurture.kernel.context import Context
from nurture.opportunities.model import AlertLimits
from tests.storage import selling


def test_it_shows_at_once_in_the_night_too_and_stands_in_the_timeline(context: Context) -> None:
    """Nothing reacts to the line."""
    context.clock.advance(timedelta(hours=12))
    me, lead = selling.person(context), selling.lead(context)
    now, real = context.clock.engine(), context.clock.real()
    moment = Moment(lead, "activity:1", me.id, opened=True)
    house = alerting.house_of(context.settings)
    with context.database.write() as conn:
        (alert,) = alerting.raise_due(conn, moment, None, AlertLimits(), house, now=now, real=real)
        shown = store.for_person(conn, me, now)
        line = conn.execute(sa.select(activities).where(activities.c.kind == Kind.ALERTED.value)).one()
        waiting = conn.execute(sa.select(sa.func.count()).select_from(reactions)).scalar_one()
    assert alert.email is EmailWay.DIGEST
    assert [one.id for one in shown] == [alert.id]
    assert line.detail == {"alert": alert.id, "trigger": "hot_lead", "owner": me.id}
    assert waiting == 0
