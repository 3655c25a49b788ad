"""`hot_lead`: an opportunity opened by itself, or a lead became hot while one is open. Its owner should call."""

from nurture.alerts.model import Moment
from nurture.kernel.i18n import N_
from nurture.users.model import Role

TITLE = N_("Hot lead: %(who)s")
TEMPLATE = "staff_hot_lead"
ROLES: tuple[Role, ...] = ()


def due(moment: Moment) -> bool:
    """With an owner to tell."""
    return moment.owner_id is not None and (moment.opened or (moment.became_hot and moment.has_open))
