"""What a command needs: settings read once, a context on demand. Errors become lines and exit statuses."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import click
from sqlalchemy.exc import DBAPIError, OperationalError

from nurture.bootstrap import build, for_demo, prepare
from nurture.cli.output import Status, fail, say
from nurture.cli.words import _
from nurture.kernel.context import Context
from nurture.kernel.errors import NurtureError, OutsideError
from nurture.kernel.i18n import N_
from nurture.kernel.settings import Settings, read_settings


@dataclass
class State:
    """Handed from the top command down."""

    demo: bool = False

    @cached_property
    def settings(self) -> Settings:
        """The settings of this environment; the demo's with --demo."""
        settings = read_settings()
        return for_demo(settings) if self.demo else settings

    @contextmanager
    def context(self) -> Iterator[Context]:
        """A context on a prepared database, closed at the end."""
        prepare(self.settings, demo=self.demo)
        context = build(self.settings)
        try:
            yield context
        finally:
            context.database.close()


pass_state = click.make_pass_decorator(State)


class OneCommand(click.Command):
    """A command whose usage line is in the terminal's language."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("options_metavar", _("[OPTIONS]"))
        super().__init__(*args, **kwargs)


class Commands(click.Group):
    """A group whose commands end with a clear message and status instead of a traceback for what we expect."""

    command_class = OneCommand

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("options_metavar", _("[OPTIONS]"))
        kwargs.setdefault("subcommand_metavar", _("COMMAND [ARGUMENTS] …"))
        super().__init__(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except (click.Abort, KeyboardInterrupt):
            say(_("Stopped."), err=True)
            ctx.exit(Status.FAILED)
        except NurtureError as error:
            ctx.exit(fail(error))
        except OperationalError as error:
            ctx.exit(fail(database_error(error)))
        except BrokenPipeError:
            raise  # the reader had enough; click ends quietly
        except OSError as error:
            say(_("Error: %(error)s", error=f"{error.filename or ''} {error.strerror or error}".strip()), err=True)
            ctx.exit(Status.FAILED)
        return None


def database_error(error: DBAPIError) -> OutsideError:
    """What the database refused, without SQL and without secrets."""
    said = str(error.orig).strip().splitlines()[0] if error.orig else "unknown"
    if "disk is full" in said or "No space left" in said:
        return OutsideError(N_("The disk is full; nothing of the last step was kept (%(said)s)"), said=said)
    if "locked" in said:
        return OutsideError(N_("The database is locked by another program; close it, try again (%(said)s)"), said=said)
    return OutsideError(N_("The database does not answer: %(said)s"), said=said)
