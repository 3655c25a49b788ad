"""The step wait holds for a length of time, from the planned instant of what came before."""

from datetime import timedelta

import pytest

from nurture.campaigns.effects import Go, Hold
from nurture.campaigns.steps import wait
from tests.unit.campaigns.ground import DAY, NOW, moment, reading

TWO_DAYS = wait.Wait(2 * DAY)


@pytest.mark.parametrize(
    ("arrived", "planned", "mailed", "answer"),
    [
        pytest.param(NOW, NOW, None, Hold(NOW + 2 * DAY), id="it begins"),
        pytest.param(NOW - 2 * DAY, NOW, None, Go(), id="it is over"),
        pytest.param(NOW - 2 * DAY, NOW - DAY, None, Hold(NOW), id="planned too early, it stays"),
        pytest.param(NOW - 2 * DAY, NOW, NOW - DAY, Go(), id="the mail went late, half of the wait is left"),
        pytest.param(
            NOW - 2 * DAY, NOW, NOW - DAY / 2, Hold(NOW + 1.5 * DAY), id="the mail went so late that it counts from it"
        ),
    ],
)
def test_it_holds_until_the_time_is_over(arrived: object, planned: object, mailed: object, answer: object) -> None:
    """However late the tick that finds it."""
    assert wait.act(TWO_DAYS, moment(arrived=arrived, planned=planned, mailed=mailed)) == answer  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "span", "said"),
    [
        ("30 minutes", timedelta(minutes=30), "Wait 30 minutes"),
        ("3 hours", timedelta(hours=3), "Wait 3 hours"),
        ("1 day", timedelta(days=1), "Wait 1 day"),
        ("2 weeks", timedelta(days=14), "Wait 2 weeks"),
        ("3 ngày", timedelta(days=3), "Wait 3 days"),
    ],
)
def test_lengths_of_time_are_read_and_said(text: str, span: timedelta, said: str) -> None:
    """In the largest unit that fits."""
    one = reading()
    config = wait.read(one, text, "steps[0].wait")
    assert (config.span, one.problems) == (span, [])
    assert wait.describe(config, "en") == said


@pytest.mark.parametrize("value", ["two days", "0 days", "1 month", 2, None])
def test_other_words_are_a_finding(value: object) -> None:
    """Months differ in length, so they are refused."""
    one = reading()
    wait.read(one, value, "steps[0].wait")
    assert [problem.code for problem in one.problems] == ["bad_span"]
