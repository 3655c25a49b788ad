"""Brevo's transactional webhooks (developers.brevo.com, "Secure your webhooks"). Pure.

Brevo signs nothing; its documentation gives a name and password in the address, a bearer token, or a header of one's
own (and networks, which a proxy may keep). `message-id` is ours as Brevo's relay keeps it; events have no id, so that
event, mail, address and time together name one.
"""

from datetime import datetime
from typing import Any

from nurture.delivery.bounce import BounceReason as Why
from nurture.inbound.model import Return, What
from nurture.inbound.webhooks._post import (
    Here,
    Post,
    address,
    data_of,
    dig,
    instant,
    is_let_in,
    message_id,
    reason,
    text,
    told,
)
from nurture.kernel.settings import Settings

ASKS = "Basic"
_SOURCE = "brevo"
_ENDLESS = 10**17  # milliseconds that no calendar has
EVENTS = {
    "delivered": What.DELIVERED,
    "deferred": What.DELAYED,
    "soft_bounce": What.BOUNCED,
    "hard_bounce": What.BOUNCED,
    "invalid_email": What.BOUNCED,
    "blocked": What.BOUNCED,
    "error": What.BOUNCED,
    "spam": What.COMPLAINED,
    "complaint": What.COMPLAINED,
    "unsubscribe": What.UNSUBSCRIBED,
    "unsubscribed": What.UNSUBSCRIBED,
}
# Where the receiver's words say nothing. `blocked` is Brevo's own list.
WHY = {
    "hard_bounce": Why.NO_SUCH_USER,
    "invalid_email": Why.NO_SUCH_USER,
    "blocked": Why.POLICY,
    "error": Why.SYSTEM,
}


def is_set(settings: Settings) -> bool:
    """There is a secret that Brevo knows."""
    return bool(settings.brevo_secret)


def is_authentic(here: Here, post: Post) -> bool:
    """The request shows our secret."""
    return is_let_in(here.settings.brevo_secret, post)


def returns(here: Here, post: Post) -> list[Return]:
    """One for each event; Brevo sends them one by one or, where that was chosen, in batches."""
    data = data_of(post.body)
    events = data if isinstance(data, list) else [data]
    return [one for one in (_return(event, here.real) for event in events) if one is not None]


def _return(event: Any, real: datetime) -> Return | None:
    named = text(event, "event")
    what = EVENTS.get(named)
    if what is None:
        return None
    said = text(event, "reason")
    mail, who, stamp = text(event, "message-id"), address(event, "email"), text(event, "ts_epoch")
    millis = dig(event, "ts_epoch")  # in UTC, unlike its other times
    return told(
        _SOURCE,
        what,
        f"{named}:{mail}:{who}:{stamp or text(event, 'ts_event')}",
        instant(millis / 1000) if isinstance(millis, int) and abs(millis) < _ENDLESS else None,
        real,
        header_id=message_id(mail),
        address=who,
        reason=reason(said, "", WHY.get(named, Why.UNKNOWN)) if what in {What.BOUNCED, What.DELAYED} else None,
        diagnostic=said,
    )
