"""`nurture inbound`: mail that came back, piped in by a mail server or fetched from the mailbox."""

import sys

import click

from nurture.cli.main import main
from nurture.cli.options import json_option
from nurture.cli.output import report
from nurture.cli.state import State, pass_state
from nurture.cli.words import _
from nurture.inbound.fetch import Fetcher
from nurture.inbound.intake import LARGEST, Mail, take
from nurture.kernel.errors import ConflictError, InputError, OutsideError
from nurture.kernel.i18n import N_

TEMPFAIL = 75  # sysexits.h, EX_TEMPFAIL: the mail server keeps the mail and tries again
_NO_INBOX = N_("No mailbox is set: NURTURE_INBOX_URL (see .env.example)")
_ELSEWHERE = N_("Another process is looking into the mailbox just now")
_FAILED = N_("The mailbox cannot be read: %(error)s")


@main.group(invoke_without_command=True)
@click.pass_context
def inbound(ctx: click.Context) -> None:
    """Take one mail from standard input, unless a command follows."""
    if ctx.invoked_subcommand is not None:
        return
    if sys.stdin.isatty():
        click.echo(ctx.get_help())
        return
    raw = sys.stdin.buffer.read(LARGEST)
    while sys.stdin.buffer.read(65_536):  # a mail server that cannot write all takes it for a failure
        pass
    try:
        if not raw.strip():
            raise InputError(N_("There is no mail on standard input"))
        with (ctx.find_object(State) or State()).context() as context:
            take(context, [Mail("", raw)])
    except Exception as error:  # noqa: BLE001 - whatever it is, the mail server keeps the mail
        click.echo(f"nurture inbound: {type(error).__name__}: {error}"[:500], err=True)
        ctx.exit(TEMPFAIL if raw.strip() else 66)


@inbound.command("fetch", help=_("Look into the mailbox of NURTURE_INBOX_URL once. The server does it every minute."))
@json_option
@pass_state
def fetch(state: State, *, as_json: bool) -> None:
    """Fetch once."""
    with state.context() as context:
        if context.settings.inbox_url is None:
            raise InputError(_NO_INBOX)
        found = Fetcher(context).look()
    if found is None:
        raise ConflictError(_ELSEWHERE)
    if found.error:
        raise OutsideError(_FAILED, error=found.error)
    data = {"mails": found.mails, "new": found.new}
    report(data, [_("Mails read: %(mails)s; told for the first time: %(new)s", **data)], as_json=as_json)
