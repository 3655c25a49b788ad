"""Rehearsals beside the house: a process of their own, kept, stopped when asked, and honest about their end."""

import contextlib
import os
import stat
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from nurture.consents import service as consents
from nurture.consents.model import Method
from nurture.consents.service import Said
from nurture.engine import definitions
from nurture.kernel.clock import SystemClock
from nurture.kernel.context import Context
from nurture.kernel.errors import InputError, NotFoundError
from nurture.leads import service as leads
from nurture.rehearsal import jobs
from nurture.rehearsal.model import Behavior, Request
from nurture.rehearsal.testing import START, house, people
from nurture.runtime import tidier
from nurture.users.model import Role
from nurture.users.service import add as add_user
from nurture.users.tables import audit, users
from tests.storage.rehearsal.ground import written

_PATIENCE = 60.0  # seconds
_monotonic = SystemClock().monotonic


def _fill(ctx: Context, found: definitions.Definitions) -> None:
    """Two leads who agreed, and the campaign live."""
    with ctx.database.write() as conn:
        definitions.apply(conn, found, now=START, real=START, actor="cli")
        for one in people(2):
            lead = leads.add(conn, one, now=START, real=START, actor="cli", cause="cli")
            consents.give(
                conn, ctx.keys, lead.id, lead.email, Said(Method.FORM, "x", "lead", "x", START, START, proof="x")
            )


def _ended(ctx: Context, job_id: str) -> jobs.Job:
    last = _monotonic() + _PATIENCE
    pause = threading.Event()
    while (job := jobs.get(ctx, job_id)).running and _monotonic() < last:
        pause.wait(0.05)
    return job


def test_a_job_plays_in_a_process_of_its_own_and_is_kept(tmp_path: Path) -> None:
    """Its report can be read later, and its stage be looked at."""
    with house(*written(tmp_path)) as (ctx, found):
        _fill(ctx, found)
        request = Request("tour", sample=2, days=5, behavior=Behavior(0, 0, 0, 0))
        job = _ended(ctx, jobs.begin(ctx, request, actor="user:1", revision="abc"))
        assert (job.error, job.running, job.share) == ("", False, 1.0)
        assert job.report is not None
        assert job.report["sent"] == 4
        assert [one.id for one in jobs.every(ctx, "tour")] == [job.id]
        assert jobs.every(ctx, "other") == []
        with jobs.looking(ctx, job) as stage, stage.database.read() as conn:
            assert conn.exec_driver_sql("SELECT count(*) FROM messages WHERE state = 'sent'").scalar_one() == 4
        with ctx.database.read() as conn:
            assert conn.exec_driver_sql("SELECT count(*) FROM messages").scalar_one() == 0
            line = conn.execute(sa.select(audit.c.actor, audit.c.action, audit.c.subject, audit.c.detail)).all()[-1]
        assert line[:3] == ("user:1", "campaign.rehearse", "campaign:tour")
        assert line.detail == {"rehearsal": job.id, "leads": 2, "days": 5}


def test_copies_of_leads_are_for_nobody_else_on_the_machine(tmp_path: Path) -> None:
    """Neither the folder of all rehearsals nor that of one; and no password comes along."""
    with house(*written(tmp_path)) as (ctx, found):
        _fill(ctx, found)
        with ctx.database.write() as conn:
            add_user(
                conn, email="an@example.com", name="An", role=Role.MARKETER.value, real=START, actor="cli",
                password="correct horse battery staple 7",
            )  # fmt: skip
        job = _ended(ctx, jobs.begin(ctx, Request("tour", sample=1, days=1), actor="cli", revision="abc"))
        modes = {stat.S_IMODE(one.stat().st_mode) for one in (jobs.home(ctx), job.folder)}
        assert modes == {0o700}
        with jobs.looking(ctx, job) as stage, stage.database.read() as conn:
            assert conn.execute(sa.select(users.c.email, users.c.password_hash)).all() == [("an@example.com", None)]


def test_only_so_many_run_at_a_time(tmp_path: Path) -> None:
    """Whoever asks for one more is told to wait, and nothing is begun."""
    with house(*written(tmp_path)) as (ctx, found), contextlib.ExitStack() as running:
        _fill(ctx, found)
        for name in ("aaaaaaaaaaaaaa", "bbbbbbbbbbbbbb")[: jobs.MOST]:
            (jobs.home(ctx) / name).mkdir(parents=True)
            running.enter_context(jobs.hold(jobs.home(ctx) / name / "lock"))
        with pytest.raises(InputError, match="run already"):
            jobs.begin(ctx, Request("tour", sample=1, days=1), actor="cli", revision="abc")
        assert len(list(jobs.home(ctx).iterdir())) == jobs.MOST
        running.close()
        assert _ended(ctx, jobs.begin(ctx, Request("tour", sample=1, days=1), actor="cli", revision="abc")).report


def test_what_is_old_or_left_behind_goes(tmp_path: Path) -> None:
    """A rehearsal after a month, though nobody asks for another: where the pages run, somebody looks every hour. And at
    once what a process that died had not finished to set up."""
    with house(*written(tmp_path)) as (ctx, found):
        _fill(ctx, found)
        job = _ended(ctx, jobs.begin(ctx, Request("tour", sample=1, days=1), actor="cli", revision="abc"))
        left = jobs.home(ctx) / "cccccccccccccc"
        left.mkdir()
        os.utime(left, (0, 0))
        jobs.make_room(ctx)
        assert list(jobs.home(ctx).iterdir()) == [job.folder]
        asked = jobs.load(job.folder / "request.json") or {}
        before = (ctx.clock.real() - jobs.KEPT_FOR - timedelta(minutes=1)).isoformat()
        jobs.write(job.folder / "request.json", {**asked, "asked_at": before})
        loop = tidier(ctx)
        loop.start()
        for _ in range(100):
            if not list(jobs.home(ctx).iterdir()):
                break
            time.sleep(0.05)
        loop.stop()
        assert list(jobs.home(ctx).iterdir()) == []


def test_a_job_that_is_asked_to_stop_reports_what_came_until_then(tmp_path: Path) -> None:
    """A rehearsal over two years ends at once."""
    with house(*written(tmp_path)) as (ctx, found):
        _fill(ctx, found)
        job_id = jobs.begin(ctx, Request("tour", sample=2, days=700), actor="user:1", revision="abc")
        jobs.stop(jobs.get(ctx, job_id))
        job = _ended(ctx, job_id)
        assert job.report is not None
        assert not job.report["complete"]


def test_a_job_whose_process_died_says_so(tmp_path: Path) -> None:
    """Nobody holds its lock, and there is no result."""
    with house(*written(tmp_path)) as (ctx, found):
        _fill(ctx, found)
        job = _ended(ctx, jobs.begin(ctx, Request("tour", sample=1, days=1), actor="user:1", revision="abc"))
        (job.folder / "result.json").unlink()
        dead = _ended(ctx, job.id)
        assert not dead.running
        assert dead.error


@pytest.mark.parametrize("name", ["../../etc", "nothing", "23456789abcdef"])
def test_only_what_is_kept_is_found(tmp_path: Path, name: str) -> None:
    """A name from outside opens no folder but a rehearsal's."""
    with house(*written(tmp_path)) as (ctx, _), pytest.raises(NotFoundError):
        jobs.get(ctx, name)


def test_a_request_that_makes_no_sense_leaves_nothing_behind(tmp_path: Path) -> None:
    """No folder stays."""
    with house(*written(tmp_path)) as (ctx, _):
        with pytest.raises(NotFoundError):
            jobs.begin(ctx, Request("nowhere", sample=1), actor="user:1", revision="abc")
        assert list(jobs.home(ctx).iterdir()) == []


def test_whoever_asks_does_not_wait_for_the_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It runs from the first moment; what goes wrong with the copy is said like what goes wrong with the play."""
    copied = threading.Event()

    def build(*_: object) -> None:
        copied.wait(10)
        raise OSError("no space left")

    monkeypatch.setattr(jobs, "build", build)
    with house(*written(tmp_path)) as (ctx, found):
        _fill(ctx, found)
        job_id = jobs.begin(ctx, Request("tour", sample=2, days=5), actor="user:1", revision="abc")
        assert jobs.get(ctx, job_id).running
        copied.set()
        job = _ended(ctx, job_id)
    assert (job.report, job.error) == (None, "OSError: no space left")
