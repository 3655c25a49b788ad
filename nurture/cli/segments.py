"""`nurture segments`: what there is, and whether the lists kept step by step are what the rules say."""

from collections.abc import Callable

import click

from nurture.cli.main import main
from nurture.cli.options import json_option, lead_at
from nurture.cli.output import Status, report, table
from nurture.cli.standing import keep_segments
from nurture.cli.state import State, pass_state
from nurture.cli.words import LANGUAGE, _
from nurture.segments import hand, history, service, store
from nurture.segments.upkeep import keep


@main.group()
def segments() -> None:
    """Group of the commands below."""


@segments.command("list", help=_("Show every segment with how many leads are in it."))
@json_option
@pass_state
def list_(state: State, *, as_json: bool) -> None:
    """Show them."""
    with state.context() as context:
        keep_segments(context)
        with context.database.read() as conn:
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
@click.pass_context
def check(ctx: click.Context, state: State, *, fix: bool, as_json: bool) -> None:
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
    if found and not fix:
        ctx.exit(Status.FINDINGS)


_emails = click.argument("emails", metavar="EMAIL…", nargs=-1, required=True)


@segments.command(help=_("Put leads into a segment that is kept by hand."))
@click.argument("key", metavar=_("KEY"))
@_emails
@json_option
@pass_state
def add(state: State, key: str, emails: tuple[str, ...], *, as_json: bool) -> None:
    """Put them in."""
    _change(state, key, emails, hand.add, _("Put into “%(segment)s”: %(count)s"), as_json=as_json)


@segments.command(help=_("Take leads out of a segment that is kept by hand."))
@click.argument("key", metavar=_("KEY"))
@_emails
@json_option
@pass_state
def remove(state: State, key: str, emails: tuple[str, ...], *, as_json: bool) -> None:
    """Take them out."""
    _change(state, key, emails, hand.remove, _("Taken out of “%(segment)s”: %(count)s"), as_json=as_json)


def _change(
    state: State, key: str, emails: tuple[str, ...], act: Callable[..., list[int]], said: str, *, as_json: bool
) -> None:
    """Do it for all of them, or for none when one is not known."""
    with state.context() as context, context.database.write() as conn:
        ids = [lead_at(conn, email).id for email in emails]
        changed = act(conn, key, ids, now=context.clock.engine(), real=context.clock.real(), actor="cli")
    report({"segment": key, "changed": len(changed)}, [said % {"segment": key, "count": len(changed)}], as_json=as_json)
