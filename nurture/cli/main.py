"""The top of the command line."""

import importlib.metadata

import click

from nurture.cli.state import Commands, State
from nurture.cli.words import _


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help=_("Marketing automation for small sales teams: leads, campaigns, tracking, scores, opportunities."),
)
@click.option("--demo", is_flag=True, help=_("Work on the living demo's database."))
@click.version_option(importlib.metadata.version("nurture"), prog_name="nurture")
@click.pass_context
def main(ctx: click.Context, *, demo: bool) -> None:
    """Hand the state down."""
    ctx.obj = State(demo=demo)
