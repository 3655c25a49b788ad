"""A broadcast is read out of plain data, with every finding at once, and written back the same."""

from typing import Any

import pytest

from nurture.broadcasts.model import At, Definition, Local, Now, Otherwise, Past, to_data
from nurture.broadcasts.reading import from_data, read_broadcast
from nurture.kernel.yamlfile import Source
from nurture.segments.store import built_in

PLAIN = {"key": "tet", "name": "Ưu đãi Tết", "segment": "customers", "email": "offer"}
TESTED = {
    "key": "tet",
    "name": "Tết",
    "segment": "customers",
    "variants": [{"email": "offer"}, {"email": "offer", "subject": {"vi": "Chỉ hôm nay", "en": "Today only"}}],
    "test": {"share": "12.5%", "after": "4 hours", "otherwise": "first", "confidence": "99%"},
}


def _read(data: Any) -> tuple[Definition | None, list[str]]:
    facts = built_in().knowing(segment=["customers"])
    found, problems = read_broadcast(Source("", "", data, {}), facts, {"offer": ["vi"], "other": ["vi", "en"]})
    return found, [f"{one.code} {one.path}" for one in problems]


def test_what_is_not_said_is_as_usual() -> None:
    """Now, as advertising of the house, behind campaigns; a fifth of the audience may get nothing."""
    found, problems = _read(PLAIN)
    assert problems == []
    assert found is not None
    assert (found.when, found.sending.class_, found.sending.priority, found.drop) == (Now(), "advertising", 8, 0.2)
    assert (found.variants[0].email, found.test) == ("offer", None)


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"when": {"at": "2026-12-01 08:00"}},
        {"when": {"local": "2026-12-01 08:00", "past": "now"}},
        {"sending": {"class": "care", "from": "owner", "window": {"days": "mon-sat", "from": "08:00", "to": "20:00"},
                     "cap": "3 in 7 days", "priority": 9}},
        {"drop": "5%"},
    ],
    ids=["plain", "at", "local", "sending", "drop"],
)  # fmt: skip
def test_what_was_read_is_written_back_the_same(more: dict[str, Any]) -> None:
    """As data for a file, and out of the database."""
    found, problems = _read({**PLAIN, **more})
    assert problems == []
    assert found is not None
    assert from_data(to_data(found), built_in()) == found


def test_a_test_is_read_and_written_back() -> None:
    """Shares, span, what happens without a winner, subjects by language."""
    found, problems = _read(TESTED)
    assert problems == []
    assert found is not None
    assert found.test is not None
    assert (found.test.share, found.test.confidence, found.test.otherwise) == (0.125, 0.99, Otherwise.FIRST)
    assert [one.key for one in found.variants] == ["a", "b"]
    assert to_data(found)["test"] == TESTED["test"]
    assert from_data(to_data(found), built_in()) == found


def test_times_are_wall_times() -> None:
    """At one of the house, or at one of each lead."""
    at, _ = _read({**PLAIN, "when": {"at": "2026-12-01 08:00"}})
    local, _ = _read({**PLAIN, "when": {"local": "2026-12-01 08:00"}})
    assert at is not None
    assert local is not None
    assert isinstance(at.when, At)
    assert isinstance(local.when, Local)
    assert (at.when.wall.hour, at.when.wall.tzinfo, local.when.past) == (8, None, Past.NEXT_DAY)


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        ({"segment": None}, "no_audience segment"),
        ({"missed": "first"}, "no_audience segment"),
        ({"segment": "nobody"}, "unknown_segment segment"),
        ({"email": None}, "no_email email"),
        ({"email": "ofer"}, "unknown_email email"),
        ({"email": None, "variants": []}, "bad_variants variants"),
        ({"email": None, "variants": [{"email": "offer"}, {"email": "other"}]}, "no_test test"),
        ({"test": {"share": "20%", "after": "1 hour"}}, "one_variant variants"),
        ({"when": "soon"}, "not_a_mapping when"),
        ({"when": {"at": "2026-12-01 25:00"}}, "bad_moment when.at"),
        ({"when": {"at": "2026-12-01 08:00+07:00"}}, "bad_moment when.at"),
        ({"when": {"at": "2026-12-01 08:00", "local": "2026-12-01 08:00"}}, "no_time when"),
        ({"drop": "a lot"}, "bad_share drop"),
        ({"drop": "120%"}, "bad_share drop"),
        ({"sending": {"class": "spam"}}, "unknown_value sending.class"),
        ({"colour": "red"}, "unknown_key colour"),
        ({"key": "Tết"}, "bad_key key"),
    ],
)
def test_each_finding_has_its_place(change: dict[str, Any], finding: str) -> None:
    """And the definition is none."""
    data = {key: value for key, value in {**PLAIN, **change}.items() if value is not None}
    found, problems = _read(data)
    assert found is None
    assert finding in problems


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        ({"when": {"local": "2026-12-01 08:00"}}, "test_and_local when"),
        ({"variants": [{"email": "offer"}, {"email": "offer"}]}, "same_variants variants"),
        ({"variants": [{"email": "offer"}] * 5}, "bad_variants variants"),
        ({"test": {"share": "95%", "after": "1 hour"}}, "bad_share test.share"),
        ({"test": {"share": "20%", "after": "soon"}}, "bad_span test.after"),
        ({"test": {"share": "20%"}}, "missing_key test"),
    ],
)
def test_what_does_not_go_together_is_refused(change: dict[str, Any], finding: str) -> None:
    """Of a test."""
    found, problems = _read({**TESTED, **change})
    assert found is None
    assert finding in problems


@pytest.mark.parametrize("data", [None, [], "text", 7, {"key": 1, "name": 2, "segment": 3, "email": 4, "when": 5}])
def test_whatever_is_given_is_a_finding_and_no_failure(data: Any) -> None:
    """A definition out of a hostile file."""
    found, problems = _read(data)
    assert found is None
    assert problems
