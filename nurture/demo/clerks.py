"""The made-up staff at their inbox: they look at replies, honor refusals, and answer who asks for a copy of their data.

Salespeople look at what their own leads wrote; the marketer at what leads that are nobody's wrote, and at requests. The
newest of each is left to whoever tries the demo, and whoever is signed in does their inbox alone.
"""

import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy.engine import Connection, Row

from nurture.consents.requests import DataRequest, RequestKind
from nurture.engine import answering, requests
from nurture.inbound import store
from nurture.kernel.context import Context
from nurture.kernel.errors import NurtureError
from nurture.leads.desk import Hand
from nurture.users.model import Role

LEFT_WAITING = 2
_LOOKS_AFTER = (4.0, 30.0)  # hours
_ANSWERS_AFTER = timedelta(days=2)
_DONE_AFTER = timedelta(days=7)


def look(context: Context, hands: Sequence[Hand]) -> int:
    """One reply of each, and one request, where it is time; gives how much was done."""
    return sum(_reply(context, hand) + _request(context, hand) for hand in hands)


def _reply(context: Context, hand: Hand) -> int:
    with context.database.read() as conn:
        rows, _ = store.replies(conn, hand.person)
    for row in reversed(free(rows, hand)):
        try:
            with context.database.write() as conn:
                _answer(conn, context, hand, row)
        except NurtureError:  # somebody was faster, or the lead is another's by now
            continue
        context.wake.reactions.set()
        return 1
    return 0


def free(rows: Sequence[Row[Any]], hand: Hand) -> list[Row[Any]]:
    """Of the waiting replies, latest first, those that this one looks at now."""
    owner = None if hand.person.role is Role.MARKETER else hand.person.id
    mine = [row for row in rows if row.owner_id == owner]
    return [row for row in mine[LEFT_WAITING:] if row.engine_at + _patience(row) <= hand.now]


def _patience(row: Row[Any]) -> timedelta:
    return timedelta(hours=random.Random(f"patience {row.sender} {row.subject}").uniform(*_LOOKS_AFTER))  # noqa: S311 - a demo


def _answer(conn: Connection, context: Context, hand: Hand, row: Row[Any]) -> None:
    if row.refusal:
        answering.refused(conn, context.keys, hand, row.id)
    else:
        answering.looked(conn, hand, row.lead)


def _request(context: Context, hand: Hand) -> int:
    """Say that it was heard, and later that the copy went."""
    if hand.person.role is not Role.MARKETER:
        return 0
    with context.database.read() as conn:
        found = [one.request for one in requests.opened(conn, hand.person) if one.request.kind is RequestKind.EXPORT]
    newest = max((one.id for one in found), default=0)
    due = [one for one in found if one.id != newest or one.answered_at is None]
    one = next((one for one in due if one.asked_at + _wait(one) <= hand.now), None)
    if one is None:
        return 0
    with context.database.write() as conn:
        (requests.answered if one.answered_at is None else requests.done)(conn, hand, one.public_id)
    return 1


def _wait(one: DataRequest) -> timedelta:
    return _ANSWERS_AFTER if one.answered_at is None else _DONE_AFTER
