"""What keeps an installation in order: `migrate`, `instance`, `keys`, `settings`."""

import json
from dataclasses import fields

import click

from nurture.bootstrap import prepare
from nurture.cli.main import main
from nurture.cli.options import json_option, yes_option
from nurture.cli.output import confirm, instant, report, say
from nurture.cli.state import State, pass_state
from nurture.cli.words import _
from nurture.cluster import service as cluster
from nurture.engine import restored
from nurture.kernel import installation, witness
from nurture.kernel.context import Context
from nurture.kernel.database import Database
from nurture.kernel.errors import GuardError
from nurture.kernel.i18n import N_
from nurture.kernel.inboxes import Inbox, SoftBounces
from nurture.kernel.relays import Relay
from nurture.kernel.signing import load_ring, rotated, write_ring
from nurture.migrations import current, head

SECRET = {"secret_key", "webhook_secrets"}
_MODES = {None: N_("not started yet"), "real": N_("the real clock"), "lapse": N_("time-lapse")}


@main.command()
@pass_state
def migrate(state: State) -> None:
    """Migrate."""
    prepare(state.settings, demo=state.demo)
    cluster.ready(state.settings)
    say(_("The database is at revision %(revision)s", revision=head()))


@main.command()
@json_option
@pass_state
def settings(state: State, *, as_json: bool) -> None:
    """Show the settings."""
    shown: dict[str, object] = {}
    for field in fields(state.settings):
        value = getattr(state.settings, field.name)
        if field.name in SECRET:
            value = _("(set)") if value else _("(made at the first start)")
        elif field.name == "sms_token":
            value = _("(set)") if value else ""
        elif field.name == "dkim":
            value = tuple(f"{domain} {selector}" for domain, selector, _key in value)
        elif field.name == "sms_body":
            value = json.dumps(value, ensure_ascii=False)
        elif isinstance(value, Relay | Inbox | SoftBounces):
            value = value.shown()
        elif field.name == "database_url":
            value = Database(str(value)).url.render_as_string(hide_password=True)
        if isinstance(value, tuple):
            value = ",".join(value)
        shown[field.name] = value if isinstance(value, int | float | str | None) else str(value)
    width = max(map(len, shown))
    names = {name: "SMTP_URL" if name == "smtp" else name.upper() for name in shown}
    lines = [f"NURTURE_{names[name]:<{width}}  {'' if value is None else value}" for name, value in shown.items()]
    report(shown, lines, as_json=as_json)


@main.group()
def instance() -> None:
    """Group of the commands below."""


@instance.command("show", help=_("Show its id, its kind of time, and whether it sends."))
@json_option
@pass_state
def show(state: State, *, as_json: bool) -> None:
    """Show."""
    with state.context() as context, context.database.read() as conn:
        row = installation.load(conn)
        revision = current(conn)
    if row is None:
        raise GuardError(installation.UNPREPARED)
    data = {
        "instance": row.instance,
        "mode": row.mode,
        "engine_time": context.clock.engine().isoformat(),
        "revision": revision,
        "stopped_sending": row.stopped_sending,
    }
    lines = [
        _("Installation %(id)s, database at revision %(revision)s", id=row.instance, revision=revision),
        _("Its time now: %(at)s (%(mode)s)", at=instant(context.clock.engine(), context.settings.local_zone),
          mode=_(_MODES[row.mode])),
        _("Nothing is sent: %(reason)s", reason=_(row.stopped_sending)) if row.stopped_sending else _("It may send."),
    ]  # fmt: skip
    report(data, lines, as_json=as_json)


@instance.command("claim", help=_("Let this copy be the one that sends. The other must be stopped first."))
@click.option(
    "--waiting",
    type=click.Choice(["hold", "go"]),
    default="hold",
    show_default=True,
    help=_(
        "What becomes of mail that waited when the copy was made, and may have gone since: hold it for your decision "
        "(nurture held), or let it go, when nothing has run since."
    ),
)
@yes_option
@pass_state
def claim(state: State, *, waiting: str, yes: bool) -> None:
    """Claim."""
    if not yes:
        confirm(_("Is the other installation stopped for good?"), _("This installation was not claimed."))
    with state.context() as context:
        if waiting == "hold":
            _hold(context)
        witness.forget(state.settings.data_dir)
        installation.claim(context.database)
    say(_("This installation sends."))


def _hold(context: Context) -> None:
    """Before it may send, and only where it was stopped: what waits elsewhere is nobody's doubt."""
    with context.database.write() as conn:
        row = installation.load(conn)
        if row is None or row.stopped_sending is None:
            return
        held = restored.hold(conn, context.clock.engine())
    if held:
        counts = {"mails": held.mails, "due": held.enrollments, "texts": held.texts}
        say(_("%(mails)s emails, %(due)s leads at a step that is due and %(texts)s text messages wait for your "
              "decision: nurture held, nurture outbound", **counts))  # fmt: skip


@instance.command("stop", help=_("Send nothing from now on. Until it is claimed; before it moves elsewhere."))
@pass_state
def stop(state: State) -> None:
    """Stop."""
    with state.context() as context:
        installation.stop(context.database)
    say(_("Nothing is sent from now on, until: nurture instance claim --waiting go"))


@main.group()
def keys() -> None:
    """Group of the commands below."""


@keys.command(
    "rotate", help=_("Sign new links with a fresh key. All old links stay good. Restart the server to use it.")
)
@pass_state
def rotate(state: State) -> None:
    """Rotate."""
    path = state.settings.keys_file
    ring = rotated(load_ring(path))
    write_ring(path, ring)
    say(_("%(count)s keys verify, the newest signs: %(path)s", count=len(ring.keys), path=path))
