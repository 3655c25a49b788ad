"""Amazon SES through Amazon SNS (docs.aws.amazon.com: "Verifying the signatures of Amazon SNS messages", "Amazon SNS
notification contents", "Contents of event data"). Pure, but for what `fetch` does.

Only listed topics are heard. The certificate comes from the setting, or from `https://sns.<region>.amazonaws.com`,
nowhere else; a subscription is confirmed at an address that is made here out of region, topic and token, whatever
address the message names. SES puts its own Message-ID on a mail, and gives ours back among the headers; our signed
return path comes back as `mail.source`.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import urlencode

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from nurture.delivery.bounce import BounceReason as Why
from nurture.inbound.model import Return, What
from nurture.inbound.webhooks._post import (
    Fetch,
    Here,
    NotJsonError,
    Post,
    UnsureError,
    address,
    data_of,
    dig,
    instant,
    items,
    message_id,
    reason,
    signed,
    text,
    told,
)
from nurture.kernel.settings import Settings
from nurture.kernel.signing import KeyRing

ASKS = ""
_SOURCE = "ses"
_CERTIFICATE = re.compile(
    r"https://sns\.([a-z]{2}(?:-[a-z]+)+-\d)\.amazonaws\.com(?:\.cn)?/SimpleNotificationService-[0-9A-Za-z]{1,80}\.pem"
)
_TOKEN = re.compile(r"[0-9A-Za-z._-]{16,2000}")
_HASHES: Mapping[str, hashes.HashAlgorithm] = {"1": hashes.SHA1(), "2": hashes.SHA256()}  # noqa: S303 - SNS's first form
# What is signed, in this order, by the type of the message.
_SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    "UnsubscribeConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}


class Event(NamedTuple):
    """Where an event has its recipients, and what it means."""

    what: What
    part: str
    recipients: str


EVENTS = {
    "Bounce": Event(What.BOUNCED, "bounce", "bouncedRecipients"),
    "Complaint": Event(What.COMPLAINED, "complaint", "complainedRecipients"),
    "Delivery": Event(What.DELIVERED, "delivery", "recipients"),
    "DeliveryDelay": Event(What.DELAYED, "deliveryDelay", "delayedRecipients"),
}
# `bounceSubType` and `delayType`, where the receiver's words say nothing. `Suppressed` is hearsay of other senders.
WHY = {
    "NoEmail": Why.NO_SUCH_USER,
    "Suppressed": Why.POLICY,
    "OnAccountSuppressionList": Why.POLICY,
    "MailboxFull": Why.MAILBOX_FULL,
    "MessageTooLarge": Why.SIZE,
    "ContentRejected": Why.SPAM,
    "AttachmentRejected": Why.CONTENT,
    "RecipientServerError": Why.SYSTEM,
    "TransientCommunicationFailure": Why.NETWORK,
    "SpamDetected": Why.SPAM,
    "IPFailure": Why.REPUTATION,
    "InternalFailure": Why.SYSTEM,
}
# `complaintFeedbackType` (RFC 5965): these are no complaints.
_NO_COMPLAINTS = frozenset({"not-spam", "auth-failure"})


def is_set(settings: Settings) -> bool:
    """Some topic may talk to us."""
    return bool(settings.ses_topics)


def is_authentic(here: Here, post: Post) -> bool:
    """Of a listed topic and signed by SNS. A subscription is confirmed here, once all that is certain."""
    try:
        message = data_of(post.body)
    except NotJsonError:
        return False
    topic, kind = dig(message, "TopicArn"), dig(message, "Type")
    if topic not in here.settings.ses_topics or not isinstance(kind, str) or kind not in _SIGNED:
        return False
    pem = here.settings.ses_certificate.encode() or _certificate(message, here.fetch)
    if not _is_signed(message, pem, here.real):
        return False
    if message["Type"] == "SubscriptionConfirmation":
        return _confirm(message, here.fetch)
    return True


def _certificate(message: Any, fetch: Fetch) -> bytes:
    """The certificate that the message names, if it is Amazon's, of the topic's own region; nothing otherwise."""
    url = dig(message, "SigningCertURL")
    found = _CERTIFICATE.fullmatch(url) if isinstance(url, str) else None
    if found is None or found[1] != message["TopicArn"].split(":")[3]:
        return b""
    return _fetched(fetch, found[0])


def _fetched(fetch: Fetch, url: str) -> bytes:
    """What Amazon has there. SNS tells nothing again that was refused for good, so that a failure is none of that."""
    found = fetch(url)
    if found is None:
        raise UnsureError(url)
    return found


def _is_signed(message: Mapping[str, Any], pem: bytes, real: datetime) -> bool:
    algorithm = _HASHES.get(str(message.get("SignatureVersion")))
    try:
        certificate = x509.load_pem_x509_certificate(pem)
        key = certificate.public_key()
        signature = base64.b64decode(str(message.get("Signature")), validate=True)
    except (ValueError, binascii.Error):
        return False
    is_valid = certificate.not_valid_before_utc <= real <= certificate.not_valid_after_utc
    if algorithm is None or not is_valid or not isinstance(key, rsa.RSAPublicKey):
        return False
    try:
        key.verify(signature, _canonical(message), padding.PKCS1v15(), algorithm)
    except InvalidSignature:
        return False
    return True


def _canonical(message: Mapping[str, Any]) -> bytes:
    names = [name for name in _SIGNED[message["Type"]] if isinstance(message.get(name), str)]
    return "".join(f"{name}\n{message[name]}\n" for name in names).encode("utf-8", "replace")


def _confirm(message: Mapping[str, Any], fetch: Fetch) -> bool:
    """Say yes to a topic that is listed, at the host of its own region."""
    topic, token = str(message["TopicArn"]), message.get("Token")
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        return False
    partition, region = topic.split(":")[1], topic.split(":")[3]
    end = ".cn" if partition == "aws-cn" else ""
    query = urlencode({"Action": "ConfirmSubscription", "TopicArn": topic, "Token": token})
    _fetched(fetch, f"https://sns.{region}.amazonaws.com{end}/?{query}")
    return True


def returns(here: Here, post: Post) -> list[Return]:
    """One for each recipient of the event; nothing of what is no event."""
    message = data_of(post.body)
    inner = dig(message, "Message")
    if dig(message, "Type") != "Notification" or not isinstance(inner, str):
        return []
    try:
        event = data_of(inner.encode("utf-8", "replace"))
    except NotJsonError:  # SNS says in plain words that a topic was validated
        return []
    return returns_of(event, here.ring, here.real)


def returns_of(event: Any, ring: KeyRing, real: datetime) -> list[Return]:
    """The same of a bare event, as SNS also mails it."""
    named = text(event, "eventType") or text(event, "notificationType")
    if named == "Subscription":
        return _unsubscribed(event, real)
    meant = EVENTS.get(named)
    if meant is None:
        return []
    return [_return(event, meant, named, one, ring, real) for one in items(event, meant.part, meant.recipients)]


def _return(event: Any, meant: Event, named: str, recipient: Any, ring: KeyRing, real: datetime) -> Return:
    part = dig(event, meant.part)
    who = address({"one": recipient}, "one") or address(recipient, "emailAddress")
    status, said = text(recipient, "status"), text(recipient, "diagnosticCode")
    what = _what(meant.what, part, said, status)
    kind = text(part, "bounceSubType") or text(part, "delayType")
    stamp = text(part, "timestamp") if what is What.DELAYED else ""
    key = text(part, "feedbackId") or f"{text(event, 'mail', 'messageId')}:{named}:{stamp}"
    return told(
        _SOURCE,
        what,
        f"{key}:{who}",
        instant(dig(part, "timestamp")),
        real,
        message_id=signed(ring, text(event, "mail", "source")),
        header_id=_header_id(event),
        address=who,
        reason=reason(said, status, WHY.get(kind, Why.UNKNOWN)) if what in {What.BOUNCED, What.DELAYED} else None,
        status=status,
        diagnostic=said or kind,
    )


def _what(what: What, part: Any, said: str, status: str) -> What:
    """A transient "bounce" without any answer of a server is the answer of somebody away."""
    if what is What.BOUNCED and text(part, "bounceType") == "Transient" and not said and not status:
        return What.AUTO_REPLY if text(part, "bounceSubType") == "General" else What.BOUNCED
    if what is What.COMPLAINED and text(part, "complaintFeedbackType") in _NO_COMPLAINTS:
        return What.OTHER
    return what


def _unsubscribed(event: Any, real: datetime) -> list[Return]:
    """The link of SES's own lists."""
    if dig(event, "subscription", "newTopicPreferences", "unsubscribeAll") is not True:
        return []
    who = next((found for one in items(event, "mail", "destination") if (found := address({"one": one}, "one"))), "")
    key = f"{text(event, 'mail', 'messageId')}:Subscription:{who}"
    at = instant(dig(event, "subscription", "timestamp"))
    return [told(_SOURCE, What.UNSUBSCRIBED, key, at, real, header_id=_header_id(event), address=who)]


def _header_id(event: Any) -> str:
    """Our Message-ID, as the mail had it when SES took it."""
    for header in items(event, "mail", "headers")[:200]:
        if text(header, "name").lower() == "message-id":
            return message_id(text(header, "value"))
    return message_id(text(event, "mail", "commonHeaders", "messageId"))
