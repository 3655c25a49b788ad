"""Bounces that a machine wrote for people: who they are about, and what was said. Pure."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nurture.inbound import signs
from nurture.inbound.model import What
from nurture.inbound.own import ENCLOSED, start_of_headers
from nurture.inbound.parts import Headers, Mail
from nurture.inbound.plain import text_of
from nurture.inbound.signs import any_of

MOST = 20_000  # characters of a notice
MOST_RECIPIENTS = 50
ENOUGH = 2  # signs of a bounce


_SENDERS = any_of(signs.SENDERS)
_DELAYS = any_of(signs.DELAYS)
_FAILURES = any_of(signs.FAILURES)
_PHRASES = any_of(signs.PHRASES)
_TRYING = any_of(signs.STILL_TRYING)
_ORIGINAL = re.compile(r"[\s>*|]*(?:" + signs.either(signs.ORIGINALS) + ")", re.IGNORECASE)
# An address in running text: up to a blank or a mark that cannot stand in one, no dot at its end.
_MAYBE = re.compile(
    r"original|message|mail|header|copy|return|undeliver|enclosed|attached|received|begin|this line|unsent", re.I
)
_CHAR = r"[^\s<>,;:\"'()\[\]@/.]"
_ADDR = (
    r"[^\s<>,;:\"'()\[\]=@]{1,120}@[A-Za-z0-9\u0080-\uffff]"
    rf"(?:{_CHAR}|\.(?={_CHAR})){{1,250}}"
)
_ADDRESS = re.compile(_ADDR)
# A line that begins with an address, bare or in brackets: `<ai@x.vn>:`, `ai@x.vn (reason)`, `554 <ai@x.vn>... reason`.
_LEADING = re.compile(
    r"[\s>*|\u2022\"-]*(?:[45]\d\d[ -](?:[45]\.\d+\.\d+ )?(?=<))?(?:smtp:|mailto:)?"
    rf"(?:<(?:smtp:)?({_ADDR})>|({_ADDR}))(?!{_CHAR})",
    re.IGNORECASE,
)
_NAMED = re.compile(rf"\b{signs.NAMED}\b[^\n@]{{0,40}}?[<\s:=\"'(\[]({_ADDR})", re.IGNORECASE)
# A summary of the mail that came back, among what is said of it.
_SUMMARY = re.compile(r"[\s>*]*(?:to|cc|from|sender|subject|sent|date|message-?id|reply-to)\s*:.*", re.IGNORECASE)
_CONTACT = re.compile(rf"(?:{signs.CONTACTS})[^@]{{0,30}}$", re.IGNORECASE)
_MACHINES = re.compile(
    r"(?:mailer-daemon|postmaster|abuse|no-?reply|hostmaster|mail-daemon|help-?desk|support)@", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Notice:
    """What a free-form bounce says of one recipient."""

    what: What
    address: str
    said: str  # the lines that are about this recipient


def evidence(mail: Mail, notice: str) -> int:
    """How much speaks for a bounce; from ENOUGH on it is one. A person's answer gets 0 or 1."""
    headers = mail.headers
    by_sender = _SENDERS.search(headers.get("from")) is not None or headers.raw("return-path").strip() in {
        "<>",
        "<MAILER-DAEMON>",
    }
    subject = headers.get("subject")
    by_subject = _FAILURES.search(subject) is not None or _DELAYS.search(subject) is not None
    by_words = _PHRASES.search(notice[:6000]) is not None
    told = headers.has("x-failed-recipients") or mail.parameters.get("report-type", "").lower() == "delivery-status"
    answers = headers.has("in-reply-to") or subject.lower().startswith("re:")
    by_daemon = "mailer-daemon@" in headers.get("from").lower()
    return 2 * told + by_sender + by_daemon + by_subject + by_words - answers


def notice_of(mail: Mail) -> str:
    """What the machine says, without the mail that came back."""
    kept: list[str] = []
    enclosed = any(part.media in ENCLOSED for part in mail.parts)
    for part in mail.parts:
        if part.media in ENCLOSED and (kept or len(mail.parts) > 1):
            break
        if part.media == "text/html" and not any(one.strip() for one in kept):
            kept.append(text_of(part.text))
        elif part.media.startswith("text/") and part.media != "text/html":
            kept.append(part.text)
    return _before_original("\n\n".join(kept)[: MOST * 2], enclosed=enclosed)[:MOST]


def _before_original(text: str, *, enclosed: bool) -> str:
    """The text before the mail that came back: before a line that announces it, or before its headers.

    Where that mail is a part of its own, headers in the text are only a summary of it.
    """
    lines = text.split("\n")
    ends = [
        at
        for at, line in enumerate(lines)
        if len(line) < 400 and _MAYBE.search(line) and _ORIGINAL.match(line) and any(map(str.strip, lines[:at]))
    ]
    headers = start_of_headers(lines)
    if not enclosed and headers is not None and any(map(str.strip, lines[:headers])):
        ends.append(headers)
    return "\n".join(lines[: min(ends)]) if ends else text


def notices(mail: Mail, notice: str) -> list[Notice]:
    """One for each recipient that the notice names."""
    ours, lines = _ours(mail), notice.split("\n")
    return _of(
        mail,
        notice,
        _first_of(lambda: _failed(mail), lambda: _leading(lines, ours), lambda: _in_phrases(notice, ours)),
    )


def guesses(mail: Mail, original: Headers, notice: str) -> list[Notice]:
    """Whom a notice is about that names nobody: to whom the mail went that came back, or the first address in it."""
    ours = _ours(mail)
    any_address = [address for address in _ADDRESS.findall(notice) if not _is_machine(address, ours)][:1]
    return _of(mail, notice, _of_original(original, ours) or any_address)


def _ours(mail: Mail) -> set[str]:
    """The addresses to which the notice came: nobody it is about."""
    values = [mail.headers.raw(name) for name in ("to", "delivered-to", "return-path")]
    return {address.lower() for value in values for address in _ADDRESS.findall(value)}


def _of(mail: Mail, notice: str, named: list[str]) -> list[Notice]:
    what = _what(mail, notice)
    unique = list(dict.fromkeys(address.strip(".'`*_").lower() for address in named))[:MOST_RECIPIENTS]
    return [Notice(what, address, about(notice, address, unique)) for address in unique]


def _what(mail: Mail, notice: str) -> What:
    subject = mail.headers.get("subject")
    if _TRYING.search(notice) or (_DELAYS.search(subject) and not _FAILURES.search(subject)):
        return What.DELAYED
    return What.BOUNCED


def _first_of(*ways: Callable[[], list[str]]) -> list[str]:
    return next((found for way in ways if (found := way())), [])


def _failed(mail: Mail) -> list[str]:
    """The header of Exim and Gmail."""
    return [address for value in mail.headers.all("x-failed-recipients") for address in _ADDRESS.findall(value)]


def _is_machine(address: str, ours: set[str]) -> bool:
    return address.lower().strip(".") in ours or _MACHINES.match(address) is not None


def _leading(lines: list[str], ours: set[str]) -> list[str]:
    found = (_LEADING.match(line[:500]) for line in lines)
    addresses = [match[1] or match[2] for match in found if match]
    return [address for address in addresses if not _is_machine(address, ours)]


def _in_phrases(notice: str, ours: set[str]) -> list[str]:
    said = "\n".join("" if _SUMMARY.fullmatch(line) else line for line in notice.split("\n"))
    return _first_of(lambda: _named(said, ours), lambda: _named(notice, ours))


def _named(notice: str, ours: set[str]) -> list[str]:
    return [
        match[1]
        for match in _NAMED.finditer(notice)
        if not _is_machine(match[1], ours) and not _CONTACT.search(notice[max(0, match.start() - 60) : match.start(1)])
    ]


def _of_original(original: Headers, ours: set[str]) -> list[str]:
    for name in ("x-original-to", "delivered-to", "to", "apparently-to"):
        addresses = [address for address in _ADDRESS.findall(original.get(name)) if address.lower() not in ours]
        if addresses:
            return addresses[:1]
    return []


def about(notice: str, address: str, others: Sequence[str] = ()) -> str:
    """The lines about this address: from where it first stands up to a blank line or the next address."""
    lines = notice.split("\n")
    at = next((number for number, line in enumerate(lines) if address and address in line.lower()), None)
    if at is None:
        return ""
    kept = [lines[at]]
    for line in lines[at + 1 : at + 15]:
        if any(other != address and other in line.lower() for other in others):
            break
        if not line.strip() and len(kept) > 1:
            break
        kept.append(line)
    return " ".join(line.strip() for line in kept if line.strip())
