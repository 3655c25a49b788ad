"""Time zones by their names, as people and files give them. Pure, but for the zone data it reads."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def zone_named(name: str) -> ZoneInfo | None:
    """The time zone of this name, such as `Asia/Ho_Chi_Minh`; None when there is none, whatever the text."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
