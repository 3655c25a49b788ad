"""YAML comes out as plain data with its places; what has no place in a definition is refused, with the line."""

import pytest

from nurture.kernel.errors import DefinitionError
from nurture.kernel.yamlfile import MOST, read


def test_data_is_plain_and_places_are_known() -> None:
    """YAML 1.2: times, days and yes are text."""
    found = read("a: 1\nb: [08:00, {c: yes, d: 2026-11-22}]\ne: ~\nf: true\ng: 1.5\nh: 'no'\n", "x.yaml")
    assert found.data == {
        "a": 1,
        "b": ["08:00", {"c": "yes", "d": "2026-11-22"}],
        "e": None,
        "f": True,
        "g": 1.5,
        "h": "no",
    }
    assert found.place("b[1].d") == (2, 21)
    assert found.place("b[1].d.more.of.it") == (2, 21)
    assert found.place("b[7].x") == (2, 1)
    assert found.place("nowhere") == (1, 1)


def test_numbers_that_json_cannot_hold_stay_text() -> None:
    """Neither infinity nor thousands of digits."""
    data = read(f"a: .inf\nb: .nan\nc: 1e999\nd: {'9' * 5000}\ne: 0x1F\nf: 0o17\n", "x.yaml").data
    assert data == {"a": ".inf", "b": ".nan", "c": "1e999", "d": "9" * 5000, "e": 31, "f": 15}


BOMB = "a: &a [1,1,1,1,1,1,1,1,1,1]\n" + "".join(
    f"{new}: &{new} [{','.join([f'*{old}'] * 10)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        pytest.param("a: 1\nb: {c: 1, c: 2}\n", "yaml_double_key", 2, id="a double key"),
        pytest.param("a: 1\nb: !!python/object/apply:os.system [x]\n", "yaml_tag", 2, id="a tag that would run"),
        pytest.param("a: !mine {b: 1}\n", "yaml_tag", 1, id="a tag of one's own"),
        pytest.param("a: &a 1\n<<: *a\n", "yaml_refused", 2, id="a merge key"),
        pytest.param("a: 1\n---\nb: 2\n", "yaml_refused", 2, id="a second document"),
        pytest.param("a: &x [*x]\n", "yaml_refused", 1, id="an alias to itself"),
        pytest.param("a: *nobody\n", "yaml_refused", 1, id="an alias to nothing"),
        pytest.param(BOMB, "yaml_refused", 5, id="a bomb of aliases"),
        pytest.param("[" * 100_000, "yaml_refused", 1, id="endless nesting"),
        pytest.param("1: x\n", "yaml_refused", 1, id="a number as key"),
        pytest.param("? [a]\n: x\n", "yaml_refused", 1, id="a list as key"),
        pytest.param("a: 1\nb: 'x\n", "yaml_syntax", 3, id="an open quote"),
        pytest.param("a: b: c\n", "yaml_syntax", 1, id="two colons"),
        pytest.param("a: 1\n\tb: 2\n", "yaml_syntax", 2, id="a tab"),
        pytest.param("a: \x00\n", "yaml_unreadable", 0, id="a null character"),
        pytest.param("x" * 1_000_001, "yaml_too_large", 0, id="too long"),
    ],
)
def test_what_has_no_place_here_is_refused_with_its_line(text: str, code: str, line: int) -> None:
    """Quickly, and with words for people."""
    with pytest.raises(DefinitionError) as caught:
        read(text, "x.yaml")
    (problem,) = caught.value.problems
    assert (problem.code, problem.line, problem.file) == (code, line, "x.yaml")


@pytest.mark.parametrize("text", [r'a: "\ud800"', r'a: "x\0y"', r'"\0": a'])
def test_an_escape_writes_no_text_that_a_database_refuses(text: str) -> None:
    """Half a character and NUL."""
    with pytest.raises(DefinitionError) as caught:
        read(text, "x.yaml")
    assert caught.value.problems[0].code == "yaml_unreadable"


def test_all_double_keys_are_told_at_once() -> None:
    """Each with the line of the first."""
    with pytest.raises(DefinitionError) as caught:
        read("a: 1\na: 2\nb: 1\nb: 2\n", "x.yaml")
    assert [problem.line for problem in caught.value.problems] == [2, 4]


def test_an_alias_is_a_copy() -> None:
    """Changing one does not change the other."""
    data = read("a: &x {b: 1}\nc: *x\n", "x.yaml").data
    data["a"]["b"] = 2
    assert data["c"] == {"b": 1}


def test_a_large_honest_file_is_read() -> None:
    """Up to the limit."""
    assert len(read("\n".join(f"- {n}" for n in range(MOST - 1)), "x.yaml").data) == MOST - 1
