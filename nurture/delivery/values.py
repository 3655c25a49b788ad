"""What a template sees of lead, owner and house: plain values, frozen with the message at its first go. Pure."""

from collections.abc import Mapping
from email.utils import parseaddr
from functools import lru_cache
from typing import Any

from nurture.kernel.settings import Settings


@lru_cache(maxsize=16)
def parts(mail_from: str) -> tuple[str, str]:
    """Name and address of the house, out of the setting."""
    return parseaddr(mail_from)


def house(settings: Settings) -> dict[str, str]:
    """The sender's own name, postal address and email address."""
    name, address = parts(settings.mail_from)
    return {"name": settings.house_name or name or address, "address": settings.house_address, "email": address}


def of_lead(row: Any, settings: Settings) -> dict[str, Any]:
    """The values of a mail to a lead. `row` has lead_*, owner_* and company_name, as `store.letters` gives them."""
    return {
        "lead": {
            "name": row.lead_name,
            "given_name": row.lead_given_name,
            "honorific": row.lead_honorific,
            "email": row.lead_email or "",
            "phone": row.lead_phone or "",
            "company": row.company_name or "",
            "city": row.lead_city,
            "public_id": row.lead_public_id,
            "fields": dict(row.lead_fields or {}),
        },
        "owner": {"name": row.owner_name or "", "email": row.owner_email or "", "phone": row.owner_phone or ""},
        "house": house(settings),
    }


def of_staff(row: Any, settings: Settings) -> dict[str, Any]:
    """The values of a mail to a member of staff: what it was written with, and who reads it."""
    reader = {"name": row.user_name or "", "email": row.user_email or "", "phone": row.user_phone or ""}
    return {"owner": reader, "house": house(settings), **(row.values_ or {})}


def sender(values: Mapping[str, Any], wanted: str, settings: Settings) -> tuple[str, str, tuple[str, str]]:
    """Address and name of From, and Reply-To as (address, name).

    From the owner's own address only where it lies in the house's domain; elsewhere receivers would take it for a
    forgery (RFC 7489), so that the house's address carries the owner's name, and answers go to the owner.
    """
    name, address = parts(settings.mail_from)
    owner = values.get("owner") or {}
    if wanted != "owner" or not owner.get("email"):
        return address, name, ("", "")
    if owner["email"].rpartition("@")[2].lower() == address.rpartition("@")[2].lower():
        return owner["email"], owner["name"], ("", "")
    return address, owner["name"] or name, (owner["email"], owner["name"])
