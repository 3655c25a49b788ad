"""Words of consent and refusal."""

from enum import StrEnum


class Purpose(StrEnum):
    """What a lead may agree to."""

    ADVERTISING = "advertising"
    TRACKING = "tracking"


class Channel(StrEnum):
    """How we may reach somebody."""

    EMAIL = "email"
    SMS = "sms"
    CALL = "call"


class SuppressionReason(StrEnum):
    """Why an address must not be written to."""

    UNSUBSCRIBED = "unsubscribed"  # the lead said no; a new consent lifts it
    BOUNCED = "bounced"  # hard bounce; never lifted by a consent
    COMPLAINED = "complained"  # called spam; never lifted by a consent
    BY_HAND = "by_hand"  # a member of staff
    IMPORT = "import"  # a file's column said no
