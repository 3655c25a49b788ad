"""Why somebody gets our mail, in a sentence for its foot, out of the latest yes. Pure.

It says how and when they agreed, and names nobody: neither who wrote it down nor the file it stood in.
"""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.dates import format_date

from nurture.consents.model import Method, Word
from nurture.kernel.i18n import N_, translate

_SENTENCES: Mapping[str, str] = {
    Method.FORM: N_("You get this email because you agreed to it on a form of ours on %(day)s."),
    Method.PAGE: N_("You get this email because you chose so on our page on %(day)s."),
    Method.PERSON: N_("You get this email because you agreed to it in person on %(day)s."),
    Method.PAPER: N_("You get this email because you agreed to it in writing on %(day)s."),
    Method.PHONE: N_("You get this email because you agreed to it on the phone on %(day)s."),
    Method.REPLY: N_("You get this email because you agreed to it in an email of yours on %(day)s."),
}
_ANY = N_("You get this email because our records show that you agreed to it on %(day)s.")
_DAYS = {"vi": "dd/MM/yyyy", "en": "d MMMM yyyy"}


def reason_line(word: Word | None, language: str, zone: ZoneInfo) -> str:
    """The sentence; empty where there is no yes to name."""
    if word is None or not word.given:
        return ""
    return _said(word.method, word.at.astimezone(zone).date(), language)


@lru_cache(maxsize=4096)
def _said(method: str, day: date, language: str) -> str:
    shown = format_date(day, _DAYS.get(language, _DAYS["en"]), language if language in _DAYS else "en")
    return translate(language, _SENTENCES.get(method, _ANY), day=shown)
