"""`nurture doctor`: enrollments that are past due, stuck or impossible, and their mending."""

from collections import Counter
from datetime import timedelta
from zoneinfo import ZoneInfo

import click

from nurture.cli.main import main
from nurture.cli.options import json_option
from nurture.cli.output import Status, instant, report, table
from nurture.cli.state import State, pass_state
from nurture.cli.words import LANGUAGE, _
from nurture.engine.doctor import LATE, MENDABLE, SAYINGS, Illness, Patient, examine, mend
from nurture.kernel.clock import pace
from nurture.kernel.context import Context
from nurture.kernel.i18n import translate

_SHOWN = 20
_PER_TRANSACTION = 500
_TICKS = timedelta(seconds=30)  # of real time, in which a clock that runs has come by


@main.command(
    help=_(
        "Look for leads stuck in a campaign. Past due, waiting for nothing, at a step that is gone. "
        "Writes nothing unless asked to. Ends with 1 when something is left to do."
    )
)
@click.option("--fix", is_flag=True, help=_("Mend what can be mended."))
@json_option
@pass_state
@click.pass_context
def doctor(ctx: click.Context, state: State, *, fix: bool, as_json: bool) -> None:
    """Examine, and mend when asked."""
    with state.context() as context:
        found = _examined(context)
        mended: Counter[str] = Counter()
        if fix:
            mended = _mended(context, found)
            found = _examined(context)
        zone = context.settings.local_zone
    data = {"patients": [one.to_json() for one in found], "mended": dict(mended)}
    lines = [
        *(
            _("%(count)s mended: %(what)s", count=count, what=translate(LANGUAGE, SAYINGS[Illness(what)][0]))
            for what, count in mended.items()
        ),
        *_lines(found, zone),
    ]
    report(data, lines or [_("Every lead under way is where it should be.")], as_json=as_json)
    if found:
        ctx.exit(Status.FINDINGS)


def _examined(context: Context) -> list[Patient]:
    late = max(LATE, _TICKS * pace(context.clock))
    with context.database.read() as conn:
        return examine(conn, now=context.clock.engine(), zone=context.settings.zone, late=late)


def _mended(context: Context, found: list[Patient]) -> Counter[str]:
    """In short transactions, so that nothing that runs beside has to wait."""
    ill = [one for one in found if one.illness in MENDABLE]
    done: Counter[str] = Counter()
    for start in range(0, len(ill), _PER_TRANSACTION):
        now, real = context.clock.engine(), context.clock.real()
        with context.database.write() as conn:
            cured = mend(conn, ill[start : start + _PER_TRANSACTION], now=now, real=real)
        done.update({illness.value: count for illness, count in cured.items()})
    return done


def _lines(found: list[Patient], zone: ZoneInfo) -> list[str]:
    lines: list[str] = []
    for illness in dict.fromkeys(one.illness for one in found):
        mine = [one for one in found if one.illness is illness]
        said, mending = (translate(LANGUAGE, text) for text in SAYINGS[illness])
        lines += ["", f"{len(mine)} · {said}", f"    → {mending}"]
        rows = [
            (
                one.campaign,
                one.step or "",
                one.email or str(one.lead_id),
                instant(one.since, zone) if one.since else "",
                one.detail,
            )
            for one in mine[:_SHOWN]
        ]
        header = (_("campaign"), _("step"), _("lead"), _("since"), _("error"))
        lines += [f"    {line}" for line in table(header, rows)]
        if len(mine) > _SHOWN:
            lines.append("    " + _("and %(count)s more", count=len(mine) - _SHOWN))
    return lines[1:] if lines else lines
