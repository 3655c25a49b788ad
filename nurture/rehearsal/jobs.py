"""Rehearsals that run beside the house: each in a process and a folder of its own, kept to be looked at (I/O).

<data folder>/rehearsals/<id>/
    request.json    what was asked, by whom, the leads' ids
    stage.db        the stage; the job's process opens no other database
    progress.json   the share that is done
    stop            somebody wants it to end
    result.json     the report, or why there is none
    lock            held from the first moment until the process ends

Every stage is a copy of personal data: all of it is for this account of the machine only, and goes with its rehearsal,
when later ones need the room or after a month.
"""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Any

import structlog

from nurture.kernel.context import Context
from nurture.kernel.errors import NotFoundError
from nurture.kernel.i18n import N_
from nurture.kernel.identity import is_public_id, public_id
from nurture.kernel.signing import ring_to_json
from nurture.rehearsal.model import Request, wrong
from nurture.rehearsal.service import build, choose, stage_of
from nurture.users.service import note

if sys.platform != "win32":
    import fcntl

KEPT = 20
KEPT_FOR = timedelta(days=30)  # real time
MOST = 2  # that run at a time; each takes a processor for itself
STAGE = "stage.db"
_MOST_OF_ERROR = 500
_log = structlog.get_logger(__name__)
_LEFT_OVER = timedelta(hours=1)  # a folder without a request is of a process that died
_SETTINGS = (
    "base_url", "mail_from", "house_name", "house_address", "house_phone", "house_website", "zone", "language", "law",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Job:
    """A rehearsal that was asked for. `report` is there once it is done or stopped; `error` says why there is none."""

    id: str
    request: dict[str, Any]
    asked_by: str  # an actor: `user:4`
    asked_at: datetime  # real time
    revision: str  # hash of the campaign's revision that was played
    begun: datetime  # engine time
    running: bool
    share: float
    report: dict[str, Any] | None = None
    error: str = ""
    folder: Path = field(default_factory=Path, repr=False)


def home(ctx: Context) -> Path:
    """Where rehearsals are kept."""
    return ctx.settings.data_dir / "rehearsals"


def begin(ctx: Context, request: Request, *, actor: str, revision: str) -> str:
    """Choose the leads, and have a thread make the stage and start playing; gives the id. Errors of the request as
    `set_up` has them.

    InputError when MOST run already. The oldest of those kept makes room.
    """
    request = request.checked()
    job_id = public_id()
    home(ctx).mkdir(parents=True, exist_ok=True, mode=0o700)
    folder = home(ctx) / job_id
    folder.mkdir(mode=0o700)
    lock = hold(folder / "lock")
    try:
        begun = ctx.clock.engine()
        ids = _prepare(ctx, request, folder, begun, actor=actor, revision=revision)
        with ctx.database.write() as conn:
            detail = {"rehearsal": job_id, "leads": len(ids), "days": request.days}
            real, subject = ctx.clock.real(), f"campaign:{request.campaign}"
            note(conn, actor=actor, action="campaign.rehearse", subject=subject, at=real, detail=detail)
    except BaseException:
        lock.close()
        shutil.rmtree(folder, ignore_errors=True)
        raise
    threading.Thread(target=_play, args=(ctx, request, ids, folder, begun, lock), name="rehearsal", daemon=True).start()
    make_room(ctx)
    return job_id


def _play(ctx: Context, request: Request, ids: Sequence[int], folder: Path, begun: datetime, lock: IO[bytes]) -> None:
    """Make the stage, which takes long for many leads; then the job's process plays. Its end is waited for, so that it
    leaves no zombie. The lock says that the rehearsal runs, here and then there."""
    child = None
    with lock:
        try:
            build(ctx, request, ids, folder / STAGE, begun)
            child = _start(ctx, folder, lock)
        except Exception as error:  # noqa: BLE001 - said on the rehearsal's page
            _log.error("rehearsal_failed", rehearsal=folder.name, error=f"{type(error).__name__}: {error}")
            with contextlib.suppress(OSError):  # removed meanwhile
                write(folder / "result.json", {"error": f"{type(error).__name__}: {error}"[:_MOST_OF_ERROR]})
    if child is not None:
        child.wait()


def _prepare(ctx: Context, request: Request, folder: Path, begun: datetime, *, actor: str, revision: str) -> list[int]:
    """Keep what is asked; gives the leads that take part."""
    if sum(is_held(one / "lock") for one in home(ctx).iterdir()) > MOST:  # this one is among them
        raise wrong(N_("%(most)s rehearsals run already: wait for one, or stop it"), most=MOST)
    ids = choose(ctx, request, begun)
    write(
        folder / "request.json",
        {
            "request": request.to_json(),
            "asked_by": actor,
            "asked_at": ctx.clock.real().isoformat(),
            "revision": revision,
            "begun": begun.isoformat(),
            "ids": ids,
        },
    )
    return ids


def _start(ctx: Context, folder: Path, lock: IO[bytes]) -> "subprocess.Popen[bytes]":
    """The job's process. Keys travel by its standard input, the database of the house not at all."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("NURTURE_")}
    environment |= {f"NURTURE_{name.upper()}": str(getattr(ctx.settings, name)) for name in _SETTINGS}
    environment |= {"NURTURE_DATA_DIR": str(folder), "NURTURE_DATABASE_URL": f"sqlite:///{folder / STAGE}"}
    with (folder / "log").open("ab") as log:
        child = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", "nurture.rehearsal.job", str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=log,
            env=environment,
            pass_fds=(lock.fileno(),),  # the lock is the child's from now on
            start_new_session=True,
        )
    if child.stdin is not None:
        with contextlib.suppress(BrokenPipeError), child.stdin as pipe:
            pipe.write(ring_to_json(ctx.keys).encode())
    return child


def every(ctx: Context, campaign: str | None = None) -> list[Job]:
    """The rehearsals that are kept, of one campaign or all, the latest first."""
    if not home(ctx).is_dir():
        return []
    found = [job for folder in home(ctx).iterdir() if (job := _read(folder)) is not None]
    wanted = [one for one in found if campaign is None or one.request["campaign"] == campaign]
    return sorted(wanted, key=lambda one: one.asked_at, reverse=True)


def get(ctx: Context, job_id: str) -> Job:
    """One rehearsal. NotFoundError when there is none."""
    found = _read(home(ctx) / job_id) if is_public_id(job_id) else None
    if found is None:
        raise NotFoundError(N_("There is no such rehearsal; only the latest are kept"))
    return found


def stop(job: Job) -> None:
    """Ask it to end; what it found until then is reported."""
    (job.folder / "stop").touch()


@contextlib.contextmanager
def looking(ctx: Context, job: Job) -> Iterator[Context]:
    """A context on the stage of a rehearsal that has ended, to look closer."""
    stage = stage_of(ctx, job.folder / STAGE, job.begun)
    try:
        yield stage
    finally:
        stage.database.close()


def _read(folder: Path) -> Job | None:
    asked, told = load(folder / "request.json"), load(folder / "result.json") or {}
    if asked is None:
        return None
    alive = not told and is_held(folder / "lock")
    told = told or load(folder / "result.json") or {}  # it may have ended between the two looks
    error = told.get("error", "")
    if not told and not alive:
        error = N_("The rehearsal ended before its time")
    progress = load(folder / "progress.json") or {}
    return Job(
        folder.name,
        asked["request"],
        asked["asked_by"],
        datetime.fromisoformat(asked["asked_at"]),
        asked["revision"],
        datetime.fromisoformat(asked["begun"]),
        alive,
        1.0 if told else float(progress.get("share", 0.0)),
        told.get("report"),
        error,
        folder,
    )


def make_room(ctx: Context) -> None:
    """Remove what is too many or too old, and what processes that died have left behind. To be called now and then:
    a month is over for the last one, too, though nobody asks for another."""
    if not home(ctx).is_dir():
        return
    real = ctx.clock.real()
    for place, job in enumerate(every(ctx)):
        if not job.running and (place >= KEPT or real - job.asked_at > KEPT_FOR):
            shutil.rmtree(job.folder, ignore_errors=True)
    for folder in home(ctx).iterdir():
        if (folder / "request.json").exists() or is_held(folder / "lock"):
            continue
        with contextlib.suppress(OSError):  # somebody else removes it
            if real.timestamp() - folder.stat().st_mtime > _LEFT_OVER.total_seconds():
                shutil.rmtree(folder)


def load(path: Path) -> dict[str, Any] | None:
    """A kept file; None when it is not there, or not whole."""
    try:
        data = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return data if isinstance(data, dict) else None


def write(path: Path, data: dict[str, Any]) -> None:
    """Whole or not at all."""
    part = path.with_suffix(".part")
    part.write_text(json.dumps(data, ensure_ascii=False), "utf-8")
    part.replace(path)


def is_held(path: Path) -> bool:
    """Whether a living process holds the lock in this file."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)  # shared, so that two who ask do not see each other
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def hold(path: Path) -> IO[bytes]:
    """Take the lock in this file, for as long as it stays open here or in a child."""
    file = path.open("ab")
    fcntl.flock(file, fcntl.LOCK_EX)
    return file
