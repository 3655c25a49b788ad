"""`nurture users`: accounts of staff."""

from datetime import date, datetime
from typing import TextIO

import click
from sqlalchemy.engine import Connection

from nurture.cli.main import main
from nurture.cli.options import email_argument, json_option
from nurture.cli.output import interactive, report, say, table
from nurture.cli.state import State, pass_state
from nurture.cli.words import _
from nurture.kernel.errors import InputError, NotFoundError, Problem
from nurture.users import service, sessions, store
from nurture.users.model import Role

ROLES = click.Choice([role.value for role in Role])


@main.group()
def users() -> None:
    """Group of the commands below."""


def _new_account(state: State, email: str, name: str, role: str, password: str | None) -> tuple[int, str]:
    """Add with a password, or invite by a link; gives the id and the link's path (empty with a password).

    Warns while nobody is an admin.
    """
    link = ""
    with state.making() as context, context.database.write() as conn:
        real = context.clock.real()
        if password is not None:
            made = service.add(
                conn, email=email, name=name, role=role, password=password, real=real, actor="cli"
            )  # fmt: skip
        else:
            made, token = service.invite(conn, email=email, name=name, role=role, real=real, actor="cli")
            link = f"{state.settings.base_url}/invite/{token}"
        led = store.has_admin(conn)
    if not led:
        say(_("There is no admin yet: nurture up makes one when it starts, or invite one with --role admin."), err=True)
    return made, link


@users.command(help=_("Add an account with a password. It is asked for, unless a file holds it."))
@email_argument
@click.option("--name", required=True, metavar=_("NAME"), help=_("The person's name as others see it."))
@click.option("--role", type=ROLES, default=Role.SALES.value, show_default=True, help=_("What the person may do."))
@click.option(
    "--password-file",
    type=click.File("r"),
    metavar=_("FILE"),
    help=_("Read the password from this file; - is standard input."),
)
@json_option
@pass_state
def add(state: State, email: str, name: str, role: str, password_file: TextIO | None, *, as_json: bool) -> None:
    """Add."""
    if password_file is not None:
        password = str(password_file.read()).strip("\r\n")
    elif not interactive():
        problem = _("No account was added: this is no terminal, so no password can be asked for.")
        mend = _("give it in a file: --password-file FILE, or on standard input: --password-file -")
        raise InputError([Problem("nobody_to_ask", problem, mend)])
    else:
        password = click.prompt(_("Password"), hide_input=True, confirmation_prompt=True)
    made, _link = _new_account(state, email, name, role, password)
    report({"id": made, "email": email, "role": role}, [_("Added: %(email)s", email=email)], as_json=as_json)


@users.command(
    help=_("Invite somebody by a link. It is printed, good for seven days, and leads to where they set their password.")
)
@email_argument
@click.option("--name", required=True, metavar=_("NAME"), help=_("The person's name as others see it."))
@click.option("--role", type=ROLES, default=Role.SALES.value, show_default=True, help=_("What the person may do."))
@json_option
@pass_state
def invite(state: State, email: str, name: str, role: str, *, as_json: bool) -> None:
    """Invite."""
    made, link = _new_account(state, email, name, role, None)
    report({"id": made, "link": link}, [_("Give %(email)s this link:", email=email), link], as_json=as_json)


@users.command(help=_("Print a link for a new password. It is good for two hours."))
@email_argument
@json_option
@pass_state
def reset(state: State, email: str, *, as_json: bool) -> None:
    """Reset."""
    with state.context() as context, context.database.write() as conn:
        made, token = service.reset(conn, email=email, real=context.clock.real(), actor="cli")
    link = f"{state.settings.base_url}/reset/{token}"
    report({"id": made, "link": link}, [_("Give %(email)s this link:", email=email), link], as_json=as_json)


def _account(conn: Connection, email: str) -> store.Account:
    found = store.by_email(conn, service.address(email))
    if found is None:
        raise NotFoundError(_("There is no account with this address"))
    return found


def _day(text: str) -> date:
    for form in ("%Y-%m-%d", "%d/%m/%Y"):
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007 - a day, not an instant
        except ValueError:
            continue
    raise InputError(_("%(text)s is not a day; write 2026-12-24 or 24/12/2026", text=text))


@users.command(
    help=_(
        "Say that somebody is away. New leads and alerts go to others from FIRST_DAY to LAST_DAY, both included; days "
        "are written 2026-12-24 or 24/12/2026."
    )
)
@email_argument
@click.argument("first", metavar=_("FIRST_DAY"))
@click.argument("last", metavar=_("LAST_DAY"))
@pass_state
def away(state: State, email: str, first: str, last: str) -> None:
    """Away."""
    span = _day(first), _day(last)
    with state.context() as context, context.database.write() as conn:
        account = _account(conn, email)
        service.add_absence(conn, account.id, *span, real=context.clock.real(), actor="cli")
    say(_("%(email)s is away from %(first)s to %(last)s", email=email, first=first, last=last))


@users.command("list", help=_("List all accounts."))
@json_option
@pass_state
def list_(state: State, *, as_json: bool) -> None:
    """List."""
    with state.context() as context, context.database.read() as conn:
        accounts = store.everybody(conn, disabled=True)
    data = [
        {"id": a.id, "email": a.email, "name": a.name, "role": str(a.role), "disabled": a.disabled_at is not None}
        for a in accounts
    ]
    rows = [(d["id"], d["email"], d["name"], d["role"], _("disabled") if d["disabled"] else "") for d in data]
    lines = table(("id", _("email"), _("name"), _("role"), ""), rows) if rows else [_("There are no accounts yet.")]
    report(data, lines, as_json=as_json)


@users.command(help=_("Close an account. The person can no longer sign in."))
@email_argument
@pass_state
def disable(state: State, email: str) -> None:
    """Disable."""
    with state.context() as context, context.database.write() as conn:
        account = _account(conn, email)
        service.disable(conn, account.id, real=context.clock.real(), actor="cli")
    say(_("Closed: %(email)s", email=email))


@users.command(help=_("Sign somebody out in every browser. The password stays as it is."))
@email_argument
@pass_state
def logout(state: State, email: str) -> None:
    """Logout."""
    with state.context() as context, context.database.write() as conn:
        account = _account(conn, email)
        ended = sessions.end_all(conn, account.id, real=context.clock.real(), actor="cli")
    say(_("Signed out: %(email)s (sessions ended: %(count)s)", email=email, count=ended))
