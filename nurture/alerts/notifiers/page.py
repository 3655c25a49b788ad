"""`page`: the alert's row shows on the page at once; the lead's timeline says who was told."""

from sqlalchemy.engine import Connection

from nurture.activities.model import Kind
from nurture.activities.service import Activity, record
from nurture.alerts.raised import Raised


def notify(conn: Connection, raised: Raised) -> None:
    """Write the line of the timeline. Nothing reacts to it."""
    alert = raised.alert
    detail = {"alert": alert.id, "trigger": alert.trigger, "owner": alert.owner_id}
    activity = Activity(alert.lead_id, Kind.ALERTED, raised.now, "engine", f"alert:{alert.id}", detail=detail)
    record(conn, activity, real=raised.real, react=False)
