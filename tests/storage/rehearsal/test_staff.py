"""In a rehearsal people do tasks and look at replies; other systems and phones get nothing."""

from datetime import timedelta
from pathlib import Path

import pytest

from nurture.kernel.errors import InputError
from nurture.rehearsal.model import Act, Behavior, Does
from nurture.rehearsal.testing import people, rehearsal
from nurture.rehearsal.ways import way
from tests.storage.rehearsal.ground import written

LEAD = "lead1@example.com"
_HEAD = """
key: tour
name: Tour
entry: {by_hand: true}
sending: {class: advertising}
steps:
"""
_TASK = """
  - id: call
    task:
      kind: call
      title: Call
      outcomes:
        done: [{id: mark, add_tag: called}]
        no_answer: [{id: hello, send_email: tour_hello}]
      timeout: {after: 3 days, then: [{id: later, add_tag: not_called}]}
"""
_CALLS = """
  - id: ask
    webhook: {url: "https://crm.example.com/x", name: crm,
              wait: {ok: [{id: known, add_tag: known}], failed: [{id: unknown, add_tag: unknown}], within: 1 day}}
  - {id: text, send_sms: {text: {vi: "Chào {{ lead.name }}", en: "Hi {{ lead.name }}"}, if_held: skip}}
"""
_MAILS = """
  - {id: hello, send_email: tour_hello}
  - {id: pause, wait: 2 days}
  - {id: again, send_email: tour_again}
"""


def _folders(at: Path, steps: str) -> tuple[Path, Path]:
    campaigns, emails = written(at)
    (campaigns / "tour.yaml").write_text(_HEAD + steps, "utf-8")
    return campaigns, emails


def _outcomes(report: object, step: str) -> dict[str, int]:
    return {one.step: dict(one.outcomes) for one in report.steps}[step]  # type: ignore[attr-defined]


def test_a_script_finishes_tasks_with_an_outcome(tmp_path: Path) -> None:
    """One is called, one does not answer, of the third nobody says anything: the timeout's way."""
    script = [
        Act(timedelta(hours=4), LEAD, Does.FINISHES_TASK),
        Act(timedelta(hours=5), "lead2@example.com", Does.FINISHES_TASK, outcome="no_answer"),
    ]
    with rehearsal(*_folders(tmp_path, _TASK), "tour", people(3), days=4, script=script) as found:
        report = found.report
        assert _outcomes(report, "call") == {"done": 1, "no_answer": 1, "timeout": 1}
        assert report.task_ends == {"canceled": 1, "done": 1, "no_answer": 1}
        assert [(one.day, one.who, one.kind, one.count) for one in report.duties] == [("2026-11-24", "", "call", 3)]
        assert report.sent == 1
        with found.stage.database.read() as conn:
            lines = way(conn, "tour", found.walkers(conn)[0].lead_id, report.begun_at)
    assert [one.what for one in lines] == ["entered", "task", "task_done", "passed", "passed", "left"]


def test_an_outcome_that_the_task_does_not_have_is_refused(tmp_path: Path) -> None:
    """Rather than to be passed over."""
    script = [Act(timedelta(hours=4), LEAD, Does.FINISHES_TASK, outcome="flew")]
    with pytest.raises(InputError), rehearsal(*_folders(tmp_path, _TASK), "tour", people(1), days=2, script=script):
        pass


def test_webhooks_are_answered_and_texts_taken(tmp_path: Path) -> None:
    """The webhook at once; a text without consent to texts is skipped, and the report says so."""
    with rehearsal(*_folders(tmp_path, _CALLS), "tour", people(2), days=2) as found:
        report = found.report
        assert _outcomes(report, "ask") == {"ok": 2}
        calls = {(one.kind, one.step): (one.state, one.count) for one in report.calls}
        assert calls["webhook", "ask"] == ("sent", 2)
        assert calls["sms", "text"][0] == "skipped"
        with found.stage.database.read() as conn:
            lines = way(conn, "tour", found.walkers(conn)[0].lead_id, report.begun_at)
    assert [(one.what, one.outcome) for one in lines if one.what in {"webhook", "sms"}] == [
        ("webhook", "sent"), ("sms", "skipped"),
    ]  # fmt: skip


def test_a_reply_holds_mail_until_somebody_has_looked(tmp_path: Path) -> None:
    """The second mail waits until Saturday, and never goes where nobody looks."""
    answer = Act(timedelta(days=1), LEAD, Does.REPLIES)
    look = Act(timedelta(days=5), LEAD, Does.LOOKS)
    folders = _folders(tmp_path, _MAILS)
    with rehearsal(*folders, "tour", people(2), days=3, script=[answer]) as found:
        assert found.report.sent == 3
        assert [(one.step, one.held, one.count) for one in found.report.stays] == [("again", "replied", 1)]
    with rehearsal(*folders, "tour", people(2), days=6, script=[answer, look]) as found:
        assert found.report.sent == 4
        assert [(one.day, one.count) for one in found.report.calendar][-1] == ("2026-11-28", 1)


def test_by_a_behavior_replies_are_looked_at_within_a_working_day(tmp_path: Path) -> None:
    """Everybody answers the first mail, and everybody gets the second."""
    with rehearsal(
        *_folders(tmp_path, _MAILS), "tour", people(5), days=8, behavior=Behavior(1.0, 0.0, 1.0, 0.0)
    ) as found:
        assert found.report.sent == 10
