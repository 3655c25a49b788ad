"""Why mail is refused, and which reasons say that an address is gone for good. Pure."""

from enum import StrEnum
from typing import NamedTuple


class BounceReason(StrEnum):
    """Why a receiver refused, or a relay gave up. Codes are those of RFC 3463 and the IANA registry that keeps it."""

    NO_SUCH_USER = "no_such_user"  # X.1.1, X.1.3: the domain takes mail, but nobody there has this address
    NO_SUCH_DOMAIN = "no_such_domain"  # X.1.2, X.1.10 (RFC 7505): there is no such domain, or it takes no mail
    MOVED = "moved"  # X.1.6, X.7.17 (RFC 7293): the owner has left the address, or another has it now
    MAILBOX_DISABLED = "mailbox_disabled"  # X.2.1: it exists, closed or asleep; may come back
    MAILBOX_FULL = "mailbox_full"  # X.2.2
    POLICY = "policy"  # X.7.1: the receiver's rules refuse this mail, this sender or everybody
    SPAM = "spam"  # what we wrote was judged to be spam
    CONTENT = "content"  # X.6.x: an attachment, a virus, a header, an encoding
    SIZE = "size"  # X.3.4, X.2.3: the message is too large
    AUTHENTICATION = "authentication"  # X.7.20 to X.7.26, X.7.29 (RFC 7372): SPF, DKIM, DMARC, name of our address
    REPUTATION = "reputation"  # our address or domain stands on a list or has a bad name
    RATE = "rate"  # X.7.28, X.5.3: too much at once
    GREYLISTED = "greylisted"  # RFC 6647: come again in some minutes
    NETWORK = "network"  # X.4.1, X.4.2: no connection, or a broken one
    ROUTING = "routing"  # X.4.4, X.4.6: the receiver's names point nowhere or in a circle
    SYSTEM = "system"  # X.3.x: the receiver's own trouble
    RELAY_DENIED = "relay_denied"  # the server does not serve that domain
    SENDER = "sender"  # X.1.7, X.1.8, X.7.27: our own address is refused
    EXPIRED = "expired"  # X.4.7: tried until the last day
    UNKNOWN = "unknown"  # said nothing that we know


# Only those that say that the address is gone. All else may pass, or is not about the address at all.
HARD = frozenset({BounceReason.NO_SUCH_USER, BounceReason.NO_SUCH_DOMAIN, BounceReason.MOVED})


class Saying(NamedTuple):
    """What somebody says when they refuse, and why they do."""

    why: BounceReason
    source: str
    patterns: tuple[str, ...]  # any of them
    vague: bool = False  # said of anything: a precise status knows better
