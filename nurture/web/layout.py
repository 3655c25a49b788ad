"""What every template sees: the menu, the macros as `ui`, the words and formats of the reader's language."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

from flask import Flask, current_app, request, url_for
from flask_login import current_user
from markupsafe import Markup

from nurture.kernel import installation
from nurture.kernel.i18n import N_
from nurture.kernel.reasons import SENTENCES, Reason
from nurture.web import assets, formats
from nurture.web.language import language, say, theme
from nurture.web.page import context, now, real, said, zone

# The places of the menu: endpoint, label, icon, key after `g`. One without its page is not shown.
PLACES = (
    ("today.index", N_("Today"), "house", "t"),
    ("leads.index", N_("Leads"), "people", "l"),
    ("campaigns.index", N_("Campaigns"), "signpost-split", "c"),
    ("opportunities.index", N_("Opportunities"), "trophy", "p"),
    ("reports.index", N_("Reports"), "funnel", "r"),
)
# Further places under the person's name: endpoint, label, icon, who sees it.
CORNER = (
    ("account.profile", N_("Profile"), "person", "all"),
    ("sends.index", N_("Sends account"), "send", "all"),
    ("mailbox.index", N_("Test mailbox"), "inbox", "all"),
)

_TEMPERATURES = {"cold": N_("cold"), "warm": N_("warm"), "hot": N_("hot")}


@cache
def _macro_files() -> tuple[str, ...]:
    folder = Path(__file__).parent / "templates" / "macros"
    return tuple(sorted(path.name for path in folder.glob("*.html")))


def exists(endpoint: str) -> bool:
    """Whether a page is there to link to."""
    return endpoint in current_app.view_functions


def _places() -> list[dict[str, Any]]:
    area = (request.endpoint or "").partition(".")[0]
    return [
        {"url": url_for(endpoint), "label": label, "icon": icon, "key": key, "here": endpoint.partition(".")[0] == area}
        for endpoint, label, icon, key in PLACES
        if exists(endpoint)
    ]


def _corner() -> list[dict[str, Any]]:
    return [
        {"url": url_for(endpoint), "label": label, "icon": icon, "here": request.endpoint == endpoint}
        for endpoint, label, icon, _ in CORNER
        if exists(endpoint)
    ]


def _band() -> dict[str, Any] | None:
    """What the calm band says: demo and time-lapse, or why nothing is sent. None on an ordinary installation."""
    ctx = context()
    with ctx.database.read() as conn:
        row = installation.load(conn)
    if row is None or not (row.demo or row.mode == "lapse" or row.stopped_sending):
        return None
    speed = ctx.settings.time_lapse or (row.speed or 0.0 if row.mode == "lapse" else 0.0)
    return {
        "demo": row.demo,
        "lapse": row.mode == "lapse",
        "day_seconds": round(86_400 / speed) if speed else 0,
        "speed": speed,
        "at": now(),
        "stays_here": ctx.settings.relay.is_loopback,
        "stopped": row.stopped_sending,
    }


def reason(code: str, params: Mapping[str, Any] | None = None) -> str:
    """The sentence of a reason code in the reader's language; instants among its params are written out."""
    if code not in set(Reason):
        return code
    known = {key: _shown(value) for key, value in (params or {}).items()}
    return say(SENTENCES[Reason(code)], **(_GAPS | known))


# Every place of every reason's sentence, so that a missing param shows as a dash and never as an error.
_GAPS = {name: "–" for sentence in SENTENCES.values() for name in re.findall(r"%\((\w+)\)s", sentence)}


def _shown(value: Any) -> str:
    if isinstance(value, datetime):
        return formats.stamp(value, language(), zone())
    if isinstance(value, str) and len(value) >= 19 and value[4:5] == "-" and value[10:11] == "T":
        try:
            return formats.stamp(datetime.fromisoformat(value), language(), zone())
        except ValueError:
            return value
    if isinstance(value, bool | str):
        return str(value)
    return formats.number(value, language()) if isinstance(value, int | float) else str(value)


def changed_query(**changes: Any) -> str:
    """This page's path with other query parameters; None takes one out."""
    pairs = [(key, value) for key, value in request.args.items(multi=True) if key not in changes]
    for key, value in changes.items():
        several = value if isinstance(value, list | tuple) else [value]
        pairs += [(key, one) for one in several if one not in (None, "")]
    return request.path + ("?" + urlencode(pairs) if pairs else "")


def _filters() -> dict[str, Any]:
    return {
        "number": lambda value: formats.number(value, language()),
        "money": lambda minor, currency="VND": formats.money(minor, currency, language()),
        "money_short": lambda minor, currency="VND": formats.money_short(minor, currency, language()),
        "phone": formats.phone,
        "masked": formats.masked,
        "stamp": lambda instant: formats.stamp(instant, language(), zone()),
        "clock": lambda instant: formats.clock_time(instant, zone()),
        "day_long": lambda value: formats.day_long(_local(value), language()),
        "day": lambda value: formats.day(_local(value), language()),
        "day_heading": lambda value: formats.day_heading(_local(value), language(), _local(now())),
        "relative": lambda instant, wall=False: formats.relative(
            instant, real() if wall else now(), language(), zone()
        ),
        "reason": reason,
        "named": named,
        "temperature": lambda key: say(_TEMPERATURES.get(str(key), str(key))),
    }  # fmt: skip


def _local(value: datetime | date) -> date:
    return value.astimezone(zone()).date() if isinstance(value, datetime) else value


def named(names: Any) -> str:
    """A name that is kept in several languages: the reader's, else any."""
    if not isinstance(names, Mapping):
        return str(names or "")
    return str(names.get(language()) or next(iter(names.values()), ""))


def _values() -> dict[str, Any]:
    signed_in = current_user.is_authenticated
    return {
        "lang": language(),
        "theme": theme(),
        "person": current_user.person if signed_in else None,
        "places": _places() if signed_in else [],
        "corner": _corner() if signed_in else [],
        "now": now(),
        "house": context().settings.house_name or "nurture",
    }


def install(app: Flask) -> None:
    """Hand everything to Jinja."""
    app.context_processor(_values)
    app.jinja_env.filters.update(_filters())
    app.jinja_env.globals.update(
        asset=assets.path_of,
        exists=exists,
        changed_query=changed_query,
        band=_band,
        said=said,
        zone_name=lambda: zone().key,
    )
    macros: dict[str, Any] = {}
    for name in _macro_files():
        module = app.jinja_env.get_template(f"macros/{name}").module
        macros |= {key: value for key, value in vars(module).items() if not key.startswith("_")}
    app.jinja_env.globals["ui"] = SimpleNamespace(**macros)
    app.jinja_env.globals["nbsp"] = Markup("&nbsp;")
