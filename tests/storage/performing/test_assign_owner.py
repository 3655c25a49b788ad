"""The effect AssignOwner gives leads to members of staff."""

import sqlalchemy as sa

from nurture.activities.model import Kind
from nurture.kernel.context import Context
from nurture.leads.tables import leads
from nurture.users.model import Role
from tests.storage.performing.ground import go, lines, told
from tests.storage.selling import person
from tests.storage.ticking import add_leads, rows

OWNERS = sa.select(leads.c.owner_id).order_by(leads.c.id)


def test_a_named_colleague_gets_the_lead(context: Context) -> None:
    """With the line of a change of owner."""
    an, binh = person(context), person(context, name="Binh")
    first, second = add_leads(context, 2)
    with context.database.write() as conn:
        conn.execute(leads.update().where(leads.c.id == second).values(owner_id=binh.id))
    go(context, "assign_owner: {to: Binh@house.example}")
    assert rows(context, OWNERS) == [(binh.id,), (binh.id,)]
    ((lead, _, _, _, detail),) = lines(context, Kind.OWNER_CHANGED)
    assert (lead, detail) == (first, {"before": None, "after": binh.id})
    assert an.id != binh.id


def test_only_if_none_leaves_an_owner(context: Context) -> None:
    """Whoever has one keeps it."""
    an, binh = person(context), person(context, name="Binh")
    (first,) = add_leads(context, 1, owner_id=an.id)
    (second,) = add_leads(context, 1)
    go(context, "assign_owner: {to: binh@house.example, only_if_none: true}")
    assert dict(rows(context, sa.select(leads.c.id, leads.c.owner_id))) == {first: an.id, second: binh.id}


def test_by_rule_the_salespeople_take_turns(context: Context) -> None:
    """A viewer is nobody's turn."""
    people = [person(context, name=name).id for name in ("An", "Binh")]
    person(context, Role.VIEWER, "Vy")
    add_leads(context, 4)
    go(context, "assign_owner: {by: rule}")
    assert [row.owner_id for row in rows(context, OWNERS)] == [people[0], people[1], people[0], people[1]]


def test_nobody_to_give_it_to_is_a_reason(context: Context) -> None:
    """An address that is gone, and no salesperson at all."""
    add_leads(context, 1)
    go(context, "assign_owner: {to: gone@house.example}", "assign_owner: {by: rule}")
    assert rows(context, OWNERS) == [(None,)]
    assert told(context) == [
        ("no", "no_such_owner", {"email": "gone@house.example"}),
        ("no", "no_salesperson", {}),
    ]
