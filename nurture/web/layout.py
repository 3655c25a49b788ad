"""What every template sees: the menu, the macros as `ui`, the words and formats of the reader's language."""

from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

from flask import Flask, current_app, request, url_for
from flask_login import current_user

from nurture.kernel.i18n import N_
from nurture.web import assets, words
from nurture.web.language import language, theme
from nurture.web.page import context, form_for, house, now, said, two_clocks, zone

# The places of the menu: endpoint, label, icon, key after `g`. One without its page is not shown.
PLACES = (
    ("today.index", N_("Today"), "house", "t"),
    ("leads.index", N_("Leads"), "people", "l"),
    ("campaigns.index", N_("Campaigns"), "signpost-split", "c"),
    ("opportunities.index", N_("Opportunities"), "trophy", "p"),
    ("reports.index", N_("Reports"), "funnel", "r"),
)
# Areas that stand under a place of another name.
_WITHIN = {
    "lead": "leads",
    "lead_actions": "leads",
    "emails": "campaigns",
    "broadcasts": "campaigns",
    "rehearsals": "campaigns",
    "calls": "campaigns",
    "segments": "leads",
    "duplicates": "leads",
    "why": "leads",
    "tasks": "today",
    "alerts": "today",
    "late": "today",
    "replies": "today",
}
# Further places under the person's name: endpoint, label, icon. One whose view has an `is_shown` asks it.
CORNER = (
    ("account.profile", N_("Profile"), "person"),
    ("tasks.index", N_("Tasks"), "calendar-event"),
    ("alerts.index", N_("Hot leads to call"), "bell"),
    ("replies.index", N_("Replies"), "chat-left-text"),
    ("sends.index", N_("Sends account"), "send"),
    ("policy.show", N_("Policy of the house"), "shield-check"),
    ("suppressions.index", N_("Consent and suppression list"), "slash-circle"),
    ("relays.index", N_("Mail servers"), "send"),
    ("engine.index", N_("Engine health"), "heart-pulse"),
    ("data_requests.index", N_("Requests about data"), "person"),
    ("mailbox.index", N_("Test mailbox"), "inbox"),
)


@cache
def _macro_files() -> tuple[str, ...]:
    folder = Path(__file__).parent / "templates" / "macros"
    return tuple(sorted(path.name for path in folder.glob("*.html")))


def exists(endpoint: str) -> bool:
    """Whether a page is there to link to."""
    return endpoint in current_app.view_functions


def _places() -> list[dict[str, Any]]:
    area = (request.endpoint or "").partition(".")[0]
    area = _WITHIN.get(area, area)
    return [
        {"url": url_for(endpoint), "label": label, "icon": icon, "key": key, "here": endpoint.partition(".")[0] == area}
        for endpoint, label, icon, key in PLACES
        if exists(endpoint)
    ]


def _corner() -> list[dict[str, Any]]:
    return [
        {"url": url_for(endpoint), "label": label, "icon": icon, "here": request.endpoint == endpoint}
        for endpoint, label, icon in CORNER
        if exists(endpoint) and _is_shown(endpoint)
    ]


def _is_shown(endpoint: str) -> bool:
    asks = getattr(current_app.view_functions[endpoint], "is_shown", None)
    return asks is None or bool(asks())


def _band() -> dict[str, Any] | None:
    """What the calm band says: demo and time-lapse, or why nothing is sent. None on an ordinary installation."""
    row = house()
    if row is None or not (row.demo or row.mode == "lapse" or row.stopped_sending):
        return None
    speed = context().settings.time_lapse or (row.speed or 0.0 if row.mode == "lapse" else 0.0)
    return {
        "demo": row.demo,
        "lapse": row.mode == "lapse",
        "day_seconds": round(86_400 / speed) if speed else 0,
        "speed": speed,
        "at": now(),
        "stays_here": context().settings.stays_here,
        "stopped": row.stopped_sending,
    }


def changed_query(**changes: Any) -> str:
    """This page's path with other query parameters; None takes one out."""
    pairs = [(key, value) for key, value in request.args.items(multi=True) if key not in changes]
    for key, value in changes.items():
        several = value if isinstance(value, list | tuple) else [value]
        pairs += [(key, one) for one in several if one not in (None, "")]
    return request.path + ("?" + urlencode(pairs) if pairs else "")


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
    app.jinja_env.filters.update(words.filters())
    app.jinja_env.globals.update(
        asset=assets.path_of,
        changed_query=changed_query,
        band=_band,
        said=said,
        two_clocks=two_clocks,
        zone_name=lambda: zone().key,
        forms_for=form_for,
        zipped=lambda values: [(value, value) for value in values],
    )
    macros: dict[str, Any] = {}
    for name in _macro_files():
        module = app.jinja_env.get_template(f"macros/{name}").module
        macros |= {key: value for key, value in vars(module).items() if not key.startswith("_")}
    app.jinja_env.globals["ui"] = SimpleNamespace(**macros)
