"""`nurture sends`: the account of every send. `nurture explain`: why and why not."""

from zoneinfo import ZoneInfo

import click

from nurture.campaigns import store as campaign_store
from nurture.cli.main import main
from nurture.cli.options import email_argument, json_option, lead_at
from nurture.cli.output import due, report, table
from nurture.cli.state import State, pass_state
from nurture.cli.words import LANGUAGE, _
from nurture.engine.known import titles
from nurture.kernel.errors import NotFoundError
from nurture.kernel.i18n import translate
from nurture.kernel.reasons import LABELS, Reason
from nurture.messages import store as message_store
from nurture.rules.describe import sentence
from nurture.rules.evaluate import Trace
from nurture.rules.titles import Titles, met
from nurture.segments import service as segment_service
from nurture.segments import store as segment_store


@main.command(help=_("Show where each email stands. The states add up to the audience."))
@click.option("--campaign", "key", metavar=_("KEY"), help=_("The emails of one campaign only."))
@json_option
@pass_state
def sends(state: State, key: str | None, *, as_json: bool) -> None:
    """Show the account."""
    with state.context() as context, context.database.snapshot() as conn:
        if key is not None and campaign_store.get(conn, key) is None:
            raise NotFoundError(_("There is no campaign “%(key)s”", key=key))
        account = message_store.account(conn, key)
        reasons = message_store.reasons(conn, key)
        waits = message_store.next_handover(conn, key)
        now, zone = context.clock.engine(), context.settings.local_zone
    rows = [(translate(LANGUAGE, name), count) for name, count in account["states"].items() if count]
    lines = [_("Audience: %(count)s", count=account["audience"])]
    lines += table((_("state"), _("count")), rows) if rows else []
    if waits is not None:
        lines.append(_("The next of those that wait goes out: %(due)s", due=due(waits, now, zone)))
    if reasons:
        words = [(translate(LANGUAGE, one), _reason(reason), count) for one, reason, count in reasons]
        lines += ["", *table((_("state"), _("reason"), _("count")), words)]
    data = {
        **account,
        "next": waits.isoformat() if waits else None,
        "reasons": [{"state": s, "reason": r, "count": n} for s, r, n in reasons],
    }
    report(data, lines, as_json=as_json)


def _reason(code: str) -> str:
    try:
        return translate(LANGUAGE, LABELS[Reason(code)])
    except ValueError:
        return code


@main.group(help=_("Explain a decision, with each value seen."))
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
    help=_("Explain why a lead is in a segment, or is not. As of now, with every condition and the value seen.")
)
@email_argument
@click.option("--segment", "key", required=True, metavar=_("KEY"), help=_("The segment's key."))
@json_option
@pass_state
def lead(state: State, email: str, key: str, *, as_json: bool) -> None:
    """Explain."""
    with state.context() as context, context.database.read() as conn:
        found = lead_at(conn, email)
        facts = segment_store.facts(conn, context.settings.zone)
        rule = segment_service.rule_of(conn, key, facts)
        if rule is None:
            raise NotFoundError(_("There is no segment “%(key)s”", key=key))
        trace = segment_service.explain(conn, rule, found.id, context.clock.engine(), facts)
        if trace is None:
            raise NotFoundError(_("There is no lead with this address"))
        known = titles(conn, LANGUAGE, {("segment", key), *met([trace])})
    verdict = _("in the segment") if trace.holds else _("not in the segment")
    name = known.get("segment", key)
    shown = f"{name} ({key})" if name and name != key else key
    head = _("%(email)s is %(verdict)s “%(key)s” as of now", email=email, verdict=verdict, key=shown)
    report(_data(trace), [head, *_tree(trace, known, context.settings.local_zone)], as_json=as_json)
