"""`nurture sends`: the account of every send. `nurture explain`: why and why not."""

from zoneinfo import ZoneInfo

import click
from sqlalchemy.engine import Connection

from nurture.broadcasts import store as broadcast_store
from nurture.campaigns import store as campaign_store
from nurture.cli.main import main
from nurture.cli.options import email_argument, json_option, lead_at
from nurture.cli.output import due, report, table
from nurture.cli.state import State, pass_state
from nurture.cli.words import LANGUAGE, _
from nurture.engine import known as names
from nurture.engine import whys
from nurture.kernel.errors import NotFoundError
from nurture.kernel.i18n import translate
from nurture.kernel.reasons import LABELS, Reason
from nurture.leads.model import Lead
from nurture.messages import store as message_store
from nurture.rules.describe import sentence
from nurture.rules.evaluate import Trace
from nurture.rules.titles import Titles


@main.group(invoke_without_command=True)
@click.option("--campaign", "key", metavar=_("KEY"), help=_("The emails of one campaign only."))
@click.option("--broadcast", "cast", metavar=_("KEY"), help=_("The emails of one one-time email only."))
@json_option
@pass_state
@click.pass_context
def sends(ctx: click.Context, state: State, key: str | None, cast: str | None, *, as_json: bool) -> None:
    """Show the account, unless a command below is asked for."""
    if ctx.invoked_subcommand is None:
        _show(state, key, cast, as_json=as_json)


def _show(state: State, key: str | None, cast: str | None, *, as_json: bool) -> None:
    if key is not None and cast is not None:
        raise click.UsageError(_("Name one of --campaign and --broadcast"))
    with state.context() as context, context.database.snapshot() as conn:
        if key is not None and campaign_store.get(conn, key) is None:
            raise NotFoundError(_("There is no campaign “%(key)s”", key=key))
        broadcast = broadcast_store.get(conn, cast) if cast is not None else None
        if cast is not None and broadcast is None:
            raise NotFoundError(_("There is no one-time email “%(key)s”", key=cast))
        of = broadcast.id if broadcast is not None else None
        counted = message_store.tally(conn, key) if of is None else broadcast_store.tally(conn, of)
        account, reasons = message_store.summed(counted), message_store.explained(counted)
        waits = message_store.next_handover(conn, key) if of is None else broadcast_store.next_handover(conn, of)
        now, zone = context.clock.engine(), context.settings.local_zone
    rows = [(_state(name), count) for name, count in account["states"].items() if count]
    lines = [_("Audience: %(count)s", count=account["audience"])]
    lines += table((_("state"), _("count")), rows) if rows else []
    if waits is not None:
        lines.append(_("The next of those that wait goes out: %(due)s", due=due(waits, now, zone)))
    if reasons:
        words = [(_state(one), _reason(reason), count) for one, reason, count in reasons]
        lines += ["", *table((_("state"), _("reason"), _("count")), words)]
    data = {
        **account,
        "next": waits.isoformat() if waits else None,
        "reasons": [{"state": s, "reason": r, "count": n} for s, r, n in reasons],
    }
    report(data, lines, as_json=as_json)


def _state(name: str) -> str:
    """As the pages call it."""
    return _("not sent") if name == "skipped" else translate(LANGUAGE, name)


def _reason(code: str) -> str:
    try:
        return translate(LANGUAGE, LABELS[Reason(code)])
    except ValueError:
        return code


@main.group()
def explain() -> None:
    """Group of the commands below."""


def _tree(trace: Trace, known: Titles, zone: ZoneInfo, depth: int = 0) -> list[str]:
    mark = "✓" if trace.holds else "✗"
    lines = [f"{'    ' * depth}{mark} {sentence(trace, LANGUAGE, zone, known)}"]
    for child in trace.children:
        lines += _tree(child, known, zone, depth + 1)
    return lines


def _data(trace: Trace) -> dict[str, object]:
    """For scripts: what is named goes by its key."""
    return {
        "holds": trace.holds,
        "condition": sentence(trace, "en"),
        "children": [_data(child) for child in trace.children],
    }


@explain.command(
    help=_(
        "Explain why a lead is in something, or is not. In a segment or a campaign; or why an email of theirs did not "
        "go. As of now."
    )
)
@email_argument
@click.option("--segment", metavar=_("KEY"), help=_("The segment's key."))
@click.option("--campaign", metavar=_("KEY"), help=_("The campaign's key."))
@click.option(
    "--message", type=int, metavar=_("NUMBER"), help=_("The number of the email, as in the account of sends.")
)
@json_option
@pass_state
def lead(
    state: State, email: str, segment: str | None, campaign: str | None, message: int | None, *, as_json: bool
) -> None:
    """Explain."""
    if sum(one is not None for one in (segment, campaign, message)) != 1:
        raise click.UsageError(_("Name one of --segment, --campaign and --message"))
    with state.context() as context, context.database.read() as conn:
        found = lead_at(conn, email)
        known = names.load(conn)
        zone, now = context.settings.local_zone, context.clock.engine()
        reading = whys.Reading(LANGUAGE, zone, known.called(LANGUAGE), now)
        facts = known.facts(context.settings.zone)
        if segment is not None:
            told = whys.segment(conn, found, segment, facts, reading)
        elif campaign is not None:
            told = whys.campaign(conn, found, campaign, known, facts, reading)
        else:
            told = _of_message(conn, found, message or 0, reading)
    lines = [told.head, _("As of now, %(time)s", time=reading.at(now)), *told.lines]
    for title, trace in told.trees:
        lines += [*([title] if title else []), *_tree(trace, reading.titles, zone)]
    trees = [{"about": title, **_data(trace)} for title, trace in told.trees]
    data = {"holds": told.holds, "told": told.head, "lines": list(told.lines), **told.facts, "conditions": trees}
    report(data, lines, as_json=as_json)


def _of_message(conn: Connection, found: Lead, number: int, reading: whys.Reading) -> whys.Told:
    row = message_store.get(conn, number)
    if row is None or row.lead_id != found.id:
        raise NotFoundError(_("This lead has no email of this number"))
    return whys.message(conn, number, reading)
