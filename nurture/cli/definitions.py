"""`nurture check`, `plan`, `apply`, `export`: campaigns and emails as files. `nurture campaigns`: what is live."""

from collections.abc import Sequence
from pathlib import Path

import click

from nurture.bootstrap import gallery
from nurture.campaigns import service as campaign_service
from nurture.campaigns import store as campaign_store
from nurture.campaigns.edit import MISSING_ID, with_ids
from nurture.campaigns.landing import Standing, UnderWay
from nurture.campaigns.plan import What
from nurture.cli.main import main
from nurture.cli.options import campaign_argument, campaigns_option, json_option, templates_option, yes_option
from nurture.cli.output import Status, confirm, due, interactive, problem_data, problem_line, report, say, table
from nurture.cli.standing import keep_segments
from nurture.cli.state import State, pass_state
from nurture.cli.words import LANGUAGE, _
from nurture.engine import definitions
from nurture.engine.definitions import Definitions, Planned
from nurture.enrollments import store as enrollment_store
from nurture.kernel.errors import NotFoundError, Problem
from nurture.kernel.i18n import translate, translate_plural
from nurture.kernel.yamlfile import read as read_yaml
from nurture.segments.store import built_in


def _places(state: State, campaigns_at: Path | None, templates_at: Path | None) -> tuple[Path, Path]:
    """The folders given, else those of the settings, else the gallery."""
    home = gallery(state.settings)
    return campaigns_at or home[0], templates_at or home[1]


def _findings(problems: Sequence[Problem]) -> list[str]:
    errors = sum(problem.severity == "error" for problem in problems)
    lines = [problem_line(problem) for problem in problems]
    if not problems:
        return [_("Nothing to mend.")]
    return [*lines, _("errors: %(errors)s, warnings: %(warnings)s", errors=errors, warnings=len(problems) - errors)]


@main.command()
@campaigns_option
@templates_option
@click.option(
    "--fix", is_flag=True, help=_("Write an id for each step that has none; nothing else in the files changes.")
)
@json_option
@click.pass_context
def check(
    ctx: click.Context, campaigns_at: Path | None, templates_at: Path | None, *, fix: bool, as_json: bool
) -> None:
    """Check; needs no database."""
    state = ctx.find_object(State) or State()
    places, facts = _places(state, campaigns_at, templates_at), built_in(state.settings.zone)
    found = definitions.read(*places, facts)
    if fix:
        _write_ids(places[0], found)
        found = definitions.read(*places, facts)
    report([problem_data(problem) for problem in found.problems], _findings(found.problems), as_json=as_json)
    if found.errors:
        ctx.exit(Status.FINDINGS)


def _write_ids(campaigns_at: Path, found: Definitions) -> None:
    """Write the missing ids into the files, each whole or not at all, and say so."""
    for name in dict.fromkeys(problem.file for problem in found.problems if problem.code == MISSING_ID):
        path = campaigns_at if campaigns_at.is_file() else campaigns_at / name
        text = path.read_bytes().decode("utf-8")
        mine = [problem for problem in found.problems if problem.file == name]
        mended, given = with_ids(read_yaml(text, name), mine)
        part = path.with_name(f".{path.name}.part")
        part.write_bytes(mended.encode())
        part.replace(path)
        say(_("%(file)s: ids written: %(ids)s", file=name, ids=", ".join(given.values())), err=True)


def _plan_lines(planned: Planned) -> list[str]:
    lines: list[str] = []
    for change in (*planned.changes, *planned.emails):
        if change.matters:
            first, *more = change.sentences(LANGUAGE)
            lines += [first, *(f"    {line}" for line in more)]
            if change.kind == "campaign":
                lines += [f"    {line}" for line in _landing_lines(planned, change.key)]
    return [*lines, *([""] if lines else [_("Nothing changes.")]), _counts(planned)]


def _landing_lines(planned: Planned, key: str) -> list[str]:
    """Where a move would take those under way, a line for each step; and what became of them."""
    end = _("the end")
    lines = []
    for one in planned.landings.get(key, ()):
        at, lands = one.step or end, one.landing.step or end
        some = translate_plural(
            LANGUAGE, "%(count)s lead at “%(step)s”", "%(count)s leads at “%(step)s”", one.count, step=at
        )
        what = {
            Standing.SAME: _("would stay there"),
            Standing.CHANGED: _("would meet it as it is now"),
            Standing.GONE: _("would go to “%(step)s”", step=lands),
        }[one.landing.standing]
        lines.append(f"{some} {what}")
    if planned.moved.get(key):
        count = planned.moved[key]
        lines.append(translate_plural(LANGUAGE, "%(count)s lead was moved", "%(count)s leads were moved", count))
    return lines


def _counts(planned: Planned) -> str:
    return _("%(new)s new, %(changed)s changed, %(unchanged)s unchanged", new=planned.count(What.NEW),
             changed=planned.count(What.CHANGED, What.TEXTS), unchanged=planned.count(What.UNCHANGED))  # fmt: skip


def _plan_data(planned: Planned, problems: Sequence[Problem], *, applied: bool) -> dict[str, object]:
    changes = [
        {
            "kind": change.kind,
            "key": change.key,
            "what": change.what.value,
            "steps": {step: what.value for step, what in change.steps},
            "parts": list(change.parts),
            "under_way": change.under_way,
            "existing": change.existing,
            "landings": [one.to_json() for one in planned.landings.get(change.key, ())],
            "moved": planned.moved.get(change.key, 0),
        }
        for change in planned.changes
    ]
    emails = [
        {"key": one.key, "language": language, "what": one.what.value, "waiting": one.waiting}
        for one in planned.emails
        for language in one.languages
    ]
    said = [problem_data(problem) for problem in problems]
    return {"applied": applied, "changes": changes, "emails": emails, "problems": said}


def _say_findings(ctx: click.Context, found: Definitions, refusal: str, *, as_json: bool) -> None:
    """Say every finding; those that are errors end the command."""
    for line in _findings(found.problems) if found.problems else ():
        say(line, err=True)
    if found.errors:
        say(refusal, err=True)
        report(_plan_data(Planned((), ()), found.problems, applied=False), (), as_json=as_json)
        ctx.exit(Status.FINDINGS)


@main.command()
@campaigns_option
@templates_option
@json_option
@click.pass_context
def plan(ctx: click.Context, campaigns_at: Path | None, templates_at: Path | None, *, as_json: bool) -> None:
    """Plan."""
    state = ctx.find_object(State) or State()
    with state.trying() as context, context.database.read() as conn:
        found = definitions.read(*_places(state, campaigns_at, templates_at), definitions.facts_of(conn))
        _say_findings(ctx, found, _("There is no plan before these are mended."), as_json=as_json)
        planned = definitions.plan(conn, found, now=context.clock.engine())
    report(_plan_data(planned, found.problems, applied=False), _plan_lines(planned), as_json=as_json)


@main.command()
@campaigns_option
@templates_option
@click.option(
    "--under-way", "choice", type=click.Choice([one.value for one in UnderWay]), metavar=_("CHOICE"),
    help=_("What happens to leads under way in campaigns whose steps change: keep (they go on by the revision they are "
           "on), move (by step id; nurture plan shows where each lands) or restart. Asked for when it matters."),
)  # fmt: skip
@yes_option
@json_option
@click.pass_context
def apply(
    ctx: click.Context,
    campaigns_at: Path | None,
    templates_at: Path | None,
    choice: str | None,
    *,
    yes: bool,
    as_json: bool,
) -> None:
    """Apply, all or nothing."""
    state = ctx.find_object(State) or State()
    with state.making() as context:
        with context.database.read() as conn:
            found = definitions.read(*_places(state, campaigns_at, templates_at), definitions.facts_of(conn))
            _say_findings(ctx, found, _("Nothing was applied."), as_json=as_json)
            planned = definitions.plan(conn, found, now=context.clock.engine())
        if planned.matters and not yes:
            for line in _plan_lines(planned):
                say(line, err=True)
            if planned.landings and choice is None:
                choice = _asked_choice()
            confirm(_("Apply?"), _("Nothing was applied."))
        with context.database.write() as conn:
            now, real = context.clock.engine(), context.clock.real()
            under_way = UnderWay(choice or UnderWay.KEEP.value)
            done = definitions.apply(conn, found, now=now, real=real, actor="cli", under_way=under_way)
        keep_segments(context)
    lines = _plan_lines(done)
    if done.matters:  # who was asked has read what changes
        lines = [*(lines[:-1] if yes else ()), _("Applied: %(counts)s", counts=_counts(done))]
    report(_plan_data(done, found.problems, applied=True), lines, as_json=as_json)


def _asked_choice() -> str:
    """What is to happen to those under way; keep where nobody can be asked."""
    if not interactive():
        return UnderWay.KEEP.value
    choices = click.Choice([one.value for one in UnderWay])
    return str(click.prompt(_("The leads under way"), type=choices, default=UnderWay.KEEP.value, err=True))


@main.command()
@click.argument("folder", type=click.Path(path_type=Path), metavar=_("FOLDER"))
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


@main.group()
def campaigns() -> None:
    """Group of the commands below."""


@campaigns.command("list", help=_("List all campaigns with their state."))
@json_option
@pass_state
def list_(state: State, *, as_json: bool) -> None:
    """List."""
    with state.context() as context, context.database.read() as conn:
        every = enrollment_store.overview(conn)
        now, zone = context.clock.engine(), context.settings.local_zone
    data = [
        {
            "key": one.campaign.key, "name": dict(one.campaign.name), "state": one.campaign.state.value,
            "entered": one.entered, "under_way": one.under_way,
            "next_due": one.next_due.isoformat() if one.next_due else None,
        }
        for one in every
    ]  # fmt: skip
    header = (_("key"), _("state"), _("entered"), _("taking part"), _("next step"), _("name"))
    rows = [
        (one.campaign.key, translate(LANGUAGE, one.campaign.state.value), one.entered, one.under_way,
         due(one.next_due, now, zone) if one.next_due else "", one.campaign.named(LANGUAGE))
        for one in every
    ]  # fmt: skip
    lines = table(header, rows) if rows else [_("There are no campaigns yet: nurture apply")]
    report(data, lines, as_json=as_json)


MOVES = {
    "pause": _("Pause a campaign. Nobody moves and nothing of it goes out until it is resumed."),
    "resume": _("Resume a paused campaign."),
    "archive": _("Put a campaign away. Those under way leave it, and what is queued is canceled."),
}


def _add(name: str) -> None:
    @campaigns.command(name, help=MOVES[name])
    @campaign_argument
    @pass_state
    def move(state: State, key: str) -> None:
        with state.context() as context, context.database.write() as conn:
            if campaign_store.get(conn, key) is None:
                raise NotFoundError(_("There is no campaign “%(key)s”", key=key))
            now, real = context.clock.engine(), context.clock.real()
            campaign_service.act(conn, key, name, now=now, real=real, actor="cli")
        say(_("Done: %(name)s %(key)s", name=name, key=key))


for _name in MOVES:
    _add(_name)
