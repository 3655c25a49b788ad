"""A witness beside the database: until when it ran, in a file of the data folder (I/O).

A copy put in the place of the database it was made from is at home there, and yet old. The file was not copied back
with it, and says so.
"""

import contextlib
import json
import os
import secrets
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from nurture.kernel.clock import aware

_NAME = "last-run.json"


@dataclass(frozen=True, slots=True)
class Witness:
    """Which installation ran here last, and until when (engine time, as the database has it)."""

    instance: str
    seen_at: datetime


def note(folder: Path, seen: Witness) -> None:
    """Write it down, whole or not at all. OSError when the disk says no."""
    draft = folder / f".{_NAME}.{secrets.token_hex(4)}"
    try:
        with draft.open("w", encoding="ascii") as file:
            json.dump({"instance": seen.instance, "seen_at": seen.seen_at.isoformat()}, file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(folder / _NAME)
    finally:
        draft.unlink(missing_ok=True)


def last(folder: Path) -> Witness | None:
    """What it says; None where there is none, or nothing that can be read."""
    try:
        data = json.loads((folder / _NAME).read_text("ascii"))
        return Witness(str(data["instance"]), aware(datetime.fromisoformat(data["seen_at"])))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def forget(folder: Path) -> None:
    """A person has said that this database is the one: what ran before it counts no more."""
    with contextlib.suppress(FileNotFoundError):
        (folder / _NAME).unlink()
