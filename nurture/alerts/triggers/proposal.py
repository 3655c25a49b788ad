"""`proposal`: a step of a campaign opened an opportunity, or proposes one. Raised by the step itself."""

from nurture.alerts.model import Moment
from nurture.kernel.i18n import N_
from nurture.users.model import Role

KEY = "proposal"
TITLE = N_("An opportunity from a campaign: %(who)s")
TEMPLATE = "staff_hot_lead"
ROLES: tuple[Role, ...] = ()


def due(moment: Moment) -> bool:  # noqa: ARG001 - no moment of a reaction is one
    """Never by what a lead does."""
    return False
