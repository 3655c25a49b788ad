"""Why mail is refused, and which reasons say that an address is gone for good. Pure."""

from enum import StrEnum


class BounceReason(StrEnum):
    """Why a receiver refused."""

    NO_SUCH_USER = "no_such_user"
    NO_SUCH_DOMAIN = "no_such_domain"
    UNKNOWN = "unknown"


HARD = frozenset({BounceReason.NO_SUCH_USER, BounceReason.NO_SUCH_DOMAIN})
