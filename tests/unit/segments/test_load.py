"""Reading segments.yaml: each finding with its line, circles refused, the gallery's own file taken."""

from pathlib import Path

import pytest

from nurture.kernel.errors import DefinitionError, Problem
from nurture.rules.describe import describe
from nurture.segments.load import load
from nurture.segments.store import built_in

FACTS = built_in()
GALLERY = Path(__file__).parents[3] / "campaigns" / "_shared" / "segments.yaml"


def _problems(text: str) -> list[Problem]:
    with pytest.raises(DefinitionError) as caught:
        load(text, FACTS)
    return list(caught.value.problems)


def test_the_gallery_is_taken() -> None:
    """Each segment has a name and reads as a sentence in both languages."""
    found = {one.key: one for one in load(GALLERY.read_text("utf-8"), FACTS)}
    assert found.keys() == {
        "new_leads", "cold_leads", "quiet_leads", "hot_leads", "warm_uncalled", "customers", "silent_customers",
        "sunset",
    }  # fmt: skip
    for one in found.values():
        assert one.name["vi"] != one.name["en"]
        assert describe(one.rule, "vi") != describe(one.rule, "en")


def test_every_finding_has_its_line() -> None:
    """A wrong rule, a wrong key, an unknown word: all at once, each where it stands."""
    text = """\
new_leads:
  name: New
  when:
    all:
      - {temperature: hot}
      - {clicked: {within: soon}}
Bad Key:
  when: {tag: x}
third:
  nmae: Third
  when: {segment: new_lead}
fourth: {name: {de: Vier}}
"""
    places = [(problem.code, problem.line) for problem in _problems(text)]
    assert places == [("bad_value", 6), ("bad_key", 7), ("unknown_key", 10), ("unknown_segment", 11), ("no_rule", 12)]


def test_segments_that_name_each_other_in_a_circle_are_refused() -> None:
    """The finding spells the circle out."""
    text = "a: {when: {segment: b}}\nb: {when: {any: [{tag: x}, {segment: c}]}}\nc: {when: {none: [{segment: a}]}}\n"
    (problem,) = _problems(text)
    assert problem.code == "circular"
    assert dict(problem.params)["keys"] == "a → b → c → a"
    assert _problems("a: {when: {segment: a}}")[0].code == "circular"


def test_an_unreadable_file_is_one_finding() -> None:
    """A list, a scalar, broken YAML."""
    for text in ("- a\n", "hello", "a: [", "a: {when: {tag: x}}\na: {when: {tag: y}}\n"):
        assert len(_problems(text)) == 1
    assert load("", FACTS) == ()


def test_the_hash_follows_the_meaning_not_the_layout() -> None:
    """The same rule written in another way is the same segment."""
    (flow,) = load("a: {when: {all: [{tag: x}, {temperature: hot}]}}", FACTS)
    (block,) = load("a:\n  when:\n    all:\n      - tag: x\n      - temperature: hot\n", FACTS)
    (other,) = load("a: {when: {all: [{tag: y}, {temperature: hot}]}}", FACTS)
    assert flow.hash == block.hash != other.hash
