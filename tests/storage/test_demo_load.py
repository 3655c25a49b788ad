"""The demo's people come into the house there is, also one that an earlier version began."""

from nurture.capture.store import keep_definitions
from nurture.demo.load import FIELDS, arrive
from nurture.demo.people import made_up, occasions
from nurture.kernel.context import Context
from nurture.leads import store
from nurture.leads.fields import FieldDefinition, FieldType


def test_a_newcomer_has_only_the_fields_that_the_house_knows(context: Context) -> None:
    """A birthday is kept once there is such a field; until then the lead comes without."""
    now, real = context.clock.engine(), context.clock.real()
    today = now.astimezone(context.settings.local_zone).date()
    first, second = [one for one in made_up(60) if "birthday" in occasions(one.email, today)[0]][:2]
    with context.database.write() as conn:
        keep_definitions(conn, FIELDS, now)
        arrive(context, conn, first, now, now, real)
        keep_definitions(conn, [*FIELDS, FieldDefinition("birthday", "Sinh nhật", FieldType.DATE)], now)
        arrive(context, conn, second, now, now, real)
        found = [store.by_email(conn, one.email) for one in (first, second)]
    assert [sorted((one.fields or {}).keys() & {"birthday", "interest"}) for one in found if one] == [
        ["interest"],
        ["birthday", "interest"],
    ]
