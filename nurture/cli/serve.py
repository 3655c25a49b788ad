"""`nurture up`, `web`, `clock`, `worker`, `demo`: processes that run until told to stop."""

import secrets
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nurture.bootstrap import build, for_demo, prepare
from nurture.cli.main import main
from nurture.cli.output import say
from nurture.cli.state import State, pass_state
from nurture.cli.words import _
from nurture.cluster import service as cluster
from nurture.cluster.model import Queue
from nurture.delivery.dkim_keys import load_keys
from nurture.demo.people import STAFF
from nurture.kernel import logs
from nurture.kernel.context import Context
from nurture.kernel.errors import ConflictError
from nurture.kernel.i18n import N_
from nurture.kernel.installation import Installation
from nurture.kernel.later import later
from nurture.kernel.settings import Settings
from nurture.up import Plan, alone, answers, check_ports, run, serve
from nurture.users import service as accounts
from nurture.users import store as account_store

if TYPE_CHECKING:
    from nurture.demo import load
else:
    load = later("nurture.demo.load")  # where it is the demo

ADMIN = "admin@nurture.example"
SELLER = STAFF[0][1]
EVERYTHING = frozenset({"web", "clock", "worker"})


@dataclass(frozen=True, slots=True)
class FirstAdmin:
    """The admin that this start made."""

    email: str
    password: str
    beside: bool  # others had an account already, but none of them was an admin


def first_admin(context: Context) -> FirstAdmin | None:
    """Make an admin when nobody enabled is one, whoever else was invited before."""
    password = secrets.token_urlsafe(9)
    with context.database.write() as conn:
        beside = bool(account_store.everybody(conn, disabled=True))
        email = accounts.first_admin(conn, email=ADMIN, password=password, real=context.clock.real(), actor="cli")
    return FirstAdmin(email, password, beside) if email is not None else None


def announce(admin: FirstAdmin) -> None:
    """Print how to sign in, this once."""
    if admin.beside:
        say(_("    nobody could sign in as an admin, so an account was made:"))
    told = {"email": admin.email, "password": admin.password}
    say(_("    sign in as %(email)s, password %(password)s (printed this once)", **told))


def announce_demo(settings: Settings, *, is_new: bool) -> None:
    """Say how to sign in to the demo, also when its password was printed long ago, and what it does."""
    if is_new:
        say(_("    the made-up sales team signs in with the same password, for example %(email)s", email=SELLER))
    else:
        say(_("    sign in as %(email)s, or as one of the made-up sales team, for example %(seller)s; the password is "
              "the one printed at the first start", email=ADMIN, seller=SELLER))  # fmt: skip
        again = f"NURTURE_DATA_DIR={shlex.quote(str(settings.data_dir))} nurture --demo users reset {ADMIN}"
        say(_("    lost it? This prints a link for a new one: %(command)s", command=again))
    say(_("    time-lapse: a day passes in %(seconds)s seconds; no email leaves this machine: %(url)s",
          seconds=round(86400 / settings.time_lapse), url=f"{settings.base_url}/mailbox"))  # fmt: skip


def _prepare(settings: Settings, row: Installation, *, demo: bool) -> None:
    """What a first start needs; says what a person has to know."""
    context = build(settings, runs_engine=True)
    try:
        admin = first_admin(context)
        with context.database.read() as conn:
            is_new = demo and not load.is_loaded(conn)
        if is_new:
            say(_("Loading the demo …"))
            load.load_demo(context, admin.password if admin else secrets.token_urlsafe(9))
    finally:
        context.database.close()
    say("")
    say(_("nurture runs at %(url)s", url=settings.base_url))
    if admin is not None:
        announce(admin)
    if demo:
        announce_demo(settings, is_new=admin is not None)
    say(_("    data: %(folder)s", folder=settings.data_dir))
    if row.stopped_sending:
        say(_("    nothing is sent: %(reason)s", reason=_(row.stopped_sending)), err=True)
    say(_("    stop with Ctrl+C"))


@main.command()
@click.option("--demo", is_flag=True, help=_("The living demo: made-up leads, time-lapse, a mailbox of its own."))
@click.pass_context
def up(ctx: click.Context, *, demo: bool) -> None:
    """Up."""
    state = ctx.find_object(State) or State()
    demo = demo or state.demo
    settings = for_demo(state.settings) if demo and not state.demo else state.settings
    logs.configure(settings.log_level, settings.log_format)
    if answers(settings.base_url):
        raise ConflictError(
            N_("A server answers at %(url)s already; stop it, or set NURTURE_PORT"), url=settings.base_url
        )
    check_ports(settings)
    load_keys(settings)  # one that cannot be used is said now, not when mail waits
    row = prepare(settings, demo=demo)
    with alone(settings):
        _prepare(settings, row, demo=demo)
        serve(Plan(settings, EVERYTHING, demo=demo))


@main.command()
@pass_state
def web(state: State) -> None:
    """Web."""
    logs.configure(state.settings.log_level, state.settings.log_format)
    check_ports(state.settings)
    prepare(state.settings)
    serve(Plan(state.settings, frozenset({"web"})))


@main.command()
@pass_state
def clock(state: State) -> None:
    """Clock."""
    logs.configure(state.settings.log_level, state.settings.log_format)
    prepare(state.settings)
    run(Plan(state.settings, frozenset({"clock"}), queued=cluster.ready(state.settings)))


def _queues(_ctx: click.Context, _param: click.Parameter, value: str | None) -> frozenset[Queue] | None:
    if value is None:
        return None
    asked = {one.strip() for one in value.split(",")}
    known = {queue.value for queue in Queue}
    if not asked <= known:
        raise click.BadParameter(_("one of %(known)s", known=", ".join(sorted(known))))
    return frozenset(Queue(one) for one in asked)


@main.command()
@click.option(
    "--queues",
    callback=_queues,
    metavar="send,advance,ingest",
    help=_("What this worker does, by comma: send, advance, ingest. Default: all."),
)
@pass_state
def worker(state: State, queues: frozenset[Queue] | None) -> None:
    """Worker."""
    logs.configure(state.settings.log_level, state.settings.log_format)
    if queues is not None:
        cluster.require(state.settings)
    load_keys(state.settings)
    prepare(state.settings)
    queued = cluster.ready(state.settings)
    run(Plan(state.settings, frozenset({"worker"}), queues=queues or frozenset(Queue), queued=queued))


@main.command()
@click.option("--reset", is_flag=True, help=_("Delete the demo's database, so that the next start begins anew."))
@click.pass_context
def demo(ctx: click.Context, *, reset: bool) -> None:
    """Reset the demo."""
    state = ctx.find_object(State) or State()
    settings = state.settings if state.demo else for_demo(state.settings)
    if not reset:
        say(ctx.get_help())
        return
    if answers(settings.base_url):
        raise ConflictError(N_("The server is running; stop it first (Ctrl+C)"))
    base = Path(settings.database_url.removeprefix("sqlite:///"))
    gone = [path for path in base.parent.glob(f"{base.name}*") if path.is_file()]
    for path in gone:
        path.unlink()
    say(_("The demo begins anew at the next start.") if gone else _("There was no demo."))
