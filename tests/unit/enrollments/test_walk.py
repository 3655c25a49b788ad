"""Looks before the planned instant, rounds, what steps remember, and the group without mail."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from nurture.campaigns.definition import read_campaign
from nurture.campaigns.effects import WriteMessage
from nurture.campaigns.model import Campaign
from nurture.enrollments.advance import Around, advance, is_nudged
from nurture.enrollments.model import EnrollmentState, Place
from nurture.kernel.reasons import Reason
from nurture.rules.facts import View
from tests.unit.campaigns.ground import DAY, EMAILS, FACTS, NOW, source, view

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
HOUR = timedelta(hours=1)
HEAD = "key: a\nname: A\nentry: {by_hand: true}\ngoal: {tag: won}\n"
CLOSED = 'sending: {window: {days: mon-fri, from: "10:00", to: "11:00"}}\n'  # NOW is nine o'clock on a Friday


def _campaign(*steps: str, more: str = "") -> Campaign:
    text = HEAD + more + "steps:\n" + "".join(f"  - {step}\n" for step in steps)
    found, problems = read_campaign(source(text), FACTS, EMAILS)
    assert found is not None, problems
    return found


def _place(step: str, planned: datetime = NOW, arrived: datetime | None = None, **more: Any) -> Place:
    return Place(1, 1, 1, 1, step, 1, planned, arrived or planned, NOW - 30 * DAY, **more)


def _around(lead: View | None = None, **more: Any) -> Around:
    return Around(NOW, lead or view(), FACTS, HANOI, "en", lead_key="lead1", **more)


LISTENING = _campaign(
    "{id: look, wait_for: {when: {clicked: {}}, within: 3 days, then: [{id: hello, send_email: hello}]}}",
    "{id: more, wait: 1 day}",
)
ARRIVED, OVER = NOW - DAY, NOW + 2 * DAY


def test_what_is_waited_for_is_taken_at_its_instant() -> None:
    """The lead goes on from the click, not from the end of the wait nor from the look."""
    move = advance(LISTENING, _place("look", OVER, ARRIVED), _around(view(clicked=(NOW - HOUR,))))
    assert [(one.step, one.outcome, one.planned_at) for one in move.passages] == [
        ("look", "then", NOW - HOUR),
        ("hello", "done", NOW - HOUR),
    ]
    assert (move.step, move.arrived_at) == ("more", NOW - HOUR)


def test_nothing_of_what_is_waited_for_leaves_the_plan_as_it_was() -> None:
    """It listens on until the same instant."""
    move = advance(LISTENING, _place("look", OVER, ARRIVED), _around())
    assert (move.step, move.planned_at, move.due_at, move.passages) == ("look", OVER, OVER, ())


def test_a_plain_wait_is_not_asked_early() -> None:
    """Something happened, and it stands exactly as planned."""
    place = _place("more", NOW + DAY, NOW)
    assert not is_nudged(LISTENING, place)
    move = advance(LISTENING, place, _around(view(clicked=(NOW,))))
    assert (move.step, move.planned_at, move.due_at, move.arrived_at) == ("more", NOW + DAY, NOW + DAY, NOW)
    assert (move.passages, move.deeds) == ((), ())


def test_the_goal_is_looked_at_early_at_every_step() -> None:
    """A plain wait, too."""
    move = advance(LISTENING, _place("more", NOW + DAY, NOW), _around(view(tags=frozenset({"won"}))))
    assert (move.state, move.reason) == (EnrollmentState.EXITED, Reason.GOAL_REACHED)


def test_a_wait_that_stands_keeps_why_it_is_held() -> None:
    """With what its sentence needs."""
    flow = _campaign("{id: hello, send_email: hello}", more=CLOSED)
    opens = NOW + HOUR
    place = _place("hello", opens, NOW, held=Reason.QUIET_HOURS, held_detail={"time": opens.isoformat()})
    move = advance(flow, place, _around())
    assert (move.held, move.held_detail, move.due_at) == (Reason.QUIET_HOURS, {"time": opens.isoformat()}, opens)


def test_what_an_event_may_end_is_looked_at_as_if_it_were_due() -> None:
    """The deal was closed: the mail goes now."""
    flow = _campaign("{id: hello, send_email: hello}")
    place = _place("hello", NOW + DAY, NOW - HOUR, held=Reason.DEAL_OPEN)
    assert is_nudged(flow, place)
    move = advance(flow, place, _around())
    assert [(deed.effect, deed.planned_at) for deed in move.deeds] == [(WriteMessage("hello"), NOW)]


def test_steps_after_an_early_one_come_in_their_time() -> None:
    """The wait behind it begins at the click."""
    flow = _campaign(
        "{id: look, wait_for: {when: {clicked: {}}, within: 3 days}}", "{id: until, wait_until: {time: '09:00'}}"
    )
    move = advance(flow, _place("look", OVER, ARRIVED), _around(view(clicked=(NOW - HOUR,))))
    assert [(one.step, one.planned_at) for one in move.passages] == [("look", NOW - HOUR), ("until", NOW)]


LOOP = _campaign(
    "{id: hello, send_email: hello}", "{id: breathe, wait: 1 day}", "{id: back, jump: {to: hello, at_most: 2}}"
)


def test_a_jump_begins_another_round() -> None:
    """The email of the second round is another message; the third jump is not made."""
    place = replace(_place("breathe", NOW, NOW - DAY), occurrence=1)
    first = advance(LOOP, place, _around())
    assert [(deed.step, deed.occurrence) for deed in first.deeds] == [("hello", 2)]
    assert (first.occurrence, first.memory, first.step) == (
        2,
        {"jumped/back": 1, "jumped_at/back": NOW.isoformat()},
        "breathe",
    )
    assert [(one.step, one.occurrence, one.outcome) for one in first.passages] == [
        ("breathe", 1, "done"),
        ("back", 1, "again"),
        ("hello", 2, "done"),
    ]
    last = advance(LOOP, replace(place, occurrence=3, memory={"jumped/back": 2}), _around())
    assert (last.state, last.deeds) == (EnrollmentState.COMPLETED, ())
    assert last.passages[-1].outcome == "done"


def test_who_is_drawn_into_the_group_without_mail_gets_none() -> None:
    """In the same advance and in later ones, with the reason; everything else goes on."""
    flow = _campaign("{id: control, holdout: 50%}", "{id: hello, send_email: hello}", "{id: mark, add_tag: seen}")
    drawn = {}
    for number in range(20):
        move = advance(flow, _place("control"), _around()._replace(lead_key=f"lead{number}"))
        drawn[number] = (move.memory, [deed.skip.reason if deed.skip else None for deed in move.deeds[:1]])
    assert {str(memory): skips for memory, skips in drawn.values()} == {
        "{'holdout': True}": [Reason.HOLDOUT],
        "{}": [None],
    }
    later = advance(flow, replace(_place("hello"), memory={"holdout": True}), _around())
    assert [type(deed.effect).__name__ for deed in later.deeds] == ["WriteMessage", "AddTag"]
    assert later.deeds[0].skip is not None
    assert later.memory == {"holdout": True}


def test_the_way_that_has_won_is_gone() -> None:
    """By the step's id."""
    flow = _campaign("{id: ab, split: {ways: {a: {weight: 1}, b: {weight: 1}}}}")
    for way in ("a", "b"):
        assert advance(flow, _place("ab"), _around(chosen={"ab": way})).passages[0].outcome == way


@pytest.mark.parametrize(("word", "outcome"), [("wait", None), ("skip", "skipped")])
def test_a_held_email_waits_or_is_left_out(word: str, outcome: str | None) -> None:
    """As the step says; left out, the next step counts from the same instant."""
    flow = _campaign(
        f"{{id: hello, send_email: {{email: hello, if_held: {word}}}}}", "{id: more, wait: 1 day}", more=CLOSED
    )
    move = advance(flow, _place("hello"), _around())
    if outcome is None:
        assert (move.step, move.held, move.deeds) == ("hello", Reason.QUIET_HOURS, ())
    else:
        assert [(one.outcome, one.reason) for one in move.passages] == [(outcome, "quiet_hours")]
        assert move.deeds[0].skip is not None
        assert (move.step, move.due_at) == ("more", NOW + DAY)


def test_many_looks_at_one_instant_come_to_an_end() -> None:
    """A flow of waits that are over at once rests after a hundred steps, due at once."""
    look = "wait_for: {when: {temperature: cold}, within: 1 day}"
    flow = _campaign(*(f"{{id: t{number}, {look}}}" for number in range(120)))
    move = advance(flow, _place("t0"), _around())
    assert len(move.passages) == 100
    assert move.due_at == NOW
