"""The sink takes mail as a relay does, in whatever pieces it comes."""

import smtplib
import socket

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nurture.bench.sink import Counts, running

TALK = (
    b"EHLO x\r\nMAIL FROM:<a@x.example>\r\nRCPT TO:<b@x.example>\r\nDATA\r\n"
    b"Subject: a\r\n\r\na.\r\n..\r\n .\r\n.\r\n"
    b"MAIL FROM:<a@x.example>\r\nRCPT TO:<c@x.example>\r\nDATA\r\n.\r\nNONSENSE\r\nQUIT\r\n"
)


def answers(port: int, pieces: list[bytes]) -> list[bytes]:
    """The codes that a conversation gets."""
    with socket.create_connection(("127.0.0.1", port)) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            line.sendall(piece)
        said = b"".join(iter(lambda: line.recv(4_096), b""))
    return [row[:3] for row in said.split(b"\r\n") if row and row[3:4] == b" "]


def test_whatever_the_pieces_two_mails_are_taken() -> None:
    """A dot within a body ends nothing, and an empty body is one."""
    cuts = st.lists(st.integers(0, len(TALK)), max_size=6).map(sorted)
    with running() as sink:
        before = Counts()

        @settings(deadline=None, max_examples=40)
        @given(cuts)
        def check(at: list[int]) -> None:
            nonlocal before
            ends = [*at, len(TALK)]
            pieces = [TALK[start:end] for start, end in zip([0, *at], ends, strict=True)]
            codes = answers(sink.port, pieces)
            assert codes == [b"220", b"250", *[b"250", b"250", b"354", b"250"] * 2, b"502", b"221"]
            now = sink.counts()
            assert now.mails - before.mails == 2
            assert now.addresses == 2
            before = now

        check()


@pytest.mark.parametrize("seconds", [0.0, 0.01])
def test_a_usual_client_is_served(seconds: float) -> None:
    """Also by a relay that thinks about each mail; what it took is counted once for each address."""
    with running(seconds) as sink:
        with smtplib.SMTP("127.0.0.1", sink.port) as client:
            for to in ("a@x.example", "b@x.example", "a@x.example"):
                client.sendmail("me@x.example", to, "Subject: x\r\n\r\n.\r\nhello\r\n")
            assert client.has_extn("pipelining")
        counts = sink.counts()
    assert (counts.mails, counts.addresses, counts.conversations) == (3, 2, 1)
    assert counts.octets > 60
