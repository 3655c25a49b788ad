"""What comes back after a mail was handed over, whoever tells of it: values, no I/O.

A mail in the returns mailbox and a provider's webhook end in the same words, so that one service decides what follows.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from nurture.delivery.bounce import BounceReason


class What(StrEnum):
    """What came back."""

    DELIVERED = "delivered"  # the receiver took it
    DELAYED = "delayed"  # somebody on the way still tries; never a bounce
    BOUNCED = "bounced"  # refused for good, by this try at least
    COMPLAINED = "complained"  # the recipient called it spam
    UNSUBSCRIBED = "unsubscribed"  # the recipient said no, by mail or at the provider
    REPLIED = "replied"  # a person wrote
    AUTO_REPLY = "auto_reply"  # a vacation notice or another machine's answer (RFC 3834)
    CHALLENGE = "challenge"  # asks us to prove that we are people; answered by nobody
    OTHER = "other"  # nothing that we know


@dataclass(frozen=True, slots=True)
class Return:
    """One thing that came back about one recipient.

    `key` names it within its source, so that it counts once however often it is told. What is not known is empty or
    None.
    """

    what: What
    source: str  # `mail`, or the file name of a webhook
    key: str
    at: datetime  # real time at which it happened, as whoever tells it says
    message_id: int | None = None  # out of our own signed return path: believed
    header_id: str = ""  # Message-ID of ours without brackets, as quoted: believed only where the address fits
    address: str = ""  # the recipient's, normalized
    reason: BounceReason | None = None  # of a bounce or delay
    status: str = ""  # RFC 3463, such as 5.1.1
    diagnostic: str = ""  # what the receiver said, one line
    sender: str = ""  # of a reply: who wrote, normalized
    subject: str = ""
    text: str = ""  # of a reply: its own words, quotes left out


class Outcome(StrEnum):
    """What we made of a return."""

    DONE = "done"  # acted on
    COUNTED = "counted"  # a soft bounce: counted against the address
    OURS = "ours"  # refused because of us or of what we wrote: never held against the address
    KNOWN = "known"  # kept; nothing follows
    NOBODY = "nobody"  # about no message and no lead of ours
    UNPROVEN = "unproven"  # anybody may have written it, and it would harm: changes nothing
    FAILED = "failed"  # could not be read


class Handling(StrEnum):
    """How far people are with what they should see: replies, and mail that nobody knows whose it is."""

    NONE = ""  # nobody needs to see it
    WAITING = "waiting"
    SEEN = "seen"
    KEPT = "kept"  # belongs to nobody here, and stays
    IGNORED = "ignored"
