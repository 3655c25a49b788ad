"""Settings of the returns mailbox: an address with its secret, what becomes of read mail, how much is too much."""

from datetime import timedelta

import pytest

from nurture.kernel.inboxes import Inbox, SoftBounces, inbox_then, inbox_url, soft_bounces


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("imaps://me:pw@mail.x.vn", Inbox("imap", "mail.x.vn", 993, "tls", "me", "pw")),
        ("imaps://a%40x.vn:p%3Aw@h.vn/Th%C6%B0", Inbox("imap", "h.vn", 993, "tls", "a@x.vn", "p:w", "Thư")),
        ("imap+starttls://me:pw@h.vn:1143/Bounces", Inbox("imap", "h.vn", 1143, "starttls", "me", "pw", "Bounces")),
        ("pop3s://me:pw@h.vn", Inbox("pop3", "h.vn", 995, "tls", "me", "pw")),
        ("imap://me:pw@127.0.0.1:99", Inbox("imap", "127.0.0.1", 99, "plain", "me", "pw")),
        ("", None),
    ],
    ids=["usual", "escaped", "another port", "pop3", "on this machine", "none"],
)  # fmt: skip
def test_an_address_names_the_mailbox(text: str, found: Inbox | None) -> None:
    """With what the address does not say as usual."""
    assert inbox_url(text) == found


@pytest.mark.parametrize(
    "text",
    ["imap://me:pw@mail.x.vn", "https://me:pw@h.vn", "imaps://h.vn", "imaps://me:pw@h.vn:x", "pop3s://me:pw@h.vn/Other",
     "imaps://me:pw@h.vn/a%0Db", "imaps://me:p%0Aw@h.vn"],
)  # fmt: skip
def test_an_address_that_cannot_be_used_is_refused(text: str) -> None:
    """A password over a plain connection, and whatever could break a command of the protocol."""
    with pytest.raises(ValueError, match="imaps"):
        inbox_url(text)


def test_no_secret_is_shown() -> None:
    """Neither in the list of settings nor in a log."""
    one = inbox_url("imaps://me%40x.vn:secret@h.vn/B%C3%A1o")
    assert one is not None
    assert one.shown() == "imaps://me%40x.vn@h.vn:993/B%C3%A1o"
    assert "secret" not in repr(one) + one.shown()


def test_what_becomes_of_read_mail() -> None:
    """A folder is named after `move:`."""
    assert [inbox_then(one) for one in ("seen", "keep", "delete", "move:Done")] == [
        "seen",
        "keep",
        "delete",
        "move:Done",
    ]
    for bad in ("", "move", "move:", "burn"):
        with pytest.raises(ValueError, match="move"):
            inbox_then(bad)


def test_how_many_soft_bounces_are_too_many() -> None:
    """So many in so many days, or never."""
    assert soft_bounces("5 in 14 days") == SoftBounces()
    assert soft_bounces("1 in 1 day") == SoftBounces(1, timedelta(days=1))
    assert soft_bounces("0").shown() == "0"
    assert soft_bounces("7 in 30 days").shown() == "7 in 30 days"
    with pytest.raises(ValueError, match="never"):
        soft_bounces("many")
