"""The top of the command line. A command's module is imported when the command is asked for: most need little."""

import importlib
import importlib.metadata

import click

from nurture.cli.state import Commands, State
from nurture.cli.words import _

# Where each command lives; its module adds it to `main`.
_HOMES = {
    "definitions": ("apply", "campaigns", "check", "export", "plan"),
    "leads": ("leads",),
    "people": ("users",),
    "sends": ("explain", "sends"),
    "serve": ("clock", "demo", "up", "web", "worker"),
    "upkeep": ("instance", "keys", "migrate", "settings"),
}
HOME_OF = {name: module for module, names in _HOMES.items() for name in names}


class Everything(Commands):
    """All commands by name, each loaded when it is looked at."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click hands it over
        return sorted(HOME_OF)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in HOME_OF:
            importlib.import_module(f"nurture.cli.{HOME_OF[cmd_name]}")
        return super().get_command(ctx, cmd_name)


@click.group(
    cls=Everything,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help=_("Marketing automation for small sales teams: leads, campaigns, tracking, scores, opportunities."),
)
@click.option("--demo", is_flag=True, help=_("Work on the living demo's database."))
@click.version_option(importlib.metadata.version("nurture"), prog_name="nurture")
@click.pass_context
def main(ctx: click.Context, *, demo: bool) -> None:
    """Hand the state down."""
    ctx.obj = State(demo=demo)
