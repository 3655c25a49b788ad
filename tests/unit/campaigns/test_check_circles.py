"""Campaigns that lead into each other in a circle are said to, once, with the line."""

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


def _told(*texts: str) -> list[tuple[str, str, str]]:
    """File, severity and keys of each circle of these campaigns, of the form `key: entry: steps`."""
    files = {}
    for text in texts:
        key, entry, *steps = text.split("; ")
        listed = "".join(f"  - {{id: s{number}, {step}}}\n" for number, step in enumerate(steps))
        files[f"{key}.yaml"] = f"key: {key}\nname: {key}\nentry: {{{entry}}}\nsteps:\n{listed}"
    found = check(Folder(files, SHARED), Known(built_in())).problems
    assert {one.code for one in found} <= {"enroll_circle"}, found
    return [(f"{one.file}:{one.line}", one.severity, dict(one.params)["keys"]) for one in found]


SHARED = {"segments": ("_shared/segments.yaml", "guests: {name: Guests, by_hand: true}\n")}
GOLD = "tag: gold, again: after_exit"
GUESTS = "segment: guests, existing: skip, again: after_exit"
LEFT = "again: after_exit, activity: {left_campaign: "


@pytest.mark.parametrize(
    ("texts", "told"),
    [
        pytest.param(
            [f"a; {GOLD}; remove_tag: gold; add_tag: Gold"], [("a.yaml:6", "error", "a → a")], id="its own tag"
        ),
        pytest.param([f"a; {GOLD}; add_tag: gold"], [], id="a tag that stays is no news"),
        pytest.param(
            [f"a; {GOLD}; add_tag: gold; remove_tag: gold"],
            [("a.yaml:5", "warning", "a → a")],
            id="only taken off after",
        ),
        pytest.param(["a; tag: gold; remove_tag: gold; add_tag: gold"], [], id="once each"),
        pytest.param(
            [
                f"a; {GOLD}; remove_tag: gold; add_tag: vip",
                "b; tag: vip, again: after_exit; remove_tag: vip; add_tag: gold",
            ],
            [("a.yaml:6", "error", "a → b → a")],
            id="two tags",
        ),
        pytest.param(
            [f"a; {GOLD}; remove_tag: gold; enroll: b", "b; by_hand: true, again: after_exit; add_tag: gold"],
            [("a.yaml:6", "error", "a → b → a")],
            id="a tag and a step",
        ),
        pytest.param(
            [f"a; {GOLD}; remove_tag: gold; wait: 1 day; add_tag: gold"],
            [("a.yaml:7", "warning", "a → a")],
            id="a wait",
        ),
        pytest.param(
            [f"a; {GOLD}; remove_tag: gold; add_tag: gold; wait: 1 day"],
            [("a.yaml:6", "warning", "a → a")],
            id="a wait after: it is still under way",
        ),
        pytest.param(
            [f"a; {GUESTS}; remove_from_segment: guests; add_to_segment: guests"],
            [("a.yaml:6", "error", "a → a")],
            id="a segment kept by hand",
        ),
        pytest.param([f"a; {GUESTS}; add_to_segment: guests"], [], id="who is in it stays in it"),
        pytest.param([f"a; {LEFT}{{}}}}; add_tag: x"], [("a.yaml:3", "error", "a → a")], id="whoever leaves any"),
        pytest.param(
            [f"a; {LEFT}{{campaign: a}}}}; add_tag: x"], [("a.yaml:3", "warning", "a → a")], id="who leaves it"
        ),
        pytest.param(
            [f"a; {LEFT}{{reason: goal_reached}}}}; add_tag: x"],
            [("a.yaml:3", "warning", "a → a")],
            id="whoever leaves any for a reason",
        ),
        pytest.param(
            [f"a; {LEFT}{{campaign: b}}}}; add_tag: x", "b; by_hand: true; add_tag: y"], [], id="who leaves another one"
        ),
    ],
)
def test_tags_segments_and_leaving_close_circles_too(texts: list[str], told: list[tuple[str, str, str]]) -> None:
    """An error where each lead would go round without end, a warning where it may."""
    assert _told(*texts) == told
