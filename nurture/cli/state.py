"""What a command needs: settings read once, a context on demand. Errors become lines and exit statuses."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nurture.cli.output import Status, fail, say
from nurture.cli.words import _
from nurture.kernel.errors import NotFoundError, NurtureError, OutsideError
from nurture.kernel.i18n import N_
from nurture.kernel.later import later
from nurture.kernel.settings import Settings, read_settings

# For whoever has to do with the database; help, completion and a slip of the pen do not.
if TYPE_CHECKING:
    from sqlalchemy import exc

    from nurture import bootstrap
    from nurture.kernel.context import Context
else:
    exc, bootstrap = later("sqlalchemy.exc"), later("nurture.bootstrap")

NO_DATABASE = N_(
    "There is no database at %(place)s. nurture up makes one, or nurture migrate; NURTURE_DATA_DIR says in which folder"
)
ONLY_DEMO = N_("There is no database at %(place)s, only the demo's beside it. To ask the demo: %(command)s")
NO_DEMO = N_(
    "The demo has no database at %(place)s. nurture up --demo makes one; NURTURE_DATA_DIR says in which folder"
)


@dataclass
class State:
    """Handed from the top command down."""

    demo: bool = False

    @cached_property
    def settings(self) -> Settings:
        """The settings of this environment; the demo's with --demo."""
        settings = read_settings()
        return bootstrap.for_demo(settings) if self.demo else settings

    @contextmanager
    def context(self) -> "Iterator[Context]":
        """A context on the database there is, closed at the end. NotFoundError when there is none."""
        if not bootstrap.is_prepared(self.settings):
            raise self._nowhere()
        with self._on(self.settings) as context:
            yield context

    @contextmanager
    def making(self) -> "Iterator[Context]":
        """The same for a command that begins something: where there is no database it makes one, and says where."""
        if not bootstrap.is_prepared(self.settings):
            say(_("A new database is made at %(place)s", place=bootstrap.place_of(self.settings)), err=True)
        with self._on(self.settings) as context:
            yield context

    @contextmanager
    def trying(self) -> "Iterator[Context]":
        """The same for what is only tried: where there is no database, on an empty one that is gone at the end."""
        if bootstrap.is_prepared(self.settings):
            with self._on(self.settings) as context:
                yield context
            return
        say(_("There is no database at %(place)s, and none is made: tried on an empty one.",
              place=bootstrap.place_of(self.settings)), err=True)  # fmt: skip
        if bootstrap.has_demo_beside(self.settings):
            say(_("The demo has one beside it; to ask the demo: %(command)s", command=_on_demo()), err=True)
        with tempfile.TemporaryDirectory(prefix="nurture-") as name:
            folder = Path(name)
            url = f"sqlite:///{folder / 'empty.db'}"
            empty = replace(self.settings, data_dir=folder, database_url=url, keys_file=folder / "keys.json")
            with self._on(empty) as context:
                yield context

    @contextmanager
    def _on(self, settings: Settings) -> "Iterator[Context]":
        bootstrap.prepare(settings, demo=self.demo)
        context = bootstrap.build(settings)
        try:
            yield context
        finally:
            context.database.close()

    def _nowhere(self) -> NotFoundError:
        place = bootstrap.place_of(self.settings)
        if bootstrap.has_demo_beside(self.settings):
            return NotFoundError(ONLY_DEMO, place=place, command=_on_demo())
        return NotFoundError(NO_DEMO if self.demo else NO_DATABASE, place=place)


def _on_demo() -> str:
    """The command under way, as it is typed for the demo."""
    ctx = click.get_current_context()
    top = ctx.find_root().command_path
    return f"{top} --demo{ctx.command_path.removeprefix(top)}"


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
        except (click.exceptions.Exit, click.ClickException):
            raise  # click's own
        except (click.Abort, KeyboardInterrupt):
            say(_("Stopped."), err=True)
            ctx.exit(Status.FAILED)
        except NurtureError as error:
            ctx.exit(fail(error))
        except exc.OperationalError as error:
            ctx.exit(fail(database_error(error)))
        except BrokenPipeError:
            raise  # the reader had enough; click ends quietly
        except OSError as error:
            say(_("Error: %(error)s", error=f"{error.filename or ''} {error.strerror or error}".strip()), err=True)
            ctx.exit(Status.FAILED)
        return None


def database_error(error: "exc.DBAPIError") -> OutsideError:
    """What the database refused, without SQL and without secrets."""
    said = str(error.orig).strip().splitlines()[0] if error.orig else "unknown"
    if "disk is full" in said or "No space left" in said:
        return OutsideError(N_("The disk is full; nothing of the last step was kept (%(said)s)"), said=said)
    if "locked" in said:
        return OutsideError(N_("The database is locked by another program; close it, try again (%(said)s)"), said=said)
    return OutsideError(N_("The database does not answer: %(said)s"), said=said)
