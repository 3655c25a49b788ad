"""SendGrid's signed events."""

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from nurture.delivery.bounce import BounceReason
from nurture.inbound.model import Return, What
from nurture.inbound.webhooks import sendgrid
from nurture.inbound.webhooks._post import NotJsonError, Post
from tests.unit.inbound.samples import NOW
from tests.unit.inbound.webhooks.ground import here, post

KEY = ec.generate_private_key(ec.SECP256R1())
PUBLIC = base64.b64encode(
    KEY.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
).decode()
HERE = here(sendgrid_key=PUBLIC)
STAMP = "1763866800"


def sent(body: bytes, stamp: str = STAMP, key: ec.EllipticCurvePrivateKey = KEY) -> Post:
    signature = base64.b64encode(key.sign(stamp.encode() + body, ec.ECDSA(hashes.SHA256()))).decode()
    names = ("x-twilio-email-event-webhook-signature", "x-twilio-email-event-webhook-timestamp")
    return Post(dict(zip(names, (signature, stamp), strict=True)), body)


def event(named: str, **more: Any) -> dict[str, Any]:
    return {
        "email": "Lan@Khach.test", "event": named, "timestamp": 1763866000, "smtp-id": "<m4711.abc@anphat.test>",
        "sg_event_id": f"id-{named}", "sg_message_id": "x", "something_new": {"a": [1]}, **more,
    }  # fmt: skip


def the(one: dict[str, Any]) -> Return:
    (found,) = sendgrid.returns(HERE, post([one]))
    return found


def test_only_what_sendgrid_signed_is_believed() -> None:
    body = json.dumps([event("delivered")]).encode()

    assert sendgrid.is_authentic(HERE, sent(body))
    assert not sendgrid.is_authentic(HERE, Post(sent(body).headers, body + b" "))
    assert not sendgrid.is_authentic(
        HERE, Post({**sent(body).headers, "x-twilio-email-event-webhook-timestamp": "1"}, body)
    )
    assert not sendgrid.is_authentic(HERE, sent(body, key=ec.generate_private_key(ec.SECP256R1())))
    assert not sendgrid.is_authentic(HERE, Post({}, body))


@pytest.mark.parametrize("shown", ["", "%%%", base64.b64encode(b"no signature").decode()])
def test_a_broken_signature_is_refused_and_raises_nothing(shown: str) -> None:
    headers = {"x-twilio-email-event-webhook-signature": shown, "x-twilio-email-event-webhook-timestamp": STAMP}
    assert not sendgrid.is_authentic(HERE, Post(headers, b"[]"))


@pytest.mark.parametrize(
    ("named", "what"),
    [("delivered", What.DELIVERED), ("deferred", What.DELAYED), ("bounce", What.BOUNCED),
     ("spamreport", What.COMPLAINED), ("unsubscribe", What.UNSUBSCRIBED), ("group_unsubscribe", What.UNSUBSCRIBED)],
)  # fmt: skip
def test_its_words_are_ours(named: str, what: What) -> None:
    got = the(event(named))
    assert (got.what, got.address, got.header_id) == (what, "lan@khach.test", "m4711.abc@anphat.test")
    assert (got.source, got.key) == ("sendgrid", f"id-{named}")
    assert got.at < NOW


def test_the_receivers_words_decide_the_reason() -> None:
    full = the(
        event("bounce", status="5.2.2", reason="552 5.2.2 mailbox full", bounce_classification="Invalid Address")
    )
    gone = the(event("bounce", reason="550 xyzzy", bounce_classification="Invalid Address"))
    assert (full.reason, gone.reason) == (BounceReason.MAILBOX_FULL, BounceReason.NO_SUCH_USER)


def test_what_was_dropped_says_what_sendgrid_had_heard() -> None:
    assert the(event("dropped", reason="Unsubscribed Address")).what is What.UNSUBSCRIBED
    assert the(event("dropped", reason="Spam Reporting Address")).what is What.COMPLAINED
    assert the(event("dropped", reason="Bounced Address")).reason is BounceReason.UNKNOWN


def test_our_attached_id_is_used_where_there_is_no_other() -> None:
    one = event("spamreport", nurture="<m9@anphat.test>")
    del one["smtp-id"]
    assert the(one).header_id == "m9@anphat.test"


def test_what_is_not_known_is_passed_over() -> None:
    data = [event("open"), event("processed"), event("made_up"), "text", None, 7, {}, {"event": ["bounce"]}]
    assert sendgrid.returns(HERE, post(data)) == []


def test_what_is_no_json_says_so() -> None:
    for body in (b"", b"\xff", b"[" * 100_000):
        with pytest.raises(NotJsonError):
            sendgrid.returns(HERE, post(body))


def test_without_a_key_it_is_not_heard() -> None:
    assert not sendgrid.is_set(here().settings)
    assert sendgrid.is_set(HERE.settings)
