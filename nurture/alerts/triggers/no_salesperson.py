"""`no_salesperson`: an opportunity opened by itself, and there is nobody to give it to."""

from nurture.alerts.model import Moment
from nurture.kernel.i18n import N_
from nurture.users.model import Role

TITLE = N_("There is no salesperson for %(who)s")
TEMPLATE = "staff_notify"
ROLES = (Role.ADMIN, Role.MARKETER)


def due(moment: Moment) -> bool:
    """Opened, and nobody's."""
    return moment.opened and moment.owner_id is None
