"""`nurture backup`, `nurture restore`, `nurture db copy`: an installation into a file, out of it, and elsewhere."""

import sys
from pathlib import Path

import click

from nurture.backup.archive import back_up
from nurture.backup.copying import Progress, copy
from nurture.backup.restoring import restore as put_back
from nurture.bootstrap import place_of
from nurture.cli.main import main
from nurture.cli.options import json_option
from nurture.cli.output import report, say
from nurture.cli.state import State, pass_state
from nurture.cli.words import _
from nurture.kernel import installation
from nurture.kernel.database import Database
from nurture.kernel.errors import InputError, Problem
from nurture.kernel.i18n import N_

_EVERY = 20_000  # rows between two lines of progress


@main.command()
@click.argument("file", metavar=_("FILE"), type=click.Path(dir_okay=False, path_type=Path))
@json_option
@pass_state
def backup(state: State, file: Path, *, as_json: bool) -> None:
    """Back up."""
    with state.context() as context:
        made = back_up(context, file, context.clock.real(), _progress())
    size = file.stat().st_size
    data = {"file": str(file), "bytes": size, "instance": made.instance, "revision": made.revision,
            "leads": made.leads, "messages": made.messages, "sha256": made.sha256}  # fmt: skip
    report(
        data,
        [_("%(path)s: %(leads)s leads, %(mails)s emails, %(size)s MB", path=file, leads=made.leads,
           mails=made.messages, size=round(size / 1e6, 1))],
        as_json=as_json,
    )  # fmt: skip


@main.command()
@click.argument("file", metavar=_("FILE"), type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
@pass_state
def restore(state: State, file: Path, *, as_json: bool) -> None:
    """Restore."""
    made = put_back(file, state.settings, _progress())
    place = place_of(state.settings)
    data = {"place": place, "made_at": made.made_at, "instance": made.instance, "leads": made.leads,
            "messages": made.messages}  # fmt: skip
    lines = [
        _("%(place)s: %(leads)s leads, %(mails)s emails, as of %(at)s", place=place, leads=made.leads,
          mails=made.messages, at=made.made_at),
        _("Nothing is sent until you claim it: nurture instance claim"),
    ]  # fmt: skip
    report(data, lines, as_json=as_json)


@main.group()
def db() -> None:
    """Group of the commands below."""


@db.command(
    "copy",
    help=_(
        "Copy every row into an empty database and compare the counts. Stop the server first: what it writes meanwhile "
        "is not copied. The copy sends nothing until it is claimed."
    ),
)
@click.option("--to", "url", metavar="URL", required=True, help=_("The empty database: postgresql://… or sqlite:///…"))
@json_option
@pass_state
def copy_to(state: State, url: str, *, as_json: bool) -> None:
    """Copy."""
    if not url.startswith(("sqlite:///", "postgresql://", "postgres://")):
        mend = N_("an address that starts with sqlite:/// or postgresql://")
        raise InputError(
            [Problem("bad_url", N_("“%(url)s” is no address of a database"), mend, params=(("url", url),))]
        )
    target = Database(url.replace("postgres://", "postgresql://", 1))
    try:
        with state.context() as context:
            copied = copy(context.database, target, _progress())
        installation.stop(target, installation.MOVED)
    finally:
        target.close()
    lines = [
        _("%(count)s rows of %(tables)s tables copied; every count is the same.", count=copied.total,
          tables=len(copied.counts)),
        _("Point NURTURE_DATABASE_URL at it, then: nurture instance claim --waiting go"),
    ]  # fmt: skip
    report({"rows": copied.total, "tables": copied.counts}, lines, as_json=as_json)


def _progress() -> Progress:
    """Lines for a person who waits; nothing for a script."""
    if not sys.stderr.isatty():
        return lambda _table, _count: None

    def tell(table: str, count: int) -> None:
        if count >= _EVERY and count % _EVERY < 2_000:
            say(f"  {table}: {count}", err=True)

    return tell
