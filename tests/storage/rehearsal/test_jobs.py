"""Rehearsals beside the house: a process of their own, kept, stopped when asked, and honest about their end."""

import threading
from pathlib import Path

import pytest

from nurture.consents import service as consents
from nurture.consents.model import Method
from nurture.consents.service import Said
from nurture.engine import definitions
from nurture.kernel.clock import SystemClock
from nurture.kernel.context import Context
from nurture.kernel.errors import NotFoundError
from nurture.leads import service as leads
from nurture.rehearsal import jobs
from nurture.rehearsal.model import Behavior, Request
from nurture.rehearsal.testing import START, house, people
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
