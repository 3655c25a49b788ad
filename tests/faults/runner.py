"""A process that only hands messages over: `python -m tests.faults.runner DATABASE_URL DATA_DIR SINK_PORT`.

It ends in order when its standard input closes.
"""

import os
import sys
from pathlib import Path

import structlog

from nurture.delivery.conversation import Timeouts
from nurture.delivery.service import Dispatcher
from nurture.kernel.clock import SystemClock
from nurture.kernel.context import Context
from nurture.kernel.database import Database
from nurture.kernel.settings import read_settings
from nurture.kernel.signing import load_ring


def context(database_url: str, data_dir: Path, port: int, **more: str) -> Context:
    """A context on the real clock whose relay is the sink."""
    settings = read_settings(
        {
            "NURTURE_DATA_DIR": str(data_dir),
            "NURTURE_DATABASE_URL": database_url,
            "NURTURE_SMTP_URL": f"smtp://127.0.0.1:{port}",
            **more,
        }
    )
    return Context(settings, Database(database_url), SystemClock(), load_ring(settings.keys_file))


def main() -> None:
    """Hand over until told to end."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    ctx = context(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
    dispatcher = Dispatcher(ctx, timeouts=Timeouts(connect=5, greeting=5, command=10, data=10, body=10, dot=10))
    dispatcher.start()
    os.read(0, 1)
    dispatcher.stop()
    ctx.database.close()


if __name__ == "__main__":
    main()
