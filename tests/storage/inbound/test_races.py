"""Several who are told the same at once: it counts once, and nobody waits for ever."""

import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import event

from nurture.activities.tables import activities
from nurture.consents.tables import suppressions
from nurture.delivery.bounce import BounceReason
from nurture.engine.merging import merge
from nurture.inbound.model import Return, What
from nurture.inbound.tables import returns
from nurture.kernel.context import Context
from nurture.leads.tables import leads
from nurture.messages.tables import messages
from tests.storage.inbound.ground import rows, sent, tell, told


@pytest.mark.postgres
def test_what_several_are_told_at_once_counts_once(several: Context) -> None:
    """Each in an order of its own; without a deadlock."""
    sent(several, 12)
    every: list[Return] = []
    for number in range(1, 13):
        gone = {"reason": BounceReason.NO_SUCH_USER, "status": "5.1.1"}
        every += [
            told(several, What.DELIVERED, f"{number}d", message_id=number),
            told(several, What.BOUNCED, f"{number}b", message_id=number, **gone),
            told(several, What.COMPLAINED, f"{number}c", message_id=number),
            told(several, What.REPLIED, f"{number}r", message_id=number, sender=f"lead{number}@example.com", text="?"),
        ]

    def one(seed: int) -> int:
        mine = list(every)
        random.Random(seed).shuffle(mine)
        return sum(tell(several, *mine[start : start + 8]).new for start in range(0, len(mine), 8))

    with ThreadPoolExecutor(4) as pool:
        counted = list(pool.map(one, range(4)))
    assert sum(counted) == len(rows(several, returns)) == len(every)
    kinds = [row.kind for row in rows(several, activities)]
    assert {kind: kinds.count(kind) for kind in kinds} == {"message_bounced": 12, "complained": 12, "replied": 12}
    assert len(rows(several, suppressions)) == 24
    assert {row.state for row in rows(several, messages)} == {"bounced"}


@pytest.mark.postgres
def test_what_came_back_while_its_lead_was_merged_is_the_winners(several: Context) -> None:
    """Whose it is is looked up once the lead is held: nothing is silent about somebody who is no more."""
    sent(several, 2)
    now, real = several.clock.engine(), several.clock.real()
    done: list[bool] = []

    def look(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not done and "FROM leads" in statement and "FOR NO KEY UPDATE" in statement:
            done.append(True)
            with several.database.write() as conn:
                merge(conn, several.keys, 1, 2, now=now, real=real, actor="cli")

    event.listen(several.database.engine, "before_cursor_execute", look)
    tell(several, told(several, What.REPLIED, message_id=1, sender="lead1@example.com", text="Giá bao nhiêu?"))
    event.remove(several.database.engine, "before_cursor_execute", look)
    assert done
    assert [row.lead_id for row in rows(several, activities) if row.kind == "replied"] == [2]
    assert [(row.id, row.replied_at is not None) for row in rows(several, leads)] == [(1, False), (2, True)]
