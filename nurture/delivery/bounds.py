"""What the law and the leads' own wishes say at one go, besides campaign and house (reads the database).

The law's cap is one of the address, not of the lead: whoever shares an address shares its cap. What went before the
address was kept beside the message counts for its lead.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.engine import Connection

from nurture.consents.model import Purpose, Standing, Word
from nurture.delivery import turn_store
from nurture.messages.model import MessageClass
from nurture.policy.law import DAY, UNBOUND, Bounds, Law, agreed_cap


def is_advertising(row: Any) -> bool:
    """Whether the message advertises to a lead."""
    return row.user_id is None and row.lead_id is not None and row.class_ == MessageClass.ADVERTISING.value


class Limits:
    """Asked for each message of a go, after the quotas of their addresses are locked."""

    def __init__(self, conn: Connection, law: Law, rows: Sequence[Any], hashes: Collection[str], now: datetime):
        self._law = law
        self._now = now
        self._went: dict[str, list[datetime]] = defaultdict(list)
        self._before: dict[int, list[datetime]] = defaultdict(list)
        ours = [row for row in rows if is_advertising(row)]
        if not ours:
            return
        lead_ids = sorted({row.lead_id for row in ours})
        for address_hash, lead_id, at in turn_store.advertised(conn, hashes, lead_ids, now - DAY):
            if address_hash is None:
                self._before[lead_id].append(at)
            else:
                self._went[address_hash].append(at)

    def of(self, row: Any, address_hash: str, stands: Standing, words: Mapping[Purpose, Word]) -> Bounds:
        """What bounds this message; nothing where it goes to staff."""
        if row.user_id is not None:
            return UNBOUND
        pause = stands.paused(row.class_, self._now)
        if not is_advertising(row):
            return Bounds(pause=pause)
        word = words.get(Purpose.ADVERTISING)
        figure = word.per_day if word is not None and word.given else None
        gone = (*self._went[address_hash], *self._before[row.lead_id])
        cap = agreed_cap(self._law.ad_cap, figure)
        return Bounds(cap, gone, pause=pause, law=self._law.key, agreed=figure is not None)

    def has_none(self, row: Any, address_hash: str) -> bool:
        """Whether nothing went that counts."""
        return not self._went.get(address_hash) and not self._before.get(row.lead_id)

    def count(self, row: Any, address_hash: str) -> None:
        """This one goes, and counts for those asked about after it."""
        if is_advertising(row):
            self._went[address_hash].append(self._now)
