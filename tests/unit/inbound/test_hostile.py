"""Whatever strangers send: no error, and bounded work."""

import time

import pytest

from nurture.inbound.model import What
from nurture.inbound.reading import read
from tests.unit.inbound.samples import NOW, RING, report

GONE = "Final-Recipient: rfc822; lan@khach.test\nAction: failed\nStatus: 5.1.1"
NESTED = b"".join(
    b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (number, number) for number in range(3000)
)
HOSTILE = {
    "nothing": b"",
    "one byte": b"\x00",
    "no header": b"\n\n\n",
    "only a colon": b":\n:\n\n:",
    "bytes of no charset": b"From: \xff\xfe\xfa <\x80@\x81>\nSubject: \xe1\xba\n\n\xff\xfe",
    "a charset that is none": b"From: a@b.test\nContent-Type: text/plain; charset=utf-99\n\nch\xe0o",
    "a codec that is no charset": b"From: a@b.test\nContent-Type: text/plain; charset=zlib\n\nx\x9c",
    "encoded words that are broken": b"From: =?utf-8?B?####?= <a@b.test>\nSubject: =?x?q?=?=\n\n",
    "a boundary that never comes": b"From: a@b.test\nContent-Type: multipart/mixed; boundary=zz\n\nhello",
    "an empty boundary": b'Content-Type: multipart/mixed; boundary=""\n\n--\n\n--\n',
    "base64 that is none": b"From: a@b.test\nContent-Transfer-Encoding: base64\n\n%%%%A",
    "containers in containers": b"From: a@b.test\n" + NESTED,
    "thousands of parts": b"Content-Type: multipart/mixed; boundary=q\n\n" + b"--q\n\nhello\n" * 20_000,
    "thousands of headers": b"X-A: b\n" * 50_000 + b"\nbody",
    "one endless header": b"Subject: " + b"a " * 500_000 + b"\n\nbody",
    "one endless folded header": b"Subject: a\n" + b" b\n" * 200_000 + b"\nbody",
    "one endless line": b"From: mailer-daemon@x.test\nSubject: failure notice\n\n" + b"a@b.c " * 150_000,
    "endless blank lines": b"From: mailer-daemon@x.test\nSubject: failure notice\n\n" + b"\n" * 900_000,
    "recipients that are nearly ours": b"From: a@b.test\n" + (b"To: " + b"a-" * 1_900 + b"\n") * 240 + b"\nhello",
    "endless words": b"From: mailer-daemon@x.test\nSubject: failure notice\n\n" + b"user " * 200_000,
    "endless markup": b"From: a@b.test\nContent-Type: text/html\n\n" + b"<style><!--" * 80_000,
    "endless quotes": b"From: a@b.test\nSubject: Re: x\n\n" + b"On a b wrote\n" * 50_000,
    "endless recipients": b"From: x\nContent-Type: message/delivery-status\n\n" + GONE.encode().replace(b";", b";") * 9,
    "dates that overflow": b"From: a@b.test\nDate: Mon, 99 Nov 99999 99:99:99 +9999\n\nhello",
}


NULS = b"From: a@b.test\nSubject: x\x00y\nIn-Reply-To: <a\x00b@c.test>\n\nxin \x00chao\x1b[31m"


@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE.keys())
def test_nothing_that_strangers_send_raises_or_takes_long(raw: bytes) -> None:
    begun = time.process_time()

    told = read(raw, RING, NOW)

    assert told
    assert time.process_time() - begun < 1.5


def test_twenty_megabytes_behind_a_report_do_not_matter() -> None:
    raw = report(GONE).replace(b"Chao ban", b"A" * 20_000_000)

    begun = time.process_time()
    (one,) = read(raw, RING, NOW)

    assert (one.what, one.address) == (What.BOUNCED, "lan@khach.test")
    assert time.process_time() - begun < 1.5


@pytest.mark.parametrize("raw", [HOSTILE["bytes of no charset"], NULS])
def test_what_is_told_has_no_broken_characters(raw: bytes) -> None:
    """It goes into a database that takes only text."""
    (one,) = read(raw, RING, NOW)
    for text in (one.subject, one.text, one.sender, one.diagnostic, one.header_id):
        text.encode("utf-8")
        assert "\x00" not in text
