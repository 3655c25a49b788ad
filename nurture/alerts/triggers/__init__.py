"""What an alert is raised for, one file each; the file's name is the trigger's.

Each file gives:
- `TITLE`: what the alert says, with a %(who)s place;
- `TEMPLATE`: its email;
- `due(moment)`: whether what just happened raises it;
- `ROLES`: who gets it when it is not for the owner; empty when it is.
"""

from collections.abc import Mapping
from functools import cache
from typing import Protocol, cast

from nurture.alerts.model import Moment
from nurture.kernel.plugins import modules
from nurture.users.model import Role


class Trigger(Protocol):
    """What a file of this folder gives."""

    TITLE: str
    TEMPLATE: str
    ROLES: tuple[Role, ...]

    def due(self, moment: Moment, /) -> bool: ...


@cache
def triggers() -> Mapping[str, Trigger]:
    """Every trigger by its name."""
    return cast("Mapping[str, Trigger]", modules(__name__))
