"""Mails that come back, written for the tests in the forms that RFC 3464, RFC 5965 and the mailers give them."""

from datetime import UTC, datetime

from nurture.kernel.signing import Key, KeyRing
from nurture.messages.verp import return_path

RING = KeyRing((Key(b"test", b"k" * 32),), b"s" * 32, b"epo1")
NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
OURS = return_path(RING, "bounces@anphat.test", 4711)
SENT = """Return-Path: <{path}>
From: An Phat <tin@anphat.test>
To: lan@khach.test
Subject: Bang gia thang 11
Message-ID: <m4711.abc@anphat.test>
Date: Mon, 23 Nov 2026 09:00:00 +0700
"""


def mail(headers: str, body: str = "") -> bytes:
    return f"{headers.strip()}\n\n{body}".replace("\n", "\r\n").encode()


def report(fields: str, *, said: str = "Your mail came back.", headers: str = "", to: str = OURS) -> bytes:
    """A delivery status notification as Postfix, Exim, Exchange and Sendmail write them."""
    return mail(
        f"""
From: MAILER-DAEMON@mx.khach.test
To: {to}
Subject: Undelivered Mail Returned to Sender
Message-ID: <d1@mx.khach.test>
Date: Mon, 23 Nov 2026 02:00:00 +0000
MIME-Version: 1.0
{headers}Content-Type: multipart/report; report-type=delivery-status; boundary="b=1"
""",
        f"""preamble
--b=1
Content-Type: text/plain; charset=utf-8

{said}

--b=1
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.khach.test
Arrival-Date: Mon, 23 Nov 2026 01:59:00 +0000

{fields}

--b=1
Content-Type: message/rfc822

{SENT.format(path=OURS)}
Chao ban

--b=1--
""",
    )


def complaint(kind: str = "abuse", more: str = "Original-Rcpt-To: <lan@khach.test>\n") -> bytes:
    """A feedback report."""
    return mail(
        """
From: feedback@isp.test
To: bounces@anphat.test
Subject: FW: Bang gia
Date: Mon, 23 Nov 2026 02:00:00 +0000
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary=arf
""",
        f"""--arf
Content-Type: text/plain

Somebody called this mail spam.
--arf
Content-Type: message/feedback-report

Feedback-Type: {kind}
User-Agent: Isp/1.0
Version: 1
{more}
--arf
Content-Type: message/rfc822

{SENT.format(path=OURS)}
Chao ban
--arf--
""",
    )


def notice(
    body: str, *, sender: str = "MAILER-DAEMON@mx.khach.test", subject: str = "failure notice", more: str = ""
) -> bytes:
    """A bounce in free form."""
    return mail(f"From: {sender}\nTo: {OURS}\nSubject: {subject}\nDate: Mon, 23 Nov 2026 02:00:00 +0000\n{more}", body)


def answer(
    body: str, *, subject: str = "Re: Bang gia thang 11", more: str = "", sender: str = "lan@khach.test"
) -> bytes:
    """A mail that answers ours."""
    headers = f"""
From: Lan <{sender}>
To: tin@anphat.test
Subject: {subject}
Message-ID: <r1@khach.test>
In-Reply-To: <m4711.abc@anphat.test>
Date: Mon, 23 Nov 2026 02:30:00 +0000
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
{more}"""
    return mail(headers, body)
