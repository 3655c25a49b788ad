"""A mail's bytes taken apart for showing."""

from nurture.web.mail import read


def test_parts_within_parts_without_end_leave_the_source() -> None:
    """What no parser can walk through is still shown as it came."""
    parts = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (number, number) for number in range(3_000)
    )
    shown = read(b"MIME-Version: 1.0\r\n" + parts + b"x")
    assert (shown.html, shown.text) == ("", "")
    assert shown.source.startswith("MIME-Version: 1.0\n")


def test_a_header_is_one_line_of_text() -> None:
    """An encoded line break opens no second header."""
    shown = read(b"Subject: =?UTF-8?Q?a=0D=0ABcc:_x@evil.test?=\r\n\r\nhello")
    assert shown.headers == (("Subject", "a Bcc: x@evil.test"),)
    assert shown.text.strip() == "hello"
