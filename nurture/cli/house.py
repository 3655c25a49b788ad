"""`nurture holidays`, `tet`, `held`: days on which nothing goes, what the stop around Tết moves, what came late."""

import click

from nurture.campaigns import house as houses
from nurture.cli.main import main
from nurture.cli.options import json_option, yes_option
from nurture.cli.output import confirm, day, instant, report, say, table
from nurture.cli.state import State, pass_state
from nurture.cli.words import LANGUAGE, _
from nurture.engine import held as late
from nurture.engine import stops
from nurture.engine.stops import Fate, Stop
from nurture.kernel.errors import NotFoundError
from nurture.kernel.i18n import N_, translate
from nurture.kernel.text import in_language
from nurture.policy.days import Kind
from nurture.policy.describe import sentences
from nurture.segments import store as segment_store

_KINDS = {Kind.COUNTRY: N_("public holiday"), Kind.OWN: N_("our own"), Kind.TET: N_("stop around Tết")}
_SWITCHES = {"off": N_("no stop"), "hold": N_("hold: it goes afterwards"), "drop": N_("drop: it is left out")}
year_option = click.option("--year", type=click.IntRange(1900, 2100), metavar=_("YEAR"), help=_("Another year."))


@main.command()
@year_option
@json_option
@pass_state
def holidays(state: State, year: int | None, *, as_json: bool) -> None:
    """List."""
    with state.context() as context, context.database.read() as conn:
        house = houses.live(conn)
        year = year or context.clock.engine().astimezone(context.settings.local_zone).year
    found = house.calendar.of_year(year)
    data = [
        {"day": one.day.isoformat(), "kind": one.kind.value, "name": one.names, "during": one.during.value}
        for one in found
    ]
    rows = [(day(one.day), translate(LANGUAGE, _KINDS[one.kind]), in_language(one.names, LANGUAGE)) for one in found]
    lines = table((_("day"), _("why"), _("name")), rows) if rows else [_("No day is closed: nurture apply")]
    report(data, lines, as_json=as_json)


def _fate(fate: Fate) -> dict[str, object]:
    ends = {"first": fate.first, "last": fate.last}
    return {"go": fate.go, "move": fate.move, "drop": fate.drop} | {
        name: one.isoformat() if one else None for name, one in ends.items()
    }


def _stop_data(stop: Stop) -> dict[str, object]:
    return {
        "tet": stop.new_year.isoformat(), "first": stop.first.isoformat(), "last": stop.last.isoformat(),
        "switch": stop.switch, "due": stop.due, "campaigns": dict(stop.by_campaign),
        "becomes": {name: _fate(fate) for name, fate in stop.fates.items()},
    }  # fmt: skip


@main.command()
@year_option
@json_option
@pass_state
def tet(state: State, year: int | None, *, as_json: bool) -> None:
    """Show."""
    with state.context() as context, context.database.read() as conn:
        now, zone = context.clock.engine(), context.settings.zone
        facts = segment_store.facts(conn, zone)
        stop = stops.stop_of(conn, year or stops.next_year(now), facts, now=now, zone=zone)
        house = houses.live(conn)
        local = context.settings.local_zone
    if stop is None:
        raise NotFoundError(_("No Tết is known for that year"))
    lines = [
        _("Tết is on %(day)s; the stop lasts from %(first)s to %(last)s.", day=day(stop.new_year),
          first=day(stop.first), last=day(stop.last)),
        _("The switch stands at: %(switch)s", switch=translate(LANGUAGE, _SWITCHES[stop.switch])),
        _("Emails known by now to come due in the stop: %(count)s", count=stop.due),
    ]  # fmt: skip
    if stop.due:
        header = (_("switch"), _("goes in the stop"), _("moves"), _("to"), _("left out"))
        rows = [
            (translate(LANGUAGE, _SWITCHES[name]), fate.go, fate.move,
             " – ".join(dict.fromkeys(instant(one, local) for one in (fate.first, fate.last) if one)), fate.drop)
            for name, fate in stop.fates.items()
        ]  # fmt: skip
        lines += ["", *table(header, rows), ""]
        lines += [f"{key or _('one-time emails')}: {count}" for key, count in sorted(stop.by_campaign.items())]
    lines += ["", *sentences(house, LANGUAGE)]
    report(_stop_data(stop), lines, as_json=as_json)


@main.command()
@click.option("--release", "verb", flag_value=late.RELEASE, help=_("Let it go now, by windows and caps."))
@click.option("--drop", "verb", flag_value=late.DROP, help=_("Leave it out, with the reason."))
@click.option("--campaign", "key", metavar=_("KEY"), help=_("What of one campaign waits only."))
@yes_option
@json_option
@pass_state
def held(state: State, verb: str | None, key: str | None, *, yes: bool, as_json: bool) -> None:
    """List, or decide."""
    with state.context() as context, context.database.read() as conn:
        piles = late.piles(conn, key)
        local = context.settings.local_zone
        total = sum(one.count for one in piles)
    if verb is not None and total and not yes:
        question = _("Let %(count)s go?", count=total) if verb == late.RELEASE else _("Drop %(count)s?", count=total)
        confirm(question, _("Nothing was changed."))
    done = 0
    if verb is not None and total:
        with state.context() as context:
            now, real = context.clock.engine(), context.clock.real()
            done = late.decide_all(context.database, None, verb, campaign=key, now=now, real=real)
    data = {
        "waiting": [{"campaign": one.campaign, "count": one.count, "since": one.since.isoformat()} for one in piles],
        "done": done,
    }
    rows = [
        (in_language(one.name, LANGUAGE, one.campaign or _("one-time emails")), one.count, instant(one.since, local))
        for one in piles
    ]
    lines = table((_("campaign"), _("count"), _("was due")), rows) if rows else [_("Nothing waits.")]
    if done and not as_json:
        say(_("Done: %(count)s", count=done), err=True)
    report(data, lines, as_json=as_json)
