"""Options and arguments that several commands share, and what they name."""

from pathlib import Path

import click
from sqlalchemy.engine import Connection

from nurture.cli.words import _
from nurture.kernel.errors import NotFoundError
from nurture.leads import store as lead_store
from nurture.leads.model import Lead
from nurture.leads.normalize import email_of

json_option = click.option("--json", "as_json", is_flag=True, help=_("Answer in JSON."))
yes_option = click.option("--yes", is_flag=True, help=_("Do not ask."))
campaigns_option = click.option(
    "--campaigns", "campaigns_at", type=click.Path(exists=True, path_type=Path), metavar=_("FOLDER"),
    help=_("Folder of campaigns, or one campaign's file."),
)  # fmt: skip
templates_option = click.option(
    "--templates",
    "templates_at",
    type=click.Path(exists=True, path_type=Path),
    metavar=_("FOLDER"),
    help=_("Folder of emails."),
)
email_argument = click.argument("email", metavar="EMAIL")
campaign_argument = click.argument("key", metavar=_("KEY"))


def lead_at(conn: Connection, email: str) -> Lead:
    """The lead with this address. NotFoundError when there is none."""
    found = lead_store.by_email(conn, email_of(email) or email)
    if found is None:
        raise NotFoundError(_("There is no lead with this address"))
    return found


def stored_lead(conn: Connection, who: str) -> Lead:
    """The lead with this address or public id as it is stored, merged or not. NotFoundError when there is none."""
    address = email_of(who)
    found = lead_store.holder(conn, address) if address else lead_store.stored(conn, who)
    if found is None:
        raise NotFoundError(_("There is no lead with this address or public id: %(text)s", text=who))
    return found


def living_lead(conn: Connection, who: str) -> Lead:
    """The lead with this address or public id, or the one it was merged into. NotFoundError when there is none."""
    return lead_store.by_public_id(conn, stored_lead(conn, who).public_id)
