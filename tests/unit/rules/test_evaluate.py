"""One lead in Python: groups, names, activities, and the trace of it all."""

from datetime import timedelta
from typing import Any

import pytest

from nurture.rules.evaluate import Times, evaluate
from nurture.rules.facts import Happening, View
from nurture.rules.parse import parse
from tests.unit.rules.ask import FACTS, NOW, holds

_DAY = timedelta(days=1)
_CLICKS = {
    "clicked": [
        Happening(NOW - 3 * _DAY, "hello", "welcome", "https://a.example/bang-gia?x=1"),
        Happening(NOW - 40 * _DAY, "guide", "welcome", "https://a.example/"),
    ]
}


@pytest.mark.parametrize(
    ("join", "answers"),
    [("all", [False, False, True]), ("any", [False, True, True]), ("none", [True, False, False])],
)
def test_groups_join_their_conditions(join: str, answers: list[bool]) -> None:
    """Of two conditions none, one and both hold."""
    for answer, tags in zip(answers, (set(), {"a"}, {"a", "b"}), strict=True):
        assert holds({join: [{"tag": "a"}, {"tag": "b"}]}, sets={"tag": tags}) is answer


@pytest.mark.parametrize(
    ("parts", "answer"),
    [
        pytest.param({}, True, id="any"),
        pytest.param({"email": "hello"}, True, id="the email"),
        pytest.param({"email": ["hello", "other"]}, True, id="one of the emails"),
        pytest.param({"email": "other"}, False, id="another email"),
        pytest.param({"link": "/bang-gia"}, True, id="a piece of the link"),
        pytest.param({"email": "guide", "link": "/bang-gia"}, False, id="both parts in one activity"),
        pytest.param({"times": 2}, True, id="often enough"),
        pytest.param({"times": 3}, False, id="not often enough"),
        pytest.param({"times": 2, "within": "30 days"}, False, id="not often enough lately"),
        pytest.param({"within": "3 days"}, False, id="exactly a span ago is outside"),
        pytest.param({"within": "73 hours"}, True, id="just inside"),
        pytest.param({"campaign": "welcome", "times": 2}, True, id="the campaign"),
    ],
)
def test_activities_are_counted(parts: dict[str, Any], answer: bool) -> None:
    """Those that fit every part, within the span."""
    assert holds({"clicked": parts}, happenings=_CLICKS) is answer
    assert holds({"none": [{"clicked": parts}]}, happenings=_CLICKS) is not answer


def test_tags_are_found_by_label_and_by_key() -> None:
    """The rule's tag is folded as a tag is when it is put on."""
    assert holds({"tag": "VIP"}, sets={"tag": {"vip"}})
    assert holds({"tag": ["other", "do-not-nurture"]}, sets={"tag": {"do-not-nurture"}})
    assert holds({"tag": "Khách quen"}, sets={"tag": {"khach_quen"}})


def test_the_trace_carries_what_was_seen() -> None:
    """Each leaf shows its value, whichever way it went; every leaf is looked at."""
    rule = parse(
        {"any": [{"temperature": "hot"}, {"clicked": {}}, {"tag": "b"}, {"field": "city", "is": "Huế"}]}, FACTS
    )
    lead = View(
        1,
        {"temperature": "hot", "city": " "},
        {"tag": frozenset({"z", "a"})},
        {kind: tuple(found) for kind, found in _CLICKS.items()},
    )
    trace = evaluate(rule, lead, NOW, FACTS)
    assert trace.holds
    assert [child.holds for child in trace.children] == [True, True, False, False]
    assert [child.seen for child in trace.children] == ["hot", Times(2, NOW - 3 * _DAY), ("a", "z"), None]
