"""What a lead wants, kept on the disk while the database cannot take it: one synced file each.

It reads and writes files under its folder, and nothing else. To carry a wish out twice changes nothing, so that whoever
finds a file may: it goes when that is done.
"""

import contextlib
import json
import os
import secrets
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

import structlog

_log = structlog.get_logger(__name__)
PAUSES = (30, 60, 90)  # days


class Ask(StrEnum):
    """What may be asked for on the page behind the unsubscribe link."""

    LEAVE = "leave"  # refuse everything
    RETURN = "return"  # take the own no back
    TOPICS = "topics"  # only some of the house's topics
    PAUSE = "pause"  # nothing for some days
    RESUME = "resume"  # end the pause
    UNTRACK = "untrack"  # opens and clicks are not to be kept


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for, by whom and when; the token is the right to ask."""

    ask: Ask
    token: str
    via: str  # page | one_click | mailto
    now: datetime  # engine time
    real: datetime
    ip: str | None = None
    wanted: tuple[str, ...] = ()  # of TOPICS: those that were ticked
    offered: tuple[str, ...] = ()  # of TOPICS: those that were shown; empty: all that the house has
    days: int = 0  # of PAUSE


class Wishes:
    """The folder of one installation on this machine. Every method may be called from any thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, wish: Wish) -> None:
        """When this returns the wish is on the disk. OSError when the disk says no."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        name = f"{int(wish.real.timestamp() * 1_000_000):016d}-{secrets.token_hex(6)}"
        path = self._folder / f"{name}.tmp"
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(_written(wish))
            file.flush()
            os.fsync(file.fileno())
        path.rename(self._folder / f"{name}.json")
        _sync(self._folder)

    def waiting(self) -> Iterator[tuple[Path, Wish]]:
        """The wishes, oldest first; a file that cannot be read is logged and left for a person."""
        for path in sorted(self._folder.glob("*.json")) if self._folder.is_dir() else ():
            with contextlib.suppress(FileNotFoundError):
                text = path.read_text("utf-8")
                try:
                    wish = _read(text)
                except (ValueError, TypeError, KeyError) as error:
                    _log.warning("wish_unreadable", file=path.name, error=str(error))
                    continue
                yield path, wish


def _written(wish: Wish) -> bytes:
    data = {**asdict(wish), "now": wish.now.isoformat(), "real": wish.real.isoformat()}
    return json.dumps(data, ensure_ascii=False).encode()


def _read(text: str) -> Wish:
    data = json.loads(text)
    times = {name: datetime.fromisoformat(data[name]) for name in ("now", "real")}
    lists = {name: tuple(data[name]) for name in ("wanted", "offered")}
    return Wish(**{**data, **times, **lists, "ask": Ask(data["ask"])})


def _sync(folder: Path) -> None:
    with contextlib.suppress(OSError):  # a folder cannot be opened on Windows
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
