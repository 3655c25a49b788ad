"""`nurture rehearse`: a campaign played ahead on a copy, day by day; nothing is sent."""

import sys
import tempfile
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from nurture.bootstrap import gallery
from nurture.campaigns import store as campaign_store
from nurture.cli.main import main
from nurture.cli.options import campaigns_option, json_option, lead_at, templates_option
from nurture.cli.output import Status, instant, report, table
from nurture.cli.state import State
from nurture.cli.stopping import until_interrupted
from nurture.cli.words import LANGUAGE, _
from nurture.engine import definitions
from nurture.engine.definitions import Definitions
from nurture.kernel.context import Context
from nurture.kernel.errors import DefinitionError
from nurture.kernel.i18n import N_, translate, translate_plural
from nurture.kernel.reasons import LABELS, Reason
from nurture.rehearsal.model import Behavior, Request, read_behavior
from nurture.rehearsal.population import read_addresses
from nurture.rehearsal.report import Report
from nurture.rehearsal.script import read_file
from nurture.rehearsal.service import Rehearsed, rehearsed
from nurture.rehearsal.ways import Line, way
from nurture.tasks.model import KINDS, said_words

_WIDEST = 40  # characters of a bar
_LEADS_IN_JSON = 1_000
_WHAT = {
    "entered": N_("comes in"),
    "passed": N_("passes"),
    "sent": N_("gets the email"),
    "skipped": N_("does not get the email"),
    "canceled": N_("the email is taken back"),
    "queued": N_("the email waits"),
    "left": N_("leaves"),
    "opened": N_("opens"),
    "clicked": N_("clicks"),
    "replied": N_("replies"),
    "unsubscribed": N_("unsubscribes"),
    "opportunity_opened": N_("becomes an opportunity"),
    "temperature_changed": N_("changes temperature"),
    "task": N_("a task about the lead is given"),
    "task_done": N_("the task is done"),
    "mail_resumed": N_("somebody has looked, mail goes on"),
    "sms": N_("text message"),
    "webhook": N_("another system is told"),
}


@main.command()
@click.argument("campaign", metavar=_("KEY"))
@click.option("--segment", metavar=_("KEY"), help=_("With the leads of this segment, as of now."))
@click.option(
    "--leads", "leads_at", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar=_("FILE"),
    help=_("With the leads whose addresses stand in this file, one on a line."),
)  # fmt: skip
@click.option("--sample", type=click.IntRange(1), metavar=_("NUMBER"), help=_("With so many of the entry's leads."))
@click.option("--days", type=int, default=60, show_default=True, metavar=_("NUMBER"), help=_("Over so many days."))
@click.option(
    "--behavior", default=str(Behavior()), show_default=True, metavar=_("SHARES"),
    help=_("What leads do with the emails they get, and which share of their tasks staff do within a working day "
           "(calls; with each outcome of the step alike; the others time out). A reply is looked at within a working "
           "day. none: only what the script says."),
)  # fmt: skip
@click.option(
    "--script", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar=_("FILE"),
    help=_("Who does what when, as YAML: {after: 26 hours, lead: an@example.com, does: clicks}; opens, clicks, "
           "replies, unsubscribes, or of staff finishes_task (with outcome) and looks (at the reply)."),
)  # fmt: skip
@click.option("--seed", type=int, default=1, show_default=True, metavar=_("NUMBER"), help=_("What chance starts from."))
@click.option("--lead", metavar="EMAIL", help=_("Show the way of this lead, step by step."))
@campaigns_option
@templates_option
@json_option
@click.pass_context
def rehearse(
    ctx: click.Context,
    campaign: str,
    segment: str | None,
    leads_at: Path | None,
    sample: int | None,
    days: int,
    behavior: str,
    script: Path | None,
    seed: int,
    lead: str | None,
    campaigns_at: Path | None,
    templates_at: Path | None,
    *,
    as_json: bool,
) -> None:
    """Rehearse."""
    state = ctx.find_object(State) or State()
    addresses = read_addresses(leads_at) if leads_at is not None else ()
    request = Request(
        campaign, segment, addresses, sample or 0, (), days,
        None if behavior == "none" else read_behavior(behavior), read_file(script) if script is not None else (), seed,
    ).checked()  # fmt: skip
    with state.context() as context, until_interrupted() as asked, tempfile.TemporaryDirectory(prefix="nurture-") as at:
        drafted = _drafted(context, state, campaign, campaigns_at, templates_at)
        with click.progressbar(length=1000, label=_("Rehearsing"), file=sys.stderr) as bar:
            options: dict[str, Any] = {
                "definitions": drafted,
                "progress": lambda share: bar.update(int(share * 1000) - bar.pos),
                "stop": asked.is_set,
            }
            with rehearsed(context, request, Path(at) / "stage.db", **options) as found:
                bar.update(1000 - bar.pos)
                _tell(found, lead, context.settings.local_zone, as_json=as_json)
    if not found.report.complete:
        ctx.exit(Status.FAILED)


def _drafted(
    context: Context, state: State, campaign: str, campaigns_at: Path | None, templates_at: Path | None
) -> Definitions | None:
    """The files, when they are named or nothing of the campaign is live; None for what is live."""
    with context.database.read() as conn:
        if campaigns_at is None and templates_at is None and campaign_store.get(conn, campaign) is not None:
            return None
        home = gallery(state.settings)
        found = definitions.read(campaigns_at or home[0], templates_at or home[1], definitions.facts_of(conn))
    if found.errors:
        raise DefinitionError(found.errors)
    return found


def _tell(found: Rehearsed, lead: str | None, zone: ZoneInfo, *, as_json: bool) -> None:
    told = found.report
    begun = told.begun_at
    lines = lines_of(told, zone)
    data = told.to_json()
    with found.stage.database.read() as conn:
        if as_json:
            data["ways"] = [
                {"email": one.email, "way": [line.to_json() for line in way(conn, told.campaign, one.lead_id, begun)]}
                for one in found.walkers(conn, _LEADS_IN_JSON)
            ]
        if lead is not None:
            steps = way(conn, told.campaign, lead_at(conn, lead).id, begun)
            lines += ["", _("The way of %(email)s", email=lead), *(_way_line(one, zone) for one in steps)]
    report(data, lines, as_json=as_json)


def _way_line(line: Line, zone: ZoneInfo) -> str:
    words = [instant(line.at, zone), translate(LANGUAGE, _WHAT[line.what]) if line.what in _WHAT else line.what]
    words += [str(one) for one in (line.campaign, line.step, line.detail.get("email"), line.detail.get("url")) if one]
    if line.outcome and line.outcome != "done":
        words.append(line.outcome)
    if line.reason:
        words.append(f"({_label(line.reason)})")
    if line.planned_at is not None and line.what == "sent":
        words.append(_("planned for %(at)s", at=instant(line.planned_at, zone)))
    return "  " + " · ".join(words)


def _label(code: str) -> str:
    return translate(LANGUAGE, LABELS[Reason(code)]) if code in set(Reason) else code


def lines_of(told: Report, zone: ZoneInfo) -> list[str]:
    """What came of it, for people."""
    head = translate_plural(LANGUAGE, "%(count)s lead takes part", "%(count)s leads take part", told.leads)
    mails = translate_plural(LANGUAGE, "%(count)s email would go", "%(count)s emails would go", told.sent)
    lines = [f"{head}, {mails}. {_('Nothing was sent.')}"]
    if not told.complete:
        lines.append(_("Stopped before the end, at %(at)s.", at=instant(told.ended_at, zone)))
    lines += ["", _("Emails by day"), *_days(told)]
    lines += ["", _("Steps"), *_steps(told)]
    if told.shifts:
        rows = [
            (one.step, _("later") if one.outcome == "later" else _("not sent"), _label(one.reason), one.count)
            for one in told.shifts
        ]
        lines += ["", _("Moved or left out"), *table((_("step"), _("what"), _("why"), _("count")), rows)]
    if told.refused:
        rows2 = [(_label(reason), count) for reason, count in told.refused.items()]
        lines += ["", _("Not taken in"), *table((_("why"), _("count")), rows2)]
    if told.ended_by:
        rows2 = [(_label(reason), count) for reason, count in told.ended_by.items()]
        lines += ["", _("How they leave"), *table((_("why"), _("count")), rows2)]
    return lines + _work(told) + _warnings(told)


def _work(told: Report) -> list[str]:
    """What people of the house would have to do by day, what came of it; webhooks and text messages."""
    lines: list[str] = []
    if told.duties:
        rows = [(_day(one.day), one.who or _("nobody"), _kind(one.kind), one.count) for one in told.duties]
        lines += ["", _("Tasks by day"), *table((_("day"), _("for whom"), _("what"), _("count")), rows)]
        ends = [(said_words(word, {}, LANGUAGE), count) for word, count in told.task_ends.items()]
        lines += ["", _("What comes of them"), *table((_("outcome"), _("count")), ends)]
    if told.calls:
        rows = [(one.step, one.kind, _label(one.reason) or one.state, one.count) for one in told.calls]
        title = _("Webhooks and text messages")
        lines += ["", title, *table((_("step"), _("what"), _("outcome"), _("count")), rows)]
    return lines


def _kind(key: str) -> str:
    return translate(LANGUAGE, KINDS[key]) if key in KINDS else key


def _days(told: Report) -> list[str]:
    days: Counter[str] = Counter()
    for slot in told.calendar:
        days[slot.day] += slot.count
    most = max(days.values(), default=0)
    return [
        f"  {_day(day)}  {count:>6}  {'█' * max(1, round(count / most * _WIDEST))}"
        for day, count in sorted(days.items())
    ] or [f"  {_('none')}"]


def _day(text: str) -> str:
    day = date.fromisoformat(text)
    return f"{day:%d/%m/%Y}" if LANGUAGE == "vi" else text


def _steps(told: Report) -> list[str]:
    rows = [
        (
            one.step,
            one.reached,
            ", ".join(f"{word}: {count}" for word, count in one.outcomes.items() if word != "done"),
            one.here,
        )
        for one in told.steps
    ]
    return table((_("step"), _("reached"), _("outcome"), _("stay there")), rows)


def _warnings(told: Report) -> list[str]:
    lines = [_("Nobody takes the way %(way)s", way=way_) for way_ in told.untaken]
    lines += [f"{one.step}: {one.winner or '–'} ({_label(one.reason)})" for one in told.winners]
    for one in told.stays:
        place = one.step or _("after the last step")
        why = f" ({_label(one.held)})" if one.held else ""
        some = translate_plural(
            LANGUAGE,
            "%(count)s lead is still under way at the end",
            "%(count)s leads are still under way at the end",
            one.count,
        )
        lines.append(f"{some}: {place}{why}")
    lines += [
        _("%(leads)s leads also get %(mails)s emails of “%(campaign)s”, on the same day %(days)s times",
          leads=one.leads, mails=one.mails, campaign=one.campaign, days=one.same_day)
        for one in told.collisions
    ]  # fmt: skip
    return ["", _("Worth a look"), *(f"  {line}" for line in lines)] if lines else []
