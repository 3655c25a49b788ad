"""The command line's language: NURTURE_LANGUAGE, else Vietnamese where the terminal's locale is, else English."""

import os

from nurture.kernel.i18n import LANGUAGES, translate


def _language() -> str:
    chosen = os.environ.get("NURTURE_LANGUAGE", "")
    if chosen in LANGUAGES:
        return chosen
    locale = next((os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), "")
    return "vi" if locale.startswith("vi") else "en"


LANGUAGE = _language()


def _(text: str, /, **params: object) -> str:
    """The text in the terminal's language."""
    return translate(LANGUAGE, text, **params)
