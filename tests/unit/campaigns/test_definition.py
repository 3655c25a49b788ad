"""A campaign is read with every finding at once, each with its line and the mend."""

from zoneinfo import ZoneInfo

import pytest

from nurture.campaigns.definition import content_hash, from_revision, read_campaign
from nurture.campaigns.model import Campaign
from tests.unit.campaigns.ground import EMAILS, FACTS, source

GOOD = """\
key: welcome
name: {vi: Chào mừng, en: Welcome}
entry: {segment: new_leads, existing: enroll, again: {after: 30 days}}
goal: {opportunity: opened}
exit_when: {tag: stop}
sending: {class: advertising, from: owner, window: {days: mon-sat, from: "08:00", to: "20:00"}, cap: 3 in 7 days}
steps:
  - {id: hello, send_email: hello}
  - id: clicked
    branch:
      when: {clicked: {email: hello}}
      then:
        - {id: mark, add_tag: engaged}
        - id: deeper
          branch:
            when: {tag: vip}
            then: [{id: out, exit: done}]
      else: []
  - {id: wait, wait: 2 days}
"""


def _read(text: str) -> Campaign:
    found, problems = read_campaign(source(text), FACTS, EMAILS)
    assert found is not None, problems
    return found


def test_steps_become_a_flow() -> None:
    """Each knows what follows, out of branches too."""
    steps = _read(GOOD).steps
    assert list(steps) == ["hello", "clicked", "mark", "deeper", "out", "wait"]
    assert steps["clicked"].ways == {"then": "mark", "else": "wait"}
    assert steps["deeper"].ways == {"then": "out", "else": "wait"}
    assert (steps["hello"].next, steps["mark"].next, steps["out"].next, steps["wait"].next) == (
        "clicked",
        "deeper",
        "wait",
        None,
    )
    assert (steps["out"].depth, steps["out"].way) == (2, "deeper.then")


BAD = """\
key: Welcome!
name: {vi: Chào mừng}
entry: {segment: new_lead, again: sometimes}
goal: {opportunity: won}
exit_when: {all: [{tagg: x}]}
sending: {class: spam, window: {days: mo-fr, from: "8", to: "20:00"}, cap: three}
stepps: []
steps:
  - {id: hello, send_mail: hello}
  - {send_email: helo}
  - {id: hello, wait: 1 month}
  - id: hello
    branch: {when: {clicked: {email: nope}}, then: {id: x}}
  - {id: both, wait: 1 day, add_tag: x}
  - {id: nothing}
  - just text
"""


def test_every_finding_comes_at_once_with_its_line() -> None:
    """None hides another."""
    found, problems = read_campaign(source(BAD), FACTS, EMAILS)
    assert found is None
    seen = {(problem.line, problem.code) for problem in problems}
    assert seen >= {
        (1, "bad_key"),
        (2, "missing_key"),
        (3, "unknown_segment"),
        (3, "no_existing"),
        (3, "unknown_value"),
        (4, "unknown_goal"),
        (5, "unknown_condition"),
        (6, "unknown_value"),
        (6, "bad_days"),
        (6, "bad_time"),
        (6, "bad_cap"),
        (7, "unknown_key"),
        (9, "unknown_step"),
        (10, "missing_id"),
        (10, "unknown_email"),
        (11, "double_id"),
        (11, "bad_span"),
        (12, "double_id"),
        (13, "unknown_email"),
        (13, "not_a_list"),
        (14, "two_kinds"),
        (15, "empty_step"),
        (16, "not_a_step"),
    }
    assert all(problem.text() for problem in problems)


@pytest.mark.parametrize(
    ("written", "kept"),
    [("", None), (", unknown: wait", None), (", unknown: sent", "sent"), (", unknown: again", "again")],
)
def test_what_becomes_of_mail_that_may_have_arrived_is_for_a_person_unless_it_is_written(
    written: str, kept: str | None
) -> None:
    """It travels with each message."""
    one = _read(GOOD.replace("cap: 3 in 7 days", "cap: 3 in 7 days" + written))
    assert one.sending.policy.to_json(ZoneInfo("UTC")).get("unknown") == kept
    _, problems = read_campaign(source(GOOD.replace("cap: 3 in 7 days", "unknown: drop")), FACTS, EMAILS)
    assert [problem.code for problem in problems] == ["unknown_value"]


def test_an_unknown_step_says_what_was_meant() -> None:
    """`send_mail` is nearly `send_email`."""
    _, problems = read_campaign(source(BAD), FACTS, EMAILS)
    (unknown,) = (problem for problem in problems if problem.code == "unknown_step")
    assert unknown.text() == "test.yaml:9:17: There is no step “send_mail” (did you mean “send_email”?)"


@pytest.mark.parametrize(
    "text", ["", "- a\n- b\n", "just text", "key: x\n", "steps: 3\nkey: [a]\nentry: 7\nname: {}\n"]
)
def test_hardly_anything_is_a_finding_too(text: str) -> None:
    """No form of data breaks the reading."""
    found, problems = read_campaign(source(text), FACTS, EMAILS)
    assert found is None
    assert problems


def test_steps_after_an_exit_are_a_warning() -> None:
    """It can be used; nobody comes there."""
    text = GOOD + "  - {id: out_too, exit: done}\n  - {id: late, wait: 1 day}\n"
    found, problems = read_campaign(source(text), FACTS, EMAILS)
    assert found is not None
    assert [(problem.code, problem.severity) for problem in problems] == [("unreachable", "warning")]


def test_a_definition_reads_what_was_stored() -> None:
    """A revision is plain data."""
    one = _read(GOOD)
    assert from_revision(one.data, FACTS) == one


@pytest.mark.parametrize(
    ("before", "after", "is_same"),
    [
        pytest.param("en: Welcome", "en: Hello there", True, id="names are texts"),
        pytest.param("key: welcome\n", "# note\nkey: welcome\n", True, id="comments"),
        pytest.param("wait: 2 days", "wait: 3 days", False, id="a step"),
        pytest.param("3 in 7 days", "4 in 7 days", False, id="policy"),
        pytest.param("tag: stop", "tag: halt", False, id="a rule"),
        pytest.param("existing: enroll", "existing: skip", False, id="entry"),
    ],
)
def test_the_hash_covers_what_moves_leads(before: str, after: str, *, is_same: bool) -> None:
    """And nothing else."""
    one, other = _read(GOOD), _read(GOOD.replace(before, after))
    assert (content_hash(one, {}) == content_hash(other, {})) is is_same


def test_the_hash_covers_the_segments_that_are_named() -> None:
    """A changed rule of the entry's segment is a changed campaign."""
    one = _read(GOOD)
    assert content_hash(one, {"new_leads": 1}) != content_hash(one, {"new_leads": 2})
    assert content_hash(one, {"vips": 1}) == content_hash(one, {"vips": 2})


def test_nesting_and_number_are_bounded() -> None:
    """A file that tries too hard is refused, quickly."""
    deep = "{id: x, wait: 1 day}"
    for number in range(12):
        deep = f"{{id: b{number}, branch: {{when: {{tag: a}}, then: [{deep}]}}}}"
    head = "key: a\nname: A\nentry: {by_hand: true}\nsteps:\n"
    many = "".join(f"  - {{id: s{number}, wait: 1 day}}\n" for number in range(300))
    for text, code in ((f"  - {deep}\n", "too_deep"), (many, "too_many_steps")):
        found, problems = read_campaign(source(head + text), FACTS)
        assert found is None
        assert [problem.code for problem in problems] == [code]
