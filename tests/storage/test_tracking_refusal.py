"""The lead's way out: shown on GET, done on POST, heard even when lead and message are gone."""

import pytest
import sqlalchemy as sa

from nurture.activities.tables import activities, reactions
from nurture.consents.store import standing
from nurture.consents.tables import consents, suppressions
from nurture.kernel.context import Context
from nurture.kernel.signing import new_ring
from nurture.leads.tables import leads
from nurture.messages import links
from nurture.messages.tables import attempts, messages
from nurture.tracking.refusal import Refusal, masked
from nurture.tracking.service import look, resubscribe, unsubscribe
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
