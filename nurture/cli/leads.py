"""`nurture leads`: import a file, look somebody up."""

import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from nurture.capture import service as capture
from nurture.capture.model import Options, Reading, Result
from nurture.cli.main import main
from nurture.cli.options import email_argument, json_option, lead_at
from nurture.cli.output import Status, report, say, table
from nurture.cli.state import State, pass_state
from nurture.cli.stopping import until_interrupted
from nurture.cli.words import LANGUAGE, _
from nurture.consents.model import Purpose
from nurture.kernel.errors import InputError
from nurture.kernel.i18n import translate, translate_plural
from nurture.leads import store as lead_store

_SHOWN = 12  # columns of the sample that fit a terminal
_WIDE = 18
_DELIMITERS = {",": _("by comma"), ";": _("by semicolon"), "\t": _("by tab"), "|": _("by vertical bar")}


@main.group()
def leads() -> None:
    """Group of the commands below."""


def _mapping(pairs: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for pair in pairs:
        header, equals, target = pair.rpartition("=")
        if not equals or not header.strip() or not target.strip():
            raise InputError(_('--map takes header=field, such as "Họ và tên=name"; given was %(pair)s', pair=pair))
        found[header.strip()] = target.strip()
    return found


def _reading_lines(reading: Reading) -> list[str]:
    """How the file is understood, with five rows of it."""
    form = ", ".join(filter(None, (reading.format.upper(), reading.encoding, _DELIMITERS.get(reading.delimiter))))
    lines = [_("%(file)s: %(form)s, %(rows)s rows", file=reading.file_name, form=form, rows=f"{reading.rows:n}")]
    known = [one for one in reading.columns if one.target and not one.key]
    own = [one for one in reading.columns if one.key]
    lines += [f"    {one.header} → {one.target}" for one in known]
    if own:
        lines.append(_("    %(count)s columns become fields of your own: %(names)s", count=len(own),
                       names=", ".join(one.header for one in own[:6]) + (" …" if len(own) > 6 else "")))  # fmt: skip
    shown = known[:_SHOWN]
    rows = [[row[one.index][:_WIDE] if one.index < len(row) else "" for one in shown] for row in reading.sample]
    return [*lines, "", *table([one.header[:_WIDE] for one in shown], rows), ""]


def _counted(one: str, many: str, count: int) -> str:
    return translate_plural(LANGUAGE, one, many, count)


def _tried_lines(result: Result) -> list[str]:
    """What an import would do."""
    lines = [
        _("%(rows)s rows: %(created)s would be created, %(updated)s updated, %(unchanged)s left unchanged; "
          "%(duplicates)s duplicates, %(refused)s refused", rows=result.rows, created=result.created,
          updated=result.updated, unchanged=result.unchanged, duplicates=result.duplicates, refused=result.refused),
        *_refusal_lines(result),
    ]  # fmt: skip
    if result.dropped_values:
        lines.append(_counted("%(count)s value does not fit the type of its field and would be left out.",
                              "%(count)s values do not fit the type of their field and would be left out.",
                              result.dropped_values))  # fmt: skip
    if result.without_consent:
        lines.append(
            _counted("%(count)s lead would have no proof of consent: advertising to them would be skipped "
                     "(no_consent). If they agreed, import with --consent \"how, when, to which text\", or with a "
                     "consent column.",
                     "%(count)s leads would have no proof of consent: advertising to them would be skipped "
                     "(no_consent). If they agreed, import with --consent \"how, when, to which text\", or with a "
                     "consent column.",
                     result.without_consent)
        )  # fmt: skip
    return [*lines, _("Nothing was written. Without --dry-run the file is imported.")]


def _refusal_lines(result: Result) -> list[str]:
    return [
        _("    line %(line)s, %(column)s: %(reason)s", line=one.line, column=one.column,
          reason=translate(LANGUAGE, one.reason))
        for one in result.refusals[:5]
    ]  # fmt: skip


def _result_lines(result: Result) -> list[str]:
    lines = [_("Went on where an earlier run had stopped.")] if result.resumed else []
    lines += [
        _("%(rows)s rows: %(created)s created, %(updated)s updated, %(unchanged)s unchanged, "
          "%(duplicates)s duplicates, %(refused)s refused", rows=result.rows, created=result.created,
          updated=result.updated, unchanged=result.unchanged, duplicates=result.duplicates, refused=result.refused),
    ]  # fmt: skip
    if result.batch:
        lines.append(_("Batch %(batch)s", batch=result.batch))
    lines += _refusal_lines(result)
    if result.refused_file is not None:
        lines.append(_("The refused rows stand whole in this file, each with its reason. Mend them there and import "
                       "it: nurture leads import %(path)s", path=shlex.quote(str(result.refused_file))))  # fmt: skip
    if result.dropped_values:
        lines.append(_counted("%(count)s value did not fit the type of its field and was left out.",
                              "%(count)s values did not fit the type of their field and were left out.",
                              result.dropped_values))  # fmt: skip
    if result.without_consent:
        lines.append(
            _counted("%(count)s lead has no proof of consent: advertising to them will be skipped (no_consent). If "
                     "they agreed, import again with --consent \"how, when, to which text\", or with a consent column.",
                     "%(count)s leads have no proof of consent: advertising to them will be skipped (no_consent). If "
                     "they agreed, import again with --consent \"how, when, to which text\", or with a consent column.",
                     result.without_consent)
        )  # fmt: skip
    if result.state == "stopped":
        lines.append(_("Stopped. Run the same command again to go on."))
    return lines


@leads.command(
    "import",
    help=_(
        "Import leads from a CSV or XLSX file. Encoding, separator, header and columns are found and shown, and "
        "duplicates folded; rows that are refused come into a file of their own, to mend and import again. Stopped and "
        "run again, it goes on where it was."
    ),
)
@click.argument("file", type=click.Path(path_type=Path), metavar=_("FILE"))
@click.option("--map", "pairs", multiple=True, metavar=_("HEADER=FIELD"),
              help=_("Read a column as this field, such as \"Họ và tên=name\", or not at all (=skip); kept for the "
                     "next file. May be repeated."))  # fmt: skip
@click.option(
    "--tag", "tags", multiple=True, metavar=_("TAG"), help=_("Give every lead of the file this tag. May be repeated.")
)
@click.option("--source", default="", metavar=_("SOURCE"), help=_("The source of rows that name none."))
@click.option("--dry-run", is_flag=True, help=_("Say what would happen; write nothing."))
@click.option("--keep-phone-only", is_flag=True, help=_("Keep rows without an address that have a phone number."))
@click.option("--consent", default="", metavar=_("TEXT"),
              help=_("Your statement that the people of this file agreed: how, when, to which text."))  # fmt: skip
@click.option("--purposes", default="advertising,tracking", metavar=_("PURPOSES"),
              help=_("What the statement covers, by comma: %(known)s (the default), or one of them.",
                     known=", ".join(Purpose)))  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help=_("End with the totals in JSON."))
@click.pass_context
def import_(
    ctx: click.Context,
    file: Path,
    pairs: tuple[str, ...],
    tags: tuple[str, ...],
    source: str,
    consent: str,
    purposes: str,
    *,
    dry_run: bool,
    keep_phone_only: bool,
    as_json: bool,
) -> None:
    """Import."""
    state = ctx.find_object(State) or State()
    try:
        covered = tuple(Purpose(one.strip()) for one in purposes.split(",") if one.strip())
    except ValueError as error:
        known = ", ".join(one.value for one in Purpose)
        raise InputError(_("--purposes takes these, by comma: %(known)s", known=known)) from error
    options = Options(
        mapping=_mapping(pairs), tags=tags, source=source, dry_run=dry_run, keep_phone_only=keep_phone_only,
        consent=consent, purposes=covered,
    )  # fmt: skip
    with state.trying() if dry_run else state.making() as context, until_interrupted() as asked:
        reading = capture.reading(context, file, options.mapping)
        if not as_json:
            for line in _reading_lines(reading):
                say(line)
        label = _("Reading") if dry_run else _("Importing")
        with click.progressbar(length=reading.rows, label=label, file=sys.stderr) as bar:
            result = capture.import_file(
                context, file, options, progress=lambda done, _rows: bar.update(done - bar.pos), stop=asked.is_set
            )
    report(result.as_json(), _tried_lines(result) if dry_run else _result_lines(result), as_json=as_json)
    if result.state == "stopped":
        ctx.exit(Status.FAILED)
    if result.refused:
        ctx.exit(Status.FINDINGS)


@leads.command(help=_("Show what is known of one lead."))
@email_argument
@json_option
@pass_state
def show(state: State, email: str, *, as_json: bool) -> None:
    """Show."""
    with state.context() as context, context.database.read() as conn:
        lead = lead_at(conn, email)
        labels = {key: one.label for key, one in lead_store.field_definitions_of(conn).items()}
    data = {
        "public_id": lead.public_id, "name": lead.name, "email": lead.email, "phone": lead.phone,
        "company": lead.company, "temperature": lead.temperature.value, "engagement": lead.engagement, "fit": lead.fit,
        "lifecycle": lead.lifecycle.value, "source": lead.source, "tags": list(lead.tags), "fields": dict(lead.fields),
        "url": f"{state.settings.base_url}/leads/{lead.public_id}",
    }  # fmt: skip
    report(data, _lead_lines(data, labels), as_json=as_json)


_LABELS = {
    "name": _("Name"), "email": _("Email"), "phone": _("Phone"), "company": _("Company"),
    "temperature": _("Temperature"), "engagement": _("Engagement"), "fit": _("Fit"), "lifecycle": _("Stage"),
    "source": _("Source"), "tags": _("Tags"), "url": _("Page"),
}  # fmt: skip


def _lead_lines(data: Mapping[str, Any], labels: Mapping[str, str]) -> list[str]:
    """What is known, by its label; the installation's own fields by theirs, below."""
    words = {key: translate(LANGUAGE, data[key]) for key in ("temperature", "lifecycle")}
    shown = {**data, **words, "tags": ", ".join(data["tags"])}
    own = [(labels.get(key, key), value) for key, value in data["fields"].items()]
    said = {True: _("yes"), False: _("no")}
    pairs = [(label, shown[key]) for key, label in _LABELS.items()]
    pairs += [(label, said[value] if isinstance(value, bool) else value) for label, value in own]
    return [f"{label}: {value}" for label, value in pairs if value not in ("", None)]
