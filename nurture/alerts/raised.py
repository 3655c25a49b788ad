"""An alert that was raised a moment ago, with what notifiers need. Values."""

from dataclasses import dataclass
from datetime import datetime

from nurture.alerts.model import Alert, House
from nurture.alerts.triggers import Trigger
from nurture.opportunities.model import AlertLimits


@dataclass(frozen=True, slots=True)
class Raised:
    """The alert, its trigger, the limits of email, and when."""

    alert: Alert
    trigger: Trigger
    limits: AlertLimits
    house: House
    now: datetime
    real: datetime
