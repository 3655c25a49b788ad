"""SendGrid's Event Webhook, signed (docs.sendgrid.com, "Event Webhook Security Features"). Pure.

ECDSA over SHA-256 of the timestamp and the raw body. `smtp-id` is our Message-ID; a complaint or an unsubscribe has
only the address, unless our Message-ID was attached as the unique argument `nurture`.
"""

import base64
import binascii
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from nurture.delivery.bounce import BounceReason as Why
from nurture.inbound.model import Return, What
from nurture.inbound.webhooks._post import (
    OURS,
    Here,
    Post,
    address,
    data_of,
    dig,
    instant,
    message_id,
    reason,
    text,
    told,
)
from nurture.kernel.settings import Settings

ASKS = ""
_SOURCE = "sendgrid"
EVENTS = {
    "delivered": What.DELIVERED,
    "deferred": What.DELAYED,
    "bounce": What.BOUNCED,
    "dropped": What.BOUNCED,
    "spamreport": What.COMPLAINED,
    "unsubscribe": What.UNSUBSCRIBED,
    "group_unsubscribe": What.UNSUBSCRIBED,
}
# What SendGrid did not even try, by its `reason`: what it has heard before.
DROPPED = {
    "unsubscribed address": What.UNSUBSCRIBED,
    "spam reporting address": What.COMPLAINED,
}
# `bounce_classification`, where the receiver's words say nothing.
CLASSES = {
    "invalid address": Why.NO_SUCH_USER,
    "mailbox unavailable": Why.MAILBOX_DISABLED,
    "technical": Why.SYSTEM,
    "content": Why.SPAM,
    "reputation": Why.REPUTATION,
    "frequency/volume": Why.RATE,
    "frequency or volume too high": Why.RATE,
}


def is_set(settings: Settings) -> bool:
    """The key that SendGrid shows is known."""
    return bool(settings.sendgrid_key)


def is_authentic(here: Here, post: Post) -> bool:
    """The signature is of SendGrid's key for us."""
    stamp = post.headers.get("x-twilio-email-event-webhook-timestamp", "")
    try:
        key = serialization.load_der_public_key(base64.b64decode(here.settings.sendgrid_key))
        signature = base64.b64decode(post.headers.get("x-twilio-email-event-webhook-signature", ""), validate=True)
    except (binascii.Error, ValueError, UnsupportedAlgorithm):
        return False
    if not isinstance(key, ec.EllipticCurvePublicKey):
        return False
    try:
        key.verify(signature, stamp.encode() + post.body, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def returns(here: Here, post: Post) -> list[Return]:
    """One for each event that says what became of a mail."""
    data = data_of(post.body)
    events = data if isinstance(data, list) else [data]
    return [one for one in (_return(event, here.real) for event in events) if one is not None]


def _return(event: Any, real: datetime) -> Return | None:
    what = EVENTS.get(text(event, "event"))
    key = text(event, "sg_event_id")
    if what is None or not key:
        return None
    said = text(event, "reason") or text(event, "response")
    status = text(event, "status")
    if text(event, "event") == "dropped":
        what = DROPPED.get(said.lower(), what)
    by_class = CLASSES.get(text(event, "bounce_classification").lower(), Why.UNKNOWN)
    return told(
        _SOURCE,
        what,
        key,
        instant(dig(event, "timestamp")),
        real,
        header_id=message_id(text(event, OURS) or text(event, "smtp-id")),
        address=address(event, "email"),
        reason=reason(said, status, by_class) if what in {What.BOUNCED, What.DELAYED} else None,
        status=status,
        diagnostic=said,
    )
