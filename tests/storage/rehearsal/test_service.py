"""A rehearsal plays the real engine ahead, sends nothing, and gives the same answer for the same seed."""

import re
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from nurture.kernel.context import Context
from nurture.kernel.database import Database
from nurture.kernel.errors import InputError, NotFoundError
from nurture.leads.fields import FieldDefinition, FieldType
from nurture.leads.model import NewLead
from nurture.leads.tables import leads
from nurture.messages.tables import messages
from nurture.rehearsal.model import Act, Behavior, Does, Request
from nurture.rehearsal.report import Report
from nurture.rehearsal.service import rehearse
from nurture.rehearsal.testing import START, house, people, rehearsal
from nurture.rehearsal.ways import letter, way
from tests.storage.rehearsal.ground import written


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """A campaign of one branch and its two emails."""
    return written(tmp_path)


def _played(folders: tuple[Path, Path], leads: Sequence[NewLead], **options: object) -> Report:
    with rehearsal(*folders, "tour", leads, days=10, **options) as found:  # type: ignore[arg-type]
        return found.report


def test_a_script_decides_who_takes_which_way(folders: tuple[Path, Path]) -> None:
    """One of three clicks a day after the first email; the two others are reminded two days later."""
    click = Act(timedelta(days=1), "lead2@example.com", Does.CLICKS, "tour_hello", "/bang-gia")
    with rehearsal(*folders, "tour", people(3), days=10, script=[click]) as found:
        report = found.report
        steps = {one.step: one for one in report.steps}
        assert (report.leads, report.enrolled, report.sent) == (3, 3, 5)
        assert steps["did_they_click"].outcomes == {"then": 1, "else": 2}
        assert (steps["mark"].reached, steps["again"].reached) == (1, 2)
        assert [(one.day, one.hour, one.count) for one in report.calendar] == [
            ("2026-11-23", 8, 3),
            ("2026-11-25", 8, 2),
        ]
        assert report.ended_by == {"done": 3}
        assert report.untaken == []
        with found.stage.database.read() as conn:
            second = found.walkers(conn)[1]
            lines = way(conn, "tour", second.lead_id, report.begun_at)
            told = [(one.what, one.step, one.outcome) for one in lines if one.what in {"passed", "clicked", "left"}]
            mails = [one.message_id for one in lines if one.what == "sent"]
            text = letter(conn, mails[0] or 0, "https://nurture.example")
        assert told == [
            ("passed", "hello", "done"), ("clicked", "", ""), ("passed", "pause", "done"),
            ("passed", "did_they_click", "then"), ("passed", "mark", "done"), ("left", "", "completed"),
        ]  # fmt: skip
        assert text is not None
        assert "https://shop.example/bang-gia" in text.html
        assert "Nguyễn Văn 2" in text.text


def test_the_same_seed_gives_the_same_answer(folders: tuple[Path, Path]) -> None:
    """To the hour; another seed gives another."""
    behavior = Behavior(0.6, 0.3, 0.02, 0.05)
    first, second = (_played(folders, people(40), behavior=behavior, seed=3) for _ in range(2))
    other = _played(folders, people(40), behavior=behavior, seed=4)
    assert first == second
    assert first.steps != other.steps


def test_an_email_due_at_night_goes_in_the_morning(folders: tuple[Path, Path]) -> None:
    """Begun on a Saturday at nine in the evening: Monday at eight, and the wait counts from then."""
    night = START - timedelta(days=2) + timedelta(hours=13)
    report = _played(folders, people(2), start=night)
    assert [(one.day, one.hour) for one in report.calendar] == [("2026-11-23", 8), ("2026-11-25", 8)]
    assert [(one.step, one.outcome, one.reason, one.count) for one in report.shifts] == [
        ("hello", "later", "quiet_hours", 2)
    ]


def test_whoever_unsubscribes_gets_no_more(folders: tuple[Path, Path]) -> None:
    """The reminder is left out, with the reason."""
    leave = Act(timedelta(hours=5), "lead1@example.com", Does.UNSUBSCRIBES)
    report = _played(folders, people(2), script=[leave])
    assert report.sent == 3
    assert {one.step: dict(one.skipped) for one in report.steps}["again"] == {"unsubscribed": 1}


def test_a_way_that_nobody_takes_is_named(folders: tuple[Path, Path]) -> None:
    """Nobody clicks, so nobody is marked."""
    report = _played(folders, people(2))
    assert report.untaken == ["did_they_click.then"]


def test_nothing_of_the_house_changes(folders: tuple[Path, Path], tmp_path: Path) -> None:
    """Leads, tags and messages are as before, and no message was written."""
    with house(*folders) as (ctx, found):
        before = _counts(ctx.database)
        played = rehearse(ctx, Request("tour", people=people(5), days=5), tmp_path / "stage.db", definitions=found)
        played.close()
        assert _counts(ctx.database) == before == (0, 0)
        assert played.report.sent > 0


def _counts(database: Database) -> tuple[int, int]:
    with database.read() as conn:
        count = sa.select(sa.func.count())
        return (
            conn.execute(count.select_from(leads)).scalar_one(),
            conn.execute(count.select_from(messages)).scalar_one(),
        )


def test_it_can_be_stopped_and_says_so(folders: tuple[Path, Path], tmp_path: Path) -> None:
    """After the first instant: the report holds what came until then."""
    with house(*folders) as (ctx, found):
        request = Request("tour", people=people(2), days=30)
        played = rehearse(ctx, request, tmp_path / "stage.db", definitions=found, stop=lambda: True)
        played.close()
    assert not played.report.complete
    assert played.report.begun == played.report.ended


def test_leads_of_the_house_take_part_with_what_they_have_behind_them(context: Context, tmp_path: Path) -> None:
    """Unknown campaigns, segments and addresses are said."""
    for request, error in (
        (Request("tour", addresses=("nobody@example.com",)), InputError),
        (Request("tour", segment="nowhere"), NotFoundError),
        (Request("tour", sample=3), NotFoundError),
    ):
        with pytest.raises(error):
            rehearse(context, request, tmp_path / f"{request.sample}.db")


def test_a_campaign_of_birthdays_takes_people_in_on_their_day(tmp_path: Path) -> None:
    """Nobody has to say so; everybody at once only comes in where that is asked for."""
    folders = written(tmp_path)
    tour = folders[0] / "tour.yaml"
    text = tour.read_text("utf-8")
    tour.write_text(re.sub(r"entry: .*", "entry: {date: {field: birthday, yearly: true, at: '09:00'}}", text), "utf-8")
    fields = [FieldDefinition("birthday", "Sinh nhật", FieldType.DATE)]
    born = [NewLead(email=f"a{day}@example.com", name="An", fields={"birthday": f"1990-11-{day}"}) for day in (25, 28)]
    leads = [*born, *people(1)]
    with rehearsal(*folders, "tour", leads, days=10, fields=fields) as found:
        first = [one.day for one in found.report.calendar][:2]
        assert (found.report.leads, found.report.enrolled, first) == (3, 2, ["2026-11-25", "2026-11-27"])
    with rehearsal(*folders, "tour", leads, days=10, fields=fields, enters=True) as found:
        assert found.report.enrolled == 5  # three at the begin, two of them once more on their day
