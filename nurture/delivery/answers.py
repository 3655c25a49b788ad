"""Reading the words of a server's answer: its enhanced status, and how long it asks to wait. Pure."""

import re

_STATUS = re.compile(r"(?<![\w.])([245])\.(\d{1,3})\.(\d{1,3})(?!\.?\w)")
_UNITS = {"s": 1, "g": 1, "m": 60, "p": 60, "h": 3600}  # by first letter: giây, phút and giờ among them
_UNIT = r"(s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|giây|phút|giờ)"
_CLOCK = re.compile(r"\b(?:in|after|for|wait|sau)\s+(?:(\d{1,2}):)?(\d{1,2}):(\d\d)\b", re.IGNORECASE)
_BEFORE = r"\b(?:in|after|wait|for|least|sau)\s+(?:for\s+|about\s+|another\s+|at least\s+)?[\[(]?"
_SPAN = re.compile(rf"{_BEFORE}(\d{{1,6}})[\])]?\s*{_UNIT}\b", re.IGNORECASE)
_BARE = re.compile(r"\b(?:(?:again|back|retry) (?:in|after)|wait(?: for)?)\s+[\[(]?(\d{1,6})\b", re.IGNORECASE)
_LONGEST = 86_400


def enhanced_status(answer: str) -> str:
    """The enhanced status code of an answer (RFC 3463), or nothing."""
    found = _STATUS.search(answer)
    return ".".join(found.groups()) if found else ""


def asked_wait(answer: str) -> int:
    """The seconds that a server asks to wait, a day at most; 0 when it does not say.

    "greylisted, try again in 300 seconds", "come back in 00:05:00", "greylisted for 5 minutes".
    """
    if clock := _CLOCK.search(answer):
        hours, minutes, seconds = (int(part or 0) for part in clock.groups())
        return min(hours * 3600 + minutes * 60 + seconds, _LONGEST)
    if span := _SPAN.search(answer):
        return min(int(span[1]) * _seconds(span[2].lower()), _LONGEST)
    bare = _BARE.search(answer)
    return min(int(bare[1]), _LONGEST) if bare else 0


def _seconds(unit: str) -> int:
    return 3600 if unit == "giờ" else _UNITS[unit[0]]
