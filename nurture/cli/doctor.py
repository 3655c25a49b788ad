"""`nurture doctor`: examines the whole installation; enrollments that are past due, stuck or impossible are mended."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

import click
from sqlalchemy.exc import DBAPIError

from nurture.cli.examinations import Examination, Place, database, examine_all, mail, running, settings
from nurture.cli.main import main
from nurture.cli.options import json_option
from nurture.cli.output import Status, instant, report, table
from nurture.cli.state import State, pass_state
from nurture.cli.words import LANGUAGE, _
from nurture.engine.doctor import LATE, MENDABLE, SAYINGS, Illness, Patient, examine, mend
from nurture.kernel.clock import pace
from nurture.kernel.context import Context
from nurture.kernel.dns import SystemResolver
from nurture.kernel.errors import NotFoundError, NurtureError
from nurture.kernel.findings import Finding, Level
from nurture.kernel.i18n import N_, translate
from nurture.kernel.text import clean

_SHOWN = 20
_PER_TRANSACTION = 500
_TICKS = timedelta(seconds=30)  # of real time, in which a clock that runs has come by


_SUBJECTS: Mapping[str, Examination] = {
    "settings": settings.examine,
    "database": database.examine,
    "running": running.examine,
    "disk": running.disk,
    "dns": mail.dns,
    "relays": mail.ways,
    "inbox": mail.inbox,
    "web": mail.web,
}
_TITLES = {
    "settings": N_("Settings"),
    "database": N_("Database"),
    "running": N_("What runs"),
    "disk": N_("Disk"),
    "dns": N_("DNS of the senders"),
    "relays": N_("Mail servers"),
    "inbox": N_("Mailbox of returns"),
    "web": N_("Address of the links"),
}
_MARKS = {Level.OK: "ok ", Level.WARNING: "!  ", Level.WRONG: "x  "}


@main.command()
@click.option("--fix", is_flag=True, help=_("Mend what can be mended: leads that are stuck."))
@click.option("--offline", is_flag=True, help=_("Ask nothing outside: no DNS, no mail server, no web."))
@json_option
@pass_state
@click.pass_context
def doctor(ctx: click.Context, state: State, *, fix: bool, offline: bool, as_json: bool) -> None:
    """Examine, and mend when asked."""
    place = Place(state.settings, None if offline else SystemResolver)
    findings = examine_all(place, _SUBJECTS)
    trouble: Exception | None = None
    found: list[Patient] = []
    mended = Counter[str]()
    answers = any(one.section == "database" and one.level is not Level.WRONG for one in findings)
    try:
        if answers:
            found, mended = _leads(state, fix=fix)
    except (NurtureError, DBAPIError) as error:
        trouble = error
    data = {
        "patients": [one.to_json() for one in found], "mended": dict(mended),
        "findings": [one.to_json() for one in findings],
    }  # fmt: skip
    lines = [
        *_findings(findings),
        *(
            _("%(count)s mended: %(what)s", count=count, what=translate(LANGUAGE, SAYINGS[Illness(what)][0]))
            for what, count in mended.items()
        ),
        *_lines(found, state.settings.local_zone),
        *([] if found or trouble or not answers else [_("Every lead under way is where it should be.")]),
    ]
    report(data, lines, as_json=as_json)
    if isinstance(trouble, NotFoundError):
        raise trouble
    if found or trouble or any(one.level is Level.WRONG for one in findings):
        ctx.exit(Status.FINDINGS)


def _leads(state: State, *, fix: bool) -> tuple[list[Patient], Counter[str]]:
    """Who is ill, after mending where that is asked for."""
    mended: Counter[str] = Counter()
    with state.context() as context:
        found = _examined(context)
        if fix:
            mended = _mended(context, found)
            found = _examined(context)
        return found, mended


def _findings(findings: Sequence[Finding]) -> list[str]:
    """By section; what is not as it should be with where it is and its mend."""
    lines: list[str] = []
    for key, title in _TITLES.items():
        mine = [one for one in findings if one.section == key]
        if mine:
            lines.append(translate(LANGUAGE, title))
        for one in mine:
            what, mend = one.said(LANGUAGE)
            lines.append(f"  {_MARKS[one.level]}{clean(what, 2_000)}")
            lines += [f"       → {clean(mend, 2_000)}"] if mend else []
    return [*lines, ""]


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
