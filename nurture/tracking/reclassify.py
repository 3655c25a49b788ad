"""A newer classifier over kept hits: what it would say of them now. It reads the database; `service.write` keeps it.

Each hit is judged once by a version, so that what was done stands in the hits themselves, and whoever stops goes on
later. A hit of an older version keeps its verdict until then. Of a message with more than MOST hits the rest keep
theirs for good: nobody follows links so often.
"""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.engine import Connection

from nurture.tracking import store
from nurture.tracking.company import Neighbors, Readers, Seen
from nurture.tracking.model import Verdict
from nurture.tracking.service import readers_of
from nurture.tracking.store import Kept, Mail
from nurture.tracking.verdict import VERSION, judge, neighbors_of

MOST = 2_000  # hits of one message
_NO_MAIL = Mail(None, None, "", None, None)


@dataclass(frozen=True, slots=True)
class Again:
    """The hits of some messages as they stand, those judged anew, and what their messages tell."""

    before: dict[int, Kept]
    after: dict[int, Kept]
    mails: dict[int, Mail]


def judge_again(conn: Connection, message_ids: Collection[int], real: datetime, since: datetime | None) -> Again:
    """What the present classifier says of the settled hits of these messages that an older one judged."""
    before = {one.id: one for one in store.every(conn, message_ids, MOST)}
    mails = store.mails(conn, message_ids)
    readers = readers_of(message_ids, mails, store.people_elsewhere(conn, message_ids))
    groups: dict[int, list[Kept]] = defaultdict(list)
    for one in before.values():
        groups[one.hit.message_id].append(one)
    after: dict[int, Kept] = {}
    for message_id, group in sorted(groups.items()):
        neighbors = neighbors_of(one.hit for one in group)
        mail, known = mails.get(message_id, _NO_MAIL), readers[message_id]
        for one in sorted(group, key=lambda one: (one.hit.at, one.id)):
            found = _again(one, neighbors, known, mail, real) if is_outdated(one, since) else None
            if found is not None:
                after[one.id] = found
            if (found or one).verdict is Verdict.HUMAN:
                known.add(Seen.of(one.hit))
    return Again(before, after, mails)


def is_outdated(one: Kept, since: datetime | None) -> bool:
    """Whether an older classifier has said its last word of the hit."""
    return one.settled and (one.version or 0) < VERSION and (since is None or one.hit.at >= since)


def _again(one: Kept, neighbors: Neighbors, known: Readers, mail: Mail, real: datetime) -> Kept:
    said = judge(one.hit, neighbors, real=real, sent_at=mail.sent_at, links=mail.links, readers=known)
    activity_id = one.activity_id if said.verdict == one.verdict else None
    return replace(one, verdict=said.verdict, reasons=said.reasons, activity_id=activity_id, version=VERSION)
