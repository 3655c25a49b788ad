"""The step task gives a person something to do, and waits for what comes of it where the campaign asks."""

from datetime import timedelta
from typing import Any

import pytest

from nurture.campaigns.effects import CancelTask, GiveTask, Go, Hold, Moment
from nurture.campaigns.steps import task
from nurture.tasks.model import TaskKind
from tests.unit.campaigns.ground import DAY, NOW, moment, reading

PLAIN = {"kind": "call", "title": "Call back", "due": "2 hours"}
WAITING = {
    **PLAIN,
    "outcomes": {"done": [], "no_answer": ["x"], "demo_booked": ["x"]},
    "words": {"demo_booked": {"vi": "Đã hẹn demo", "en": "Demo booked"}},
    "timeout": {"after": "3 days", "then": ["x"]},
}


def _read(value: Any) -> task.Task:
    one = reading()
    config = task.read(one, value, "steps[0].task")
    assert one.problems == []
    return config


def _said(outcome: str, **parts: Any) -> Moment:
    return moment(**parts)._replace(answer={"outcome": outcome, "at": NOW - timedelta(hours=1)})


def test_a_task_nobody_waits_for_is_given_and_passed() -> None:
    """The lead goes straight on."""
    said = task.act(_read(PLAIN), moment())
    give = GiveTask(TaskKind.CALL, {"vi": "Call back", "en": "Call back"}, {}, timedelta(hours=2))
    assert said == Go(effects=(give,))


def test_a_task_with_outcomes_holds_and_gives_it_on_each_look() -> None:
    """So that a look that was lost is made up for."""
    said = task.act(_read(WAITING), moment(arrived=NOW - DAY, planned=NOW))
    assert isinstance(said, Hold)
    assert said.until == NOW + 2 * DAY
    (give,) = said.effects
    assert isinstance(give, GiveTask)
    assert give.waits
    assert list(give.words) == ["done", "no_answer", "demo_booked"]


@pytest.mark.parametrize(
    ("outcome", "way"),
    [
        pytest.param("done", "done", id="listed"),
        pytest.param("demo_booked", "demo_booked", id="in the campaign's own word"),
        pytest.param("not_interested", "", id="not listed, straight on"),
        pytest.param("canceled", "", id="canceled by a person, straight on"),
    ],
)
def test_the_lead_goes_the_way_of_what_was_said_from_when_it_was_said(outcome: str, way: str) -> None:
    """However early or late the look."""
    for arrived in (NOW - DAY, NOW - 9 * DAY):
        said = task.act(_read(WAITING), _said(outcome, arrived=arrived, planned=NOW))
        assert said == Go(way, outcome, at=NOW - timedelta(hours=1))


def test_when_nobody_has_said_anything_in_time_the_task_is_canceled() -> None:
    """The lead goes the timeout's way."""
    said = task.act(_read(WAITING), moment(arrived=NOW - 3 * DAY, planned=NOW))
    assert said == Go("timeout", "timeout", effects=(CancelTask(),))


def test_after_a_mail_that_went_very_late_there_is_time_for_it_all_the_same() -> None:
    """The time counts from the mail, else the task would be given and canceled at once."""
    said = task.act(_read(WAITING), moment(arrived=NOW - 9 * DAY, planned=NOW, mailed=NOW))
    assert isinstance(said, Hold)
    assert said.until == NOW + 3 * DAY


def test_without_a_timeout_it_waits_a_month_and_goes_on() -> None:
    """Nobody stands still forever."""
    config = _read({**PLAIN, "outcomes": {"done": []}})
    assert task.act(config, moment()) == Hold(NOW + 30 * DAY, effects=task.act(config, moment()).effects)
    gone = task.act(config, moment(arrived=NOW - 30 * DAY, planned=NOW))
    assert gone == Go("timeout", "timeout", effects=(CancelTask(),))


def test_a_timeout_alone_waits_for_whatever_comes_of_it() -> None:
    """Any outcome leads on."""
    config = _read({"kind": "visit", "timeout": {"after": "1 day", "then": ["x"]}})
    assert isinstance(task.act(config, moment()), Hold)
    assert task.act(config, _said("no_answer")) == Go("", "no_answer", at=NOW - timedelta(hours=1))


def test_its_ways_are_where_they_stand_in_the_file() -> None:
    """Findings get their line."""
    assert task.ways(WAITING) == {"done": [], "no_answer": ["x"], "demo_booked": ["x"], "timeout": ["x"]}
    assert task.ways({"kind": "call"}) == {}
    assert (task.place("done"), task.place("timeout")) == ("outcomes.done", "timeout.then")


@pytest.mark.parametrize(
    ("change", "code", "path"),
    [
        pytest.param({"kind": "dance"}, "unknown_value", "kind", id="no such kind"),
        pytest.param({"for": "somebody"}, "bad_person", "for", id="nobody"),
        pytest.param({"for": ["owner"]}, "bad_person", "for", id="a list of people"),
        pytest.param({"due": "soon"}, "bad_span", "due", id="no time"),
        pytest.param({"title": ""}, "not_text", "title", id="an empty title"),
        pytest.param({"outcomes": ["done"]}, "not_a_mapping", "outcomes", id="outcomes that lead nowhere"),
        pytest.param({"outcomes": {"Đã hẹn": []}}, "bad_key", "outcomes.Đã hẹn", id="an outcome that is no key"),
        pytest.param({"outcomes": {"timeout": []}}, "bad_key", "outcomes.timeout", id="the word of the timeout"),
        pytest.param({"words": {"won": "Won"}}, "unknown_key", "words.won", id="words for what is not listed"),
        pytest.param({"timeout": {"then": []}}, "missing_key", "timeout", id="a timeout without a time"),
        pytest.param({"timeout": {"after": "3 tháng"}}, "bad_span", "timeout.after", id="months"),
        pytest.param({"outcomes": {f"o{n}": [] for n in range(13)}}, "too_many_outcomes", "outcomes", id="too many"),
    ],
)
def test_what_is_wrong_is_found_at_its_place(change: dict[str, Any], code: str, path: str) -> None:
    """With a code and a path."""
    one = reading()
    task.read(one, {**PLAIN, **change}, "steps[0].task")
    assert [(problem.code, problem.path) for problem in one.problems] == [(code, f"steps[0].task.{path}")]


def test_it_says_what_whom_and_how_long() -> None:
    """In a sentence; each way in a few words."""
    assert task.describe(_read(PLAIN), "en") == "Task for the owner: Call back, within 2 hours"
    named = _read({"kind": "visit", "for": " Mai@House.example"})
    assert task.describe(named, "en") == "Task for mai@house.example: Visit, within 1 day"
    config = _read(WAITING)
    ways = [task.label(config, way, "en") for way in ("done", "demo_booked", "timeout")]
    assert ways == ["done", "Demo booked", "nothing said after 3 days"]
