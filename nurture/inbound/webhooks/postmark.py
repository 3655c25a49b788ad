"""Postmark's webhooks (postmarkapp.com/developer/webhooks). Pure.

Postmark signs nothing; its documentation gives a name and password in the address, or a header of one's own. Its
`MessageID` is its own; ours comes back as the metadata `nurture`, or not at all.
"""

from typing import Any, NamedTuple

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
    is_let_in,
    message_id,
    reason,
    text,
    told,
)
from nurture.kernel.settings import Settings

ASKS = "Basic"
_SOURCE = "postmark"


class Meant(NamedTuple):
    what: What
    why: Why = Why.UNKNOWN  # where the receiver's words say nothing


# `Type` of a bounce, postmarkapp.com/developer/api/bounce-api#bounce-types.
TYPES = {
    "HardBounce": Meant(What.BOUNCED, Why.NO_SUCH_USER),
    "SoftBounce": Meant(What.BOUNCED),
    "Transient": Meant(What.DELAYED),
    "DnsError": Meant(What.BOUNCED, Why.ROUTING),
    "Blocked": Meant(What.BOUNCED, Why.POLICY),
    "SpamNotification": Meant(What.BOUNCED, Why.SPAM),
    "VirusNotification": Meant(What.BOUNCED, Why.CONTENT),
    "DMARCPolicy": Meant(What.BOUNCED, Why.AUTHENTICATION),
    "BadEmailAddress": Meant(What.BOUNCED, Why.NO_SUCH_USER),
    "AutoResponder": Meant(What.AUTO_REPLY),
    "AddressChange": Meant(What.AUTO_REPLY),
    "ChallengeVerification": Meant(What.CHALLENGE),
    "Unsubscribe": Meant(What.UNSUBSCRIBED),
    "SpamComplaint": Meant(What.COMPLAINED),
}
_AT = ("BouncedAt", "DeliveredAt", "ChangedAt", "ReceivedAt")


def is_set(settings: Settings) -> bool:
    """There is a secret that Postmark knows."""
    return bool(settings.postmark_secret)


def is_authentic(here: Here, post: Post) -> bool:
    """The request shows our secret."""
    return is_let_in(here.settings.postmark_secret, post)


def returns(here: Here, post: Post) -> list[Return]:
    """What the event says; a post has one."""
    data = data_of(post.body)
    meant, key = _meant(data)
    if meant is None:
        return []
    said = text(data, "Details") or text(data, "Description")
    at = next((found for name in _AT if (found := instant(dig(data, name))) is not None), None)
    what = meant.what
    who = address(data, "Email") or address(data, "Recipient")
    by_lead = what in {What.AUTO_REPLY, What.CHALLENGE, What.UNSUBSCRIBED}
    one = told(
        _SOURCE,
        what,
        key,
        at,
        here.real,
        header_id=message_id(text(data, "Metadata", OURS)),
        address=who,
        reason=reason(said, "", meant.why) if what in {What.BOUNCED, What.DELAYED} else None,
        diagnostic="" if by_lead else said,
    )
    return [one]


def _meant(data: Any) -> tuple[Meant | None, str]:
    """What a record means, and what names it."""
    kind = text(data, "RecordType")
    mail = f"{text(data, 'MessageID')}:{text(data, 'Recipient').lower()}"
    if kind in {"Bounce", "SpamComplaint"}:
        named = text(data, "Type") or kind
        return TYPES.get(named), f"bounce:{text(data, 'ID')}:{named}"
    if kind == "Delivery":
        return Meant(What.DELIVERED), f"delivery:{mail}"
    if kind == "SubscriptionChange" and dig(data, "SuppressSending") is True:
        # A bounce and a complaint come as records of their own.
        by_hand = text(data, "SuppressionReason") == "ManualSuppression"
        return (Meant(What.UNSUBSCRIBED) if by_hand else None), f"no:{mail}:{text(data, 'ChangedAt')}"
    return None, ""
