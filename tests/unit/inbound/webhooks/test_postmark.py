"""Postmark's records, let in by a secret."""

import base64
from typing import Any

import pytest

from nurture.delivery.bounce import BounceReason
from nurture.inbound.model import What
from nurture.inbound.webhooks import postmark
from tests.unit.inbound.webhooks.ground import here, post

SECRET = "postmark:correct-horse-battery"
HERE = here(postmark_secret=SECRET)


def basic(secret: str) -> dict[str, str]:
    return {"authorization": f"Basic {base64.b64encode(secret.encode()).decode()}"}


def record(kind: str, **more: Any) -> dict[str, Any]:
    return {
        "RecordType": kind, "MessageID": "00000000-0000", "Metadata": {"nurture": "<m4711.abc@anphat.test>"},
        "MessageStream": "outbound", "ServerID": 23, "Tag": "x", **more,
    }  # fmt: skip


def bounce(named: str, **more: Any) -> dict[str, Any]:
    return record("Bounce", ID=42, Type=named, Email="Lan@khach.test", BouncedAt="2026-11-23T02:00:00Z", **more)


def test_only_who_shows_the_secret_is_let_in() -> None:
    assert postmark.is_authentic(HERE, post({}, basic(SECRET)))
    shown: tuple[dict[str, str], ...] = (
        {},
        basic("postmark:wrong"),
        {"authorization": "Basic %%%"},
        {"authorization": f"Bearer {SECRET}"},
    )
    for headers in shown:
        assert not postmark.is_authentic(HERE, post({}, headers))


def test_a_secret_without_a_name_is_a_bearers() -> None:
    by_token = here(postmark_secret="0123456789abcdefghij")
    assert postmark.is_authentic(by_token, post({}, {"authorization": "Bearer 0123456789abcdefghij"}))
    assert not postmark.is_authentic(by_token, post({}, basic("0123456789abcdefghij")))


@pytest.mark.parametrize(
    ("named", "what", "why"),
    [
        ("HardBounce", What.BOUNCED, BounceReason.NO_SUCH_USER),
        ("SoftBounce", What.BOUNCED, BounceReason.UNKNOWN),
        ("Transient", What.DELAYED, BounceReason.UNKNOWN),
        ("Blocked", What.BOUNCED, BounceReason.POLICY),
        ("SpamNotification", What.BOUNCED, BounceReason.SPAM),
        ("DMARCPolicy", What.BOUNCED, BounceReason.AUTHENTICATION),
        ("AutoResponder", What.AUTO_REPLY, None),
        ("ChallengeVerification", What.CHALLENGE, None),
        ("Unsubscribe", What.UNSUBSCRIBED, None),
    ],
)
def test_its_words_are_ours(named: str, what: What, why: BounceReason | None) -> None:
    (got,) = postmark.returns(HERE, post(bounce(named)))
    assert (got.what, got.reason, got.address) == (what, why, "lan@khach.test")
    assert got.header_id == "m4711.abc@anphat.test"


def test_the_receivers_words_go_before_its_own() -> None:
    (got,) = postmark.returns(HERE, post(bounce("HardBounce", Details="smtp;552 5.2.2 mailbox full")))
    assert got.reason is BounceReason.MAILBOX_FULL


def test_deliveries_and_complaints_are_told() -> None:
    took = record("Delivery", Recipient="lan@khach.test", DeliveredAt="2026-11-23T02:00:00Z", Details="250 ok")
    spam = record("SpamComplaint", ID=43, Type="SpamComplaint", Email="lan@khach.test")
    found = [one.what for data in (took, spam) for one in postmark.returns(HERE, post(data))]
    assert found == [What.DELIVERED, What.COMPLAINED]


def test_only_a_persons_no_unsubscribes() -> None:
    """A bounce that closes an address there is told as a bounce already."""
    no = record(
        "SubscriptionChange", Recipient="lan@khach.test", SuppressSending=True, ChangedAt="2026-11-23T02:00:00Z"
    )
    (got,) = postmark.returns(HERE, post({**no, "SuppressionReason": "ManualSuppression"}))
    assert (got.what, got.address) == (What.UNSUBSCRIBED, "lan@khach.test")
    assert postmark.returns(HERE, post({**no, "SuppressionReason": "HardBounce"})) == []
    assert postmark.returns(HERE, post({**no, "SuppressSending": False})) == []


def test_what_is_not_known_is_passed_over() -> None:
    unknown: tuple[Any, ...] = (record("Open"), record("Click"), bounce("MadeUp"), {}, [], "text", None)
    for data in unknown:
        assert postmark.returns(HERE, post(data)) == []
