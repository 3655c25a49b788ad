"""POP3: what is too large comes in part, and what is gone is not asked for."""

import ssl

import pytest

from nurture.inbound.transports import BoxError, transports
from nurture.kernel.inboxes import Inbox
from tests.storage.inbound.mailboxes import Mailbox, serving


def test_a_mail_that_is_too_large_is_read_in_part() -> None:
    """Its head says whose it is; long lines are no attack."""
    box = Mailbox()
    box.arrive(b"Subject: one\r\n\r\n" + b"x" * 5000, b"small\r\n.dot")
    with serving("pop3", box) as port:
        opened = transports()["pop3"].connect(
            Inbox("pop3", "127.0.0.1", port, "plain", "me", "geheim"), ssl.create_default_context()
        )
        large, small, gone = (opened.read(name, 100) for name in ("u1", "u2", "u3"))
        opened.close()
    assert large is not None
    assert (large[:12], len(large)) == (b"Subject: one", 102)
    assert (small, gone) == (b"small\r\n.dot\r\n", None)
    assert [one for one in box.heard if one.startswith(("TOP", "RETR"))] == ["TOP 1 500", "RETR 2"]


def test_a_wrong_password_is_said() -> None:
    """As the server says it."""
    with serving("pop3", Mailbox()) as port, pytest.raises(BoxError, match="wrong password"):
        transports()["pop3"].connect(
            Inbox("pop3", "127.0.0.1", port, "plain", "me", "no"), ssl.create_default_context()
        )
