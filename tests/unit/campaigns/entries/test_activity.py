"""The entry activity takes in who does something."""

from dataclasses import replace
from datetime import datetime

import pytest

from nurture.activities.model import Kind
from nurture.campaigns.entries import activity
from nurture.campaigns.signals import Signal
from nurture.rules.facts import Happening
from tests.unit.campaigns.ground import DAY, FACTS, NOW, reading, view

LONG_AGO = NOW - 20 * DAY


def _signal(at: datetime = NOW) -> Signal:
    return Signal(1, Kind.CLICKED, at, "activity:1")


@pytest.mark.parametrize(
    ("data", "clicks", "answer"),
    [
        pytest.param({"clicked": {}}, (NOW,), True, id="any click"),
        pytest.param({"clicked": {"email": "hello"}}, (NOW,), True, id="of this email"),
        pytest.param({"clicked": {"email": "again"}}, (NOW,), False, id="of another email"),
        pytest.param({"clicked": {"email": "hello"}}, (LONG_AGO, NOW), True, id="each time, where once is enough"),
        pytest.param({"clicked": {"times": 2}}, (NOW,), False, id="not often enough"),
        pytest.param({"clicked": {"times": 2}}, (LONG_AGO, NOW), True, id="the one that makes them full"),
        pytest.param({"clicked": {"times": 2}}, (LONG_AGO, LONG_AGO + DAY, NOW), False, id="not one after that"),
        pytest.param({"clicked": {"times": 2, "within": "14 days"}}, (LONG_AGO, NOW), False, id="too long ago"),
        pytest.param({"clicked": {}}, (NOW - DAY,), False, id="only an earlier one is there: it was withdrawn"),
        pytest.param({"clicked": {"times": 2}}, (NOW, NOW + DAY), False, id="a later one does not count for this one"),
    ],
)
def test_it_comes_with_the_activity_that_fulfills_it(
    data: dict[str, object],
    clicks: tuple[datetime, ...],
    answer: bool,
) -> None:
    """The lead being as it is in the timeline."""
    config = activity.read(reading(), data, "entry.activity")
    assert activity.hears(config) == {Kind.CLICKED}
    assert activity.asks(config, _signal())
    assert activity.completes(config, _signal(), view(clicked=clicks), FACTS) is answer


def test_a_link_is_looked_at_on_this_very_activity() -> None:
    """An earlier click on it does not make this one a click on it."""
    config = activity.read(reading(), {"clicked": {"link": "/bang-gia"}}, "entry.activity")
    seen = (Happening(NOW - DAY, link="https://a.example/bang-gia"), Happening(NOW, link="https://a.example/"))
    assert not activity.completes(config, _signal(), replace(view(), happenings={"clicked": seen}), FACTS)


def test_only_one_condition_about_an_activity_is_taken() -> None:
    """Others belong into `when`."""
    one = reading()
    values: tuple[dict[str, object], ...] = ({"tag": "x"}, {"any": [{"clicked": {}}]}, {"none": [{"opened": {}}]})
    for value in values:
        activity.read(one, value, "entry.activity")
    assert [problem.code for problem in one.problems] == ["not_an_activity"] * 3


def test_it_says_so() -> None:
    """With the rule's own sentence."""
    config = activity.read(reading(), {"clicked": {"email": "hello"}}, "entry.activity")
    assert activity.describe(config, "en").startswith("Leads of whom this becomes true: ")
    assert activity.describe(config, "vi").startswith("Khách vừa có điều này: ")
