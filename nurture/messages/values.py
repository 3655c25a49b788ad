"""What an email sees of a lead, its owner and the house: plain data, frozen with the message at its first go.

Every key is there, also where the value is missing, so that a missing value and a misspelt field are told apart.
"""

import re
from collections.abc import Mapping
from email.utils import parseaddr
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from nurture.kernel.later import later
from nurture.kernel.settings import Settings

if TYPE_CHECKING:
    import phonenumbers
else:
    phonenumbers = later("phonenumbers")  # 60 modules: at the first number that is no mobile one

_HOME = "VN"
# What nearly all numbers are, and how phonenumbers writes them, at a hundredth of its cost.
_MOBILE = re.compile(r"\+84([35789]\d\d)(\d{3})(\d{3})", re.ASCII)


@lru_cache(maxsize=16)
def mailbox(text: str) -> tuple[str, str]:
    """Name and address out of `Name <address>`."""
    return parseaddr(text)


def house_values(settings: Settings) -> dict[str, str]:
    """`house.*`: who writes. Its name is the one set, else the one of MAIL_FROM, else the domain."""
    name, address = mailbox(settings.mail_from)
    shown = settings.house_name or name or address.rpartition("@")[2]
    return {
        "name": shown, "address": settings.house_address, "email": address, "phone": settings.house_phone,
        "website": settings.house_website,
    }  # fmt: skip


def person_values(person: Any) -> dict[str, Any]:
    """What owner and lead have in common, from a row or value with such attributes; None gives all missing."""
    phone = getattr(person, "phone", None) or ""
    return {
        "name": getattr(person, "name", None) or "",
        "given_name": getattr(person, "given_name", None) or "",
        "honorific": getattr(person, "honorific", None) or "",
        "email": getattr(person, "email", None) or "",
        "phone": phone,
        "phone_shown": shown_phone(phone),
    }


def lead_values(lead: Any, company: str = "") -> dict[str, Any]:
    """`lead.*`, from a row of leads or a Lead. `company` is the company's name."""
    return {
        **person_values(lead),
        "company": company,
        "city": lead.city or "",
        "public_id": lead.public_id,
        "fields": dict(lead.fields or {}),
    }


def message_values(
    lead: Any, owner: Any, company: Any, house: Mapping[str, str], reason_line: str = ""
) -> dict[str, Any]:
    """Everything an email to a lead sees, as plain data for JSON. Owner and company may be None.

    `reason_line` says why the lead gets it; empty where that is not known.
    """
    return {
        "lead": lead_values(lead, getattr(company, "name", None) or ""),
        "owner": person_values(owner),
        "company": {name: getattr(company, name, None) for name in ("name", "domain", "size")},
        "house": dict(house),
        "reason_line": reason_line,
        "refused_at": "",
        "agree_url": "",
        "wording": "",
    }


def staff_values(user: Any, house: Mapping[str, str], **more: Any) -> dict[str, Any]:
    """Everything a mail to staff sees: `owner` is who it goes to; `more` is what it is about (alert, link, title …)."""
    return {"owner": person_values(user), "house": dict(house), **more}


def shown_phone(stored: str) -> str:
    """An E.164 number as it is read aloud: `0901 234 567` at home, `+44 20 7946 0018` elsewhere."""
    if not stored:
        return ""
    if mobile := _MOBILE.fullmatch(stored):
        return f"0{mobile[1]} {mobile[2]} {mobile[3]}"
    try:
        parsed = phonenumbers.parse(stored, None)
    except phonenumbers.NumberParseException:
        return stored
    home = phonenumbers.region_code_for_country_code(parsed.country_code or 0) == _HOME
    form = phonenumbers.PhoneNumberFormat
    return str(phonenumbers.format_number(parsed, form.NATIONAL if home else form.INTERNATIONAL))
