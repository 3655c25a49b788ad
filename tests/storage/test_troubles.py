"""What needs a person comes in one query."""

from datetime import timedelta

from nurture.delivery.tables import routes
from nurture.engine.troubles import Troubles, troubles
from nurture.kernel.context import Context


def test_every_paused_route_is_named_and_nothing_else(context: Context) -> None:
    """With none the counts are there all the same."""
    now = context.clock.engine()
    with context.database.write() as conn:
        assert troubles(conn, now, now - timedelta(hours=4)) == Troubles({}, 0, "", 0, 0)
        rows = [("a", "paused", "down"), ("b", "open", ""), ("c", "paused", "refused")]
        names = ("key", "state", "reason")
        conn.execute(routes.insert(), [dict(zip(names, row, strict=True)) | {"since": now} for row in rows])
        assert troubles(conn, now, now).routes == {"a": "down", "c": "refused"}
