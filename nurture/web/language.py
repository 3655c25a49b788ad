"""Which language a page speaks, and gettext for templates: the person's, the cookie's, the browser's, the house's."""

from collections.abc import Sequence

from flask import Flask, g, request
from flask_login import current_user

from nurture.kernel.i18n import LANGUAGES, translate, translations

COOKIE = "language"
THEME_COOKIE = "theme"


def chosen(known: Sequence[str | None], accepted: Sequence[str], house: str) -> str:
    """The first of what is known that we speak, else the first accepted by the browser, else the house's."""
    for one in known:
        if one in LANGUAGES:
            return str(one)
    for one in accepted:
        short = one.replace("_", "-").split("-")[0].lower()
        if short in LANGUAGES:
            return short
    return house


def language() -> str:
    """The language of this request."""
    if "language" not in g:
        account = getattr(current_user, "account", None)
        known = (account.language if account else None, request.cookies.get(COOKIE))
        accepted = [name for name, _ in request.accept_languages]
        g.language = chosen(known, accepted, g.context.settings.language)
    return str(g.language)


def theme() -> str:
    """`auto`, `light` or `dark`: the person's, else the cookie's."""
    account = getattr(current_user, "account", None)
    found = account.theme if account else request.cookies.get(THEME_COOKIE, "auto")
    return found if found in {"light", "dark"} else "auto"


def say(text: str, /, **params: object) -> str:
    """The message id in the language of this request, its places filled."""
    found = translate(language(), text)
    return found % params if params else found


def install(app: Flask) -> None:
    """Teach Jinja `_()` and `{% trans %}`."""
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        lambda text: translations(language()).gettext(text),
        lambda one, many, count: translations(language()).ngettext(one, many, count),
        newstyle=True,
    )
