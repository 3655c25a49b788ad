"""Mailgun's webhooks (documentation.mailgun.com, "Securing Webhooks"). Pure.

HMAC-SHA256 of timestamp and token, which stand in the body: the body itself is not signed, so that a token counts once,
for ever: it is the key of what is told, and whoever shows it again with another body tells nothing.
"""

import hashlib
import hmac
from datetime import timedelta

from nurture.delivery.bounce import BounceReason as Why
from nurture.inbound.model import Return, What
from nurture.inbound.webhooks._post import (
    OURS,
    Here,
    NotJsonError,
    Post,
    address,
    data_of,
    dig,
    instant,
    message_id,
    reason,
    signed,
    text,
    told,
)
from nurture.kernel.settings import Settings

ASKS = ""
_SOURCE = "mailgun"
OLDEST = timedelta(hours=24)  # Mailgun tries for eight
AHEAD = timedelta(minutes=10)  # of a clock that is not ours
EVENTS = {
    "delivered": What.DELIVERED,
    "failed": What.BOUNCED,
    "rejected": What.BOUNCED,
    "complained": What.COMPLAINED,
    "unsubscribed": What.UNSUBSCRIBED,
}
SEVERITIES = {"temporary": What.DELAYED}
# `reason` of a failure: what Mailgun did not even try, since it has heard it before.
REASONS = {
    "suppress-unsubscribe": What.UNSUBSCRIBED,
    "suppress-complaint": What.COMPLAINED,
}
WHY = {"old": Why.EXPIRED, "espblock": Why.REPUTATION}


def is_set(settings: Settings) -> bool:
    """The signing key is known."""
    return bool(settings.mailgun_key)


def is_authentic(here: Here, post: Post) -> bool:
    """Signed with our key, and not long ago."""
    try:
        data = data_of(post.body)
    except NotJsonError:
        return False
    stamp, token = text(data, "signature", "timestamp"), text(data, "signature", "token")
    wanted = hmac.new(here.settings.mailgun_key.encode(), f"{stamp}{token}".encode(), hashlib.sha256).hexdigest()
    shown = text(data, "signature", "signature")
    if not token or not hmac.compare_digest(shown.encode(), wanted.encode()):
        return False
    at = instant(stamp)
    return at is not None and here.real - OLDEST < at < here.real + AHEAD


def returns(here: Here, post: Post) -> list[Return]:
    """What the event says; a post has one."""
    data = data_of(post.body)
    event = dig(data, "event-data")
    what = EVENTS.get(text(event, "event"))
    if what is None:
        return []
    if what is What.BOUNCED:
        what = REASONS.get(text(event, "reason"), SEVERITIES.get(text(event, "severity"), what))
    said = text(event, "delivery-status", "message") or text(event, "delivery-status", "description")
    said = said or text(event, "reject", "reason")
    status = text(event, "delivery-status", "enhanced-code")
    why = reason(said, status, WHY.get(text(event, "reason"), Why.UNKNOWN))
    attached = text(event, "user-variables", OURS)
    one = told(
        _SOURCE,
        what,
        text(data, "signature", "token"),
        instant(dig(event, "timestamp")),
        here.real,
        message_id=signed(here.ring, text(event, "envelope", "sender")),
        header_id=message_id(attached or text(event, "message", "headers", "message-id")),
        address=address(event, "recipient"),
        reason=why if what in {What.BOUNCED, What.DELAYED} else None,
        status=status,
        diagnostic=said,
    )
    return [one]
