"""Nested steps become a flow: ways stand where their kind has them, findings get their lines."""

import pytest

from nurture.campaigns.check import emails_of
from nurture.campaigns.definition import read_campaign
from nurture.campaigns.model import Campaign
from tests.unit.campaigns.ground import EMAILS, FACTS, source

HEAD = "key: a\nname: A\nentry: {by_hand: true}\ngoal: {tag: won}\n"
STEPS = """steps:
  - id: ab
    split:
      ways:
        a:
          weight: 1
          steps:
            - {id: one, send_email: {email: hello, if_held: skip}}
        b:
          weight: 1
  - id: many
    branch:
      ways:
        - when: {tag: vip}
          then:
            - {id: two, send_email: again}
      else:
        - id: inner
          wait_for:
            when: {segment: vips}
            within: 1 day
            else: [{id: three, exit: enough}]
  - {id: date, wait_until: {field: created_at, past: [{id: late, add_tag: late}]}}
  - {id: back, jump: {to: two, at_most: 2}}
"""


def _read(text: str) -> tuple[Campaign | None, list[tuple[str, int]]]:
    found, problems = read_campaign(source(HEAD + text), FACTS, EMAILS)
    return found, [(one.code, one.line) for one in problems]


def test_ways_of_every_kind_lead_in_and_on() -> None:
    """An empty way goes straight on; a jump leads into another way."""
    found, problems = _read(STEPS)
    assert found is not None, problems
    steps = found.steps
    assert (steps["ab"].ways, steps["one"].way, steps["one"].next) == ({"a": "one", "b": "many"}, "ab.a", "many")
    assert steps["many"].ways == {"way_1": "two", "else": "inner"}
    assert (steps["inner"].ways, steps["inner"].depth) == ({"then": "date", "else": "three"}, 1)
    assert (steps["date"].ways, steps["date"].next) == ({"past": "late"}, "back")
    assert (steps["back"].jumps, steps["back"].after("again"), steps["back"].after("")) == (
        {"again": "two"},
        "two",
        None,
    )


def test_every_rule_of_every_step_is_known() -> None:
    """Of branches with many ways, of waits, of dates."""
    found, _ = _read(STEPS)
    assert found is not None
    read = {leaf for rule in found.rules() for leaf in [getattr(rule, "fact", "")]}
    assert read == {"tag", "segment", "created_at"}


def test_every_email_is_found_where_it_stands() -> None:
    """In the short form and in the long one."""
    one = source(HEAD + STEPS)
    found, _ = read_campaign(one, FACTS, EMAILS)
    assert found is not None
    assert list(emails_of(found, one)) == [
        ("steps[0].split.ways.a.steps[0].send_email.email", "hello"),
        ("steps[1].branch.ways[0].then[0].send_email", "again"),
    ]


@pytest.mark.parametrize(
    ("old", "new", "finding"),
    [
        pytest.param("{email: hello, if_held: skip}", "{email: helo}", ("unknown_email", 12), id="within a split"),
        pytest.param("send_email: again", "send_email: agian", ("unknown_email", 20), id="within one of many ways"),
        pytest.param("exit: enough", "exit: ''", ("not_text", 26), id="within a wait"),
        pytest.param("add_tag: late", "add_tagg: late", ("unknown_step", 27), id="within a date that is over"),
        pytest.param("to: two", "to: tow", ("unknown_target", 28), id="where a jump leads"),
    ],
)
def test_findings_within_ways_get_their_lines(old: str, new: str, finding: tuple[str, int]) -> None:
    """However deep they stand."""
    found, problems = _read(STEPS.replace(old, new))
    assert (found, problems) == (None, [finding])
