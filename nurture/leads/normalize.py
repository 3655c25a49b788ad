"""What a person's facts look like once they are stored: addresses, phone numbers, names, and the text searched in.

Addresses are lower case (mailboxes that tell case apart are rarer than people who type it). Reserved domains such as
example.com are accepted: whether a domain takes mail is asked elsewhere.
"""

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from nurture.kernel.later import later
from nurture.kernel.text import clean, fold, is_key, to_key
from nurture.leads.model import HONORIFICS

# At the first address and number that are not as nearly all are.
if TYPE_CHECKING:
    import email_validator
    import phonenumbers
else:
    email_validator = later("email_validator")
    phonenumbers = later("phonenumbers")

REGION = "VN"
LONGEST_NAME = 200
LONGEST_TEXT = 500
# Local parts and domains that need no closer look; all others go to the validator.
_PLAIN = re.compile(r"([A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*)@([A-Za-z0-9.-]+)")
_LONGEST_LOCAL = 64
_LONGEST_ADDRESS = 254
# National numbers of Vietnam as `is_possible_number` has them: 9 or 10 digits after the trunk 0, or after the country's
# code, with or without its plus. What a spreadsheet has taken the 0 from begins with another digit than that code.
_LOCAL_PHONE = re.compile(r"(?:0|\+?84)([1-9][0-9]{8,9})|([1-79][0-9]{8})")
_SEPARATORS = re.compile(r"[\s().\-/]+")
_HONORIFICS = {word: word for word in HONORIFICS} | {fold(word): word for word in ("anh", "chị", "chú", "ông", "bà")}
_TITLES = {"mr": "anh", "mr.": "anh", "nam": "anh", "male": "anh", "ms": "chị", "ms.": "chị", "mrs": "chị"}
_TITLES |= {"mrs.": "chị", "miss": "chị", "nữ": "chị", "nu": "chị", "female": "chị"}


def email_of(text: str) -> str | None:
    """The normalized address in this text, or None when there is no usable one."""
    text = text.strip().removeprefix("mailto:")
    match = _PLAIN.fullmatch(text)
    if match is None or len(match[1]) > _LONGEST_LOCAL:
        return _validated(text)
    domain = _domain(match[2].lower())
    if domain is None or len(match[1]) + len(domain) >= _LONGEST_ADDRESS:
        return None
    return f"{match[1].lower()}@{domain}"


@lru_cache(maxsize=8192)
def _domain(domain: str) -> str | None:
    found = _validated(f"a@{domain}")
    return found.partition("@")[2] if found else None


def _validated(text: str) -> str | None:
    if not text or len(text) > _LONGEST_ADDRESS:
        return None
    try:
        # test_environment lets reserved names such as example.test pass
        found = email_validator.validate_email(text, check_deliverability=False, test_environment=True, strict=True)
    except (email_validator.EmailNotValidError, ValueError):
        return None
    return found.normalized.lower()


def phone_of(text: str, region: str = REGION) -> str | None:
    """The number in E.164, +84 unless it says otherwise; None when it is not a possible number."""
    bare = text if text.isalnum() else _SEPARATORS.sub("", text)
    if region == REGION and (match := _LOCAL_PHONE.fullmatch(bare)):
        return f"+84{match[1] or match[2]}"
    return _parsed(text.strip(), region)


@lru_cache(maxsize=1024)
def _parsed(text: str, region: str) -> str | None:
    if not 6 <= len(text) <= 40:
        return None
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number) or number.extension:
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def name_of(text: str) -> str:
    """A name on one line, in NFC."""
    return clean(text, LONGEST_NAME)


def given_name_of(name: str) -> str:
    """The word to greet somebody by: the last one, as Vietnamese names have it. A guess."""
    words = name.split()
    return words[-1] if words else ""


def honorific_of(text: str) -> str:
    """One of anh, chị, cô, chú, ông, bà; English titles and genders are understood; empty when none fits."""
    word = clean(text, 20).casefold()
    return _HONORIFICS.get(word) or _TITLES.get(word, "")


def source_of(text: str) -> str:
    """A source as it is kept: `Google` and `google ` are one."""
    return clean(text, 100).casefold()


def tag_key(label: str) -> str:
    """The key of a tag made of its label; empty when nothing is left."""
    plain = clean(label, 80).lower()
    return plain if is_key(plain) else to_key(label)


def digits_of(phone: str | None) -> tuple[str, ...]:
    """What people type when they look for this number: the digits, and the local form with a leading 0."""
    if not phone:
        return ()
    digits = phone.removeprefix("+")
    return (digits, f"0{digits[2:]}") if digits.startswith("84") else (digits,)


def search_text(name: str, email: str | None, phone: str | None, company: str) -> str:
    """The text that the search box looks in; name and company may be folded already."""
    return searched(fold(name), email, phone, fold(company) if company else "")


def searched(name: str, email: str | None, phone: str | None, company: str) -> str:
    """The same of a name and a company that are folded."""
    if name and email and phone and phone.startswith("+84") and not company:
        return f"{name} {email} {phone[1:]} 0{phone[3:]}"
    return " ".join([part for part in (name, email or "", *digits_of(phone), company) if part])


def search_words(text: str) -> tuple[str, ...]:
    """The parts that must all stand in a lead's search text. A number typed with blanks or dots is one part."""
    bare = _SEPARATORS.sub("", text.strip())
    if re.fullmatch(r"\+?[0-9]{4,20}", bare):
        return (bare.lstrip("+"),)
    return tuple(dict.fromkeys(fold(text).split()))[:8]
