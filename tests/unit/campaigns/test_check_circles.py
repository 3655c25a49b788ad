"""Campaigns that enroll in each other in a circle are said to, once, with the line."""

import pytest

from nurture.campaigns.check import Known, check
from nurture.campaigns.load import Folder
from nurture.segments.store import built_in

FORM = """key: {key}
name: {key}
entry: {{by_hand: true}}
steps:
  - {{id: breathe, wait: 1 day}}
  - {{id: on, enroll: {into}}}
"""


def _found(**into: str) -> list[tuple[str, int, str, str]]:
    """File, line, severity and keys of each finding about circles."""
    texts = {f"{key}.yaml": FORM.format(key=key, into=other) for key, other in into.items()}
    problems = check(Folder(texts, {}), Known(built_in())).problems
    return [
        (one.file, one.line, one.severity, dict(one.params)["keys"]) for one in problems if one.code == "enroll_circle"
    ]


def test_a_circle_is_a_warning_at_the_step() -> None:
    """Told once, however many campaigns it leads through."""
    assert _found(a="b", b="c", c="a") == [("a.yaml", 6, "warning", "a → b → c → a")]


@pytest.mark.parametrize(
    ("again", "first", "severity"),
    [
        pytest.param("after_exit", "add_tag: x", "error", id="without a wait"),
        pytest.param("after_exit", "wait: 1 day", "warning", id="a wait"),
        pytest.param("{after: 1 day}", "add_tag: x", "warning", id="a day between"),
        pytest.param("never", "add_tag: x", "warning", id="once each"),
        pytest.param("after_exit, when: {tag: y}", "add_tag: x", "warning", id="a condition on the entry"),
        pytest.param(
            "after_exit", "branch: {when: {tag: y}, then: [{id: no, exit: Enough}]}", "warning", id="a condition"
        ),
    ],
)
def test_a_circle_that_would_never_end_is_an_error(again: str, first: str, severity: str) -> None:
    """It would write an enrollment for each lead each second."""
    texts = {
        f"{key}.yaml": FORM.format(key=key, into=other)
        .replace("by_hand: true", f"by_hand: true, again: {again}")
        .replace("wait: 1 day", first)
        for key, other in (("a", "b"), ("b", "a"))
    }
    problems = check(Folder(texts, {}), Known(built_in())).problems
    assert [(one.code, one.severity) for one in problems] == [("enroll_circle", severity)]


def test_a_campaign_that_enrolls_in_itself_is_a_circle() -> None:
    """Of one."""
    assert _found(a="a") == [("a.yaml", 6, "warning", "a → a")]


def test_a_way_without_return_is_none() -> None:
    """Into a circle is not within it."""
    assert _found(a="b", b="c", c="b") == [("b.yaml", 6, "warning", "b → c → b")]
