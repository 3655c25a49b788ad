"""Several who are told the same at once: it counts once, and nobody waits for ever."""

import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from nurture.activities.tables import activities
from nurture.consents.tables import suppressions
from nurture.delivery.bounce import BounceReason
from nurture.inbound.model import Return, What
from nurture.inbound.tables import returns
from nurture.kernel.context import Context
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
