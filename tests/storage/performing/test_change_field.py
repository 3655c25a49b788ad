"""The effect ChangeField sets facts of leads."""

import sqlalchemy as sa

from nurture.activities.model import Kind
from nurture.kernel.context import Context
from nurture.leads.tables import companies, field_definitions, leads
from tests.storage.performing.ground import go, lines
from tests.storage.ticking import add_leads, rows


def test_a_built_in_fact_is_set_with_what_follows_from_it(context: Context) -> None:
    """Folded beside the original, found by search; what is so already has no line."""
    first, second = add_leads(context, 2)
    with context.database.write() as conn:
        conn.execute(leads.update().where(leads.c.id == second).values(city="Huế", city_folded="hue"))
    go(context, "change_field: {field: city, to: Huế}", "change_field: {field: company, to: An Phát}")
    found = rows(context, sa.select(leads.c.city_folded, leads.c.search_text, leads.c.company_id).order_by(leads.c.id))
    assert [row.city_folded for row in found] == ["hue", "hue"]
    assert found[0].search_text == "lead1@example.vn an phat"
    assert found[0].company_id == found[1].company_id == rows(context, sa.select(companies.c.id))[0].id
    changed = [(lead_id, detail["fields"]) for lead_id, _, _, _, detail in lines(context, Kind.UPDATED)]
    assert changed == [
        (first, {"city": ["", "Huế"]}),
        (first, {"company": ["", "An Phát"]}),
        (second, {"company": ["", "An Phát"]}),
    ]


def test_an_own_field_is_typed_and_emptied(context: Context) -> None:
    """A number is kept as a number; null takes it away."""
    (lead,) = add_leads(context, 1, fields={"plan": "old", "~": {}})
    with context.database.write() as conn:
        for position, (key, kind) in enumerate([("seats", "number"), ("plan", "text")]):
            row = {"key": key, "label": key, "type": kind, "choices": [], "position": position}
            conn.execute(field_definitions.insert().values(**row, created_at=context.clock.engine()))
    go(context, "change_field: {field: seats, to: 12}", "change_field: {field: plan, to: null}")
    assert rows(context, sa.select(leads.c.fields))[0].fields == {"seats": 12}
    assert [detail["fields"] for *_, detail in lines(context, Kind.UPDATED)] == [
        {"fields.seats": [None, 12]},
        {"fields.plan": ["old", None]},
    ]
    assert lines(context, Kind.UPDATED)[0][0] == lead


def test_the_lifecycle_stage_is_set(context: Context) -> None:
    """Forward or back, with a line of its own kind."""
    (lead,) = add_leads(context, 1, lifecycle="sql")
    go(context, "change_field: {field: lifecycle, to: mql}")
    assert rows(context, sa.select(leads.c.lifecycle))[0].lifecycle == "mql"
    detail = {"before": "sql", "after": "mql"}
    assert lines(context, Kind.LIFECYCLE_CHANGED) == [
        (lead, "lifecycle_changed", "enrollment:1/step0/1", "hello", detail)
    ]


def test_a_new_name_brings_its_given_name(context: Context) -> None:
    """As a person's change does, unless the given name was written by hand."""
    add_leads(context, 1, name="Mai", given_name="Mai")
    go(context, "change_field: {field: name, to: Trần Thị Lan}")
    row = rows(context, sa.select(leads.c.name, leads.c.given_name, leads.c.name_folded))[0]
    assert tuple(row) == ("Trần Thị Lan", "Lan", "tran thi lan")
