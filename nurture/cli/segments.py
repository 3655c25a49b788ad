"""`nurture segments`: what there is, and whether the lists kept step by step are what the rules say."""

import click

from nurture.cli.main import main
from nurture.cli.options import json_option
from nurture.cli.output import report, table
from nurture.cli.state import State, pass_state
from nurture.cli.words import LANGUAGE, _
from nurture.segments import history, service, store
from nurture.segments.upkeep import keep


@main.group(help=_("Segments: who is in them, and whether that is what their rules say."))
def segments() -> None:
    """Group of the commands below."""


@segments.command("list", help=_("Show every segment with how many leads are in it."))
@json_option
@pass_state
def list_(state: State, *, as_json: bool) -> None:
    """Show them."""
    with state.context() as context, context.database.read() as conn:
        every = store.every(conn)
        sizes = history.sizes(conn, context.clock.engine())
    counted = [(one, sizes.get(one.id, history.Size()).members) for one in every]
    rows = [(one.key, one.named(LANGUAGE), count) for one, count in counted]
    data = [{"key": one.key, "name": dict(one.name), "members": count} for one, count in counted]
    report(data, table((_("segment"), _("name"), _("count")), rows), as_json=as_json)


@segments.command(
    help=_("Evaluate every rule over all leads and compare with the lists. With --fix the lists are put right.")
)
@click.option("--fix", is_flag=True, help=_("Put the lists right."))
@json_option
@pass_state
def check(state: State, *, fix: bool, as_json: bool) -> None:
    """Compare, and mend when asked."""
    with state.context() as context:
        now, real = context.clock.engine(), context.clock.real()
        with context.database.read() as conn:
            facts = store.facts(conn, context.settings.zone)
            found = service.differences(conn, now, facts)
        if fix and found:
            keep(context.database, now, real, facts, whole=True)
    rows = [(key, len(ids)) for key, ids in sorted(found.items())]
    if not rows:
        lines = [_("Every list is what its rule says")]
    else:
        lines = table((_("segment"), _("leads that differ")), rows)
        lines.append(_("The lists are right again") if fix else _("“nurture segments check --fix” puts them right"))
    data = {"differ": {key: len(ids) for key, ids in found.items()}, "fixed": fix and bool(found)}
    report(data, lines, as_json=as_json)
