"""An advance goes through every step that is due, counts from planned instants, and says why it stops."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from nurture.campaigns.definition import read_campaign
from nurture.campaigns.effects import AddTag, NotifyOwner, WriteMessage
from nurture.campaigns.model import Campaign
from nurture.enrollments.advance import Around, advance, failed
from nurture.enrollments.model import EnrollmentState, Place
from nurture.kernel.reasons import Reason
from nurture.rules.facts import View
from tests.unit.campaigns.ground import DAY, EMAILS, FACTS, NOW, source, view

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
HEAD = "key: a\nname: A\nentry: {by_hand: true}\n"
ACTIVE = EnrollmentState.ACTIVE


def _campaign(*steps: str, more: str = "") -> Campaign:
    text = HEAD + more + "steps:\n" + "".join(f"  - {step}\n" for step in steps)
    found, problems = read_campaign(source(text), FACTS, EMAILS)
    assert found is not None, problems
    return found


def _place(step: str | None, planned: datetime = NOW, arrived: datetime | None = None, attempts: int = 0) -> Place:
    return Place(1, 1, 1, 1, step, 1, planned, arrived or planned, NOW - 30 * DAY, attempts)


def _around(lead: View | None = None, **more: object) -> Around:
    return Around(NOW, lead or view(), FACTS, HANOI, "en", **more)  # type: ignore[arg-type]


SENDS = _campaign("{id: hello, send_email: hello}", "{id: wait, wait: 2 days}", "{id: more, send_email: again}")


def test_a_mail_is_written_and_waited_for() -> None:
    """It is planned for when the step was, however late the tick."""
    planned = NOW - timedelta(hours=1)
    move = advance(SENDS, _place("hello", planned), _around())
    assert [(deed.effect, deed.planned_at, deed.skip) for deed in move.deeds] == [
        (WriteMessage("hello"), planned, None)
    ]
    assert (move.state, move.step, move.waits, move.arrived_at) == (ACTIVE, "wait", True, planned)


def test_a_refused_mail_is_passed_over_and_the_wait_begins() -> None:
    """The next step counts from the planned instant of the refused one."""
    move = advance(SENDS, _place("hello"), _around(refusal=(Reason.NO_CONSENT, {})))
    assert move.deeds[0].skip is not None
    assert [(one.step, one.outcome, one.reason) for one in move.passages] == [("hello", "skipped", "no_consent")]
    assert (move.step, move.due_at, move.waits) == ("wait", NOW + 2 * DAY, False)


def test_an_email_that_is_not_published_is_refused() -> None:
    """With its key."""
    move = advance(SENDS, _place("hello"), _around(emails={"again": ("vi",)}))
    assert move.deeds[0].skip is not None
    assert move.deeds[0].skip.reason is Reason.NO_TEMPLATE


def test_many_steps_that_are_over_go_at_once() -> None:
    """After a long stop the waits lie in the past; their planned instants stay."""
    flow = _campaign("{id: one, wait: 1 day}", "{id: two, wait: 2 days}", "{id: three, wait: 30 days}")
    begun = NOW - 10 * DAY
    move = advance(flow, _place("one", begun), _around())
    assert [(one.step, one.planned_at) for one in move.passages] == [("one", begun + DAY), ("two", begun + 3 * DAY)]
    assert (move.step, move.due_at) == ("three", begun + 33 * DAY)


def test_what_policy_moves_moves_what_follows() -> None:
    """The opening of the window is the new planned instant; nothing is done before."""
    flow = _campaign(
        "{id: hello, send_email: hello}", more='sending: {window: {days: mon-fri, from: "10:00", to: "11:00"}}\n'
    )
    move = advance(flow, _place("hello"), _around())  # a Friday, nine o'clock
    opens = NOW + timedelta(hours=1)
    assert (move.step, move.due_at, move.planned_at, move.held) == ("hello", opens, opens, Reason.QUIET_HOURS)
    assert (move.deeds, move.passages) == ((), ())


def test_a_tag_is_given_before_later_steps_look() -> None:
    """The advance rests, due at once, so that the next one sees it."""
    flow = _campaign("{id: mark, add_tag: vip}", "{id: look, branch: {when: {tag: vip}}}")
    move = advance(flow, _place("mark"), _around())
    assert [deed.effect for deed in move.deeds] == [AddTag("vip")]
    assert (move.step, move.due_at, move.waits) == ("look", NOW, False)


@pytest.mark.parametrize(("lead", "way"), [(view(tags=frozenset({"vip"})), "then"), (view(), "else")])
def test_a_branch_is_followed_and_its_end_leads_out(lead: View, way: str) -> None:
    """Both ways end the campaign here."""
    flow = _campaign("{id: look, branch: {when: {tag: vip}, then: [{id: tell, notify_owner: Call}]}}")
    move = advance(flow, _place("look"), _around(lead))
    assert move.passages[0].outcome == way
    assert (move.state, move.reason, move.due_at) == (EnrollmentState.COMPLETED, Reason.DONE, None)
    assert [type(deed.effect) for deed in move.deeds] == ([NotifyOwner] if way == "then" else [])


def test_the_last_mail_is_waited_for() -> None:
    """The way is over only when it has gone."""
    move = advance(SENDS, _place("more"), _around())
    assert (move.state, move.step, move.waits) == (ACTIVE, None, True)
    assert advance(SENDS, _place(None), _around()).state is EnrollmentState.COMPLETED


@pytest.mark.parametrize(
    ("more", "around", "reason"),
    [
        pytest.param(
            "exit_when: {tag: stop}\n", {"lead": view(tags=frozenset({"stop"}))}, Reason.EXIT_CONDITION, id="exit"
        ),
        pytest.param("goal: {opportunity: opened}\n", {"opened": NOW}, Reason.GOAL_REACHED, id="opportunity"),
        pytest.param("goal: {opportunity: opened}\n", {"opened": NOW - 31 * DAY}, None, id="opportunity before entry"),
        pytest.param("goal: {tag: won}\n", {"lead": view(tags=frozenset({"won"}))}, Reason.GOAL_REACHED, id="a rule"),
        pytest.param("", {"merged": True}, Reason.MERGED, id="merged into another lead"),
        pytest.param("exit_when: {tag: stop}\n", {}, None, id="nothing of it"),
    ],
)
def test_ends_are_looked_at_before_any_step(more: str, around: dict[str, object], reason: Reason | None) -> None:
    """Nothing is sent to who leaves."""
    flow = _campaign("{id: hello, send_email: hello}", more=more)
    move = advance(flow, _place("hello"), _around(**around))  # type: ignore[arg-type]
    assert move.reason == reason
    assert move.state is (EnrollmentState.EXITED if reason else ACTIVE)
    assert bool(move.deeds) is (reason is None)


def test_a_failure_is_put_off_longer_each_time_and_given_up() -> None:
    """One, four, sixteen, sixty-four minutes; then it has failed."""
    moves = [failed(_place("hello", attempts=number), NOW, "boom") for number in range(5)]
    assert [move.due_at and (move.due_at - NOW).total_seconds() / 60 for move in moves] == [1, 4, 16, 64, None]
    assert [move.state for move in moves] == [ACTIVE] * 4 + [EnrollmentState.FAILED]
    assert moves[0].held is Reason.STEP_FAILED
    assert moves[4].reason is Reason.STEP_FAILED
