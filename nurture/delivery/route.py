"""How the way out stands: open, or paused with the reason; and what keeps everything in (reads, writes the database).

A route in trouble is left alone for a while, so that a dead relay costs a few attempts and not one for each message.
"""

from datetime import datetime
from typing import Any

from sqlalchemy.engine import Connection, Row

from nurture.delivery import relay_store, state, store
from nurture.delivery.backoff import route_retry_at
from nurture.delivery.model import RouteTrouble
from nurture.delivery.settle import Settled
from nurture.delivery.state import BY_HAND, COMPLAINTS, OPEN, PAUSED
from nurture.kernel import installation
from nurture.kernel.context import Context
from nurture.kernel.i18n import N_, translate
from nurture.messages.model import MessageState

COPIED = "restored_copy"
DEAD_LINKS = "links_unreachable"
NO_SENDER = "sender_failed"

_SENTENCES = {
    COPIED: N_("This database was copied or moved: nothing is sent until it is claimed (nurture instance claim)"),
    DEAD_LINKS: N_(
        "Nothing goes to a relay outside while NURTURE_BASE_URL cannot be opened from there: "
        "every link and every unsubscribe would be dead"
    ),
    NO_SENDER: N_("A sender process cannot start; the log says why (is the disk full?)"),
}
_PEOPLE = {
    BY_HAND: N_("A person paused it"),
    COMPLAINTS: N_("More than three in a thousand called its advertising spam: none goes until somebody lets it go on"),
}


def sentence(reason: str, language: str) -> str:
    """A route's reason for people: the guard's sentence, or what the relay said."""
    known = _SENTENCES | _PEOPLE
    return translate(language, known[reason]) if reason in known else reason


def guard(conn: Connection, ctx: Context) -> str:
    """Why nothing may leave this installation; empty when it may."""
    row = installation.load(conn)
    if row is not None and row.stopped_sending:
        return COPIED
    if not ctx.settings.stays_here and not ctx.settings.links_reach_leads:
        return DEAD_LINKS
    return ""


def is_open(conn: Connection, key: str, real: datetime) -> bool:
    """Whether the route may be tried now."""
    return state.is_open(store.route(conn, key), real)


def is_kept_in(row: Row[Any] | None) -> bool:
    """Whether the route shows that we keep everything in."""
    return row is not None and row.state == PAUSED and row.reason in _SENTENCES


def keep_in(conn: Connection, key: str, reason: str, real: datetime) -> None:
    """Show why we let nothing leave; without a reason the route is open again."""
    row = store.route(conn, key)
    if row is not None and row.held_at is not None:
        return
    stands = PAUSED if reason else OPEN
    if row is None or (row.state, row.reason) != (stands, reason):
        change = {"state": stands, "reason": reason, "since": real, "retry_at": None, "failures": 0, "trouble": None}
        store.set_route(conn, key, change)


def pause(conn: Connection, key: str, by: str, real: datetime) -> None:
    """A person pauses a route; nothing goes by it until a person says so."""
    change = {"state": PAUSED, "reason": BY_HAND, "since": real, "retry_at": None, "held_at": real, "held_by": by}
    relay_store.change(conn, key, change, real)


def resume(conn: Connection, key: str, real: datetime) -> int:
    """A person lets a route go on. Gives how many mails are asked about again.

    One that nobody paused may advertise again, and complaints count anew.
    """
    asked = relay_store.ask_again(conn)  # first what a turn of a sender takes first
    row = store.route(conn, key)
    change: dict[str, Any] = {
        "state": OPEN, "reason": "", "since": real, "retry_at": None, "failures": 0, "trouble": None,
    }  # fmt: skip
    if row is not None and row.held_at is not None:
        change |= {"held_at": None, "held_by": None}
    else:
        change |= {"ads": None, "ads_at": None, "clean_at": real}
    relay_store.change(conn, key, change, real)
    return asked


def _worst(row: Row[Any] | None, trouble: RouteTrouble) -> str:
    """What a pause is about, as long as it lasts."""
    lasting = row is not None and row.state == PAUSED and row.trouble == RouteTrouble.PAUSE.value
    return RouteTrouble.PAUSE.value if lasting else trouble.value


def note(conn: Connection, key: str, settled: Settled, real: datetime) -> None:
    """Open the route when something of a batch went, pause it when there was nothing but trouble."""
    row = store.route(conn, key)
    if row is not None and row.held_at is not None:
        return
    failures = row.failures if row is not None else 0
    went = settled.states[MessageState.SENT.value] > 0
    if settled.trouble is not None and not went:
        if row is not None and row.state == PAUSED and row.retry_at is not None and row.retry_at > real:
            return  # several conversations met the same trouble: one failure
        until = route_retry_at(settled.trouble, failures + 1, real, settled.wait_seconds)
        store.set_route(
            conn,
            key,
            {
                "state": PAUSED,
                "reason": settled.answer,
                "since": row.since if row is not None and row.state == PAUSED else real,
                "retry_at": until,
                "failures": failures + 1,
                "trouble": _worst(row, settled.trouble),
            },
        )
    elif went and row is not None and (row.state != OPEN or row.failures):
        change = {"state": OPEN, "reason": "", "since": real, "retry_at": None, "failures": 0, "trouble": None}
        store.set_route(conn, key, change)
