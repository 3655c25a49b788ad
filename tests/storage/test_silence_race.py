"""A silence that ends while an enrollment is looked at is not waited for."""

from typing import Any

from sqlalchemy import event

from nurture.engine.leave import examine
from nurture.engine.tick import tick
from nurture.kernel.context import Context
from nurture.leads.tables import leads
from tests.storage.ticking import HELLO, add_leads, apply, mails, places, publish_emails


def test_mail_let_go_between_the_look_and_the_claim_goes_at_once(context: Context) -> None:
    """The reaction found nobody held, so that nothing would wake the lead for a week."""
    publish_emails(context, "hello", "again")
    (lead,) = add_leads(context, 1, paused_at=context.clock.engine())
    apply(context, HELLO)
    done: list[bool] = []

    def let_go(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if done or "paused_at" not in statement or "opportunities" not in statement:
            return
        done.append(True)
        with context.database.write() as conn:
            conn.execute(leads.update().values(paused_at=None))
            examine(conn, [lead], context.clock.engine(), context.clock.real())

    event.listen(context.database.engine, "after_cursor_execute", let_go)
    tick(context)
    event.remove(context.database.engine, "after_cursor_execute", let_go)
    assert done
    assert places(context, "held") == [(None,)]
    tick(context)
    assert mails(context, "state") == [("queued",)]
