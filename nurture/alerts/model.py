"""States of an alert."""

from enum import StrEnum


class AlertState(StrEnum):
    """What became of an alert."""

    OPEN = "open"
    ACCEPTED = "accepted"
    LATER = "later"  # call back later, until `later_until`
    DISMISSED = "dismissed"  # not a fit
    WITHDRAWN = "withdrawn"  # its cause turned out to be a machine
