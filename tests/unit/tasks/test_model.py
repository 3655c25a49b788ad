"""What may be said of a task, what it means for a campaign, and how people read it."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from nurture.activities.model import CallOutcome
from nurture.leads.model import Temperature
from nurture.tasks.model import (
    CALLS,
    MEANT,
    About,
    Task,
    TaskKind,
    TaskOutcome,
    TaskState,
    answers,
    outcome_of,
    ways_to_say,
)

DEMO = {"demo": {"vi": "Đã hẹn demo", "en": "Demo booked"}}
NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
MAI = About(1, "pmai", "Mai", "chị", None, "mai@example.vn", "", Temperature.WARM, None)
TASK = Task(
    1, TaskKind.VISIT, {"vi": "Mang mẫu"}, {}, NOW, True, None, TaskState.OPEN, MAI, NOW, "engine"
)  # fmt: skip


def test_every_outcome_of_a_call_means_one_of_the_three() -> None:
    """None is left without words or meaning."""
    assert set(CALLS) == set(MEANT) == set(CallOutcome)
    assert set(MEANT.values()) == set(TaskOutcome)


@pytest.mark.parametrize(
    ("said", "kind", "words", "outcome"),
    [
        pytest.param("interested", TaskKind.CALL, {}, "done", id="reached"),
        pytest.param("busy", TaskKind.CALL, {"no_answer": {}}, "no_answer", id="not reached"),
        pytest.param("busy", TaskKind.CALL, {"busy": {}, "no_answer": {}}, "busy", id="the campaign asks precisely"),
        pytest.param("demo", TaskKind.CALL, DEMO, "demo", id="in the campaign's own word"),
        pytest.param("no_answer", TaskKind.VISIT, {}, "no_answer", id="of no call"),
    ],
)
def test_what_was_said_has_one_meaning(
    said: str, kind: TaskKind, words: dict[str, dict[str, str]], outcome: str
) -> None:
    """What the campaign lists goes before what a call's outcome stands for."""
    assert outcome_of(said, kind, words) == outcome


def test_own_words_stand_first_and_are_read_in_the_readers_language() -> None:
    """A word without text is read by its key; what is ours may be worded anew."""
    shown = [one.shown("en") for one in answers(TaskKind.OTHER, {**DEMO, "x": {}, "done": {"en": "Signed"}})]
    assert shown == ["Demo booked", "x", "Signed", "no answer", "not interested"]
    assert answers(TaskKind.CALL, DEMO)[0].shown("vi") == "Đã hẹn demo"
    assert [one.key for one in answers(TaskKind.CALL, {"busy": {}})] == list(CALLS)


def test_a_task_without_words_is_called_by_its_kind() -> None:
    """In the reader's language."""
    assert TASK.titled("en") == "Mang mẫu"
    assert replace(TASK, title={}).titled("en") == "Visit"
    assert (MAI.called, replace(MAI, name="").called) == ("Mai", "mai@example.vn")


@pytest.mark.parametrize(
    ("change", "may"),
    [
        pytest.param({}, False, id="it is open"),
        pytest.param({"state": TaskState.DONE}, True, id="a visit that was done"),
        pytest.param({"state": TaskState.DONE, "kind": TaskKind.CALL}, False, id="a call that was scored"),
        pytest.param({"state": TaskState.CANCELED, "kind": TaskKind.CALL}, True, id="a call that was canceled"),
        pytest.param({"state": TaskState.DONE, "waits": True}, False, id="its campaign has gone on"),
    ],
)
def test_an_end_is_taken_back_only_where_nothing_has_followed(change: dict[str, object], may: bool) -> None:
    """No points, no next step."""
    assert replace(TASK, **change).may_reopen is may  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "listed", "said"),
    [
        pytest.param(TaskKind.VISIT, (), ["done"], id="a campaign that lists nothing"),
        pytest.param(TaskKind.CALL, ("done", "not_interested"), ["interested", "no_need"], id="in the words of a call"),
        pytest.param(TaskKind.CALL, ("interested", "happy"), ["happy", "interested"], id="in the campaign's own"),
    ],
)
def test_every_listed_outcome_can_be_said(kind: TaskKind, listed: tuple[str, ...], said: list[str]) -> None:
    """By what stands on the buttons; each leads to its way."""
    words: dict[str, dict[str, str]] = {one: {} for one in listed}
    assert ways_to_say(kind, words) == said
    assert [outcome_of(one, kind, words) for one in said] == sorted(listed or ["done"])
