"""Mailgun's events: signed by timestamp and token."""

import hashlib
import hmac
from datetime import timedelta
from typing import Any

import pytest

from nurture.delivery.bounce import BounceReason
from nurture.inbound.model import Return, What
from nurture.inbound.webhooks import mailgun
from tests.unit.inbound.samples import NOW, OURS
from tests.unit.inbound.webhooks.ground import here, post

KEY = "key-0123456789abcdef"
HERE = here(mailgun_key=KEY)


def body(
    named: str = "failed", stamp: int | None = None, once: str = "t0k3n", key: str = KEY, **more: Any
) -> dict[str, Any]:
    stamp = stamp if stamp is not None else int(NOW.timestamp())
    signature = hmac.new(key.encode(), f"{stamp}{once}".encode(), hashlib.sha256).hexdigest()
    event = {
        "event": named, "timestamp": NOW.timestamp() - 60, "id": "daily", "recipient": "lan@khach.test",
        "message": {"headers": {"message-id": "m4711.abc@anphat.test", "to": "lan@khach.test"}},
        "envelope": {"sender": OURS}, "log-level": "error", **more,
    }  # fmt: skip
    return {"signature": {"timestamp": str(stamp), "token": once, "signature": signature}, "event-data": event}


def the(data: dict[str, Any]) -> Return:
    (found,) = mailgun.returns(HERE, post(data))
    return found


def test_only_what_mailgun_signed_is_believed() -> None:
    assert mailgun.is_authentic(HERE, post(body()))
    assert not mailgun.is_authentic(HERE, post(body(key="another-key-of-somebody")))
    forged = body()
    forged["signature"]["token"] = "another"
    assert not mailgun.is_authentic(HERE, post(forged))


@pytest.mark.parametrize("data", [b"", b"no json", {}, [], {"signature": "x"}, {"signature": {"token": ["t"]}}])
def test_what_has_no_signature_is_refused(data: Any) -> None:
    assert not mailgun.is_authentic(HERE, post(data))


def test_an_old_signature_and_one_of_the_future_are_refused() -> None:
    for away in (timedelta(days=-2), timedelta(hours=1)):
        assert not mailgun.is_authentic(HERE, post(body(stamp=int((NOW + away).timestamp()))))


def test_a_token_counts_once_whatever_the_body_says() -> None:
    """The body is not signed: the token is the key of what is told."""
    assert the(body("failed")).key == the(body("complained")).key == "t0k3n"


@pytest.mark.parametrize(
    ("named", "more", "what"),
    [
        ("delivered", {}, What.DELIVERED),
        ("failed", {"severity": "permanent"}, What.BOUNCED),
        ("failed", {"severity": "temporary"}, What.DELAYED),
        ("failed", {"severity": "permanent", "reason": "suppress-unsubscribe"}, What.UNSUBSCRIBED),
        ("failed", {"severity": "permanent", "reason": "suppress-complaint"}, What.COMPLAINED),
        ("complained", {}, What.COMPLAINED),
        ("unsubscribed", {}, What.UNSUBSCRIBED),
    ],
)
def test_its_words_are_ours(named: str, more: dict[str, Any], what: What) -> None:
    got = the(body(named, **more))
    assert (got.what, got.address) == (what, "lan@khach.test")
    assert (got.header_id, got.message_id) == ("m4711.abc@anphat.test", 4711)


def test_the_receivers_words_decide_the_reason() -> None:
    said: dict[str, Any] = {"delivery-status": {"code": 550, "message": "5.1.1 The email account does not exist"}}
    assert the(body("failed", **said)).reason is BounceReason.NO_SUCH_USER
    assert the(body("failed", reason="old")).reason is BounceReason.EXPIRED


def test_what_is_not_known_is_passed_over() -> None:
    for named in ("opened", "clicked", "accepted", "made_up"):
        assert mailgun.returns(HERE, post(body(named))) == []
    assert mailgun.returns(HERE, post({"event-data": []})) == []
