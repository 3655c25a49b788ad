"""Delivery status notifications: the fields that a machine writes for a machine (RFC 3464, RFC 6533). Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from nurture.inbound.model import What
from nurture.inbound.parts import Mail

MOST_RECIPIENTS = 200
_FIELD = re.compile(r"([A-Za-z][A-Za-z0-9-]{1,60})[ \t]*:[ \t]*(.*)")
_STATUS = re.compile(r"([245]\.\d{1,3}\.\d{1,3})")
_ADDRESS = re.compile(r"\"[^\"@]{1,64}\"@[^\s<>,;:\"()]{1,255}|[^\s<>,;:\"()\[\]]{1,250}@[^\s<>,;:\"()]{1,255}")
_ESCAPED = re.compile(r"\\x\{([0-9A-Fa-f]{2,6})\}")  # RFC 6533, utf-8-addr-xtext
_XTEXT = re.compile(r"\+([0-9A-F]{2})")  # RFC 3461

# The word of the field, or how it begins where a mailer writes its own.
ACTIONS = {
    "failed": What.BOUNCED,
    "failure": What.BOUNCED,
    "fail": What.BOUNCED,
    "undeliver": What.BOUNCED,
    "bounced": What.BOUNCED,
    "error": What.BOUNCED,
    "expired": What.BOUNCED,
    "rejected": What.BOUNCED,
    "delayed": What.DELAYED,
    "deferred": What.DELAYED,
    "delay": What.DELAYED,
    "delivered": What.DELIVERED,
    "deliverable": What.DELIVERED,
    "success": What.DELIVERED,
    "relayed": What.DELIVERED,  # to a mailer that will tell no more
    "expanded": What.DELIVERED,  # to a list
}
# Where the address of the recipient stands, what we wrote ourselves first.
RECIPIENT = ("original-recipient", "final-recipient", "x-actual-recipient", "x-original-recipient", "x-recipient")
_KINDS = frozenset({"message/delivery-status", "message/global-delivery-status", "message/x-delivery-status"})


@dataclass(frozen=True, slots=True)
class Report:
    """What is said of one recipient; empty where it is not said."""

    what: What
    address: str
    others: tuple[str, ...]  # further names of the same recipient
    status: str
    diagnostic: str
    at: str  # a date as it stands there


def reports(mail: Mail) -> list[Report]:
    """One for each recipient, or nothing if this mail has no such fields."""
    for part in mail.parts:
        if part.media in _KINDS:
            found = _of(part.text)
            if found:
                return found
    for part in mail.parts:  # a mailer that says the right things in the wrong kind of part
        if part.media.startswith(("text/", "message/")) and part.media != "text/html":
            text = part.text
            if re.search(r"^final-recipient:", text, re.IGNORECASE | re.MULTILINE) and (found := _of(text)):
                return found
    return []


def _of(text: str) -> list[Report]:
    made = (_report(group) for group in _groups(text))
    return [report for report in made if report is not None][:MOST_RECIPIENTS]


def _groups(text: str) -> Iterator[dict[str, str]]:
    """The fields of each recipient: groups stand between blank lines, where the mailer keeps to that."""
    group: dict[str, str] = {}
    name = ""
    for line in text.split("\n"):
        found = _FIELD.match(line)
        if not line.strip():
            name = ""
            if _complete(group):
                yield group
                group = {}
        elif line[0] in " \t" and name:
            group[name] = f"{group[name]} {line.strip()}"[:3000]
        elif found:
            name = found[1].lower()
            if name in group and name in {"final-recipient", "original-recipient"}:
                yield group
                group = {}
            group.setdefault(name, found[2].strip())
    yield group


def _complete(group: dict[str, str]) -> bool:
    return ("final-recipient" in group or "original-recipient" in group) and ("action" in group or "status" in group)


def _report(group: dict[str, str]) -> Report | None:
    if not any(name in group for name in RECIPIENT):
        return None
    found = _STATUS.search(group.get("status", ""))
    status = found[1] if found else ""
    what = _what(group.get("action", ""), status)
    names = list(dict.fromkeys(filter(None, (address_of(group.get(name, "")) for name in RECIPIENT))))
    diagnostic = re.sub(r"^[\w.-]+\s*;\s*", "", group.get("diagnostic-code", "")) or _comment(group.get("status", ""))
    at = group.get("last-attempt-date", "") or group.get("arrival-date", "") if what is not What.DELAYED else ""
    return Report(what, names[0] if names else "", tuple(names[1:]), status, diagnostic, at)


def _comment(status: str) -> str:
    """What a mailer writes behind the status: `5.4.4 (Illegal host/domain name found)`."""
    found = re.search(r"\((.{1,300})\)", status)
    return found[1] if found else ""


def _what(action: str, status: str) -> What:
    word = action.strip().lower()
    for begin, what in ACTIONS.items():
        if word.startswith(begin):
            return what
    by_class = {"2": What.DELIVERED, "4": What.DELAYED, "5": What.BOUNCED}
    return by_class.get(status[:1], What.OTHER)


def address_of(value: str) -> str:
    """The address in `rfc822; ai@x.vn` or `utf-8; …`, or nothing."""
    kind, mark, rest = value.partition(";")
    text = rest if mark else kind
    if kind.strip().lower() in {"utf-8", "utf8"}:
        text = _ESCAPED.sub(lambda found: _character(found[1]), text)
    elif "+" in text and "@" not in text:
        text = _XTEXT.sub(lambda found: chr(int(found[1], 16)), text)
    found = _ADDRESS.search(text)
    return found[0].strip(".'`") if found else ""


def _character(digits: str) -> str:
    number = int(digits, 16)
    return chr(number) if number < 0x110000 and not 0xD800 <= number < 0xE000 else ""
