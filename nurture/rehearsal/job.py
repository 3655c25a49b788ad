"""The process of one rehearsal: `python -m nurture.rehearsal.job FOLDER`, keys on standard input (I/O).

It knows the stage only. Whatever comes of it stands in result.json; what nobody expected stands in the log, too.
"""

import os
import sys
import traceback
from datetime import datetime
from pathlib import Path
from typing import Any

from nurture.kernel import logs
from nurture.kernel.clock import ManualClock, SystemClock
from nurture.kernel.context import Context
from nurture.kernel.database import Database
from nurture.kernel.settings import read_settings
from nurture.kernel.signing import ring_from_json
from nurture.rehearsal import jobs
from nurture.rehearsal.model import Request
from nurture.rehearsal.service import play

_TOLD_EVERY = 0.5  # seconds
_monotonic = SystemClock().monotonic


def main(folder: Path) -> None:
    """Play what the folder asks for."""
    logs.configure("info", "json")
    os.nice(5)  # the house comes first
    ring = ring_from_json(sys.stdin.read())
    asked = jobs.load(folder / "request.json") or {}
    settings = read_settings()
    database = Database(settings.database_url, scratch=True)
    stage = Context(settings, database, ManualClock(datetime.fromisoformat(asked["begun"])), ring)
    try:
        told = _played(folder, stage, asked)
    except Exception as error:  # noqa: BLE001 - said on the page, and in full in the log
        traceback.print_exc()
        told = {"error": f"{type(error).__name__}: {error}"[:500]}
    finally:
        database.close()
    jobs.write(folder / "result.json", told)


def _played(folder: Path, stage: Context, asked: dict[str, Any]) -> dict[str, Any]:
    last = 0.0

    def progress(share: float) -> None:
        nonlocal last
        if _monotonic() - last > _TOLD_EVERY:
            last = _monotonic()
            jobs.write(folder / "progress.json", {"share": round(share, 4)})

    request = Request.from_json(asked["request"])
    report = play(stage, request, asked["ids"], progress=progress, stop=(folder / "stop").exists)
    return {"report": report.to_json()}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
