"""Amazon SES through SNS: which messages are believed, and what they say."""

import base64
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from nurture.delivery.bounce import BounceReason
from nurture.inbound.model import Return, What
from nurture.inbound.webhooks import ses
from nurture.inbound.webhooks._post import UnsureError
from tests.unit.inbound.samples import NOW, OURS
from tests.unit.inbound.webhooks.ground import here, post

TOPIC = "arn:aws:sns:ap-southeast-1:123456789012:mail"
URL = "https://sns.ap-southeast-1.amazonaws.com/SimpleNotificationService-0123abcd.pem"
KEY = rsa.generate_private_key(65537, 2048)
NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])


def certificate(*, days: int = 10) -> bytes:
    made = x509.CertificateBuilder().subject_name(NAME).issuer_name(NAME).public_key(KEY.public_key())
    made = made.serial_number(1).not_valid_before(NOW - timedelta(days=20)).not_valid_after(NOW + timedelta(days=days))
    return made.sign(KEY, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


PEM = certificate()


def message(inner: Any = "hello", kind: str = "Notification", version: str = "2", **more: str) -> dict[str, str]:
    """A message as SNS posts it, signed."""
    body = inner if isinstance(inner, str) else json.dumps(inner)
    made = {
        "Type": kind, "MessageId": "m-1", "TopicArn": TOPIC, "Message": body, "Timestamp": "2026-11-23T02:00:00.000Z",
        "SignatureVersion": version, "SigningCertURL": URL, **more,
    }  # fmt: skip
    names = ["Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
    signed = "".join(f"{name}\n{made[name]}\n" for name in names if name in made)
    algorithm = hashes.SHA256() if version == "2" else hashes.SHA1()  # noqa: S303
    return {**made, "Signature": base64.b64encode(KEY.sign(signed.encode(), padding.PKCS1v15(), algorithm)).decode()}


class Amazon:
    """What Amazon has; notes what was fetched."""

    def __init__(self, has: Mapping[str, bytes]) -> None:
        self.has = has
        self.asked: list[str] = []

    def __call__(self, url: str) -> bytes | None:
        self.asked.append(url)
        return next((found for begin, found in self.has.items() if url.startswith(begin)), None)


def is_believed(made: Mapping[str, Any], amazon: Amazon | None = None, **settings: str) -> bool:
    amazon = amazon or Amazon({URL: PEM})
    return ses.is_authentic(here(amazon, ses_topics=TOPIC, **settings), post(made))


@pytest.mark.parametrize("version", ["1", "2"])
def test_what_sns_signed_is_believed_in_both_its_forms(version: str) -> None:
    assert is_believed(message(version=version))
    assert is_believed(message(version=version, Subject="Amazon SES"))


@pytest.mark.parametrize("name", ["Message", "MessageId", "Timestamp", "Signature", "SignatureVersion"])
def test_a_changed_message_is_refused(name: str) -> None:
    made = message()
    assert not is_believed({**made, name: made[name][:-1] + ("1" if made[name][-1] != "1" else "2")})
    assert not is_believed({**made, name: ["x"]})


def test_a_topic_that_is_not_listed_is_refused_before_anything_is_fetched() -> None:
    amazon = Amazon({URL: PEM})
    assert not is_believed(message(TopicArn=TOPIC + "-of-another"), amazon)
    assert amazon.asked == []


@pytest.mark.parametrize(
    "url",
    [
        "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-1.pem",  # of another region
        "http://sns.ap-southeast-1.amazonaws.com/SimpleNotificationService-1.pem",
        "https://sns.ap-southeast-1.amazonaws.com.evil.test/SimpleNotificationService-1.pem",
        "https://evil.test/sns.ap-southeast-1.amazonaws.com/SimpleNotificationService-1.pem",
        "https://sns.ap-southeast-1.amazonaws.com@evil.test/SimpleNotificationService-1.pem",
        "https://evil.s3.amazonaws.com/SimpleNotificationService-1.pem",
        "https://sns.ap-southeast-1.amazonaws.com:8443/SimpleNotificationService-1.pem",
        "https://sns.ap-southeast-1.amazonaws.com/?Action=GetTopic#SimpleNotificationService-1.pem",
        "https://sns.ap-southeast-1.amazonaws.com/SimpleNotificationService-1.pem\n",
        "file:///etc/passwd",
        "",
    ],
)
def test_a_certificate_comes_from_amazon_or_not_at_all(url: str) -> None:
    amazon = Amazon({"": PEM})
    assert not is_believed(message(SigningCertURL=url), amazon)
    assert amazon.asked == []


def test_a_pinned_certificate_is_believed_and_nothing_fetched() -> None:
    amazon = Amazon({})
    assert is_believed(message(), amazon, ses_certificate=PEM.decode())
    assert amazon.asked == []


def test_a_certificate_of_yesterday_and_one_that_is_none_are_refused() -> None:
    for found in (certificate(days=-1), b"-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----", b""):
        assert not is_believed(message(), Amazon({URL: found}))


def test_what_amazon_does_not_give_now_is_asked_for_again() -> None:
    """SNS never repeats what was refused with a 4xx."""
    with pytest.raises(UnsureError):
        is_believed(message(), Amazon({}))
    with pytest.raises(UnsureError):
        is_believed(message(kind="SubscriptionConfirmation", Token="t" * 64, SubscribeURL="x"), Amazon({URL: PEM}))


def test_a_subscription_is_confirmed_at_amazon_whatever_address_it_names() -> None:
    amazon = Amazon({URL: PEM, "https://sns.ap-southeast-1.amazonaws.com/?Action": b"<ok/>"})
    made = message(kind="SubscriptionConfirmation", Token="t" * 64, SubscribeURL="https://evil.test/steal")

    assert is_believed(made, amazon)

    assert len(amazon.asked) == 2
    assert amazon.asked[1].startswith(
        "https://sns.ap-southeast-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=arn"
    )
    assert ses.returns(here(ses_topics=TOPIC), post(made)) == []


def test_a_forged_subscription_is_not_confirmed() -> None:
    amazon = Amazon({"https://sns": PEM})
    made = message(kind="SubscriptionConfirmation", Token="t" * 64, SubscribeURL="https://x.test")
    assert not is_believed({**made, "Token": "u" * 64}, amazon)
    assert amazon.asked == [URL]


@pytest.mark.parametrize("data", [b"", b"text", {}, [], {"Type": "Notification"}, {"TopicArn": [TOPIC]}])
def test_what_is_no_message_is_refused(data: Any) -> None:
    assert not ses.is_authentic(here(ses_topics=TOPIC), post(data))


def told(event: dict[str, Any]) -> list[Return]:
    mail = {
        "messageId": "ses-1", "source": OURS, "destination": ["lan@khach.test"],
        "headers": [{"name": "From", "value": "x"}, {"name": "Message-ID", "value": "<m4711.abc@anphat.test>"}],
    }  # fmt: skip
    return ses.returns(here(ses_topics=TOPIC), post(message({"mail": mail, **event})))


def bounced(kind: str, sub: str, **recipient: str) -> Return:
    part = {"bounceType": kind, "bounceSubType": sub, "feedbackId": "f-1", "timestamp": "2026-11-23T01:00:00Z",
            "bouncedRecipients": [{"emailAddress": "Lan@khach.test", **recipient}]}  # fmt: skip
    (one,) = told({"notificationType": "Bounce", "bounce": part})
    return one


def test_a_bounce_names_our_message_twice() -> None:
    got = bounced("Permanent", "General", status="5.1.1", diagnosticCode="smtp; 550 5.1.1 user unknown")
    assert (got.what, got.address, got.reason) == (What.BOUNCED, "lan@khach.test", BounceReason.NO_SUCH_USER)
    assert (got.message_id, got.header_id, got.key) == (4711, "m4711.abc@anphat.test", "f-1:lan@khach.test")


@pytest.mark.parametrize(
    ("kind", "sub", "why"),
    [
        ("Permanent", "NoEmail", BounceReason.NO_SUCH_USER),
        ("Permanent", "Suppressed", BounceReason.POLICY),
        ("Transient", "MailboxFull", BounceReason.MAILBOX_FULL),
        ("Transient", "ContentRejected", BounceReason.SPAM),
        ("Undetermined", "Undetermined", BounceReason.UNKNOWN),
    ],
)
def test_amazons_word_decides_where_the_receiver_said_nothing(kind: str, sub: str, why: BounceReason) -> None:
    assert bounced(kind, sub).reason is why


def test_the_receivers_words_go_before_amazons() -> None:
    said = "smtp; 554 5.7.1 Message looks like spam"
    assert bounced("Permanent", "General", status="5.7.1", diagnosticCode=said).reason is BounceReason.SPAM


def test_somebody_away_is_no_bounce() -> None:
    assert bounced("Transient", "General").what is What.AUTO_REPLY


def test_the_other_events_are_told() -> None:
    who, no = [{"emailAddress": "lan@khach.test"}], {"unsubscribeAll": True}
    events: list[tuple[dict[str, Any], What]] = [
        ({"notificationType": "Complaint", "complaint": {"complainedRecipients": who}}, What.COMPLAINED),
        ({"eventType": "Delivery", "delivery": {"recipients": ["lan@khach.test"]}}, What.DELIVERED),
        ({"eventType": "DeliveryDelay", "deliveryDelay": {"delayedRecipients": who}}, What.DELAYED),
        ({"eventType": "Subscription", "subscription": {"newTopicPreferences": no}}, What.UNSUBSCRIBED),
    ]  # fmt: skip
    for event, what in events:
        (one,) = told(event)
        assert (one.what, one.address) == (what, "lan@khach.test")


def test_not_spam_is_no_complaint() -> None:
    part = {"complaintFeedbackType": "not-spam", "complainedRecipients": [{"emailAddress": "lan@khach.test"}]}
    (one,) = told({"notificationType": "Complaint", "complaint": part})
    assert one.what is What.OTHER


def test_what_is_not_known_is_passed_over() -> None:
    events: list[dict[str, Any]] = [
        {"eventType": "Open"},
        {"eventType": "Bounce"},
        {"eventType": "Bounce", "bounce": []},
        {},
    ]
    for event in events:
        assert told(event) == []
    plain = message("Successfully validated SNS topic for Amazon SES event publishing.")
    assert ses.returns(here(ses_topics=TOPIC), post(plain)) == []
