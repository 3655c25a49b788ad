"""`nurture emails`: look through emails as before a launch, see one as a lead, send a test to a member of staff."""

from pathlib import Path
from typing import Any

import click

from nurture.cli.main import main
from nurture.cli.options import json_option, living_lead
from nurture.cli.output import report
from nurture.cli.state import State, pass_state
from nurture.cli.words import LANGUAGE, _
from nurture.engine import trying
from nurture.kernel.errors import InputError, NotFoundError, OutsideError
from nurture.kernel.i18n import translate
from nurture.messages import store
from nurture.messages.checklist import Item, Level, of_email, together
from nurture.messages.model import MessageClass
from nurture.messages.personalize import MissingField, TemplateFailure
from nurture.messages.values import house_values
from nurture.policy.laws import profile
from nurture.users import store as accounts

_MARKS = {Level.GOOD: "✓", Level.WATCH: "!", Level.BAD: "✗"}
_STAFF = "staff_"
_lead_option = click.option(
    "--lead", "who", required=True, metavar=_("WHO"), help=_("The lead to read it as: address or public id.")
)
_language_option = click.option(
    "--language",
    type=click.Choice(["vi", "en"]),
    help=_("Which language; the lead's or the house's when none is given."),
)


@main.group()
def emails() -> None:
    """The group."""


@emails.command(help=_("Look through emails as before a launch. All of them when no KEY is given."))
@click.argument("key", required=False, metavar="[KEY]")
@click.option("--class", "class_", type=click.Choice([one.value for one in MessageClass]), default="advertising",
              show_default=True, help=_("As a message of this class."))  # fmt: skip
@json_option
@pass_state
@click.pass_context
def check(ctx: click.Context, state: State, key: str | None, class_: str, *, as_json: bool) -> None:
    """Exit status 1 where something forbids a launch."""
    with state.context() as context, context.database.read() as conn:
        there = store.languages(conn, [key] if key else None)
        if key and key not in there:
            raise NotFoundError(_("There is no email “%(email)s”", email=key))
        settings = context.settings
        law, house = profile(settings.law), house_values(settings)
        found = {
            one: together({
                language: of_email(trying.current(conn, one, language)[1], class_, law, house, settings.base_url,
                                   leaves=not settings.stays_here)
                for language in languages
            })
            for one, languages in there.items() if not one.startswith(_STAFF)
        }  # fmt: skip
    data = {one: [_plain(item) for item in items] for one, items in found.items()}
    report({"emails": data}, _lines(found, short=key is None), as_json=as_json)
    if any(item.level is Level.BAD for items in found.values() for item in items):
        ctx.exit(1)


def _plain(item: Item) -> dict[str, Any]:
    return {"level": item.level.value, "text": item.said("en"), "languages": list(item.where)}


def _lines(found: dict[str, tuple[Item, ...]], *, short: bool) -> list[str]:
    """What to look at; of one email also what is good."""
    lines: list[str] = []
    for key, items in found.items():
        shown = [one for one in items if not short or one.level is not Level.GOOD]
        lines.append(f"{key}: {translate(LANGUAGE, 'Nothing to mend.')}" if not shown else f"{key}:")
        lines += [f"  {_MARKS[one.level]} {one.said(LANGUAGE)}" for one in shown]
    return lines


@emails.command(help=_("Write an email as a lead gets it into a file. The name ends in .html or .txt."))
@click.argument("key", metavar="KEY")
@_lead_option
@_language_option
@click.option("--out", "path", type=click.Path(path_type=Path, dir_okay=False), required=True, metavar=_("FILE"))
@pass_state
def preview(state: State, key: str, who: str, language: str | None, path: Path) -> None:
    """Write a preview."""
    with state.context() as context, context.database.read() as conn:
        lead = living_lead(conn, who)
        _revision, compiled = trying.current(conn, key, language or lead.language or context.settings.language)
        try:
            made = trying.read_as(conn, context, compiled, lead)
        except (MissingField, TemplateFailure) as error:
            raise InputError(str(error)) from error
    text = made.text if path.suffix.lower() == ".txt" else made.html or made.text
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutsideError(f"{path}: {error.strerror}") from error
    report({"file": str(path), "subject": made.subject}, [made.subject, str(path)], as_json=False)


@emails.command("test", help=_("Send an email as a test to a member of staff. It reads as a lead would read it."))
@click.argument("key", metavar="KEY")
@_lead_option
@click.option("--to", "address", required=True, metavar=_("ADDRESS"), help=_("The address of a member of staff."))
@_language_option
@pass_state
def send_test(state: State, key: str, who: str, address: str, language: str | None) -> None:
    """Queue a test."""
    with state.context() as context, context.database.write() as conn:
        lead, account = living_lead(conn, who), accounts.by_email(conn, address.strip().lower())
        if account is None or account.disabled_at is not None:
            raise NotFoundError(_("There is no member of staff with this address: %(address)s", address=address))
        wanted = language or lead.language or context.settings.language
        now, real = context.clock.engine(), context.clock.real()
        trying.send_test(conn, context, key, wanted, lead, account.id, None, now=now, real=real)
    report({"to": account.email}, [_("Queued for %(address)s.", address=account.email)], as_json=False)
