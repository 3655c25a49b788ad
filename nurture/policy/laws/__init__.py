"""Profiles of law, one file each, named as in NURTURE_LAW. None of them is legal advice; each says what it rests on."""

from nurture.kernel.plugins import modules
from nurture.policy.law import Law

_ADVERTISING = "advertising"


def profile(law: str) -> Law:
    """The profile of this name; KeyError for one that is not there."""
    found: Law = modules(__name__)[law].LAW
    return found


def subject_label(law: str, message_class: str) -> str:
    """What stands before the subject of a mail of this class, and before a text message; empty where nothing has to."""
    return profile(law).label if message_class == _ADVERTISING else ""
