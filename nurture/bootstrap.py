"""The one composition root: from settings to a running context, with every guard passed."""

import secrets
from dataclasses import replace
from email.utils import parseaddr
from importlib.resources import files
from pathlib import Path

from sqlalchemy.engine import make_url

from nurture.kernel import installation, witness
from nurture.kernel.clock import SystemClock
from nurture.kernel.context import Context
from nurture.kernel.database import Database
from nurture.kernel.errors import GuardError, OutsideError
from nurture.kernel.i18n import N_
from nurture.kernel.settings import Settings
from nurture.kernel.signing import load_ring, write_private
from nurture.migrations import current, migrate
from nurture.policy import store as policy_store

DEMO_SPEED = 4320.0  # a day passes in 20 seconds


def for_demo(settings: Settings) -> Settings:
    """The settings of the living demo: a database of its own, time-lapse, the built-in mailbox, nothing else.

    GuardError when the settings name a relay or a database: made-up leads have no place there.
    """
    default = f"sqlite:///{settings.data_dir / 'nurture.db'}"
    demo = f"sqlite:///{settings.data_dir / 'demo.db'}"
    if any(one.relay is not None for one in settings.relays):
        raise GuardError(N_("The demo sends to its own mailbox only: unset NURTURE_SMTP_URL"))
    if settings.database_url not in {default, demo}:
        raise GuardError(N_("The demo has a database of its own: unset NURTURE_DATABASE_URL"))
    return replace(
        settings,
        database_url=demo,
        time_lapse=settings.time_lapse or DEMO_SPEED,
        house_name=settings.house_name or "Trung tâm An Phát",
        house_address=settings.house_address or "12 Nguyễn Trãi, Quận 1, TP. Hồ Chí Minh",
        house_phone=settings.house_phone or "024 3999 0000",
        house_website=settings.house_website or "anphat.example",
        mail_from="Trung tâm An Phát <chao@anphat.example>",
        bounce_address="",
        dkim=(),
        dkim_dir=None,
        keys_file=settings.data_dir / "demo-keys.json",
        campaigns_dir=None,
        templates_dir=None,
        sms_url="",
        inbox_url=None,
    )


def is_prepared(settings: Settings) -> bool:
    """Whether there is a database with tables in it. Makes none by looking."""
    url = make_url(settings.database_url)
    if url.get_backend_name() == "sqlite" and not Path(str(url.database)).is_file():
        return False
    database = Database(settings.database_url)
    try:
        with database.read() as conn:
            return current(conn) is not None
    finally:
        database.close()


def place_of(settings: Settings) -> str:
    """Which database is meant: the file of SQLite, else the address without its password."""
    url = make_url(settings.database_url)
    return str(url.database) if url.get_backend_name() == "sqlite" else url.render_as_string(hide_password=True)


def has_demo_beside(settings: Settings) -> bool:
    """Whether a demo has run where these settings, not the demo's, keep their database."""
    usual = f"sqlite:///{settings.data_dir / 'nurture.db'}"
    return settings.database_url == usual and (settings.data_dir / "demo.db").is_file()


def prepare(settings: Settings, *, demo: bool = False) -> installation.Installation:
    """Make folder, tables and the installation's row. OutsideError says what the disk or database refused."""
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise OutsideError(
            N_("The data folder %(folder)s cannot be made: %(error)s"), folder=settings.data_dir, error=error.strerror
        ) from error
    database = Database(settings.database_url)
    try:
        migrate(database)
        domain = parseaddr(settings.mail_from)[1].rpartition("@")[2]
        row = installation.settle(database, real=SystemClock().real(), demo=demo, mail_domain=domain)
        return _looked_back(settings, database, row)
    finally:
        database.close()


def _looked_back(settings: Settings, database: Database, row: installation.Installation) -> installation.Installation:
    """Stops the sending of a database that ran for longer here than it knows itself: an older copy took its place."""
    seen = witness.last(settings.data_dir)
    if seen is None or seen.instance != row.instance or row.stopped_sending is not None:
        return row
    with database.read() as conn:
        known = policy_store.last_beat(conn)
    if known is not None and known >= seen.seen_at:
        return row
    installation.stop(database, installation.WENT_BACK)
    return replace(row, stopped_sending=installation.WENT_BACK)


def build(settings: Settings, *, runs_engine: bool = False) -> Context:
    """The context of one process. `runs_engine`: this process moves engine time on (and fixes the database's mode)."""
    database = Database(settings.database_url)
    system = SystemClock()
    if runs_engine:
        installation.choose_mode(database, speed=settings.time_lapse, real=system.real())
    with database.read() as conn:
        row = installation.load(conn)
    if row is None:
        raise GuardError(installation.UNPREPARED)
    clock = installation.clock_of(row, starting=runs_engine, system=system)
    return Context(with_secret(settings), database, clock, load_ring(settings.keys_file))


def with_secret(settings: Settings) -> Settings:
    """The settings with a secret key: the one set, or one made once and kept in the data folder, mode 600."""
    if settings.secret_key:
        return settings
    path = settings.data_dir / "secret.key"
    if not path.exists():
        write_private(path, secrets.token_urlsafe(48))
    return replace(settings, secret_key=path.read_text("ascii").strip())


def gallery(settings: Settings) -> tuple[Path, Path]:
    """The folders of campaigns and of emails: the customer's own, else the gallery that came along."""
    package = Path(str(files("nurture")))
    for home in (package.parent, package / "_gallery"):
        if (home / "campaigns").is_dir() and (home / "templates_email").is_dir():
            return settings.campaigns_dir or home / "campaigns", settings.templates_dir or home / "templates_email"
    raise OutsideError(N_("The gallery of campaigns is missing; this installation is damaged, install it again"))
