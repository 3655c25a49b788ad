"""The top of the command line. A command's module is imported when the command is asked for: most need little."""

import importlib
import sys

import click
from click.formatting import HelpFormatter
from click.shell_completion import CompletionItem

from nurture.cli.contents import ENTRIES, SECTIONS
from nurture.cli.state import Commands, State
from nurture.cli.words import _
from nurture.kernel.garbage import loading


class Everything(Commands):
    """All commands by name, each loaded when it is run or asked for its own help."""

    group_class = Commands

    def add_command(self, cmd: click.Command, name: str | None = None) -> None:
        super().add_command(cmd, name)
        cmd.help = ENTRIES[name or cmd.name or ""].help

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click hands it over
        return list(ENTRIES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        home = f"nurture.cli.{ENTRIES[cmd_name].home}" if cmd_name in ENTRIES else ""
        if home and home not in sys.modules:
            with loading():
                importlib.import_module(home)
        return super().get_command(ctx, cmd_name)

    def format_commands(self, ctx: click.Context, formatter: HelpFormatter) -> None:  # noqa: ARG002 - likewise
        width = max(map(len, ENTRIES))
        for title, entries in SECTIONS.items():
            with formatter.section(title):
                room = formatter.width - 6 - width
                rows = [(name.ljust(width), one.in_short(room)) for name, one in entries.items()]
                formatter.write_dl(rows)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        found = [CompletionItem(key, help=one.in_short()) for key, one in ENTRIES.items() if key.startswith(incomplete)]
        return [*found, *click.Command.shell_complete(self, ctx, incomplete)]


@click.group(
    cls=Everything,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help=_("Marketing automation for small sales teams: leads, campaigns, tracking, scores, opportunities."),
    epilog=_("Exit status: 0 done; 1 done with refusals or findings; 2 wrong use; 3 failed. "
             "Settings are NURTURE_* variables: nurture settings."),
)  # fmt: skip
@click.option("--demo", is_flag=True, help=_("Work on the living demo's database."))
@click.version_option(package_name="nurture", prog_name="nurture")
@click.pass_context
def main(ctx: click.Context, *, demo: bool) -> None:
    """Hand the state down."""
    ctx.obj = State(demo=demo)
