"""`nurture tasks`: what people have to do."""

import click
from sqlalchemy.engine import Connection

from nurture.cli.main import main
from nurture.cli.options import json_option
from nurture.cli.output import instant, report, table
from nurture.cli.state import State, pass_state
from nurture.cli.words import LANGUAGE, _
from nurture.kernel.errors import NotFoundError
from nurture.tasks import store
from nurture.tasks.model import Task
from nurture.tasks.store import Whose
from nurture.users import service as staff
from nurture.users import store as accounts
from nurture.users.model import Person, Role

_MOST = 500
_EVERYTHING = Person(0, "cli", "", Role.ADMIN)


@main.command()
@click.option("--user", "email", metavar="EMAIL", help=_("The tasks of one member of staff only."))
@click.option("--nobody", is_flag=True, help=_("The tasks that have nobody to do them."))
@json_option
@pass_state
def tasks(state: State, email: str | None, *, nobody: bool, as_json: bool) -> None:
    """Show them."""
    with state.context() as context, context.database.read() as conn:
        found = store.waiting(conn, _EVERYTHING, Whose(_user(conn, email), nobody), limit=_MOST).tasks
        names = accounts.names(conn, [one.owner_id for one in found if one.owner_id is not None])
        now, zone = context.clock.engine(), context.settings.local_zone
    rows = [
        (
            instant(one.due_at, zone) + (f" ({_('overdue')})" if one.due_at < now else ""),
            one.titled(LANGUAGE),
            one.about.called,
            names.get(one.owner_id or 0, _("nobody")),
            one.campaign_key or "",
        )
        for one in found
    ]
    head = (_("due"), _("task"), _("lead"), _("for"), _("campaign"))
    lines = table(head, rows) if rows else [_("No tasks")]
    report([_data(one, names) for one in found], lines, as_json=as_json)


def _user(conn: Connection, email: str | None) -> int | None:
    """Whose, by address. NotFoundError when there is no such account."""
    if email is None:
        return None
    account = accounts.by_email(conn, staff.address(email))
    if account is None:
        raise NotFoundError(_("There is no account with this address"))
    return account.id


def _data(one: Task, names: dict[int, str]) -> dict[str, object]:
    return {
        "id": one.id,
        "kind": one.kind.value,
        "title": dict(one.title),
        "due_at": one.due_at.isoformat(),
        "lead": one.about.public_id,
        "for": names.get(one.owner_id or 0),
        "for_owner": one.for_owner,
        "campaign": one.campaign_key,
        "step": one.step,
        "waits": one.waits,
    }
