"""IMAP: names of folders, and signing in where only LOGIN is offered."""

import ssl

import pytest

from nurture.inbound.transports import BoxError, transports
from nurture.inbound.transports.imap import utf7
from nurture.kernel.inboxes import Inbox
from tests.storage.inbound.mailboxes import Mailbox, serving


@pytest.mark.parametrize(
    ("folder", "written"),
    [("INBOX", "INBOX"), ("Thư trả", "Th&AbA- tr&HqM-"), ("R&D", "R&-D"), ("a/b", "a/b"), ("日", "&ZeU-")],
)
def test_a_folder_is_written_as_the_protocol_wants_it(folder: str, written: str) -> None:
    """RFC 3501, 5.1.3."""
    assert utf7(folder) == written


def test_a_server_that_only_knows_login_is_signed_in_to() -> None:
    """What is in the folder is read, at most so many bytes; what is gone is gone."""
    box = Mailbox(offers="IMAP4rev1")
    box.arrive(b"Subject: one\r\n\r\nbody", b"two")
    with serving("imap", box) as port:
        inbox = Inbox("imap", "127.0.0.1", port, "plain", "me", "geheim")
        opened = transports()["imap"].connect(inbox, ssl.create_default_context())
        assert opened.validity == 7
        assert opened.read("1", 12) == b"Subject: one"
        assert opened.read("9", 100) is None
        assert opened.last() == 2
        opened.close()
        with pytest.raises(BoxError, match="no such folder"):
            transports()["imap"].connect(
                Inbox("imap", "127.0.0.1", port, "plain", "me", "geheim", 'a"b'), ssl.create_default_context()
            )
