"""The `nurture` command: one module for each group of subcommands. The only user of click."""

from nurture.kernel.garbage import loading

with loading():
    from nurture.cli.main import main

__all__ = ["main"]
