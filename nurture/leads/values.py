"""One fact of a lead as it is stored, out of what somebody wrote. Decides; no I/O."""

from collections.abc import Callable

from nurture.kernel.errors import Problem
from nurture.kernel.i18n import LANGUAGES, N_
from nurture.kernel.text import clean
from nurture.kernel.zones import zone_named
from nurture.leads.normalize import LONGEST_TEXT, email_of, honorific_of, name_of, phone_of, source_of

CHANGEABLE = (
    "email", "phone", "name", "given_name", "honorific", "company", "address", "city", "source", "zone", "language",
    "fields",
)  # fmt: skip
_BAD = {
    "email": N_("“%(value)s” is not an email address"),
    "phone": N_("“%(value)s” is not a phone number"),
    "honorific": N_("“%(value)s” is not an honorific: anh, chị, cô, chú, ông, bà"),
    "zone": N_("“%(value)s” is not a time zone"),
    "language": N_("“%(value)s” is not a language: vi, en"),
}
_EMPTY_IS_NONE = frozenset({"email", "phone", "zone", "language"})


def _line(text: str) -> str:
    return clean(text, LONGEST_TEXT)


def _language(text: str) -> str | None:
    return text if text in LANGUAGES else None


def _zone(text: str) -> str | None:
    zone = zone_named(text)
    return zone.key if zone else None


_READERS: dict[str, Callable[[str], str | None]] = {
    "email": email_of, "phone": phone_of, "honorific": honorific_of, "name": name_of, "given_name": name_of,
    "source": source_of, "zone": _zone, "language": _language,
}  # fmt: skip


def read_fact(key: str, text: str) -> tuple[str | None, Problem | None]:
    """The value of this built-in fact, or what is wrong with it. Blank text empties it."""
    text = text.strip()
    if not text:
        return (None if key in _EMPTY_IS_NONE else ""), None
    value = _READERS.get(key, _line)(text)
    if not value and key in _BAD:
        return None, Problem("bad_value", _BAD[key], path=key, params=(("value", clean(text, 100)),))
    return value or "", None
