"""The top of the command line. A command's module is imported when the command is asked for: most need little."""

import importlib
import importlib.metadata
import sys

import click

from nurture.cli.state import Commands, State
from nurture.cli.words import _
from nurture.kernel.garbage import loading

_DEFINED, _SERVED, _ASKED, _KEPT = "definitions", "serve", "sends", "upkeep"
# Where each command lives, in the order in which a newcomer needs them; its module adds it to `main`.
SECTIONS = {
    _("Run it"): dict.fromkeys(("up", "demo", "web", "clock", "worker"), _SERVED),
    _("Leads and campaigns"): {
        "leads": "about_leads", "segments": "segments", **dict.fromkeys(("check", "plan", "apply", "export"), _DEFINED),
        "campaigns": "comparing", "enroll": "enrolling", "rehearse": "rehearsal", "broadcast": "broadcasts",
        "tasks": "tasks", "emails": "emails", **dict.fromkeys(("holidays", "tet"), "house"),
    },
    _("Ask what became of it"): {
        "sends": "resolving", "explain": _ASKED, "held": "house", "outbound": "outbound", "inbound": "inbound",
        "tracking": "tracking",
    },
    _("Keep it in order"): {
        "doctor": "doctor", "relays": "relays", "users": "people", "webhooks": "outbound", "dkim": "dkim",
        "data": "data", **dict.fromkeys(("backup", "restore", "db"), "copies"),
        **dict.fromkeys(("settings", "instance", "keys", "migrate"), _KEPT), "bench": "bench",
    },
}  # fmt: skip
HOME_OF = {name: module for homes in SECTIONS.values() for name, module in homes.items()}


class Everything(Commands):
    """All commands by name, each loaded when it is looked at."""

    group_class = Commands

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click hands it over
        return list(HOME_OF)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        home = f"nurture.cli.{HOME_OF[cmd_name]}" if cmd_name in HOME_OF else ""
        if home and home not in sys.modules:
            with loading():
                importlib.import_module(home)
        return super().get_command(ctx, cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        width = max(map(len, HOME_OF))
        for title, names in SECTIONS.items():
            found = [(name, self.get_command(ctx, name)) for name in names]
            with formatter.section(title):
                room = formatter.width - 6 - width
                rows = [(name.ljust(width), one.get_short_help_str(room)) for name, one in found if one is not None]
                formatter.write_dl(rows)


@click.group(
    cls=Everything,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help=_("Marketing automation for small sales teams: leads, campaigns, tracking, scores, opportunities."),
    epilog=_("Exit status: 0 done; 1 done with refusals or findings; 2 wrong use; 3 failed. "
             "Settings are NURTURE_* variables: nurture settings."),
)  # fmt: skip
@click.option("--demo", is_flag=True, help=_("Work on the living demo's database."))
@click.version_option(importlib.metadata.version("nurture"), prog_name="nurture")
@click.pass_context
def main(ctx: click.Context, *, demo: bool) -> None:
    """Hand the state down."""
    ctx.obj = State(demo=demo)
