"""Whether work goes by the queue, and making it ready at the start (reads and writes the database)."""

from importlib import import_module
from importlib.util import find_spec

import sqlalchemy as sa
import structlog
from sqlalchemy.engine import make_url

from nurture.cluster import schema
from nurture.kernel.clock import SystemClock
from nurture.kernel.context import Context
from nurture.kernel.database import Database
from nurture.kernel.errors import GuardError, OutsideError
from nurture.kernel.i18n import N_
from nurture.kernel.settings import Settings

_log = structlog.get_logger(__name__)


def is_installed() -> bool:
    """Whether Procrastinate is there."""
    return find_spec("procrastinate") is not None


def require(settings: Settings) -> None:
    """OutsideError or GuardError where there can be no queues, for whoever asks for them by name."""
    if make_url(settings.database_url).get_backend_name() != "postgresql":
        raise GuardError(N_("Queues are for many machines on PostgreSQL; on SQLite run nurture up"))
    if not is_installed():
        raise OutsideError(N_('Queues need an extra that is not installed: pip install "nurture[cluster]"'))


def ready(settings: Settings) -> bool:
    """Make or upgrade the queue's tables; False where there is no queue, and the same is done without one."""
    if make_url(settings.database_url).get_backend_name() != "postgresql" or not is_installed():
        return False
    database = Database(settings.database_url)
    try:
        with database.write() as conn:
            applied = schema.install(conn, SystemClock().real())
        if applied:
            _log.info("queue_prepared", applied=applied)
    except sa.exc.ProgrammingError as error:
        raise OutsideError(
            N_("The schema %(name)s for the queue cannot be made: %(error)s"), name=schema.SCHEMA, error=error.orig
        ) from error
    finally:
        database.close()
    return True


def ring(ctx: Context) -> int:
    """Tell whoever hands mail over, on any machine, that some may wait."""
    with ctx.database.write() as conn:
        import_module("nurture.cluster.jobs").ring(conn)
    return 0
