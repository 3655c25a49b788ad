"""Who a mail seems to come from, and where its answers go. Pure."""

from collections.abc import Collection, Mapping
from typing import Any

from nurture.kernel.settings import Settings
from nurture.messages.values import mailbox


def origin(
    values: Mapping[str, Any], wanted: str, settings: Settings, own: Collection[str] = ()
) -> tuple[str, str, tuple[str, str]]:
    """Address and name of From, and Reply-To as (address, name). `own`: domains that relays are named to send from.

    From the owner's own address only where it lies in the house's domain or one of these; elsewhere receivers would
    take it for a forgery (RFC 7489), so that the house's address carries the owner's name, and answers go to the owner.
    An owner's address that has no ASCII form stands in no header: not every relay takes one. A mail to staff about a
    lead's letter is answered to the lead (`reply_to` among its values).
    """
    name, address = mailbox(settings.mail_from)
    name = name or settings.house_name
    owner = values.get("owner") or {}
    if wanted != "owner" or not owner.get("email"):
        return address, name, _answers(values.get("reply_to") or {})
    local, _, domain = owner["email"].rpartition("@")
    if not local.isascii():
        return address, owner["name"] or name, ("", "")
    if domain.lower() in {address.rpartition("@")[2].lower(), *own}:
        return owner["email"], owner["name"], ("", "")
    return address, owner["name"] or name, (owner["email"], owner["name"])


def _answers(to: Mapping[str, Any]) -> tuple[str, str]:
    """Where answers to a mail to staff go."""
    email = str(to.get("email") or "")
    return (email, str(to.get("name") or "")) if email.isascii() and "@" in email else ("", "")


def from_domain(row: Any, settings: Settings, own: Collection[str] = ()) -> str:
    """The domain of From that a message's row will have."""
    owner = (row.frozen.get("owner") or {}) if row.frozen else {"email": row.owner_email, "name": row.owner_name}
    return origin({"owner": owner}, row.sender, settings, own)[0].rpartition("@")[2].lower()
