"""Reading scoring.yaml: what it says, and every finding at once with its line."""

from datetime import timedelta
from pathlib import Path

import pytest

from nurture.activities.model import Kind
from nurture.kernel.errors import DefinitionError
from nurture.scoring.model import Axis, Decay, Limit, Per, Threshold, Thresholds
from nurture.scoring.rules import load
from nurture.segments.store import built_in

GALLERY = Path(__file__).resolve().parents[3] / "campaigns" / "_shared" / "scoring.yaml"
FACTS = built_in()


def _rule(body: str) -> str:
    return f"rules:\n  - key: one\n    name: {{vi: Một, en: One}}\n{body}"


def test_the_gallery_file_loads() -> None:
    """Its thresholds are the ones the product speaks of."""
    rules = load(GALLERY.read_text("utf-8"), "scoring.yaml", FACTS)
    assert rules.thresholds == Thresholds(Threshold(30, 20), Threshold(70, 55))
    assert rules.decay == Decay(timedelta(days=7), 30.0, None)
    assert {rule.axis for rule in rules.rules} == set(Axis)


def test_a_rule_on_an_activity_is_read_whole() -> None:
    """Kind, parts, points and limit."""
    text = _rule(
        "    axis: engagement\n    points: 25\n"
        "    on: {clicked: {email: hello, link: [/bang-gia, /pricing]}}\n"
        "    limit: {times: 3, per: message, in: 1 day}\n"
    )
    (rule,) = load(text, "f", FACTS).rules
    assert rule.on is not None
    assert (rule.on.kind, rule.on.emails, rule.on.links) == (Kind.CLICKED, ("hello",), ("/bang-gia", "/pricing"))
    assert rule.limit == Limit(3, Per.MESSAGE, timedelta(days=1))


def test_a_field_of_ones_own_is_read_where_it_is_declared() -> None:
    """The rules can name it before an import has brought it."""
    when = "    axis: fit\n    points: -20\n    when: {field: occupation, contains: student}\n"
    rules = load("fields: {occupation: text}\n" + _rule(when), "f", FACTS)
    assert rules.rules[0].when is not None
    with pytest.raises(DefinitionError, match="occupation"):
        load(_rule(when), "f", FACTS)


def test_two_texts_have_two_hashes() -> None:
    """So that facts are rated again when the rules change."""
    assert load("rules: []\n", "f", FACTS).hash != load("rules: [] \n", "f", FACTS).hash


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        pytest.param("rulez: []\n", "unknown_key", 1, id="a key nobody knows"),
        pytest.param("rules: {}\n", "not_a_list", 1, id="no list of rules"),
        pytest.param("thresholds: {hot: {from: 70, under: 25}}\n", "bands_overlap", 1, id="hot ends within warm"),
        pytest.param("thresholds: {warm: {from: 30, under: 40}}\n", "no_margin", 1, id="a margin upside down"),
        pytest.param("decay: {quiet: 7 days}\n", "decay_form", 1, id="decay without a form"),
        pytest.param("decay: {quiet: soon, points: 1}\n", "bad_span", 1, id="not a span"),
        pytest.param("fields: {email: text}\n", "bad_field", 1, id="a field that is a fact already"),
        pytest.param("fields: {x: picture}\n", "unknown_value", 1, id="a field of an unknown type"),
        pytest.param(_rule("    axis: luck\n    points: 1\n    on: {clicked: {}}\n"), "unknown_value", 4, id="axis"),
        pytest.param(_rule("    axis: fit\n    points: 0\n    on: {clicked: {}}\n"), "no_points", 5, id="no points"),
        pytest.param(_rule("    axis: fit\n    points: a\n    on: {clicked: {}}\n"), "not_a_number", 5, id="points"),
        pytest.param(_rule("    points: 1\n    on: {clicked: {}}\n"), "missing_key", 2, id="no axis"),
        pytest.param(_rule("    axis: fit\n    points: 1\n"), "rule_form", 2, id="neither on nor when"),
        pytest.param(_rule("    axis: fit\n    points: 1\n    on: {jumped: {}}\n"), "unknown_value", 6, id="kind"),
        pytest.param(_rule("    axis: fit\n    points: 1\n    on: {alerted: {}}\n"), "unknown_value", 6, id="echo"),
        pytest.param(
            _rule("    axis: fit\n    points: 1\n    on: {clicked: {color: red}}\n"), "unknown_key", 6, id="part"
        ),
        pytest.param(
            _rule("    axis: fit\n    points: 1\n    when: {temparature: hot}\n"),
            "unknown_condition",
            6,
            id="condition",
        ),
        pytest.param(
            _rule("    axis: engagement\n    points: 1\n    when: {tag: vip}\n"), "fact_form", 6, id="a fact engages"
        ),
        pytest.param(
            _rule("    axis: fit\n    points: 1\n    on: {clicked: {}}\n    limit: {per: moon}\n"),
            "unknown_value",
            7,
            id="limit",
        ),
        pytest.param(
            "rules:\n  - {key: decay, name: x, axis: fit, points: 1, on: {clicked: {}}}\n", "bad_key", 2, id="own key"
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text: str, code: str, line: int) -> None:
    """The code is stable, the line is where a person looks."""
    with pytest.raises(DefinitionError) as caught:
        load(text, "scoring.yaml", FACTS)
    assert [(one.code, one.line, one.file) for one in caught.value.problems] == [(code, line, "scoring.yaml")]


def test_all_findings_come_at_once() -> None:
    """Nobody mends a file line by line."""
    text = "thresholds: {warm: {from: 0}}\nrules:\n  - {key: A b, name: x, axis: up, points: x, on: {clicked: {}}}\n"
    with pytest.raises(DefinitionError) as caught:
        load(text, "f", FACTS)
    assert {"not_a_number", "bad_key", "unknown_value"} <= {one.code for one in caught.value.problems}


def test_two_rules_of_one_key_are_refused() -> None:
    """A key names one rule."""
    one = "  - {key: a, name: x, axis: fit, points: 1, on: {clicked: {}}}\n"
    with pytest.raises(DefinitionError, match="“a” stands here twice"):
        load("rules:\n" + one + one, "f", FACTS)
