"""The policy of the whole house in sentences, the days on which nothing goes, and what the stop around Tết moves."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from nurture.campaigns import house as houses
from nurture.engine import stops
from nurture.engine.stops import Stop
from nurture.kernel.i18n import N_
from nurture.policy.days import Closed, Kind
from nurture.policy.describe import sentences
from nurture.policy.house import OPEN
from nurture.web.language import language, say
from nurture.web.page import context, facts, known, now, read, render, whole, zone

blueprint = Blueprint("policy", __name__)

_DAY = timedelta(days=1)
KINDS = {Kind.COUNTRY: N_("public holiday"), Kind.OWN: N_("our own"), Kind.TET: N_("stop around Tết")}
SWITCHES = {"off": N_("no stop"), "hold": N_("hold: it goes afterwards"), "drop": N_("drop: it is left out")}
_SAYS = {
    "off": N_("Emails go in it as on other days."),
    "hold": N_("Emails that come due in it wait and go afterwards."),
    "drop": N_("Emails that come due in it are left out."),
}
_YEARS = 3  # that may be looked at from now on


@blueprint.get("/settings/policy")
def show() -> ResponseReturnValue:
    """The policy, read only: it is edited as a file."""
    this = now().astimezone(zone()).year
    asked = whole(request.args.get("year")) or this
    year = asked if this - 1 <= asked <= this + _YEARS else this
    with read() as conn:
        house = houses.of_text(known(conn).shared.get(houses.KEY, (None, None))[1])
        tet_year = stops.next_year(now()) if year == this else year
        stop = stops.stop_of(conn, tet_year, facts(conn), now=now(), zone=context().settings.zone)
        names = {one.key: one.named(language()) for one in known(conn).campaigns}
    days = _spans(house.calendar.of_year(year))
    return render(
        "policy/show.html", said=sentences(house, language()), days=days, year=year,
        years=[(str(one), str(one)) for one in range(this, this + _YEARS)],
        stop=stop, becomes=_becomes(stop), names=names, here=say(_SAYS[stop.switch]) if stop else "",
        is_published=house != OPEN,
    )  # fmt: skip


def _spans(closed: Iterable[Closed]) -> list[dict[str, Any]]:
    """Days in a row that are closed for the same reason, as one line."""
    found: list[dict[str, Any]] = []
    for one in closed:
        last = found[-1] if found else None
        if last and (last["names"], last["why"]) == (one.names, one.kind) and one.day - last["last"] == _DAY:
            last["last"] = one.day
        else:
            found.append({"first": one.day, "last": one.day, "names": one.names, "why": one.kind})
    return [{**one, "kind": say(KINDS[one["why"]]), "count": (one["last"] - one["first"]).days + 1} for one in found]


def _becomes(stop: Stop | None) -> list[dict[str, Any]]:
    if stop is None or not stop.due:
        return []
    return [
        {"label": say(SWITCHES[name]), "fate": fate, "here": name == stop.switch} for name, fate in stop.fates.items()
    ]
