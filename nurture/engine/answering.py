"""What people do about replies: look at one, write down the refusal in it, put strange mail away. With its rights.

It uses the database, in the caller's write transaction. Looking lets automatic mail go again; a refusal is written down
with the lead's own words as its proof.
"""

from typing import Any

from sqlalchemy.engine import Connection, Row

from nurture.alerts import replies as alerts
from nurture.consents.model import Method
from nurture.inbound import store
from nurture.inbound.model import Handling
from nurture.inbound.refusing import No, refuse
from nurture.kernel.errors import ForbiddenError, NotFoundError
from nurture.kernel.i18n import N_
from nurture.kernel.signing import KeyRing
from nurture.leads import desk, replies
from nurture.leads.desk import Hand
from nurture.users import service as staff


def looked(conn: Connection, hand: Hand, public_id: str) -> bool:
    """Somebody has looked at what this lead wrote: its alerts are done, mail may go. False when nothing waited."""
    lead = desk.take(conn, hand.person, public_id)
    waited = replies.mark_looked(conn, hand, public_id)
    seen = store.handle_of_lead(conn, lead.id, Handling.SEEN, now=hand.now, actor=hand.person.actor)
    alerts.looked(conn, [lead.id], now=hand.now, actor=hand.person.actor)
    return bool(waited or seen)


def refused(conn: Connection, keys: KeyRing, hand: Hand, return_id: int) -> Row[Any]:
    """The reply says no: written down with its words as proof, and looked at. Gives the reply."""
    row = _reply(conn, hand, return_id)
    lead = desk.take(conn, hand.person, row.lead)
    known = [row.address_hash, keys.address_hash(lead.email) if lead.email else ""]
    no = No(
        lead.id, tuple(dict.fromkeys(one for one in known if one)), f"return:{row.id}", Method.REPLY,
        row.refusal or row.text or row.subject, row.message_id, actor=hand.person.actor,
    )  # fmt: skip
    refuse(conn, [no], now=hand.now, real=hand.real)
    desk.audit(conn, hand, lead, "lead.refusal_by_reply", {"return": row.id})
    looked(conn, hand, row.lead)
    return row


def put_away(conn: Connection, hand: Hand, return_id: int, state: Handling) -> bool:
    """Mail that belongs to nobody here is kept or ignored; for administrators. False when somebody was faster."""
    if not hand.person.may_administer:
        raise ForbiddenError(N_("Only administrators decide about mail that belongs to nobody"))
    if store.one(conn, return_id, hand.person) is None:
        raise NotFoundError(N_("There is no such mail"))
    done = bool(store.handle(conn, [return_id], state, now=hand.now, actor=hand.person.actor))
    if done:
        staff.note(conn, actor=hand.person.actor, action=f"return.{state.value}", subject=f"return:{return_id}",
                   at=hand.real, detail={})  # fmt: skip
    return done


def _reply(conn: Connection, hand: Hand, return_id: int) -> Row[Any]:
    row = store.one(conn, return_id, hand.person)
    if row is None or row.lead is None:
        raise NotFoundError(N_("There is no such mail"))
    return row
