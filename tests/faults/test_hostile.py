"""What a relay may do that no rule foresees: a conversation with it ends in time, and never says more than is known."""

import math
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from nurture.delivery.conversation import Conversation, Envelope, Timeouts
from nurture.delivery.model import Connection, Phase
from nurture.delivery.wire import ConversationEnded
from nurture.kernel.clock import SystemClock
from tests.faults.sink import Fault, Script, Sink

QUICK = Timeouts(connect=2, greeting=0.8, command=0.8, data=0.8, body=0.8, dot=0.8, patience=0.02)
MAIL = Envelope("a@example.com", "b@example.com", 20)
_monotonic = SystemClock().monotonic


PLAINLY = ("SIZE 1000000",)


@contextmanager
def _open(sink: Sink, deadline: float = math.inf, **more: str) -> Iterator[Conversation]:
    one = Conversation(Connection("smtp", "127.0.0.1", sink.port, **more), QUICK, deadline)
    try:
        yield one
    finally:
        one.drop()


def _hand_over(one: Conversation) -> int:
    """One whole mail; the code of the last answer."""
    refused = one.open_envelope(MAIL)
    if refused is not None:
        raise refused
    one.body(b"Subject: x\r\n\r\nhello\r\n")
    one.still_listening()
    one.finish()
    return one.answer().code


def _ended(script: Script, **more: str) -> ConversationEnded:
    """How it ends, and in how short a time."""
    start = _monotonic()
    with Sink(script) as sink, pytest.raises(ConversationEnded) as ended, _open(sink, **more) as one:
        _hand_over(one)
    assert _monotonic() - start < 20
    return ended.value


@pytest.mark.parametrize(
    ("fault", "phase"),
    [
        (Fault("banner", "drip 0.2 220 welcome to the slowest of all relays"), Phase.GREETING),
        (Fault("ehlo", "drip 0.2 250 sink"), Phase.GREETING),
        (Fault("mail", "drip 0.2 250 2.1.0 ok"), Phase.MAIL),
        (Fault("rcpt", "drip 0.2 250 2.1.5 ok"), Phase.RCPT),
        (Fault("data", "drip 0.2 354 go on"), Phase.DATA),
        (Fault("dot", "drip 0.2 250 2.0.0 taken"), Phase.DOT),
        (Fault("mail", "hang"), Phase.MAIL),
    ],
    ids=lambda value: value.phase if isinstance(value, Fault) else "",
)
def test_an_answer_has_its_time_as_a_whole(fault: Fault, phase: Phase) -> None:
    """However its bytes drip in: RFC 5321, 4.5.3.2."""
    ended = _ended(Script([fault], features=PLAINLY))
    assert (ended.phase, ended.reply, ended.was_silent) == (phase, None, True)


@pytest.mark.parametrize("features", [("PIPELINING",), ()], ids=["pipelined", "step by step"])
def test_all_before_the_final_dot_has_a_deadline(features: tuple[str, ...]) -> None:
    """Each answer comes in its time, all of them together do not."""
    faults = [Fault(phase, f"drip 0.02 {said}") for phase, said in (("banner", "220 hello"), ("ehlo", "250 sink.x"))]
    faults += [Fault("mail", "drip 0.02 250 2.1.0 ok"), Fault("rcpt", "drip 0.02 250 2.1.5 ok")]
    with Sink(Script(faults, features=features)) as sink:
        one = _open(sink, _monotonic() + 0.55)
        with pytest.raises(ConversationEnded) as ended, one as line:
            _hand_over(line)
    assert ended.value.was_silent
    assert ended.value.phase in {Phase.GREETING, Phase.MAIL, Phase.RCPT}


def test_the_answer_to_a_dot_is_waited_for_whatever_the_deadline() -> None:
    """What is on its way is heard to its end."""
    with Sink(Script(delay=0.7)) as sink, _open(sink, _monotonic() + 0.6) as one:
        assert _hand_over(one) == 250
        one.until(_monotonic() - 1)
        with pytest.raises(ConversationEnded):
            one.open_envelope(MAIL)


@pytest.mark.parametrize(
    "said",
    ["flood 250-more", "flood 2", "250" + "x" * 70_000, "²²² ok", "99 ok", "120 wait", "700 x", "ok", "250/fine"],
    ids=["endless lines", "an endless line", "a long line", "odd digits", "two digits", "1xx", "7xx", "words", "slash"],
)
def test_what_is_no_answer_ends_the_conversation(said: str) -> None:
    """Without a crash, and without filling the memory."""
    ended = _ended(Script([Fault("mail", said)], features=PLAINLY))
    assert (ended.phase, ended.reply) == (Phase.MAIL, None)


def test_what_is_no_answer_to_a_dot_leaves_it_unknown() -> None:
    """It may have been taken."""
    assert _ended(Script([Fault("dot", "what?")])).phase is Phase.DOT


@pytest.mark.parametrize("features", [("PIPELINING",), ()], ids=["pipelined", "step by step"])
@pytest.mark.parametrize("phase", ["banner", "mail", "rcpt", "data"])
def test_a_relay_that_says_more_than_it_was_asked_is_left(phase: str, features: tuple[str, ...]) -> None:
    """Before a dot: nobody could tell what the answer after it would be the answer to."""
    ended = _ended(Script([Fault(phase, "+250 2.0.0 taken")], features=features))
    assert ended.phase not in {Phase.DOT, Phase.ANSWERED}
    assert ended.reply is None


def test_an_answer_that_was_not_asked_is_not_taken_for_that_to_the_dot() -> None:
    """It comes before the dot is written, and so belongs to nothing."""
    with Sink(Script([Fault("data", "+250 2.0.0 taken")])) as sink, _open(sink) as one:
        assert one.open_envelope(MAIL) is None
        one.body(b"hello\r\n")
        with pytest.raises(ConversationEnded) as ended:
            one.still_listening()
        assert sink.accepted == []
    assert ended.value.phase is Phase.BODY


def test_a_refusal_before_the_dot_is_read() -> None:
    """A relay that has had enough of a body says so, and the dot is never written."""
    with Sink(Script([Fault("data", "+552 5.3.4 too much")])) as sink, _open(sink) as one:
        assert one.open_envelope(MAIL) is None
        one.body(b"hello\r\n")
        with pytest.raises(ConversationEnded) as ended:
            one.still_listening()
    assert ended.value.reply is not None
    assert ended.value.reply.code == 552


def test_nothing_said_ahead_of_the_encryption_is_believed() -> None:
    """CVE-2011-0411 and its kin: what somebody in between adds to the answer to STARTTLS."""
    script = Script(starttls=True, injected=b"\r\n250-sink\r\n250 AUTH PLAIN")
    ended = _ended(script, security="starttls", user="an", password="x")
    assert (ended.phase, ended.reply) == (Phase.GREETING, None)
    assert "encryption" in ended.cause


def test_a_relay_of_old_days_is_greeted_in_its_own_way() -> None:
    """EHLO refused, HELO taken, nothing offered and nothing used."""
    with Sink(Script([Fault("ehlo", "502 5.5.1 what?")])) as sink, _open(sink) as one:
        assert (one.pipelines, one.largest, _hand_over(one)) == (False, 0, 250)
        assert [line[:4] for line in sink.commands[:2]] == [b"EHLO", b"HELO"]
        assert not [line for line in sink.commands if b"SIZE" in line or b"BODY" in line]


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (Script(features=("AUTH PLAIN",), asks=True), b"AUTH PLAIN"),
        (Script(features=("AUTH=LOGIN PLAIN",)), b"AUTH PLAIN"),
        (Script([Fault("auth", "504 5.7.4 not this one", times=1)], features=("AUTH LOGIN PLAIN",)), b"AUTH LOGIN"),
        (Script(features=("AUTH LOGIN", "AUTH CRAM-MD5")), b"AUTH LOGIN"),
    ],
    ids=["asked for the proof", "written the old way", "offers what it does not take", "offered in two lines"],
)
def test_signing_in_copes_with(script: Script, said: bytes) -> None:
    """All the ways in which relays ask for a name and a word."""
    with Sink(script) as sink, _open(sink, user="an", password="phát") as one:
        assert _hand_over(one) == 250
        assert [line for line in sink.commands if line.startswith(said)]


@pytest.mark.parametrize(
    ("feature", "largest"),
    [("SIZE 1000", 1000), ("SIZE", 0), ("SIZE 0", 0), ("SIZE many", 0), ("SIZE " + "9" * 30, 0), ("8BITMIME", 0)],
)
def test_the_size_that_a_relay_announces_is_known(feature: str, largest: int) -> None:
    """Where it makes sense (RFC 1870)."""
    with Sink(Script(features=(feature,))) as sink, _open(sink) as one:
        assert one.largest == largest
