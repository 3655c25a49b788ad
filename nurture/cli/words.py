"""The command line's language: NURTURE_LANGUAGE, else Vietnamese where the terminal's locale is, else English.

click's own words (Usage, Options, its errors) come from the same catalogs, `locale/vi/click.po`.
"""

import gettext
import os

from click import core, decorators, exceptions, formatting, parser, termui, types, utils

from nurture.kernel.i18n import LANGUAGES, translate, translations

SPEAKING = (core, decorators, exceptions, formatting, parser, termui, types, utils)  # the modules of click that do


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


def teach_click(language: str) -> None:
    """Let click speak this language.

    It takes its words by name from the standard library's gettext, which reads compiled files of a folder only; so the
    names are bound to the catalogs here, once, before a command is made.
    """
    catalog = translations(language)
    ours = {gettext.gettext: catalog.gettext, gettext.ngettext: catalog.ngettext}
    for module in SPEAKING:
        for name, value in list(vars(module).items()):
            if value in (gettext.gettext, gettext.ngettext):
                setattr(module, name, ours[value])


teach_click(LANGUAGE)
