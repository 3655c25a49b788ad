"""What a mail that came back says: bounce, complaint, answer of a person or of a machine. Pure.

The order of the questions is the rule: a complaint and a delivery report say what they are; a machine's notice in free
form is known by its signs; then who answers by machine; and what is left was written by a person.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr, parsedate_to_datetime

from nurture.delivery.bounce import BounceReason, reason_of, said_late
from nurture.inbound import arf, automatic, dsn, fallback, freeform, mailed, own, quotes
from nurture.inbound.model import Return, What
from nurture.inbound.parts import Headers, Mail, parse
from nurture.kernel.signing import KeyRing
from nurture.kernel.text import clean
from nurture.leads.normalize import email_of

SOURCE = "mail"
LONGEST = 500  # characters of a diagnostic and of a subject
OLDEST = timedelta(days=30)  # a date before that is not believed
_UNSUBSCRIBE = re.compile(r"\s*unsubscribe\b", re.IGNORECASE)
_STATUS = re.compile(r"(?<![\w.])([245]\.\d{1,3}\.\d{1,3})(?![\w.]*\w)")
_OF_ADDRESS = re.compile(r"(?<![\w.])[245]\.1\.\d|doesn't have an? \S+ account")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_WITH_REASON = frozenset({What.BOUNCED, What.DELAYED})


@dataclass(frozen=True, slots=True)
class Seen:
    """One mail, and what several questions need of it."""

    mail: Mail
    original: Headers  # of the mail that came back
    notice: str  # what is said around it
    header_id: str
    message_id: int | None
    at: datetime


def read(raw: bytes, ring: KeyRing, received_at: datetime) -> list[Return]:
    """What this mail tells, one for each recipient that it is about; never empty, never an error."""
    mail = parse(raw)
    notice = freeform.notice_of(mail)
    original = own.original_headers(mail)
    seen = Seen(
        mail,
        original,
        notice,
        own.quoted_id(original, ""),
        own.message_id(mail, original, ring),
        _instant(mail.headers.raw("date"), received_at),
    )
    key = _key(mail)
    told = mailed.returns(mail, ring, received_at, SOURCE) or _told(seen)
    return [_kept(one, f"{key}:{number}") for number, one in enumerate(told, 1)]


def _kept(one: Return, key: str) -> Return:
    """With its key, and without what a database cannot keep."""
    return replace(
        one,
        key=key,
        header_id=_whole(one.header_id),
        address=_whole(one.address),
        diagnostic=_whole(one.diagnostic),
        sender=_whole(one.sender),
        subject=_whole(one.subject),
        text=_whole(one.text),
    )


def _whole(text: str) -> str:
    return _CONTROLS.sub("", text).encode("utf-8", "replace").decode("utf-8")


def _told(seen: Seen) -> list[Return]:
    mail = seen.mail
    if complaint := arf.complaint(mail, seen.original):
        at = _instant(complaint.at, seen.at)
        told = [_made(seen, complaint.what, one, diagnostic=complaint.kind) for one in complaint.addresses]
        return [replace(one, at=at) for one in told]
    if reports := dsn.reports(mail):
        others = [report.address.lower() for report in reports]
        return [_of_report(seen, report, others) for report in reports]
    if _UNSUBSCRIBE.match(mail.headers.get("subject")) and not automatic.without_path(mail.headers):
        return [_answer(seen, What.UNSUBSCRIBED)]
    if _is_notice(seen) and (found := _notices(seen)):
        return [_of_notice(seen, one, alone=len(found) == 1) for one in found]
    return [_answer(seen, _kind(seen))]


def _is_notice(seen: Seen) -> bool:
    """A bounce in free form: never what calls itself an answer from somebody away, or a challenge."""
    headers = seen.mail.headers
    if automatic.says_away(headers.get("subject")) or automatic.is_challenge(headers, seen.notice):
        return False
    return freeform.evidence(seen.mail, seen.notice) >= freeform.ENOUGH


def _notices(seen: Seen) -> list[freeform.Notice]:
    """By our own signs, by those of flufl.bounce, at last by the mail that came back."""
    found = freeform.notices(seen.mail, seen.notice) or fallback.notices(seen.mail)
    return found or freeform.guesses(seen.mail, seen.original, seen.notice)


def _kind(seen: Seen) -> What:
    headers = seen.mail.headers
    by_machine = automatic.kind(headers, seen.notice)
    if by_machine is not None:
        return by_machine
    if automatic.is_bulk(headers) or seen.mail.media == "multipart/report":
        return What.OTHER
    return What.REPLIED if _sender(headers) else What.OTHER


def _of_report(seen: Seen, report: dsn.Report, others: Sequence[str]) -> Return:
    address = report.address or dsn.address_of(seen.original.raw("to"))
    diagnostic = report.diagnostic
    reason = _reason(report.what, report.status, diagnostic)
    if reason is BounceReason.UNKNOWN or not diagnostic:
        diagnostic = f"{diagnostic} {freeform.about(seen.notice, address.lower(), others)}".strip()
        reason = _reason(report.what, report.status, diagnostic or (seen.notice if len(others) == 1 else ""))
    around = seen.notice if len(others) == 1 else freeform.about(seen.notice, address.lower(), others)
    reason = _excused(reason, f"{report.status} {diagnostic}", around)
    told = _made(seen, report.what, address, report.status, diagnostic, reason)
    return replace(told, at=_instant(report.at, seen.at))


def _of_notice(seen: Seen, notice: freeform.Notice, *, alone: bool) -> Return:
    found = _STATUS.search(notice.said)
    reason = _reason(notice.what, "", notice.said)
    if reason is BounceReason.UNKNOWN:
        reason = _reason(notice.what, "", seen.notice)
    reason = _excused(reason, notice.said, seen.notice if alone else notice.said)
    return _made(seen, notice.what, notice.address, found[1] if found else "", notice.said, reason)


def _reason(what: What, status: str, text: str) -> BounceReason | None:
    return reason_of(status=status, text=text) if what in _WITH_REASON else None


def _excused(reason: BounceReason | None, said: str, around: str) -> BounceReason | None:
    """ "No such user" to DATA, where the transcript shows it, and no status says it of the address."""
    if reason is BounceReason.NO_SUCH_USER and not _OF_ADDRESS.search(f"{said} {around}") and said_late(around):
        return BounceReason.POLICY
    return reason


def _answer(seen: Seen, what: What) -> Return:
    headers = seen.mail.headers
    return replace(
        _made(seen, what, ""),
        header_id=own.answered_id(headers) or seen.header_id,
        sender=_sender(headers),
        subject=clean(headers.get("subject"), LONGEST),
        text=quotes.own_words(seen.mail),
    )


def _made(
    seen: Seen,
    what: What,
    address: str,
    status: str = "",
    diagnostic: str = "",
    reason: BounceReason | None = None,
) -> Return:
    return Return(
        what,
        SOURCE,
        "",
        seen.at,
        message_id=seen.message_id,
        header_id=seen.header_id,
        address=_normal(address),
        reason=reason,
        status=status,
        diagnostic=clean(diagnostic, LONGEST),
    )


def _normal(address: str) -> str:
    """As leads have it; as it stands, where it is no address by their rules."""
    return email_of(address) or clean(address, 254).lower()


def _sender(headers: Headers) -> str:
    """Who wrote."""
    for name in ("from", "reply-to", "sender"):
        found = email_of(parseaddr(headers.get(name))[1])
        if found:
            return found
    return ""


def _instant(text: str, received_at: datetime) -> datetime:
    """The date in the text, if it may be true; otherwise when we got it."""
    try:
        found = parsedate_to_datetime(text[:100].strip())
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return received_at
    return found if received_at - OLDEST < found <= received_at else received_at


def _key(mail: Mail) -> str:
    """What names this mail, read from a mailbox or piped in: not the headers that its last way has added."""
    headers = mail.headers
    written = "\n".join(headers.raw(name) for name in ("message-id", "date", "from", "subject"))
    _, _, body = mail.raw.partition(b"\n\n")
    return hashlib.sha256(written.encode("utf-8", "surrogateescape") + body.rstrip(b"\n")).hexdigest()[:32]
