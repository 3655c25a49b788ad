"""The reasons of refusals in words for people, and what follows from each. Pure."""

from collections.abc import Mapping

from nurture.delivery.bounce import BounceReason
from nurture.kernel.i18n import N_

LABELS: Mapping[BounceReason, str] = {
    BounceReason.NO_SUCH_USER: N_("nobody has this address"),
    BounceReason.NO_SUCH_DOMAIN: N_("the domain takes no mail"),
    BounceReason.MOVED: N_("the owner has left this address"),
    BounceReason.MAILBOX_DISABLED: N_("the mailbox is closed or asleep"),
    BounceReason.MAILBOX_FULL: N_("the mailbox is full"),
    BounceReason.POLICY: N_("refused by the receiver's rules"),
    BounceReason.SPAM: N_("taken for spam"),
    BounceReason.CONTENT: N_("something in the mail was refused"),
    BounceReason.SIZE: N_("the mail is too large"),
    BounceReason.AUTHENTICATION: N_("SPF, DKIM or DMARC of our domain did not pass"),
    BounceReason.REPUTATION: N_("our server or domain has a bad name there"),
    BounceReason.RATE: N_("too many mails at once"),
    BounceReason.GREYLISTED: N_("asked to come again later"),
    BounceReason.NETWORK: N_("no connection to the receiver"),
    BounceReason.ROUTING: N_("the receiver's domain points nowhere"),
    BounceReason.SYSTEM: N_("trouble at the receiver's"),
    BounceReason.RELAY_DENIED: N_("the mail server does not serve this domain"),
    BounceReason.SENDER: N_("our own address was refused"),
    BounceReason.EXPIRED: N_("tried in vain until the last day"),
    BounceReason.UNKNOWN: N_("refused without a reason that we know"),
}


def label(code: str) -> str:
    """A reason's code in English words, to be translated; the code itself where it is none."""
    return LABELS[BounceReason(code)] if code in set(BounceReason) else code
