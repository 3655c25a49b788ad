"""What the stop around Tết moves: emails known by now to come due in it, by each way the switch can stand."""

from datetime import UTC, date, datetime, timedelta

from nurture.campaigns.house import publish
from nurture.engine.stops import Fate, stop_of
from nurture.engine.tick import tick
from nurture.kernel.context import Context
from nurture.segments import store as segments
from tests.storage.ticking import DAY, HELLO, add_leads, apply, clock, hand_over, publish_emails


def test_what_comes_due_in_the_stop_goes_moves_or_is_left_out(context: Context) -> None:
    """The second email of three leads falls into it; of one in Apia it comes at night."""
    publish_emails(context, "hello", "again")
    clock(context).advance(datetime(2027, 1, 29, 2, 0, tzinfo=UTC) - context.clock.engine())
    add_leads(context, 3)
    add_leads(context, 1, zone="Pacific/Apia")
    apply(context, HELLO)
    tick(context)
    hand_over(context)
    tick(context)
    with context.database.write() as conn:
        publish(conn, 'quiet_hours: {from: "20:00", to: "08:00"}\ntet: {during: hold}', context.clock.engine())
    with context.database.read() as conn:
        found = stop_of(conn, 2027, segments.facts(conn), now=context.clock.engine(), zone="Asia/Ho_Chi_Minh")
    assert found is not None
    assert (found.new_year, found.first, found.last) == (date(2027, 2, 6), date(2027, 1, 30), date(2027, 2, 11))
    assert (found.switch, found.due, dict(found.by_campaign)) == ("hold", 4, {"hello": 4})
    opens = datetime(2027, 2, 12, 1, 0, tzinfo=UTC)
    assert found.fates["hold"] == Fate(0, 4, 0, datetime(2027, 2, 11, 19, 0, tzinfo=UTC), opens)
    assert found.fates["drop"] == Fate(0, 0, 4)
    assert (found.fates["off"].go, found.fates["off"].move) == (4, 0)


def test_before_a_stop_is_published_it_is_told_what_it_would_move(context: Context) -> None:
    """As it is by itself: seven days before, five after."""
    with context.database.read() as conn:
        found = stop_of(conn, 2027, segments.facts(conn), now=context.clock.engine(), zone="Asia/Ho_Chi_Minh")
        none = stop_of(conn, 2150, segments.facts(conn), now=context.clock.engine(), zone="Asia/Ho_Chi_Minh")
    assert found is not None
    assert (found.switch, found.due, found.last - found.first) == ("off", 0, timedelta(days=12))
    assert none is None
    assert found.last - found.first == 12 * DAY
