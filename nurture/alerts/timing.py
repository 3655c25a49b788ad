"""When an alert's email goes: at once, or with the digest at the start of the owner's next working hours. Pure."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from nurture.alerts.model import EmailWay, Hours, Mailing
from nurture.kernel.reasons import Reason
from nurture.policy.windows import Window, WindowError, opening, read_window

ALWAYS = Window(frozenset(range(7)), 0, 24 * 60)
_MOST_ABSENCES = 100


def hours(stored: Mapping[str, Any], zone: str, away: tuple[tuple[date, date], ...]) -> Hours:
    """Working hours as stored; those that say nothing usable mean always."""
    try:
        window = read_window(stored) if stored else ALWAYS
    except WindowError:
        window = ALWAYS
    return Hours(window, zone, away)


def working(owner: Hours, at: datetime) -> datetime:
    """The instant itself when the owner works then, else the start of their next working hours."""
    zone = ZoneInfo(owner.zone)
    for _ in range(_MOST_ABSENCES):
        at = opening(owner.window, zone, at)
        today = at.astimezone(zone).date()
        last = max((last for first, last in owner.away if first <= today <= last), default=None)
        if last is None:
            break
        at = _midnight(last + timedelta(days=1), zone)
    return at


def mailing(owner: Hours, now: datetime, mailed_today: int, daily: int) -> Mailing:
    """How the email of an alert raised now goes. `mailed_today`: alert mails the owner has had this local day."""
    start = working(owner, now)
    if start > now:
        return Mailing(EmailWay.DIGEST, Reason.NIGHT_DIGEST, start)
    if mailed_today >= daily:
        zone = ZoneInfo(owner.zone)
        tomorrow = _midnight(now.astimezone(zone).date() + timedelta(days=1), zone)
        return Mailing(EmailWay.DIGEST, Reason.DAILY_CEILING, working(owner, tomorrow))
    return Mailing(EmailWay.NOW)


def day_start(zone: str, now: datetime) -> datetime:
    """The first instant of the local day."""
    place = ZoneInfo(zone)
    return _midnight(now.astimezone(place).date(), place)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)
