"""What the law asks of advertising by text, at the last look: hours, and so many to one number in 24 hours."""

from dataclasses import replace
from datetime import timedelta

import pytest

from nurture.engine.tick import tick
from nurture.kernel.context import Context
from tests.storage.outbound.calling import SEGMENTS, SMS, Recorded, agree_to_sms, calls, recorded, worker
from tests.storage.ticking import add_leads, apply, clock

PHONE = "+84901234567"
HOUR = timedelta(hours=1)


def _work(context: Context, taken: Recorded) -> None:
    one = worker(context, recorded(sms=taken))
    while one.work():
        pass


def test_a_number_gets_three_within_a_day_whosever_it_is(context: Context) -> None:
    """Five leads share it: two wait until the first is a day old."""
    agree_to_sms(context, add_leads(context, 5, phone=PHONE, given_name="An"))
    apply(context, SMS, segments=SEGMENTS)
    tick(context)
    taken = Recorded()
    _work(context, taken)
    assert calls(context, "state", "reason") == [("sent", "")] * 3 + [("queued", "capped")] * 2
    clock(context).advance(24 * HOUR)
    _work(context, taken)
    assert len(taken.given) == 5


@pytest.mark.parametrize(("law", "state"), [("vn", "queued"), ("none", "sent")])
def test_at_night_advertising_by_text_waits_for_seven(context: Context, law: str, state: str) -> None:
    """Also without any window of the campaign's or the house's own."""
    ctx = replace(context, settings=replace(context.settings, law=law))
    agree_to_sms(ctx, add_leads(ctx, 1, phone=PHONE, given_name="An"))
    apply(ctx, SMS, segments=SEGMENTS)
    tick(ctx)
    clock(ctx).advance(14 * HOUR)  # from 9 o'clock
    taken = Recorded()
    _work(ctx, taken)
    assert calls(ctx, "state") == [(state,)]
    clock(ctx).advance(8 * HOUR)
    _work(ctx, taken)
    assert (calls(ctx, "state"), len(taken.given)) == ([("sent",)], 1)
