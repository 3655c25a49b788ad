"""Mails as readers and their servers send them, for trying out what comes back where mail stays in the house. Pure."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from enum import StrEnum

from nurture.kernel.text import clean


class Play(StrEnum):
    """What may come back of a mail."""

    REPLY = "reply"  # its reader answers
    AWAY = "away"  # their mail program answers for them
    GONE = "gone"  # their server does not know them
    FULL = "full"  # their mailbox is full
    SPAM = "spam"  # they call it spam


@dataclass(frozen=True, slots=True)
class Original:
    """The mail that something comes back of."""

    reader: str  # the address it went to
    path: str  # its return path
    header_id: str  # without brackets
    subject: str


_REPORTS: Mapping[Play, tuple[str, str]] = {
    Play.GONE: ("5.1.1", "550 5.1.1 This address is not known here"),
    Play.FULL: ("5.2.2", "552 5.2.2 The mailbox is full"),
}
_PART = "next-part"


def play(what: Play, about: Original, text: str, key: str, at: datetime) -> bytes:
    """The bytes of the mail; `key` makes its Message-ID, `text` is what a reader writes."""
    reader, path, header_id = (clean(one, 320) for one in (about.reader, about.path, about.header_id))
    subject = clean(about.subject, 200)
    lines = [f"To: <{path}>", f"Message-ID: <{clean(key, 60)}@reader.invalid>", f"Date: {format_datetime(at)}"]
    if what in _REPORTS:
        lines += _report(*_REPORTS[what], reader, header_id)
    elif what is Play.SPAM:
        lines += _complaint(reader, header_id, path)
    else:
        away = what is Play.AWAY
        lines += [f"From: <{reader}>", f"In-Reply-To: <{header_id}>", _words("Subject: ", _topic(subject, away=away))]
        lines += ["Auto-Submitted: auto-replied"] if away else []
        lines += [
            "MIME-Version: 1.0",
            "Content-Type: text/plain; charset=utf-8",
            "Content-Transfer-Encoding: base64",
            "",
        ]
        lines += _wrapped(base64.b64encode(text.encode("utf-8", "replace")).decode("ascii"))
    return ("\r\n".join(lines) + "\r\n").encode("utf-8", "replace")


def _topic(subject: str, *, away: bool) -> str:
    return f"Out of office: {subject}" if away else f"Re: {subject}"


def _words(name: str, text: str) -> str:
    return f"{name}=?utf-8?b?{base64.b64encode(text.encode('utf-8', 'replace')).decode('ascii')}?="


def _wrapped(text: str) -> list[str]:
    return [text[start : start + 76] for start in range(0, len(text), 76)] or [""]


def _report(status: str, said: str, reader: str, header_id: str) -> list[str]:
    """A delivery status notification (RFC 3464)."""
    return [
        "From: Mail Delivery System <MAILER-DAEMON@reader.invalid>", "Subject: Undelivered Mail Returned to Sender",
        "Auto-Submitted: auto-replied", "MIME-Version: 1.0",
        f"Content-Type: multipart/report; report-type=delivery-status; boundary={_PART}", "",
        f"--{_PART}", "Content-Type: text/plain", "", "Your mail could not be delivered.",
        f"--{_PART}", "Content-Type: message/delivery-status", "", "Reporting-MTA: dns; mx.reader.invalid", "",
        f"Final-Recipient: rfc822; {reader}", "Action: failed", f"Status: {status}", f"Diagnostic-Code: smtp; {said}",
        f"--{_PART}", "Content-Type: text/rfc822-headers", "", f"Message-ID: <{header_id}>", f"--{_PART}--",
    ]  # fmt: skip


def _complaint(reader: str, header_id: str, path: str) -> list[str]:
    """An abuse report (RFC 5965)."""
    return [
        "From: <fbl@reader.invalid>", "Subject: Abuse report", "MIME-Version: 1.0",
        f"Content-Type: multipart/report; report-type=feedback-report; boundary={_PART}", "",
        f"--{_PART}", "Content-Type: text/plain", "", "This is an abuse report.",
        f"--{_PART}", "Content-Type: message/feedback-report", "", "Feedback-Type: abuse", "User-Agent: reader/1",
        "Version: 1", f"Original-Rcpt-To: <{reader}>",
        f"--{_PART}", "Content-Type: message/rfc822", "", f"Return-Path: <{path}>", f"Message-ID: <{header_id}>",
        f"To: <{reader}>", "", f"--{_PART}--",
    ]  # fmt: skip
