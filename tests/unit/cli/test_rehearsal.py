"""A rehearsal on the command line says what people of the house would have to do."""

from zoneinfo import ZoneInfo

from nurture.cli.rehearsal import lines_of
from nurture.rehearsal.report import Called, Duty, Report, Won
from nurture.rehearsal.testing import START


def _report(**more: object) -> Report:
    begun = START.isoformat()
    plain: dict[str, object] = {
        "request": {"campaign": "tour"}, "begun": begun, "ended": begun, "complete": True, "leads": 3, "enrolled": 3,
        "refused": {}, "sent": 0, "calendar": (), "steps": (), "shifts": (), "ended_by": {}, "goal": 0, "stays": (),
        "untaken": (), "collisions": (),
    }  # fmt: skip
    return Report(**{**plain, **more})  # type: ignore[arg-type]


def _said(report: Report) -> list[list[str]]:
    return [line.split() for line in lines_of(report, ZoneInfo("Asia/Ho_Chi_Minh"))]


def test_tasks_are_told_by_day_and_person() -> None:
    """And what comes of them; where nobody has them that is said."""
    duties = [Duty("2026-11-24", "Hà", "call", 2), Duty("2026-11-25", "", "visit", 1)]
    said = _said(_report(duties=duties, task_ends={"done": 2, "open": 1}))
    assert ["2026-11-24", "Hà", "Call", "2"] in said
    assert ["2026-11-25", "nobody", "Visit", "1"] in said
    assert ["done", "2"] in said


def test_calls_and_winners_are_told() -> None:
    """With the reason in words where there is one."""
    calls = [Called("webhook", "crm", "sent", "", 3), Called("sms", "hi", "skipped", "no_phone", 1)]
    said = [" ".join(one) for one in _said(_report(calls=calls, winners=[Won("which", "a", "no_clear_winner")]))]
    assert "crm webhook sent 3" in said
    assert any(one.startswith("hi sms ") and "no_phone" not in one for one in said)
    assert any(one.startswith("which: a (") for one in said)
