"""Own fields: what a column holds, and what one value is."""

from typing import Any

import pytest

from nurture.leads.fields import MOST_CHOICES, Inference, day, number, typed, typed_all, yes_no
from nurture.leads.model import FieldDefinition, FieldType


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12), ("-3", -3), ("0", 0), ("2.5", 2.5), ("12,5", 12.5), ("1.234.567", 1234567), ("1,234", 1234),
        ("1,234.5", 1234.5), ("1.234.567,25", 1234567.25), ("012", None), ("0901234567", None), ("1e5", None),
        ("12a", None), ("", None), ("1" * 16, None), ("NaN", None), ("∞", None),
    ],
)  # fmt: skip
def test_numbers_in_both_ways_of_writing(text: str, value: float | None) -> None:
    """A leading zero makes a code of it, and codes are text."""
    assert number(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2026-05-17", "2026-05-17"), ("17/5/2026", "2026-05-17"), ("17-05-2026", "2026-05-17"),
        ("2026-05-17 08:30:00", "2026-05-17"), ("31/02/2026", None), ("5/17/2026", None), ("today", None),
    ],
)  # fmt: skip
def test_dates_have_the_day_first(text: str, value: str | None) -> None:
    """As Vietnam writes them; a day that does not exist is none."""
    assert day(text) == value


@pytest.mark.parametrize(
    ("text", "value"), [("Có", True), ("không", False), ("YES", True), ("no", False), ("1", True), ("maybe", None)]
)
def test_yes_and_no_in_both_languages(text: str, value: bool | None) -> None:
    """And nothing else."""
    assert yes_no(text) is value


@pytest.mark.parametrize(
    ("values", "kind", "choices"),
    [
        (["Yes", "No", ""], FieldType.YES_NO, ()),
        (["0", "1", "1"], FieldType.NUMBER, ()),
        (["1", "2,5", ""], FieldType.NUMBER, ()),
        (["2026-05-17", "18/05/2026"], FieldType.DATE, ()),
        (["b", "a", "a", "b", "a", "b"], FieldType.CHOICE, ("a", "b")),
        (["a", "b", "c"], FieldType.TEXT, ()),
        (["a"] * 9, FieldType.TEXT, ()),
        ([f"v{n}" for n in range(MOST_CHOICES + 1)] * 5, FieldType.TEXT, ()),
        (["x" * 100, "y" * 100] * 5, FieldType.TEXT, ()),
        ([*["1"] * 50, "n/a"], FieldType.CHOICE, ("1", "n/a")),
        ([], FieldType.TEXT, ()),
        (["", ""], FieldType.TEXT, ()),
    ],
)  # fmt: skip
def test_a_type_is_one_that_every_value_has(values: list[str], kind: FieldType, choices: tuple[str, ...]) -> None:
    """One misfit makes it text, or a choice when there are few."""
    one = Inference()
    one.add(values)
    assert one.result() == (kind, choices)


def test_a_type_does_not_depend_on_how_values_arrive() -> None:
    """One at a time or all at once."""
    values = [*[str(n) for n in range(200)], "late misfit"]
    one, whole = Inference(), Inference()
    for value in values:
        one.add([value])
    whole.add(values)
    assert one.result() == whole.result()
    assert len(one.distinct) <= MOST_CHOICES + 1


@pytest.mark.parametrize(
    ("kind", "value", "kept"),
    [
        (FieldType.NUMBER, "12", 12), (FieldType.NUMBER, 12, 12), (FieldType.NUMBER, "x", None),
        (FieldType.YES_NO, True, True), (FieldType.DATE, "17/05/2026", "2026-05-17"),
        (FieldType.CHOICE, "a", "a"), (FieldType.CHOICE, "c", None), (FieldType.TEXT, " x\n y ", "x y"),
    ],
)  # fmt: skip
def test_a_value_has_its_fields_type_or_is_none(kind: FieldType, value: Any, kept: Any) -> None:
    """JSON holds numbers as numbers and dates as text."""
    assert typed(FieldDefinition("f", "F", kind, ("a", "b")), value) == kept


def test_every_misfit_is_named() -> None:
    """Unknown fields too; a blank blanks."""
    definitions = {"size": FieldDefinition("size", "Size", FieldType.NUMBER)}
    values, problems = typed_all(definitions, {"size": "", "other": "x"})
    _, misfits = typed_all(definitions, {"size": "big"})
    assert values == {"size": None}
    assert [problem.path for problem in (*problems, *misfits)] == ["fields.other", "fields.size"]
