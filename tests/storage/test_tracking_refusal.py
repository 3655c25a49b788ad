"""The lead's way out: shown on GET, done on POST, heard even when lead and message are gone."""

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from nurture.activities.tables import activities, reactions
from nurture.campaigns.house import publish
from nurture.consents.model import Channel, Method, SuppressionReason
from nurture.consents.service import Said, give, suppress
from nurture.consents.store import standing, standing_everywhere, standing_of
from nurture.consents.tables import consents, suppressions
from nurture.kernel.context import Context
from nurture.kernel.signing import new_ring
from nurture.leads.tables import leads
from nurture.messages import links
from nurture.messages.tables import attempts, messages
from nurture.tracking.refusal import Refusal, choose, masked, pause, untrack
from nurture.tracking.service import look, resubscribe, unsubscribe
from tests.conftest import START
from tests.storage.tracking_ground import add_lead, add_message, rows

EMAIL = "mai@anphat.example"


def token(context: Context, message_id: int, lead_id: int, email: str = EMAIL) -> str:
    """The unsubscribe token of a message."""
    return links.unsubscribe_token(context.keys, message_id, lead_id, context.keys.address_hash(email))


def refusal(context: Context, lead_id: int, email: str = EMAIL) -> str | None:
    """Why advertising to this lead must not go, if so."""
    with context.database.read() as conn:
        found = standing(conn, context.keys, [(lead_id, email)])[lead_id].refusal("advertising")
    return found[0].value if found else None


def test_a_look_changes_nothing(context: Context) -> None:
    """Mail scanners follow every link."""
    lead = add_lead(context)
    one = token(context, add_message(context, lead, address=EMAIL), lead)
    assert look(context, one) == Refusal("m***@anphat.example", refused=False, language="vi")
    assert rows(context, suppressions) == rows(context, consents) == rows(context, activities) == []


@pytest.mark.parametrize("act", [look, unsubscribe, resubscribe])
def test_a_forged_token_is_nothing(context: Context, act: object) -> None:
    """The page answers as an unknown one does."""
    assert callable(act)
    forged = links.unsubscribe_token(new_ring(), 1, 1, context.keys.address_hash(EMAIL))
    assert act(context, forged) is None
    assert act(context, "") is None
    assert rows(context, suppressions) == []


def test_a_no_is_suppression_withdrawal_activity_and_canceled_mail(context: Context) -> None:
    """All in one transaction; mail that is no advertising is left to the go's own check."""
    lead = add_lead(context)
    went = add_message(context, lead, address=EMAIL)
    add_message(context, lead, state="queued")
    add_message(context, lead, state="deferred")
    add_message(context, lead, state="queued", class_="transactional")
    found = unsubscribe(context, token(context, went, lead), via="one_click", ip="203.0.113.0/24")
    (consent,) = rows(context, consents)
    (activity,) = rows(context, activities)
    assert found == Refusal("m***@anphat.example", refused=True, language="vi")
    assert (consent.given, consent.purpose, consent.method, consent.ip) == (
        False,
        "advertising",
        "page",
        "203.0.113.0/24",
    )
    assert consent.origin == "unsubscribe:one_click"
    assert (activity.kind, activity.actor, activity.message_id) == ("unsubscribed", "lead", went)
    assert activity.email_key == "welcome_series_hello"
    states = [(row.state, row.reason) for row in rows(context, messages)]
    assert states == [
        ("sent", ""), ("canceled", "unsubscribed"), ("canceled", "unsubscribed"), ("queued", ""), ("queued", ""),
    ]  # fmt: skip
    confirmation = rows(context, messages)[-1]
    assert (confirmation.template_key, confirmation.class_) == ("refusal_confirmed", "transactional")
    assert refusal(context, lead) == "unsubscribed"


def test_saying_it_twice_changes_nothing(context: Context) -> None:
    """Mail programs and people press twice."""
    lead = add_lead(context)
    one = token(context, add_message(context, lead, address=EMAIL), lead)
    assert unsubscribe(context, one) == unsubscribe(context, one)
    assert [len(rows(context, table)) for table in (suppressions, consents, activities)] == [1, 1, 1]


def test_a_no_is_heard_when_message_and_lead_are_gone(context: Context) -> None:
    """The token carries the keyed hash of the address."""
    lead = add_lead(context)
    message = add_message(context, lead, address=EMAIL)
    one = token(context, message, lead)
    with context.database.write() as conn:
        for table in (reactions, activities, attempts, messages, leads):
            conn.execute(table.delete())
    assert unsubscribe(context, one) == Refusal("", refused=True)
    again = add_lead(context)
    assert refusal(context, again) == "unsubscribed"


def test_a_no_reaches_the_lead_that_it_was_merged_into(context: Context) -> None:
    """And both addresses."""
    survivor = add_lead(context, "mai@example.vn")
    lead = add_lead(context, None, merged_into=survivor)
    message = add_message(context, lead, address=EMAIL)
    assert unsubscribe(context, token(context, message, lead)) == Refusal(
        "m***@anphat.example", refused=True, language="vi"
    )
    assert refusal(context, survivor, "mai@example.vn") == "unsubscribed"
    assert refusal(context, survivor, EMAIL) == "unsubscribed"
    assert [row.lead_id for row in rows(context, activities)] == [survivor]


def test_a_changed_mind_takes_back_the_leads_own_no_only(context: Context) -> None:
    """What stands there for another reason stays."""
    lead = add_lead(context)
    one = token(context, add_message(context, lead, address=EMAIL), lead)
    unsubscribe(context, one)
    assert resubscribe(context, one) == Refusal("m***@anphat.example", refused=False, language="vi")
    assert refusal(context, lead) is None
    assert [row.kind for row in rows(context, activities)] == ["unsubscribed", "resubscribed"]
    line = {"address_hash": context.keys.address_hash(EMAIL), "channel": "email", "reason": "complained"}
    with context.database.write() as conn:
        conn.execute(sa.insert(suppressions).values(**line, origin="webhook", at=context.clock.engine()))
    unsubscribe(context, one)
    resubscribe(context, one)
    assert refusal(context, lead) == "complained"


def test_nobody_is_subscribed_who_had_not_said_no(context: Context) -> None:
    """The button is no way to consent."""
    lead = add_lead(context)
    one = token(context, add_message(context, lead, address=EMAIL), lead)
    resubscribe(context, one)
    assert rows(context, consents) == []
    assert refusal(context, lead) == "no_consent"


@pytest.mark.parametrize(
    ("address", "shown"), [(EMAIL, "m***@anphat.example"), ("a@b.vn", "a***@b.vn"), ("", ""), ("nobody", "")]
)
def test_a_stranger_sees_no_address(address: str, shown: str) -> None:
    """The first letter and the domain are enough to know one's own."""
    assert masked(address) == shown


def _house(context: Context) -> None:
    with context.database.write() as conn:
        publish(conn, "topics: {news: {vi: Tin tức, en: News}, offers: {vi: Ưu đãi, en: Offers}}", START)


def test_topics_are_refused_and_wanted_again_with_one_line_each(context: Context) -> None:
    """Nothing else is refused, and the timeline names them as people do."""
    _house(context)
    lead = add_lead(context)
    one = token(context, add_message(context, lead, address=EMAIL), lead)
    for wanted, unwanted in ((["news"], {"offers"}), (["news"], {"offers"}), (["news", "offers"], set())):
        found = choose(context, one, wanted)
        assert found is not None
        assert (found.unwanted, found.refused) == (frozenset(unwanted), False)
    lines = [row.detail for row in rows(context, activities)]
    assert lines == [{"refused": [{"vi": "Ưu đãi", "en": "Offers"}]}, {"refused": []}]
    assert len(rows(context, suppressions)) == 2


def test_a_pause_ends_with_the_next_and_lets_what_waited_go(context: Context) -> None:
    """The newest wish holds; what was held for it is looked at again at once."""
    lead = add_lead(context)
    one = token(context, add_message(context, lead, address=EMAIL), lead)
    far = context.clock.engine() + timedelta(days=30)
    waits = add_message(context, lead, state="queued", reason="paused_by_lead", not_before=far)
    for days in (30, 90):
        found = pause(context, one, days)
        assert found is not None
        assert found.paused_until == context.clock.engine() + timedelta(days=days)
    ended = pause(context, one, 0)
    assert ended is not None
    assert ended.paused_until is None
    (row,) = (row for row in rows(context, messages) if row.id == waits)
    assert row.not_before == context.clock.engine()


def test_tracking_may_be_refused_alone(context: Context) -> None:
    """Advertising goes on."""
    lead = add_lead(context)
    one = token(context, add_message(context, lead, address=EMAIL), lead)
    now = context.clock.engine()
    with context.database.write() as conn:
        give(conn, context.keys, lead, EMAIL, Said(Method.FORM, "form", "lead", "t", now, now, "words"))
    shown = look(context, one)
    assert shown is not None
    assert shown.tracked
    after = untrack(context, one)
    assert after is not None
    assert (after.tracked, refusal(context, lead)) == (False, None)


@pytest.mark.parametrize(("law", "count"), [("vn", 1), ("eu", 0), ("us", 0), ("none", 0)])
def test_a_refusal_is_confirmed_once_where_the_law_asks(context: Context, law: str, count: int) -> None:
    """Changing one's mind and back on one day brings no second."""
    ctx = replace(context, settings=replace(context.settings, law=law))
    lead = add_lead(ctx)
    one = token(ctx, add_message(ctx, lead, address=EMAIL), lead)
    for act in (unsubscribe, unsubscribe, resubscribe, unsubscribe):
        act(ctx, one)
    sent = [row for row in rows(ctx, messages) if row.template_key == "refusal_confirmed"]
    assert [(row.purpose, row.address, row.class_) for row in sent] == [("notice", EMAIL, "transactional")] * count


def test_one_query_says_of_every_channel_what_three_would(context: Context) -> None:
    """Yes, no, and what closes the address."""
    lead = add_lead(context, phone="+84901234567")
    now = context.clock.engine()
    said = Said(Method.PERSON, "test", "cli", "test", now, now, "words")
    with context.database.write() as conn:
        give(conn, context.keys, lead, EMAIL, said)
        suppress(conn, context.keys, "+84901234567", SuppressionReason.BY_HAND, said=said, channel=Channel.CALL)
    with context.database.read() as conn:
        everywhere = standing_everywhere(conn, context.keys, lead, EMAIL, "+84901234567")
        each = {
            channel: standing_of(
                conn, context.keys, lead, EMAIL if channel is Channel.EMAIL else "+84901234567", channel
            )
            for channel in Channel
        }  # fmt: skip
    assert everywhere == each


def test_a_topic_that_was_not_shown_is_not_refused(context: Context) -> None:
    """It came after the page was loaded."""
    _house(context)
    lead = add_lead(context)
    found = choose(context, token(context, add_message(context, lead, address=EMAIL), lead), [], offered=["news"])
    assert found is not None
    assert found.unwanted == {"news"}
