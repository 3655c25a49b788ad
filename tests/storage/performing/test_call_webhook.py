"""A webhook is written with the move of its enrollment, once."""

import json

import pytest
import sqlalchemy as sa

from nurture.engine.tick import tick
from nurture.enrollments.tables import enrollments
from nurture.kernel.context import Context
from nurture.leads.tables import leads
from tests.storage.outbound.calling import SEGMENTS, calls, hook
from tests.storage.ticking import add_leads, apply, places

HOSTILE = 'Hạnh"}, "x": {{ 7 * 7 }}\r\nX-Evil: 1'


def test_the_document_is_kept_as_the_lead_is_now(context: Context) -> None:
    """With what makes it one call; the lead goes straight on."""
    (lead,) = add_leads(context, 1, name=HOSTILE, city="Huế", phone="+84901234567")
    apply(context, hook("https://crm.example.vn/hooks"), segments=SEGMENTS)
    tick(context)
    ((kind, cause, name, host, target, body, state),) = calls(
        context, "kind", "cause", "name", "host", "target", "body", "state"
    )
    assert (kind, name, host, state) == ("webhook", "crm", "crm.example.vn", "queued")
    assert (cause, target) == ("enrollment:1/crm/1", "https://crm.example.vn/hooks")
    data = json.loads(body)["data"]
    assert data["lead"]["name"] == HOSTILE
    assert (data["lead"]["city"], data["campaign"], data["step"]) == ("Huế", "tell", "crm")
    assert places(context, "state", "reason") == [("completed", "done")]
    assert lead


def test_a_second_look_finds_it_done(context: Context) -> None:
    """Whatever makes the step be asked again: the cause is the same."""
    add_leads(context, 3)
    apply(context, hook("https://crm.example.vn/hooks", wait="{within: 1 day}"), segments=SEGMENTS)
    tick(context)
    first = calls(context, "cause", "body", "webhook_id")
    with context.database.write() as conn:
        conn.execute(leads.update().values(city="Vinh"))
        conn.execute(enrollments.update().values(due_at=context.clock.engine()))
    tick(context)
    assert calls(context, "cause", "body", "webhook_id") == first
    assert len(first) == 3


@pytest.mark.parametrize("count", [3, 30])
def test_the_number_of_statements_does_not_grow(context: Context, count: int) -> None:
    """As many for thirty leads as for three."""
    add_leads(context, count)
    apply(context, hook("https://crm.example.vn/hooks"), segments=SEGMENTS)
    inserts: list[str] = []
    sa.event.listen(context.database.engine, "before_cursor_execute", lambda *a: inserts.append(a[2]))
    tick(context)
    assert len([one for one in inserts if "INTO outbox" in one]) == 1
