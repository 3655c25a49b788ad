"""Each failure of the mail world, through the real senders: the state it gives, and that the others go on."""

import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from nurture.activities.tables import decisions
from nurture.consents.tables import suppressions
from nurture.delivery import relays
from nurture.delivery.conversation import Conversation, Envelope, Timeouts
from nurture.delivery.model import Connection, Phase
from nurture.delivery.process import SenderProcess
from nurture.delivery.service import Dispatcher
from nurture.delivery.tables import routes
from nurture.delivery.wire import ConversationEnded
from nurture.kernel.clock import SystemClock
from nurture.kernel.context import Context
from nurture.messages.tables import attempts, messages
from tests.faults import certificate, ground, runner
from tests.faults.sink import Fault, Script, Sink

QUICK = Timeouts(connect=2, greeting=1, command=1, data=1, body=1, dot=1, patience=0.2)
ODD = "lead3@example.com"
LETTERS = {3: "huu.ðat.ly@example.net", 7: "khách@bưuđiện.example", 8: "minh@bưuđiện.example"}
_monotonic = SystemClock().monotonic


@dataclass
class Bench:
    """A sink with a script, and what handed over to it."""

    ctx: Context
    sink: Sink

    def message(self, address: str = ODD) -> Any:
        """The row of one address's message."""
        with self.ctx.database.read() as conn:
            number = int(address.partition("@")[0].removeprefix("lead"))
            return conn.execute(sa.select(messages).where(messages.c.lead_id == number)).one()

    def all(self, table: sa.Table) -> list[Any]:
        """Every row of a table."""
        with self.ctx.database.read() as conn:
            return list(conn.execute(sa.select(table)).all())


@contextmanager
def _handed_over(
    url: str,
    folder: Path,
    script: Script,
    count: int,
    *,
    until: int | None = None,
    odd: Mapping[int, str] | None = None,
    **settings: str,
) -> Iterator[Bench]:
    """Hand messages over until so many have left the queue."""
    with Sink(script) as sink:
        given = {name: value.format(port=sink.port) for name, value in settings.items()}
        ctx = runner.context(url, folder, sink.port, **given)
        ground.fill(ctx, count, odd=odd)
        dispatcher = Dispatcher(ctx, timeouts=QUICK)
        dispatcher.start()
        last = _monotonic() + 20
        wanted = count if until is None else until
        pause = ctx.wake.hits  # rung by nobody here
        while True:
            states = ground.states(ctx)
            if count - states["queued"] - states["sending"] >= wanted or _monotonic() > last:
                break
            pause.wait(0.02)
        dispatcher.stop()
        try:
            yield Bench(ctx, sink)
        finally:
            ctx.database.close()


@pytest.mark.parametrize(
    ("fault", "state", "phase"),
    [
        (Fault("rcpt", "450 4.2.0 greylisted", ODD), "deferred", "rcpt"),
        (Fault("rcpt", "550 5.1.1 unknown", ODD), "bounced", "rcpt"),
        (Fault("rcpt", "552 5.2.2 mailbox full", ODD), "bounced", "rcpt"),
        (Fault("rcpt", "550 5.7.1 policy", ODD), "bounced", "rcpt"),
        (Fault("data", "451 4.3.0 later", ODD), "deferred", "data"),
        (Fault("data", "554 5.6.0 no", ODD), "rejected", "data"),
        (Fault("body", "close", ODD), "deferred", "body"),
        (Fault("body", "reset", ODD), "deferred", "body"),
        (Fault("dot", "451 4.3.0 later", ODD), "deferred", "answered"),
        (Fault("dot", "554 5.6.0 refused", ODD), "rejected", "answered"),
        (Fault("dot", "550 5.1.1 unknown after all", ODD), "bounced", "answered"),
        (Fault("dot", "close", ODD), "unknown", "dot"),
        (Fault("dot", "reset", ODD), "unknown", "dot"),
        (Fault("dot", "hang", ODD), "unknown", "dot"),
        (Fault("answered", "reset", ODD), "sent", "answered"),
        (Fault("quit", "reset"), "sent", "answered"),
    ],
    ids=lambda value: f"{value.phase}-{value.action[:9]}" if isinstance(value, Fault) else str(value),
)
def test_a_failure_gives_its_state_and_changes_nothing_for_the_others(
    sqlite_url: str, tmp_path: Path, fault: Fault, state: str, phase: str
) -> None:
    """One odd recipient among twelve; each of the others is accepted once."""
    delay = 0.2 if fault.phase == "body" else 0.0  # a slow relay gets time to say that it dropped a body
    with _handed_over(sqlite_url, tmp_path, Script([fault], delay=delay), 12) as bench:
        row = bench.message()
        states = ground.states(bench.ctx)
        last = [one for one in bench.all(attempts) if one.message_id == row.id][-1]
        accepted = sorted(bench.sink.accepted)
    assert (row.state, last.phase, last.outcome) == (state, phase, state)
    assert states["sent"] == 12 - (state != "sent")
    assert len(set(accepted)) == len(accepted)
    assert len(accepted) == 12 - (state in {"deferred", "bounced", "rejected"})


def test_without_pipelining_it_goes_step_by_step(sqlite_url: str, tmp_path: Path) -> None:
    """A refusal in the middle is cleared with RSET."""
    script = Script([Fault("rcpt", "550 5.1.1 unknown", ODD)], features=("SIZE 1000000",))
    one = {"NURTURE_SENDERS": "1", "NURTURE_CONNECTIONS": "1"}  # so that the line goes on after the refusal
    with _handed_over(sqlite_url, tmp_path, script, 8, **one) as bench:
        assert ground.states(bench.ctx) == {"sent": 7, "bounced": 1}
        assert b"RSET" in bench.sink.commands


@pytest.mark.parametrize("pipelining", [("PIPELINING",), ()], ids=["pipelined", "step by step"])
def test_an_address_in_other_letters_goes_where_smtputf8_is_offered(
    sqlite_url: str, tmp_path: Path, pipelining: tuple[str, ...]
) -> None:
    """Each of its own kind of envelope, on the same conversations."""
    script = Script(features=(*pipelining, "SIZE 1000000", "8BITMIME", "SMTPUTF8"))
    with _handed_over(sqlite_url, tmp_path, script, 12, odd=LETTERS) as bench:
        assert ground.states(bench.ctx) == {"sent": 12}
        assert set(LETTERS.values()) <= {one.replace("xn--buin-1ua66gr30m", "bưuđiện") for one in bench.sink.accepted}
        utf8 = [line for line in bench.sink.commands if line.endswith(b" BODY=8BITMIME SMTPUTF8")]
        assert len(utf8) == 2
        (mail,) = [one for one in bench.sink.mails if "<huu.ðat.ly@example.net>\r\n".encode() in one]
        head = mail.partition(b"\r\n\r\n")[0].splitlines()
        assert [line.isascii() for line in head].count(False) == 1


@pytest.mark.parametrize("pipelining", [("PIPELINING",), ()], ids=["pipelined", "step by step"])
def test_an_address_in_other_letters_is_rejected_where_smtputf8_is_not_offered(
    sqlite_url: str, tmp_path: Path, pipelining: tuple[str, ...]
) -> None:
    """Before a word about it is said, with a decision; only the domain in other letters goes as ever."""
    with _handed_over(sqlite_url, tmp_path, Script(features=pipelining), 12, odd=LETTERS) as bench:
        assert ground.states(bench.ctx) == {"sent": 10, "rejected": 2}
        row = bench.message("lead3@")
        assert (row.state, row.reason, row.detail) == ("rejected", "needs_smtputf8", {"address": LETTERS[3]})
        kept = {(one.subject, one.outcome, one.reason) for one in bench.all(decisions)}
        assert kept == {(f"message:{n}", "no", "needs_smtputf8") for n in (3, 7)}
        assert not [line for line in bench.sink.commands if not line.isascii() or b"SMTPUTF8" in line]
        assert b"RSET" not in bench.sink.commands
        assert len(bench.sink.accepted) == len(set(bench.sink.accepted)) == 10
        assert bench.all(suppressions) == []


def test_conversations_are_kept_open(sqlite_url: str, tmp_path: Path) -> None:
    """Forty mails, and no more conversations than the settings allow."""
    with _handed_over(sqlite_url, tmp_path, Script(), 40) as bench:
        assert ground.states(bench.ctx) == {"sent": 40}
        assert bench.sink.connections <= bench.ctx.settings.senders * bench.ctx.settings.connections


def test_an_address_that_does_not_exist_is_suppressed_and_a_full_one_is_not(sqlite_url: str, tmp_path: Path) -> None:
    """The reason decides, not the first digit."""
    faults = [Fault("rcpt", "550 5.1.1 unknown", ODD), Fault("rcpt", "552 5.2.2 full", "lead4@")]
    with _handed_over(sqlite_url, tmp_path, Script(faults), 6) as bench:
        kept = [(one.address_hash, one.reason) for one in bench.all(suppressions)]
        assert kept == [(bench.ctx.keys.address_hash(ODD), "bounced")]


@pytest.mark.parametrize(
    "fault",
    [Fault("banner", "554 5.7.1 no"), Fault("mail", "550 5.7.1 sender refused"), Fault("ehlo", "550 no")],
    ids=["banner", "mail", "ehlo"],
)
def test_a_relay_that_refuses_us_pauses_the_route(sqlite_url: str, tmp_path: Path, fault: Fault) -> None:
    """Few messages are touched, nobody is blamed, and the reason can be read."""
    with _handed_over(sqlite_url, tmp_path, Script([fault]), 60, until=1) as bench:
        states = ground.states(bench.ctx)
        (route,) = bench.all(routes)
        assert bench.sink.accepted == []
        assert bench.all(suppressions) == []
    assert states.keys() <= {"queued", "deferred"}
    assert states["queued"] >= 40
    assert (route.key, route.state, route.failures >= 1) == ("smtp", "paused", True)
    assert fault.action in route.reason


def test_a_dead_relay_costs_a_few_attempts(sqlite_url: str, tmp_path: Path) -> None:
    """What waits goes on waiting; nothing is lost."""
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
    ctx = runner.context(sqlite_url, tmp_path, port)
    ground.fill(ctx, 50)
    dispatcher = Dispatcher(ctx, timeouts=QUICK)
    dispatcher.start()
    last = _monotonic() + 15
    while not ground.states(ctx)["deferred"] and _monotonic() < last:
        ctx.wake.hits.wait(0.02)
    dispatcher.stop()
    states = ground.states(ctx)
    with ctx.database.read() as conn:
        (route,) = conn.execute(sa.select(routes)).all()
    ctx.database.close()
    assert states["queued"] + states["deferred"] == 50
    assert 1 <= states["deferred"] <= 8
    assert (route.state, route.reason) == ("paused", "Connection refused")


def test_a_relay_with_room_for_one_conversation_is_served_by_one(sqlite_url: str, tmp_path: Path) -> None:
    """The conversation it refuses rests, and its messages go the other way."""
    with _handed_over(sqlite_url, tmp_path, Script(at_most=1, delay=0.02), 30, NURTURE_SENDERS="1") as bench:
        assert ground.states(bench.ctx) == {"sent": 30}
        assert len(set(bench.sink.accepted)) == 30


def test_stopping_finishes_or_gives_back(sqlite_url: str, tmp_path: Path) -> None:
    """Nothing stays under way or unknown, no lease and no journal is left; later it goes on."""
    with _handed_over(sqlite_url, tmp_path, Script(delay=0.03), 100, until=20) as bench:
        states = ground.states(bench.ctx)
        with bench.ctx.database.read() as conn:
            held = conn.execute(sa.select(messages.c.id).where(messages.c.lease_holder.is_not(None))).all()
        assert states.keys() == {"sent", "queued"}
        assert sorted(bench.sink.accepted) == sorted(ground.addresses(bench.ctx, "sent"))
        assert held == []
        assert list((tmp_path / "senders").iterdir()) == []
        assert ground.living_pids(bench.ctx) == []


def test_nothing_leaves_for_a_relay_outside_while_links_are_dead(sqlite_url: str, tmp_path: Path) -> None:
    """The route's row says why, until it is mended."""
    ctx = runner.context(sqlite_url, tmp_path, 1, NURTURE_SMTP_URL="smtp://relay.example:25")
    ground.fill(ctx, 3)
    dispatcher = Dispatcher(ctx, timeouts=QUICK)
    dispatcher.start()
    last = _monotonic() + 10
    rows: list[Any] = []
    while not rows and _monotonic() < last:
        ctx.wake.hits.wait(0.05)
        with ctx.database.read() as conn:
            rows = list(conn.execute(sa.select(routes)).all())
    dispatcher.stop()
    states = ground.states(ctx)
    ctx.database.close()
    assert states == {"queued": 3}
    assert [(row.state, row.reason) for row in rows] == [("paused", "links_unreachable")]


def test_a_sender_told_to_end_gives_back_and_is_replaced(sqlite_url: str, tmp_path: Path) -> None:
    """By its process's own signal; nothing is unknown."""
    with Sink(Script(delay=0.02)) as sink:
        ctx = runner.context(sqlite_url, tmp_path, sink.port)
        ground.fill(ctx, 60)
        dispatcher = Dispatcher(ctx, timeouts=QUICK)
        dispatcher.start()
        last, told = _monotonic() + 20, False
        while ground.states(ctx)["sent"] < 60 and _monotonic() < last:
            ctx.wake.hits.wait(0.02)
            if not told and len(sink.accepted) > 10:
                os.kill(ground.living_pids(ctx)[0], signal.SIGTERM)
                told = True
        dispatcher.stop()
        states = ground.states(ctx)
        ctx.database.close()
    assert told
    assert states == {"sent": 60}
    assert len(sink.accepted) == len(set(sink.accepted)) == 60


def test_a_sender_is_deaf_to_interrupts_from_its_first_instant(sqlite_url: str, tmp_path: Path) -> None:
    """Ctrl+C reaches every process of a terminal; one that still starts lives on until its parent ends it."""
    ctx = runner.context(sqlite_url, tmp_path, 1)
    bell = threading.Event()
    one = SenderProcess(ctx, relays.of(ctx.settings)[0], QUICK, bell)
    for _ in range(40):
        os.kill(one.pid, signal.SIGINT)
        bell.wait(0.01)
    _until(ctx, lambda: one.has_started or one.is_gone)
    os.kill(one.pid, signal.SIGINT)
    started, gone = one.has_started, one.is_gone
    one.close()
    assert (started, gone) == (True, False)
    assert one.wait(10)
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())
    ctx.database.close()


_REFUSE = """
CREATE TRIGGER refuse BEFORE UPDATE ON messages WHEN NEW.state = 'sending' AND OLD.state = 'queued'
BEGIN SELECT RAISE(ABORT, 'refused'); END
"""


def test_a_go_that_failed_is_taken_up_again_at_once(sqlite_url: str, tmp_path: Path) -> None:
    """What was reserved for a sender does not wait until its lease is over."""
    with Sink(Script(delay=0.02)) as sink:
        ctx = runner.context(sqlite_url, tmp_path, sink.port, NURTURE_SENDERS="1")
        ground.fill(ctx, 60)
        dispatcher = Dispatcher(ctx, timeouts=QUICK)
        dispatcher.start()
        _until(ctx, lambda: len(sink.accepted) > 5)
        with ctx.database.write() as conn:
            conn.execute(sa.text(_REFUSE))
        _until(ctx, lambda: ground.states(ctx)["sending"] == 0)
        between = ground.states(ctx)
        with ctx.database.write() as conn:
            conn.execute(sa.text("DROP TRIGGER refuse"))
        _until(ctx, lambda: ground.states(ctx)["sent"] == 60, 40)
        dispatcher.stop()
        states = ground.states(ctx)
        ctx.database.close()
    assert between["queued"] > 0
    assert states == {"sent": 60}
    assert len(sink.accepted) == len(set(sink.accepted)) == 60


def _until(ctx: Context, look: Callable[[], bool], seconds: float = 15) -> None:
    last = _monotonic() + seconds
    while not look() and _monotonic() < last:
        ctx.wake.hits.wait(0.02)


@pytest.mark.parametrize("kind", ["PLAIN", "LOGIN"])
def test_authentication_by(kind: str) -> None:
    """Both kinds that relays offer."""
    with Sink(Script(features=(f"AUTH {kind}", "PIPELINING"))) as sink:
        one = Conversation(Connection("smtp", "127.0.0.1", sink.port, user="an", password="phát"), QUICK)
        one.quit()
        assert any(line.startswith(b"AUTH " + kind.encode()) for line in sink.commands)


@pytest.mark.parametrize(
    ("script", "way", "phase"),
    [
        (Script([Fault("auth", "535 5.7.8 no")], features=("AUTH PLAIN",)), {"user": "an"}, Phase.AUTH),
        (Script(features=("PIPELINING",)), {"user": "an"}, Phase.AUTH),
        (Script(features=("PIPELINING",)), {"security": "starttls"}, Phase.GREETING),
        (Script([Fault("banner", "hang")]), {}, Phase.GREETING),
        (Script([Fault("ehlo", "close")]), {}, Phase.GREETING),
        (Script([Fault("banner", "HTTP/1.1 400 Bad Request")]), {}, Phase.GREETING),
    ],
    ids=["wrong password", "no AUTH", "no STARTTLS", "silent", "hangs up", "no SMTP"],
)
def test_a_conversation_that_cannot_begin_says_where(script: Script, way: dict[str, str], phase: Phase) -> None:
    """And leaves no open socket."""
    with Sink(script) as sink, pytest.raises(ConversationEnded) as ended:
        Conversation(Connection("smtp", "127.0.0.1", sink.port, **way), QUICK)
    assert ended.value.phase is phase


def test_a_dot_never_travels_with_its_body() -> None:
    """The dot opens the next envelope's write; the body went before it, alone."""
    writes: list[bytes] = []
    with Sink() as sink:
        one = Conversation(Connection("smtp", "127.0.0.1", sink.port), QUICK)
        real = one._wire.socket

        class Spy:
            def sendall(self, data: bytes) -> None:
                writes.append(bytes(data))
                real.sendall(data)

            def send(self, data: bytes) -> int:
                writes.append(bytes(data))
                return real.send(data)

            def __getattr__(self, name: str) -> Any:
                return getattr(real, name)

        one._wire.socket = Spy()  # type: ignore[assignment]
        envelopes = [Envelope("a@example.com", f"b{n}@example.com", 10) for n in range(2)]
        assert one.open_envelope(envelopes[0]) is None
        one.body(b"hello\r\n")
        one.finish(one.envelope_bytes(envelopes[1]))
        assert one.answer().code == 250
        assert one.envelope_answers() is None
        one.quit()
    assert writes[1] == b"hello\r\n"
    assert writes[2].startswith(b".\r\nMAIL FROM:")


@pytest.mark.parametrize("scheme", ["smtps", "smtp+starttls"])
def test_an_encrypted_and_authenticated_conversation_carries_mail(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    """With a certificate that the machine trusts; many mails in each conversation."""
    trusted, tls = certificate.make(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    features = ("AUTH LOGIN PLAIN", "PIPELINING", "SIZE 30000000", "8BITMIME", "SMTPUTF8")
    script = Script(features=features, tls=tls, starttls="starttls" in scheme, proof="\0an\0phát".encode())
    way = {"NURTURE_SMTP_URL": f"{scheme}://an:ph%C3%A1t@127.0.0.1:{{port}}"}
    with _handed_over(sqlite_url, tmp_path, script, 24, odd=LETTERS, **way) as bench:
        assert ground.states(bench.ctx) == {"sent": 24}
        assert bench.sink.connections <= 4
        assert len(set(bench.sink.accepted)) == 24
        assert bench.all(routes) == []


@pytest.mark.parametrize("security", ["tls", "starttls"])
@pytest.mark.parametrize("fault", ["nobody trusts it", "of another host"])
def test_a_certificate_that_proves_nothing_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, security: str, fault: str
) -> None:
    """Encryption without knowing with whom is none; no password was said."""
    trusted, tls = certificate.make(tmp_path, host="127.0.0.2")
    if fault == "of another host":
        monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    script = Script(features=("AUTH PLAIN",), tls=tls, starttls=security == "starttls")
    with Sink(script) as sink, pytest.raises(ConversationEnded) as ended:
        Conversation(Connection("smtp", "127.0.0.1", sink.port, security, "an", "phát"), QUICK)
    assert ended.value.phase is (Phase.CONNECT if security == "tls" else Phase.GREETING)
    assert "certificate" in ended.value.cause.lower()
    assert not [line for line in sink.commands if line.startswith(b"AUTH")]


def test_a_relay_that_speaks_plainly_where_encryption_is_set_is_refused() -> None:
    """It never falls back."""
    with Sink(Script([Fault("banner", "220 plain text here")])) as sink, pytest.raises(ConversationEnded) as ended:
        Conversation(Connection("smtp", "127.0.0.1", sink.port, "tls"), QUICK)
    assert ended.value.phase is Phase.CONNECT
