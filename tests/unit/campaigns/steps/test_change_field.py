"""The step change_field sets a fact of the lead, checked when the file is."""

from dataclasses import replace
from typing import Any

import pytest

from nurture.campaigns.effects import ChangeField, Go
from nurture.campaigns.reading import Reading
from nurture.campaigns.steps import change_field
from nurture.leads.facts import own
from nurture.leads.model import FieldDefinition, FieldType
from tests.unit.campaigns.ground import moment, reading

OWN = own(
    [
        FieldDefinition("seats", "Seats", FieldType.NUMBER, ()),
        FieldDefinition("plan", "Plan", FieldType.CHOICE, ("Free", "Pro")),
        FieldDefinition("renews", "Renews", FieldType.DATE, ()),
    ]
)


def _reading() -> Reading:
    one = reading()
    return replace(one, facts=one.facts.with_values(OWN))


@pytest.mark.parametrize(
    ("field", "to", "stored", "value"),
    [
        pytest.param("city", " Hà  Nội ", "city", "Hà Nội", id="built in"),
        pytest.param("honorific", "Chị", "honorific", "chị", id="in the form that is stored"),
        pytest.param("city", None, "city", "", id="emptied"),
        pytest.param("language", None, "language", None, id="emptied to nothing"),
        pytest.param("lifecycle", "mql", "lifecycle", "mql", id="the stage"),
        pytest.param("seats", 12, "fields.seats", 12, id="a number of one's own"),
        pytest.param("plan", "Pro", "fields.plan", "Pro", id="one of the choices"),
        pytest.param("renews", "31/12/2026", "fields.renews", "2026-12-31", id="a day"),
        pytest.param("plan", None, "fields.plan", None, id="an own one emptied"),
    ],
)
def test_it_sets_the_value_in_the_form_that_is_stored(field: str, to: Any, stored: str, value: Any) -> None:
    """Built-in facts and own fields alike."""
    one = _reading()
    config = change_field.read(one, {"field": field, "to": to}, "steps[0].change_field")
    assert one.problems == []
    assert change_field.act(config, moment()) == Go(effects=(ChangeField(stored, value),))


@pytest.mark.parametrize(
    ("value", "code", "path"),
    [
        pytest.param({"field": "city"}, "missing_key", "", id="no value"),
        pytest.param({"field": "email", "to": "a@b.vn"}, "not_changeable", ".field", id="an address"),
        pytest.param({"field": "citty", "to": "Huế"}, "unknown_field", ".field", id="no such field"),
        pytest.param({"field": "honorific", "to": "sir"}, "bad_value", ".to", id="no honorific"),
        pytest.param({"field": "lifecycle", "to": "mqll"}, "unknown_value", ".to", id="no stage"),
        pytest.param({"field": "lifecycle", "to": None}, "unknown_value", ".to", id="a stage is never empty"),
        pytest.param({"field": "seats", "to": "many"}, "bad_value", ".to", id="no number"),
        pytest.param({"field": "plan", "to": "Gold"}, "bad_value", ".to", id="none of the choices"),
    ],
)
def test_what_does_not_fit_is_a_finding(value: Any, code: str, path: str) -> None:
    """With its place."""
    one = _reading()
    change_field.read(one, value, "steps[0].change_field")
    assert [(problem.code, problem.path) for problem in one.problems] == [(code, f"steps[0].change_field{path}")]


def test_it_says_what_it_sets() -> None:
    """And what it empties."""
    one = _reading()
    city = change_field.read(one, {"field": "city", "to": "Huế"}, "p")
    plan = change_field.read(one, {"field": "plan", "to": None}, "p")
    assert change_field.describe(city, "vi") == "Đặt “thành phố” là “Huế”"
    assert change_field.describe(plan, "en") == "Empty “Plan”"
