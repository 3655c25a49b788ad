"""Moves broadcasts on in a process of its own, which is killed right before its n-th commit. Arguments: folder, n."""

import os
import signal
import sys
from datetime import datetime

import sqlalchemy as sa

from nurture.broadcasts import progress
from nurture.kernel.clock import ManualClock
from nurture.kernel.context import Context
from nurture.kernel.database import Database
from nurture.kernel.settings import read_settings
from nurture.kernel.signing import new_ring


def main(folder: str, url: str, now: str, last: int, chunk: int) -> None:
    """Go on until the commit that does not come."""
    context = Context(
        read_settings({"NURTURE_DATA_DIR": folder, "NURTURE_DATABASE_URL": url}),
        Database(url),
        ManualClock(datetime.fromisoformat(now)),
        new_ring(),
    )
    left = [last]

    @sa.event.listens_for(context.database.engine, "commit")
    def _die(_connection: sa.Connection) -> None:
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    progress.CHUNK = chunk
    while progress.progress(context):
        pass


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5]))
