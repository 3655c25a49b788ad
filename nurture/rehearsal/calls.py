"""Webhooks and text messages on the stage: each takes its last look, then counts as taken; nothing leaves (I/O).

One after the other in the order in which they are due, so that the same seed gives the same answer.
"""

from nurture.engine.calling import judge
from nurture.kernel.context import Context
from nurture.outbound import service, store
from nurture.outbound.model import Answer, Stage

HOLDER = "rehearsal"
_TAKEN = Answer(Stage.ANSWERED, 200, HOLDER)
_AT_ONCE = 500


class Taker:
    """Whatever would be called: it says yes at once."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._judge = judge(ctx)

    def hand_over(self) -> int:
        """Let everything go that may go now; gives how many calls were looked at."""
        ctx, total = self._ctx, 0
        now, real = ctx.clock.engine(), ctx.clock.real()
        while True:
            with ctx.database.read() as conn:
                if not store.is_any_due(conn, now=now, real=real, at=ctx.database.now(conn)):
                    return total
            with ctx.database.write() as conn:
                at = ctx.database.now(conn)
                looked, calls = service.let_go(
                    conn, self._judge, HOLDER, now=now, real=real, at=at, limit=_AT_ONCE
                )  # fmt: skip
                for call in calls:
                    service.settle(conn, call, _TAKEN, repeats=True, now=now, real=real, jitter=0.0)
            if not looked:
                return total
            total += looked
