"""Who a mail seems to come from, and where its answers go. Pure."""

from collections.abc import Mapping
from typing import Any

from nurture.kernel.settings import Settings
from nurture.messages.values import mailbox


def origin(values: Mapping[str, Any], wanted: str, settings: Settings) -> tuple[str, str, tuple[str, str]]:
    """Address and name of From, and Reply-To as (address, name).

    From the owner's own address only where it lies in the house's domain; elsewhere receivers would take it for a
    forgery (RFC 7489), so that the house's address carries the owner's name, and answers go to the owner. An owner's
    address that has no ASCII form stands in no header: not every relay takes one.
    """
    name, address = mailbox(settings.mail_from)
    name = name or settings.house_name
    owner = values.get("owner") or {}
    if wanted != "owner" or not owner.get("email"):
        return address, name, ("", "")
    local, _, domain = owner["email"].rpartition("@")
    if not local.isascii():
        return address, owner["name"] or name, ("", "")
    if domain.lower() == address.rpartition("@")[2].lower():
        return owner["email"], owner["name"], ("", "")
    return address, owner["name"] or name, (owner["email"], owner["name"])
