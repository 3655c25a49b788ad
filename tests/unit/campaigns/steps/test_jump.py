"""The step jump leads to another step so many times, and then straight on."""

from datetime import timedelta

import pytest

from nurture.campaigns.definition import read_campaign
from nurture.campaigns.effects import Go
from nurture.campaigns.steps import jump
from tests.unit.campaigns.ground import DAY, EMAILS, FACTS, NOW, moment, reading, source

TWICE = jump.Jump("hello", 2)
HEAD = "key: a\nname: A\nentry: {by_hand: true}\nsteps:\n"


def test_it_jumps_until_the_limit() -> None:
    """Each jump is another round, and counted."""
    first = jump.act(TWICE, moment(step="back"))
    assert first == Go("again", "again", again=True, remember={"jumped/back": 1, "jumped_at/back": NOW.isoformat()})
    second = jump.act(TWICE, moment(step="back", memory=first.remember, planned=NOW + DAY))
    assert second.remember == {"jumped/back": 2, "jumped_at/back": (NOW + DAY).isoformat()}
    assert jump.act(TWICE, moment(step="back", memory=second.remember, planned=NOW + 2 * DAY)) == Go()


def test_a_round_of_less_than_a_minute_is_the_last() -> None:
    """A wait may be over at once, such as one for a weekday that it is: not all rounds at one instant."""
    memory = {"jumped/back": 1, "jumped_at/back": NOW.isoformat()}
    assert jump.act(TWICE, moment(step="back", memory=memory)) == Go()
    soon = NOW + timedelta(seconds=59)
    assert jump.act(TWICE, moment(step="back", memory=memory, planned=soon)) == Go()
    assert jump.act(TWICE, moment(step="back", memory=memory, planned=NOW + jump.SHORTEST)).again


@pytest.mark.parametrize("most", [0, 101, "3", True, 1.5])
def test_the_limit_is_a_number(most: object) -> None:
    """From 1 to 100."""
    one = reading()
    jump.read(one, {"to": "hello", "at_most": most}, "j")
    assert [(problem.code, problem.path) for problem in one.problems] == [("not_a_number", "j.at_most")]


def test_it_needs_a_limit_and_says_itself() -> None:
    """Nobody goes round for ever."""
    one = reading()
    jump.read(one, {"to": "hello"}, "j")
    assert [problem.code for problem in one.problems] == ["missing_key"]
    assert jump.describe(TWICE, "en") == "Go to the step “hello”, at most 2 times"
    assert jump.describe(jump.Jump("hello", 1), "en") == "Go to the step “hello”, at most once"


def _findings(*steps: str) -> list[tuple[str, int]]:
    text = HEAD + "".join(f"  - {one}\n" for one in steps)
    _, problems = read_campaign(source(text), FACTS, EMAILS)
    return [(one.code, one.line) for one in problems]


BACK = "{id: back, jump: {to: hello, at_most: 3}}"


@pytest.mark.parametrize(
    ("steps", "findings"),
    [
        pytest.param(["{id: hello, send_email: hello}", "{id: w, wait: 1 day}", BACK], [], id="a wait between"),
        pytest.param(["{id: hello, send_email: hello}", BACK], [("loop_without_wait", 6)], id="no wait"),
        pytest.param(["{id: back, jump: {to: back, at_most: 3}}"], [("loop_without_wait", 5)], id="to itself"),
        pytest.param(["{id: hullo, wait: 1 day}", BACK], [("unknown_target", 6)], id="no such step"),
        pytest.param([BACK, "{id: hello, send_email: hello}"], [], id="forward is no loop"),
        pytest.param(
            [
                "{id: look, branch: {when: {tag: vip}, then: [{id: hello, send_email: hello}]}}",
                "{id: w, wait: 1 day}",
                BACK,
            ],
            [],
            id="into another way",
        ),
        pytest.param(
            [
                "{id: hello, branch: {when: {tag: vip}, then: [{id: w, wait: 1 day}]}}",
                BACK,
            ],
            [("loop_without_wait", 6)],
            id="a wait on one way only",
        ),
        pytest.param(
            [
                "{id: hello, branch: {when: {tag: vip}, then: [{id: w, wait: 1 day}], else: [{id: v, wait: 1 day}]}}",
                BACK,
            ],
            [],
            id="a wait on every way",
        ),
        pytest.param(
            ["{id: hello, wait_for: {when: {clicked: {}}, within: 1 day}}", BACK], [], id="waiting for something"
        ),
    ],
)
def test_a_jump_leads_somewhere_and_never_runs_hot(steps: list[str], findings: list[tuple[str, int]]) -> None:
    """Found when the file is checked, with the line."""
    assert _findings(*steps) == findings
