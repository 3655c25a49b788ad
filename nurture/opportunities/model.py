"""States of an opportunity."""

from enum import StrEnum


class OpportunityState(StrEnum):
    """Where an opportunity stands, besides its stage."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"  # with a reason
    RETURNED = "returned"  # given back to marketing, with a reason
    WITHDRAWN = "withdrawn"  # the engine took it back: its cause turned out to be a machine
