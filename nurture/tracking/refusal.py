"""The lead's way out: what the unsubscribe page shows and what its buttons do. It loads, decides and saves.

A token carries the keyed hash of the address it was sent to, so that a no is heard when message and lead are gone. GET
shows, POST acts (RFC 8058). Saying it twice changes nothing. Changing one's mind takes back the lead's own no only.
"""

from dataclasses import dataclass

from sqlalchemy.engine import Connection

from nurture.consents import service as consents
from nurture.consents import store as standings
from nurture.consents.model import Channel, Method, Purpose, SuppressionReason
from nurture.consents.service import Said
from nurture.kernel.context import Context
from nurture.kernel.reasons import Reason
from nurture.messages import links
from nurture.messages import service as messages
from nurture.messages.model import MessageClass
from nurture.tracking import store
from nurture.tracking.store import Addressee

_PROOF = "The lead chose on the unsubscribe page of message %d to receive email again."


@dataclass(frozen=True, slots=True)
class Refusal:
    """What the page shows: the address masked (empty when not known), and whether it is refused now."""

    masked: str
    refused: bool
    language: str | None = None  # of the mail the link stood in


def look(ctx: Context, token: str) -> Refusal | None:
    """What the page shows on GET; None for a token that is not ours. Changes nothing."""
    said = links.read_unsubscribe(ctx.keys, token)
    if said is None:
        return None
    with ctx.database.read() as conn:
        return _shown(ctx, conn, said, store.addressee(conn, said.message_id, said.lead_id))


def unsubscribe(ctx: Context, token: str, *, via: str = "page", ip: str | None = None) -> Refusal | None:
    """The lead says no. `via` is `page`, or `one_click` when the mail program did it for them (RFC 8058)."""
    said = links.read_unsubscribe(ctx.keys, token)
    if said is None:
        return None
    with ctx.database.write() as conn:
        addressee = store.addressee(conn, said.message_id, said.lead_id)
        how = _said(ctx, said, f"unsubscribe:{via}", ip)
        _refuse(ctx, conn, said, addressee, how)
        return _shown(ctx, conn, said, addressee)


def resubscribe(ctx: Context, token: str, *, ip: str | None = None) -> Refusal | None:
    """The lead changes their mind: takes back their own no, and nothing that stands there for another reason."""
    said = links.read_unsubscribe(ctx.keys, token)
    if said is None:
        return None
    with ctx.database.write() as conn:
        addressee = store.addressee(conn, said.message_id, said.lead_id)
        how = _said(ctx, said, "unsubscribe:page", ip, proof=_PROOF % said.message_id)
        if _is_refused(conn, said.address_hash):
            if addressee.lead_id is not None:
                consents.give(conn, ctx.keys, addressee.lead_id, addressee.email, how, purposes=(Purpose.ADVERTISING,))
            consents.lift_hash(conn, said.address_hash, SuppressionReason.UNSUBSCRIBED, said=how)
        return _shown(ctx, conn, said, addressee)


def masked(address: str) -> str:
    """The address as a stranger who opens the link may see it: `m***@anphat.example`."""
    name, _, domain = address.partition("@")
    return f"{name[:1]}***@{domain}" if domain else ""


def _refuse(ctx: Context, conn: Connection, said: links.Refusal, addressee: Addressee, how: Said) -> None:
    """Suppress the address that was written to, and the lead's present one; take back what has not gone yet."""
    address = addressee.email if addressee.lead_id is not None else None
    if address is not None:
        consents.unsubscribe(
            conn,
            ctx.keys,
            addressee.lead_id,
            address,
            how,
            message_id=said.message_id,
            campaign_key=addressee.campaign_key,
            email_key=addressee.email_key,
        )
    elif addressee.lead_id is not None:
        consents.withdraw(conn, addressee.lead_id, how)
    consents.suppress_hash(conn, said.address_hash, SuppressionReason.UNSUBSCRIBED, said=how)
    if addressee.lead_id is not None:
        what = MessageClass.ADVERTISING
        messages.cancel(conn, addressee.lead_id, what, now=how.now, reason=Reason.UNSUBSCRIBED)


def _said(ctx: Context, said: links.Refusal, origin: str, ip: str | None, proof: str = "") -> Said:
    now, real = ctx.clock.engine(), ctx.clock.real()
    return Said(Method.PAGE, origin, "lead", f"message:{said.message_id}", now, real, proof, ip)


def _shown(ctx: Context, conn: Connection, said: links.Refusal, addressee: Addressee) -> Refusal:
    address = _address(ctx, said, addressee)
    return Refusal(masked(address or ""), _is_refused(conn, said.address_hash), addressee.language)


def _address(ctx: Context, said: links.Refusal, addressee: Addressee) -> str | None:
    """The address the token was made for, if somebody still knows it."""
    known = (addressee.written_to, addressee.email)
    return next((one for one in known if one and ctx.keys.address_hash(one) == said.address_hash), None)


def _is_refused(conn: Connection, address_hash: str) -> bool:
    in_force = standings.suppressed(conn, [address_hash], Channel.EMAIL).get(address_hash, ())
    return any(one.reason is SuppressionReason.UNSUBSCRIBED for one in in_force)
