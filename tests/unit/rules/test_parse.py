"""Reading rules: every finding at once, with its path and the mend."""

from typing import Any

import pytest

from nurture.kernel.errors import DefinitionError, Problem
from nurture.rules.model import DEEPEST, MOST_NODES, Did, Group, Join, names, reads
from nurture.rules.parse import parse
from tests.unit.rules.ask import FACTS


def _problems(data: Any, facts: Any = FACTS) -> list[Problem]:
    with pytest.raises(DefinitionError) as caught:
        parse(data, facts)
    return list(caught.value.problems)


def _nested(depth: int) -> dict[str, Any]:
    return {"tag": "x"} if depth == 0 else {"all": [_nested(depth - 1)]}


def test_all_findings_come_at_once() -> None:
    """Three wrong conditions are three findings, each with its own path."""
    data = {
        "all": [
            {"temprature": "hot"},
            {"clicked": {"within": "30", "mail": "x"}},
            {"none": [{"field": "cty", "is": "a"}]},
        ]
    }
    assert [problem.path for problem in _problems(data)] == [
        "when.all[0].temprature",
        "when.all[1].clicked.mail",
        "when.all[1].clicked.within",
        "when.all[2].none[0].field",
    ]


@pytest.mark.parametrize(
    ("data", "mend"),
    [
        pytest.param({"temprature": "hot"}, "did you mean “temperature”?", id="condition"),
        pytest.param({"temperature": "hott"}, "did you mean “hot”?", id="value"),
        pytest.param({"field": "citty", "is": "a"}, "did you mean “city”?", id="field"),
        pytest.param({"field": "city", "contain": "a"}, "did you mean “contains”?", id="operator"),
        pytest.param({"clicked": {"widthin": "1 day"}}, "did you mean “within”?", id="part"),
        pytest.param({"city": "Huế"}, "write {field: city, is: …}", id="a field as a condition"),
        pytest.param([{"tag": "x"}], "put the list under all: or any:", id="a bare list"),
        pytest.param({"engagement": 30}, "write such as {engagement: {at_least: 30}}", id="a bare number"),
        pytest.param({"tag": "x", "temperature": "hot"}, "write each on its own line under all: or any:", id="two"),
    ],
)
def test_a_finding_says_the_mend(data: Any, mend: str) -> None:
    """What was probably meant, or how it is written."""
    (problem,) = _problems(data)
    assert problem.mend % dict(problem.params) == mend


@pytest.mark.parametrize(
    "data",
    [
        None, "hot", 3, {}, {"all": []}, {"any": {}}, {"none": None}, {"all": [None]}, {"tag": ""}, {"tag": []},
        {"tag": {"a": 1}}, {"tag": "!!!"}, {"clicked": "x"}, {"clicked": {"times": 0}}, {"clicked": {"times": "2"}},
        {"clicked": {"link": ""}}, {"opened": {"link": "/x"}}, {"field": ["city"], "is": "x"}, {"field": "city"},
        {"called": {"email": "x"}}, {"lifecycle": "vip"}, {"owner": 3, "tag": "x"}, {1: 2}, {"field": None},
    ],
    ids=str,
)  # fmt: skip
def test_what_is_no_rule_is_refused(data: Any) -> None:
    """Never an exception of another kind, never an empty list of findings."""
    assert _problems(data)


def test_the_deepest_nesting_is_taken_and_one_more_is_refused() -> None:
    """The limit is as written."""
    parse(_nested(DEEPEST), FACTS)
    (problem,) = _problems(_nested(DEEPEST + 1))
    assert problem.code == "rule_too_deep"


def test_the_largest_rule_is_taken_and_one_more_is_refused_once() -> None:
    """The limit counts every node; a rule far over it is not walked to its end."""
    leaves = [{"tag": "x"}] * (MOST_NODES - 1)
    parse({"any": leaves}, FACTS)
    assert [problem.code for problem in _problems({"any": [*leaves, {"tag": "x"}]})] == ["rule_too_large"]
    shared = {"any": leaves}
    assert [problem.code for problem in _problems({"any": [shared] * 100_000})] == ["rule_too_large"]


def test_several_comparisons_of_one_field_all_hold() -> None:
    """`at_least` and `at_most` side by side make a range."""
    rule = parse({"engagement": {"at_least": 30, "at_most": 69}}, FACTS)
    assert isinstance(rule, Group)
    assert rule.join is Join.ALL


def test_an_activity_without_parts_asks_for_any() -> None:
    """`{clicked: {}}` and `{clicked: }` are the same."""
    assert parse({"clicked": {}}, FACTS) == parse({"clicked": None}, FACTS)
    rule = parse({"sent": {"email": ["a", "b"], "times": 2}}, FACTS)
    assert isinstance(rule, Did)
    assert (rule.kind, rule.emails, rule.times) == ("message_sent", ("a", "b"), 2)


def test_names_are_checked_where_it_is_known_what_exists() -> None:
    """Without that knowledge any name is taken."""
    data = {"all": [{"segment": "new_lead"}, {"opened": {"email": "helo"}}]}
    parse(data, FACTS)
    problems = _problems(data, FACTS.knowing(segment=["new_leads"], email=["hello"]))
    assert [problem.code for problem in problems] == ["unknown_segment", "unknown_email"]
    assert dict(problems[0].params)["near"] == "new_leads"


def test_a_rule_says_what_it_reads_and_names() -> None:
    """So that a change re-examines only what it can change."""
    rule = parse(
        {
            "all": [
                {"tag": "VIP"},
                {"any": [{"sent": {"email": "hello"}}, {"segment": "new"}]},
                {"fit": {"at_least": 1}},
            ]
        },
        FACTS,
    )
    assert reads(rule) == {"tag", "message_sent", "segment", "fit"}
    assert names(rule) == {("tag", "vip"), ("email", "hello"), ("segment", "new")}
