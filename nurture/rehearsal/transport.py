"""Handing over on the stage: each message goes through the real go, its words are made; nothing leaves (I/O).

A letter that could not be written out ends as it would in a sender: skipped, with the field that is missing.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.delivery import store
from nurture.delivery.go import LEASE, go
from nurture.delivery.letter import Letter, Letterhead, failed, rehearse
from nurture.delivery.model import Phase, Report
from nurture.delivery.settle import settle
from nurture.kernel.context import Context
from nurture.kernel.reasons import Reason
from nurture.messages import store as message_store
from nurture.messages.model import Compiled
from nurture.messages.personalize import Personalizer, TemplateFailure
from nurture.messages.tables import messages

SENDER = "rehearsal"
MOST = 1000  # letters in one go: nobody waits for the stage
_MADE = messages.update().where(messages.c.id == sa.bindparam("which")).values(values_=sa.bindparam("made"))


class Recorder:
    """Takes what would leave. It knows each template once it was needed."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._known: dict[int, Personalizer | str] = {}
        self.links: dict[int, tuple[str, ...]] = {}  # targets as the author wrote them, by template revision

    def hand_over(self) -> list[Letter]:
        """Let everything go that may go now; gives the letters that would have left."""
        ctx = self._ctx
        gone: list[Letter] = []
        now, real = ctx.clock.engine(), ctx.clock.real()
        while True:
            with ctx.database.read() as conn:
                if not store.anything_waits(conn, now, real, ctx.database.now(conn)):
                    return gone
            with ctx.database.write() as conn:
                at = ctx.database.now(conn)
                times = {"now": now, "real": real, "at": at}
                ids = store.reserve(conn, SENDER, MOST, lease=LEASE, **times)
                letters = go(conn, ctx, SENDER, ids, at=at, most=MOST)
                for revision in {one.template for one in letters} - self._known.keys():
                    self._learn(revision, message_store.compiled(conn, revision))
                gone += self._settle(conn, letters)
            if not ids:
                return gone

    def _learn(self, revision: int, compiled: Compiled | None) -> None:
        try:
            self._known[revision] = Personalizer(compiled) if compiled is not None else "unknown template"
        except TemplateFailure as error:
            self._known[revision] = str(error)
        self.links[revision] = compiled.links if compiled is not None else ()

    def _settle(self, conn: Connection, letters: Sequence[Letter]) -> list[Letter]:
        reports, left = [], []
        for one in letters:
            no = self._refusal(one)
            if no is None:
                left.append(one)
            reports.append(no or Report(one.message_id, one.fence, Phase.ANSWERED, 250, "2.0.0", SENDER))
        settle(conn, self._ctx, SENDER, SENDER, reports)
        _keep(conn, left)
        return left

    def _refusal(self, letter: Letter) -> Report | None:
        """Why a sender would not have written it."""
        personalizer = self._known[letter.template]
        if isinstance(personalizer, str):
            return failed(letter, Reason.TEMPLATE_ERROR, {"error": personalizer[:300]})
        settings = self._ctx.settings
        return rehearse(letter, personalizer, Letterhead(self._ctx.keys, settings.base_url, settings.bounce_address))


def _keep(conn: Connection, letters: Sequence[Letter]) -> None:
    """What they were made with, which a sent mail does not keep: it is shown afterwards."""
    if letters:
        conn.execute(_MADE, [{"which": one.message_id, "made": dict(one.values)} for one in letters])
