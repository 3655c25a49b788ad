"""`nurture check`, `plan`, `apply`, `export`: campaigns and emails as files. `nurture campaigns`: what is live."""

from collections.abc import Sequence
from pathlib import Path

import click

from nurture.bootstrap import gallery
from nurture.campaigns import service as campaign_service
from nurture.campaigns import store as campaign_store
from nurture.cli.main import main
from nurture.cli.output import Status, problem_data, problem_line, report, say, table
from nurture.cli.state import State, pass_state
from nurture.cli.words import LANGUAGE, _
from nurture.engine import definitions
from nurture.engine.definitions import Definitions, Planned
from nurture.kernel.errors import NotFoundError, Problem
from nurture.segments.store import built_in

FOLDER = click.Path(path_type=Path)
json_option = click.option("--json", "as_json", is_flag=True, help=_("Answer in JSON."))
campaigns_option = click.option(
    "--campaigns", "campaigns_at", type=FOLDER, help=_("Folder of campaigns, or one campaign's file.")
)
templates_option = click.option("--templates", "templates_at", type=FOLDER, help=_("Folder of emails."))


def _places(state: State, campaigns_at: Path | None, templates_at: Path | None) -> tuple[Path, Path]:
    """The folders given, else those of the settings, else the gallery."""
    home = gallery(state.settings)
    return campaigns_at or home[0], templates_at or home[1]


def _findings(problems: Sequence[Problem]) -> list[str]:
    errors = sum(problem.severity == "error" for problem in problems)
    lines = [problem_line(problem) for problem in problems]
    if not problems:
        return [_("Nothing to mend.")]
    return [*lines, _("%(errors)s errors, %(warnings)s warnings", errors=errors, warnings=len(problems) - errors)]


@main.command(help=_("Check campaigns and emails: every finding at once, with file, line and the mend."))
@campaigns_option
@templates_option
@json_option
@click.pass_context
def check(ctx: click.Context, campaigns_at: Path | None, templates_at: Path | None, *, as_json: bool) -> None:
    """Check; needs no database."""
    state = ctx.find_object(State) or State()
    found = definitions.read(*_places(state, campaigns_at, templates_at), built_in(state.settings.zone))
    report([problem_data(problem) for problem in found.problems], _findings(found.problems), as_json=as_json)
    if found.problems:
        ctx.exit(Status.FINDINGS)


def _plan_lines(planned: Planned) -> list[str]:
    lines: list[str] = []
    for change in planned.changes:
        if change.matters:
            first, *more = change.sentences(LANGUAGE)
            lines += [first, *(f"    {line}" for line in more)]
    lines += [_("Email “%(key)s” (%(language)s) changes", key=key, language=one) for key, one in planned.emails]
    return lines or [_("Nothing changes.")]


def _plan_data(planned: Planned) -> dict[str, object]:
    changes = [
        {
            "kind": change.kind,
            "key": change.key,
            "what": change.what.value,
            "steps": {step: what.value for step, what in change.steps},
            "parts": list(change.parts),
            "under_way": change.under_way,
            "existing": change.existing,
        }
        for change in planned.changes
    ]
    return {"changes": changes, "emails": [{"key": key, "language": one} for key, one in planned.emails]}


def _refuse(ctx: click.Context, found: Definitions) -> None:
    if found.errors:
        for line in _findings(found.problems):
            say(line, err=True)
        ctx.exit(Status.WRONG_USE)


@main.command(help=_("Say exactly what applying the files would change, and for how many leads."))
@campaigns_option
@templates_option
@json_option
@click.pass_context
def plan(ctx: click.Context, campaigns_at: Path | None, templates_at: Path | None, *, as_json: bool) -> None:
    """Plan."""
    state = ctx.find_object(State) or State()
    with state.context() as context, context.database.read() as conn:
        found = definitions.read(*_places(state, campaigns_at, templates_at), definitions.facts_of(conn))
        _refuse(ctx, found)
        planned = definitions.plan(conn, found, now=context.clock.engine())
    report(_plan_data(planned), _plan_lines(planned), as_json=as_json)


@main.command(help=_("Make the files live: new campaigns start, changed ones serve new enrollments. Asks first."))
@campaigns_option
@templates_option
@click.option("--yes", is_flag=True, help=_("Do not ask."))
@json_option
@click.pass_context
def apply(
    ctx: click.Context, campaigns_at: Path | None, templates_at: Path | None, *, yes: bool, as_json: bool
) -> None:
    """Apply, all or nothing."""
    state = ctx.find_object(State) or State()
    with state.context() as context:
        with context.database.read() as conn:
            found = definitions.read(*_places(state, campaigns_at, templates_at), definitions.facts_of(conn))
            _refuse(ctx, found)
            planned = definitions.plan(conn, found, now=context.clock.engine())
        if planned.matters and not yes:
            for line in _plan_lines(planned):
                say(line, err=True)
            click.confirm(_("Apply?"), abort=True, err=True)
        with context.database.write() as conn:
            now, real = context.clock.engine(), context.clock.real()
            done = definitions.apply(conn, found, now=now, real=real, actor="cli")
    report(_plan_data(done), _plan_lines(done), as_json=as_json)


@main.command(help=_("Write what is live as YAML files into a folder that is empty or new."))
@click.argument("folder", type=FOLDER)
@pass_state
def export(state: State, folder: Path) -> None:
    """Export."""
    if folder.exists() and any(folder.iterdir()):
        raise click.UsageError(_("%(folder)s is not empty; nothing was written", folder=folder))
    with state.context() as context, context.database.read() as conn:
        texts = campaign_service.export(conn)
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    say(_("%(count)s files written to %(folder)s", count=len(texts), folder=folder))


@main.group(help=_("Campaigns that are in the database: list, pause, resume, archive."))
def campaigns() -> None:
    """Group of the commands below."""


@campaigns.command("list", help=_("All campaigns with their state."))
@json_option
@pass_state
def list_(state: State, *, as_json: bool) -> None:
    """List."""
    with state.context() as context, context.database.read() as conn:
        every = campaign_store.every(conn)
    data = [{"key": one.key, "name": dict(one.name), "state": one.state.value} for one in every]
    rows = [(one.key, one.state.value, one.name.get(LANGUAGE) or next(iter(one.name.values()))) for one in every]
    report(data, table((_("key"), _("state"), _("name")), rows), as_json=as_json)


MOVES = {
    "pause": (_("Pause a campaign: nothing of it goes out until it is resumed."), campaign_service.pause),
    "resume": (_("Resume a paused campaign."), campaign_service.resume),
    "archive": (_("End a campaign for good: who is under way leaves it, what is queued is canceled."),
                campaign_service.archive),
}  # fmt: skip


def _add(name: str) -> None:
    help_text, act = MOVES[name]

    @campaigns.command(name, help=help_text)
    @click.argument("key")
    @pass_state
    def move(state: State, key: str) -> None:
        with state.context() as context, context.database.write() as conn:
            if campaign_store.get(conn, key) is None:
                raise NotFoundError(_("There is no campaign “%(key)s”", key=key))
            act(conn, key, real=context.clock.real(), actor="cli")
        say(_("Done: %(name)s %(key)s", name=name, key=key))


for _name in MOVES:
    _add(_name)
