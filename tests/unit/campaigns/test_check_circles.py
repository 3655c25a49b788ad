"""Campaigns that enroll in each other in a circle are said to, once, with the line."""

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


def test_a_campaign_that_enrolls_in_itself_is_a_circle() -> None:
    """Of one."""
    assert _found(a="a") == [("a.yaml", 6, "warning", "a → a")]


def test_a_way_without_return_is_none() -> None:
    """Into a circle is not within it."""
    assert _found(a="b", b="c", c="b") == [("b.yaml", 6, "warning", "b → c → b")]
