"""`replied`: a lead wrote to us. Raised by the reply itself, whatever the lead's score; its owner should read it."""

from nurture.alerts.model import Moment
from nurture.kernel.i18n import N_
from nurture.users.model import Role

KEY = "replied"
TITLE = N_("%(who)s has replied")
TEMPLATE = "staff_reply"
ROLES = (Role.ADMIN, Role.MARKETER)  # where nobody is in charge of the lead


def due(moment: Moment) -> bool:  # noqa: ARG001 - no moment of a score is one
    """Never by a score."""
    return False
