"""A text message is written filled in, or skipped with the reason, and the lead goes on."""

import pytest
import sqlalchemy as sa

from nurture.activities.tables import decisions
from nurture.engine.tick import tick
from nurture.kernel.context import Context
from tests.storage.outbound.calling import SEGMENTS, SMS, agree_to_sms, calls
from tests.storage.ticking import HOUR, add_leads, apply, clock, passed, places, rows

PHONE = "+84901234567"
WINDOW = '\nsending: {window: {days: mon-sat, from: "08:00", to: "20:00"}}\n'


def test_the_text_is_filled_in_and_measured(context: Context) -> None:
    """With the label that the law asks of advertising, in the lead's language."""
    ids = add_leads(context, 1, phone=PHONE, given_name="Ánh")
    agree_to_sms(context, ids)
    apply(context, SMS, segments=SEGMENTS)
    tick(context)
    assert calls(context, "kind", "target", "body", "parts", "state", "class_") == [
        ("sms", PHONE, "[QC] Chào Ánh", 1, "queued", "advertising")
    ]
    assert places(context, "state", "reason") == [("completed", "done")]


@pytest.mark.parametrize(
    ("facts", "agreed", "reason"),
    [
        pytest.param({"phone": PHONE, "given_name": "An"}, False, "no_consent", id="no consent"),
        pytest.param({"given_name": "An"}, True, "no_phone", id="no phone number"),
        pytest.param({"phone": PHONE}, True, "missing_field", id="a field is missing"),
    ],
)
def test_one_that_may_not_go_is_kept_with_the_reason(
    context: Context, facts: dict[str, str], reason: str, *, agreed: bool
) -> None:
    """And decided about; the lead goes on."""
    ids = add_leads(context, 1, **facts)
    if agreed:
        agree_to_sms(context, ids)
    apply(context, SMS, segments=SEGMENTS)
    tick(context)
    assert calls(context, "state", "reason") == [("skipped", reason)]
    kept = sa.select(decisions.c.outcome, decisions.c.reason).where(decisions.c.kind == "send")
    assert [tuple(row) for row in rows(context, kept)] == [("no", reason)]
    assert places(context, "state") == [("completed",)]


def test_an_email_s_consent_is_not_one_to_texts(context: Context) -> None:
    """Each channel has its own."""
    add_leads(context, 1, agreed=True, phone=PHONE, given_name="An")
    apply(context, SMS, segments=SEGMENTS)
    tick(context)
    assert calls(context, "reason") == [("no_consent",)]


def test_outside_the_window_the_enrollment_waits(context: Context) -> None:
    """It says why; the text is written when the window opens."""
    clock(context).advance(13 * HOUR)  # 22:00 in Hanoi
    agree_to_sms(context, add_leads(context, 1, phone=PHONE, given_name="An"))
    apply(context, SMS + WINDOW, segments=SEGMENTS)
    tick(context)
    assert calls(context, "id") == []
    assert places(context, "step", "held") == [("hi", "quiet_hours")]
    clock(context).advance(10 * HOUR)
    tick(context)
    assert calls(context, "state") == [("queued",)]


def test_a_text_that_may_be_left_out_is(context: Context) -> None:
    """`if_held: skip`, at night."""
    clock(context).advance(13 * HOUR)
    agree_to_sms(context, add_leads(context, 1, phone=PHONE, given_name="An"))
    apply(context, SMS.replace("send_sms: {", "send_sms: {if_held: skip, ") + WINDOW, segments=SEGMENTS)
    tick(context)
    assert calls(context, "state", "reason") == [("skipped", "quiet_hours")]
    assert passed(context)[0] == ("hi", "skipped")


def test_a_text_of_too_many_parts_is_not_sent(context: Context) -> None:
    """A field may be longer than its author thought."""
    agree_to_sms(context, add_leads(context, 1, phone=PHONE, given_name="Ế" * 400))
    apply(context, SMS, segments=SEGMENTS)
    tick(context)
    assert calls(context, "state", "reason", "detail") == [("skipped", "too_long", {"parts": 7, "limit": 5})]
