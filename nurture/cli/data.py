"""`nurture data`: how much room everything takes, and how long it is kept."""

from dataclasses import asdict

from nurture.cli.main import main
from nurture.cli.options import json_option
from nurture.cli.output import report, table
from nurture.cli.state import State, pass_state
from nurture.cli.words import _
from nurture.engine.volume import Volume, volumes


@main.command()
@json_option
@pass_state
def data(state: State, *, as_json: bool) -> None:
    """Show the sizes."""
    with state.context() as ctx:
        found, total = volumes(ctx.database, ctx.settings)
        zone = ctx.settings.local_zone
    head = (_("Table"), _("Rows"), _("Size (MB)"), _("Oldest"), _("Newest"), _("Kept for"))

    def row(one: Volume) -> tuple[object, ...]:
        times = (at.astimezone(zone).strftime("%Y-%m-%d") if at else "" for at in (one.oldest, one.newest))
        size = "" if one.bytes is None else f"{one.bytes / 1_000_000:.1f}"
        return (one.table, one.rows, size, *times, _("%(count)s days", count=one.days) if one.days else "")

    lines = [*table(head, [row(one) for one in found]), "", _("%(size)s MB in all", size=f"{total / 1_000_000:.1f}")]
    report({"bytes": total, "tables": [asdict(one) for one in found]}, lines, as_json=as_json)
