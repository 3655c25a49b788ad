"""Options and arguments that several commands share."""

from pathlib import Path

import click

from nurture.cli.words import _

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
