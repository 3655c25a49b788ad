"""The `nurture` command: one module for each group of subcommands. The only user of click."""

from nurture.cli import definitions, leads, people, sends, serve, upkeep
from nurture.cli.main import main

GROUPS = (definitions, leads, people, sends, serve, upkeep)  # each adds its commands to `main`

__all__ = ["GROUPS", "main"]
