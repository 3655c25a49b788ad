"""`nurture leads export`, `erase` and `requests`: what people ask us to do with their data."""

import json
from pathlib import Path
from typing import Any

import click
import sqlalchemy as sa

from nurture.cli.leads import leads
from nurture.cli.options import json_option, living_lead, yes_option
from nurture.cli.output import confirm, report, table
from nurture.cli.state import State, pass_state
from nurture.cli.words import _
from nurture.consents.requests import RequestKind, RequestState
from nurture.consents.tables import data_requests
from nurture.engine import erasing, exporting, requests
from nurture.kernel.errors import OutsideError
from nurture.kernel.i18n import N_
from nurture.leads.tables import leads as lead_table
from nurture.tracking import agreeing

_ACTOR = "cli"
_KINDS = {RequestKind.EXPORT.value: N_("a copy of their data"), RequestKind.ERASE.value: N_("to be forgotten")}


@leads.command(
    "export",
    help=_("Write all that is kept of a lead into a file. It is for the lead; WHO is its address or public id."),
)
@click.argument("who", metavar="WHO")
@click.option(
    "--out", "path", type=click.Path(path_type=Path, dir_okay=False), required=True, metavar=_("FILE"),
    help=_("Where to: .html to be read, .json for programs. A file that is there is not written over."),
)  # fmt: skip
@pass_state
def export(state: State, who: str, path: Path) -> None:
    """Write what is kept of a lead."""
    with state.context() as context:
        with context.database.snapshot() as conn:
            lead = living_lead(conn, who)
            found = exporting.collect(conn, context.keys, lead, real=context.clock.real())
        as_page = path.suffix.lower() in {".html", ".htm"}
        house = context.settings.house_name or "nurture"
        language = lead.language or context.settings.language
        text = exporting.page(found, language, context.settings.local_zone, house) if as_page else _json(found)
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
            path.chmod(0o600)
        except OSError as error:
            raise OutsideError(f"{path}: {error.strerror}") from error
        with context.database.write() as conn:
            requests.note_export(conn, lead, real=context.clock.real(), actor=_ACTOR)
    report({"file": str(path)}, [_("Written: %(file)s", file=path)], as_json=False)


def _json(found: dict[str, Any]) -> str:
    return json.dumps(found, ensure_ascii=False, indent=1, default=str)


@leads.command(
    "erase",
    help=_("Forget a lead for good. Everything that names the person is blanked in every table, and the address stays "
           "closed. WHO is its address or public id. It cannot be taken back: look with --dry-run first."),
)  # fmt: skip
@click.argument("who", metavar="WHO")
@click.option("--dry-run", is_flag=True, help=_("Only say what would end."))
@yes_option
@json_option
@pass_state
def erase(state: State, who: str, *, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Forget a lead."""
    with state.context() as context:
        with context.database.read() as conn:
            lead = living_lead(conn, who)
            found = erasing.look(conn, lead)
        data = {"lead": lead.public_id, "also": found.also, "campaigns": found.campaigns, "mails": found.mails,
                "deals": found.deals, "tasks": found.tasks}  # fmt: skip
        lines = [
            _("%(who)s: in %(campaigns)s campaigns, %(mails)s mails wait, %(deals)s deals are open, %(tasks)s tasks; "
              "%(also)s leads were merged into it.", who=who, campaigns=found.campaigns, mails=found.mails,
              deals=found.deals, tasks=found.tasks, also=found.also)
        ]  # fmt: skip
        if dry_run:
            report({**data, "erased": False}, lines, as_json=as_json)
            return
        if not yes:
            confirm(" ".join([*lines, _("Erase for good?")]), _("Nothing was erased."))
        now, real = context.clock.engine(), context.clock.real()
        with context.database.write() as conn:
            erasing.erase(conn, context.keys, lead.id, now=now, real=real, actor=_ACTOR, why=_ACTOR)
            requests.end_of(conn, lead.id, RequestKind.ERASE, now=now, actor=_ACTOR)
    report({**data, "erased": True}, [_("Erased.")], as_json=as_json)


@leads.command(
    "ask-consent",
    help=_("Ask a lead by mail, once, to agree to advertising. WHO is its address or public id."),
)
@click.argument("who", metavar="WHO")
@pass_state
def ask_consent(state: State, who: str) -> None:
    """Ask by mail."""
    with state.context() as context, context.database.write() as conn:
        lead = living_lead(conn, who)
        agreeing.ask(conn, context, lead, now=context.clock.engine(), real=context.clock.real(), actor=_ACTOR)
    report({"lead": lead.public_id}, [_("The mail that asks is queued.")], as_json=False)


@leads.command("requests", help=_("List what people ask about their data. The most pressing stands first."))
@json_option
@pass_state
def listed(state: State, *, as_json: bool) -> None:
    """List open requests."""
    query = (
        sa.select(data_requests, lead_table.c.public_id.label("lead"), lead_table.c.email)
        .join(lead_table, lead_table.c.id == data_requests.c.lead_id)
        .where(data_requests.c.state == RequestState.OPEN.value)
        .order_by(data_requests.c.due_at, data_requests.c.id)
    )
    with state.context() as context, context.database.read() as conn:
        rows = conn.execute(query).all()
        zone = context.settings.local_zone
    data = [
        {
            "request": row.public_id, "lead": row.email or row.lead, "kind": row.kind,
            "asked_at": row.asked_at.isoformat(), "due_at": row.due_at and row.due_at.isoformat(),
        }
        for row in rows
    ]  # fmt: skip
    shown = [
        [row.public_id, row.email or row.lead, _(_KINDS[row.kind]), row.asked_at.astimezone(zone).strftime("%d/%m/%Y"),
         row.due_at.astimezone(zone).strftime("%d/%m/%Y") if row.due_at else ""] for row in rows
    ]  # fmt: skip
    lines = table([_("Request"), _("Lead"), _("Asks for"), _("Asked"), _("Due")], shown)
    report({"requests": data}, lines if rows else [_("Nobody asks for anything.")], as_json=as_json)
