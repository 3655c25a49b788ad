"""What is played is read as what it plays."""

from datetime import UTC, datetime

import pytest

from nurture.delivery.bounce import BounceReason
from nurture.inbound.model import What
from nurture.inbound.played import Original, Play, play
from nurture.inbound.reading import read
from nurture.kernel.signing import new_ring
from nurture.messages.verp import return_path

AT = datetime(2026, 11, 2, 2, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("what", "found", "reason"),
    [
        (Play.REPLY, What.REPLIED, None),
        (Play.AWAY, What.AUTO_REPLY, None),
        (Play.GONE, What.BOUNCED, BounceReason.NO_SUCH_USER),
        (Play.FULL, What.BOUNCED, BounceReason.MAILBOX_FULL),
        (Play.SPAM, What.COMPLAINED, None),
    ],
)
def test_what_comes_back_is_read(what: Play, found: What, reason: BounceReason | None) -> None:
    """By the return path, and with the words of the reader."""
    ring = new_ring()
    about = Original("mai@example.vn", return_path(ring, "bounces@anphat.example", 7), "abc@anphat.example", "Chào Mai")
    (one,) = read(play(what, about, "Giá bao nhiêu vậy em?\nMai", "k1", AT), ring, AT)
    assert (one.what, one.reason) == (found, reason)
    assert one.message_id == 7
    assert one.header_id == "abc@anphat.example"
    if what is Play.REPLY:
        assert (one.sender, one.text, one.subject) == ("mai@example.vn", "Giá bao nhiêu vậy em?\nMai", "Re: Chào Mai")


def test_nothing_of_a_reader_adds_a_header() -> None:
    """Hostile addresses and subjects stay in their line."""
    about = Original("a@b.vn\r\nBcc: x@y.vn", "p@x.vn\nX: 1", "i\r\n\r\nbody", "s\r\nBcc: z@z.vn")
    head = play(Play.REPLY, about, "x", "k\r\nY: 2", AT).partition(b"\r\n\r\n")[0]
    names = [line.partition(b":")[0].lower() for line in head.split(b"\r\n")]
    assert not {b"bcc", b"x", b"y"} & set(names)
