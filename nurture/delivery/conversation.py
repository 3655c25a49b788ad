"""One conversation with a relay, at socket level (I/O): greeting, STARTTLS, AUTH, envelopes, bodies, final dots.

smtplib raises the same exception for a message that was not sent and for one that may have been; here each step says
how far it came. Where the relay offers PIPELINING (RFC 2920), an envelope is one write, and the final dot of one
message may open the next envelope's write; it never shares a write with its own body.
"""

import base64
import select
import socket
import ssl
from dataclasses import dataclass
from typing import NoReturn

from nurture.delivery.classify import enhanced_status
from nurture.delivery.model import Connection, Phase
from nurture.kernel.clock import SystemClock

_LONGEST_REPLY = 64 * 1024
_monotonic = SystemClock().monotonic


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds to wait at each phase (RFC 5321, 4.5.3.2)."""

    connect: float = 30
    greeting: float = 300
    command: float = 300
    data: float = 120
    body: float = 180
    dot: float = 600
    patience: float = 0.005  # the most that a relay gets to say that it dropped a body, before the dot


@dataclass(frozen=True, slots=True)
class Reply:
    """A relay's answer."""

    code: int
    text: str

    @property
    def enhanced(self) -> str:
        """Its enhanced status code, or nothing."""
        return enhanced_status(self.text)


class ConversationEnded(Exception):  # noqa: N818 - it ends in order, too
    """It cannot go on. `phase` says where; `reply` is the refusal, or None when the line went dead."""

    def __init__(self, phase: Phase, reply: Reply | None = None, cause: str = "") -> None:
        self.phase = phase
        self.reply = reply
        self.cause = cause
        super().__init__(f"{phase}: {reply or cause}")


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who writes to whom, and how large it is. Only the recipient may have letters that are not ASCII."""

    sender: str
    recipient: str
    size: int

    @property
    def needs_utf8(self) -> bool:
        """Whether it can travel only where SMTPUTF8 is offered (RFC 6531)."""
        return not self.recipient.isascii()


class Conversation:
    """An open conversation. Any method raises ConversationEnded when the line dies."""

    def __init__(self, connection: Connection, timeouts: Timeouts) -> None:
        self._connection = connection
        self._timeouts = timeouts
        self._buffer = bytearray()
        self._features: dict[str, str] = {}
        self._pace = timeouts.patience  # seconds from a write to its answer, smoothed
        self._written = _monotonic()
        self._unclean = False  # an envelope was refused half-way: RSET before the next one
        self._socket = self._connected()
        try:
            self._greet()
        except BaseException:
            self._socket.close()
            raise

    @property
    def pipelines(self) -> bool:
        """Whether several commands may travel in one write."""
        return "PIPELINING" in self._features

    def takes(self, envelope: Envelope) -> bool:
        """Whether the relay can be offered such an address."""
        return "SMTPUTF8" in self._features or not envelope.needs_utf8

    def envelope_bytes(self, envelope: Envelope) -> bytes:
        """The whole envelope up to DATA, for one write."""
        return b"".join(self._commands(envelope))

    def _commands(self, envelope: Envelope) -> list[bytes]:
        options = f" SIZE={envelope.size}" if "SIZE" in self._features else ""
        if envelope.needs_utf8:
            options += " BODY=8BITMIME SMTPUTF8" if "8BITMIME" in self._features else " SMTPUTF8"
        reset = [b"RSET\r\n"] if self._unclean else []
        mail = f"MAIL FROM:<{envelope.sender}>{options}\r\n".encode("ascii")
        return [*reset, mail, f"RCPT TO:<{envelope.recipient}>\r\n".encode(), b"DATA\r\n"]

    def open_envelope(self, envelope: Envelope) -> ConversationEnded | None:
        """Offer the envelope. None when the relay waits for the body; else the refusal, and the line is still good."""
        if self.pipelines:
            self._write(self.envelope_bytes(envelope), Phase.MAIL)
            return self.envelope_answers()
        return self._step_by_step(envelope)

    def envelope_answers(self) -> ConversationEnded | None:
        """Read the answers to an envelope that was written in one go."""
        if self._unclean:
            self._read(Phase.MAIL, self._timeouts.command)
        refused: ConversationEnded | None = None
        for phase in (Phase.MAIL, Phase.RCPT):
            reply = self._read(phase, self._timeouts.command)
            if reply.code == 421:
                raise ConversationEnded(phase, reply)
            if not 200 <= reply.code < 300 and refused is None:
                refused = ConversationEnded(phase, reply)
        return self._data_answer(refused)

    def _data_answer(self, refused: ConversationEnded | None) -> ConversationEnded | None:
        reply = self._read(Phase.DATA, self._timeouts.data)
        if reply.code == 421:
            raise ConversationEnded(Phase.DATA, reply)
        if refused is None and reply.code == 354:
            self._unclean = False
            return None
        self._unclean = True
        if reply.code == 354:  # no recipient, and yet it wants a body: an empty one goes nowhere (RFC 2920, 3.1)
            self._write(b".\r\n", Phase.DATA)
            self._read(Phase.DATA, self._timeouts.dot)
        return refused or ConversationEnded(Phase.DATA, reply)

    def _step_by_step(self, envelope: Envelope) -> ConversationEnded | None:
        *before, data = self._commands(envelope)
        phases = [Phase.MAIL] * (len(before) - 1) + [Phase.RCPT]
        for command, phase in zip(before, phases, strict=True):
            reply = self._ask(command, phase, self._timeouts.command)
            if reply.code == 421:
                raise ConversationEnded(phase, reply)
            if not 200 <= reply.code < 300:
                self._unclean = True
                return ConversationEnded(phase, reply)
        self._write(data, Phase.DATA)
        return self._data_answer(None)

    def body(self, stuffed: bytes) -> None:
        """Write a body, dots stuffed, without its final dot."""
        self._write(stuffed, Phase.BODY, self._timeouts.body)

    def still_listening(self) -> None:
        """ConversationEnded(BODY) when the relay hung up or answered before the final dot.

        It is given as long to say so as its answers take, a few milliseconds at most: a body dropped half-way is then
        safe to send again, where a dot written behind it at once would leave us not knowing.
        """
        select.select([self._socket], [], [], min(self._pace, self._timeouts.patience))
        self._socket.settimeout(0)
        try:
            part = self._socket.recv(4096)
        except (BlockingIOError, ssl.SSLWantReadError):
            return
        except OSError as error:
            raise ConversationEnded(Phase.BODY, cause=_said(error)) from error
        if not part:
            raise ConversationEnded(Phase.BODY, cause="the connection was closed")
        self._buffer += part
        raise ConversationEnded(Phase.BODY, self._read(Phase.BODY, self._timeouts.command))

    def finish(self, following: bytes = b"") -> None:
        """Write the final dot, and the next envelope behind it.

        ConversationEnded(BODY) when not even its first byte left; anything later is for `answer` to find out.
        """
        data = memoryview(b".\r\n" + following)
        self._socket.settimeout(self._timeouts.body)
        self._written = _monotonic()
        encrypted = isinstance(self._socket, ssl.SSLSocket)
        try:
            first = self._socket.send(data)
        except OSError as error:
            raise ConversationEnded(Phase.DOT if encrypted else Phase.BODY, cause=_said(error)) from error
        if first < len(data):
            self._write(bytes(data[first:]), Phase.DOT)

    def answer(self) -> Reply:
        """The answer to the final dot. ConversationEnded(DOT) when none comes."""
        return self._read(Phase.DOT, self._timeouts.dot)

    def quit(self) -> None:
        """Say goodbye; how the relay takes it changes nothing."""
        try:
            self._socket.settimeout(2)
            self._socket.sendall(b"QUIT\r\n")
            self._socket.recv(512)
        except OSError:
            pass
        finally:
            self._socket.close()

    def drop(self) -> None:
        """Hang up without a word; a body without its dot is void (RFC 5321, 4.1.1.4)."""
        self._socket.close()

    # -- opening --

    def _connected(self) -> socket.socket:
        address = (self._connection.host, self._connection.port)
        try:
            line = socket.create_connection(address, self._timeouts.connect)
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return self._encrypted(line) if self._connection.security == "tls" else line
        except OSError as error:
            raise ConversationEnded(Phase.CONNECT, cause=_said(error)) from error

    def _encrypted(self, line: socket.socket) -> ssl.SSLSocket:
        try:
            return ssl.create_default_context().wrap_socket(line, server_hostname=self._connection.host)
        except BaseException:
            line.close()
            raise

    def _greet(self) -> None:
        self._accept(self._read(Phase.GREETING, self._timeouts.greeting), Phase.GREETING)
        self._hello()
        if self._connection.security == "starttls":
            self._start_tls()
            self._hello()
        if self._connection.user:
            self._authenticate()

    def _hello(self) -> None:
        name = _own_name(self._socket)
        reply = self._ask(f"EHLO {name}\r\n".encode("ascii"), Phase.GREETING, self._timeouts.command)
        if reply.code in {500, 502, 504}:
            reply = self._ask(f"HELO {name}\r\n".encode("ascii"), Phase.GREETING, self._timeouts.command)
            self._accept(reply, Phase.GREETING)
            return
        self._accept(reply, Phase.GREETING)
        lines = (line.partition(" ") for line in reply.text.splitlines()[1:])
        self._features = {word.upper(): rest.upper() for word, _, rest in lines}

    def _start_tls(self) -> None:
        if "STARTTLS" not in self._features:
            raise ConversationEnded(Phase.GREETING, Reply(554, "the relay offers no STARTTLS"))
        self._accept(self._ask(b"STARTTLS\r\n", Phase.GREETING, self._timeouts.command), Phase.GREETING)
        if self._buffer:  # said before the encryption began: somebody in between may have written it
            raise ConversationEnded(Phase.GREETING, cause="text ahead of the encryption")
        try:
            self._socket = self._encrypted(self._socket)
        except OSError as error:
            raise ConversationEnded(Phase.GREETING, cause=_said(error)) from error
        self._features = {}

    def _authenticate(self) -> None:
        kinds = self._features.get("AUTH", "").split()
        user, password = self._connection.user.encode(), self._connection.password.encode()
        if "PLAIN" in kinds:
            proof = base64.b64encode(b"\0" + user + b"\0" + password)
            reply = self._ask(b"AUTH PLAIN " + proof + b"\r\n", Phase.AUTH, self._timeouts.command)
        elif "LOGIN" in kinds:
            reply = self._ask(b"AUTH LOGIN\r\n", Phase.AUTH, self._timeouts.command)
            for word in (user, password):
                if reply.code == 334:
                    reply = self._ask(base64.b64encode(word) + b"\r\n", Phase.AUTH, self._timeouts.command)
        else:
            raise ConversationEnded(Phase.AUTH, Reply(554, "the relay offers neither AUTH PLAIN nor AUTH LOGIN"))
        self._accept(reply, Phase.AUTH)

    # -- bytes --

    def _accept(self, reply: Reply, phase: Phase) -> None:
        if not 200 <= reply.code < 300:
            raise ConversationEnded(phase, reply)

    def _ask(self, command: bytes, phase: Phase, seconds: float) -> Reply:
        self._write(command, phase)
        return self._read(phase, seconds)

    def _write(self, data: bytes, phase: Phase, seconds: float | None = None) -> None:
        self._written = _monotonic()
        self._socket.settimeout(self._timeouts.command if seconds is None else seconds)
        try:
            self._socket.sendall(data)
        except OSError as error:
            self._last_words(phase, error)

    def _last_words(self, phase: Phase, error: OSError) -> NoReturn:
        """The line broke while writing: what the relay said before hanging up tells more than the error."""
        if phase is not Phase.DOT:
            try:
                raise ConversationEnded(phase, self._read(phase, 1)) from error
            except ConversationEnded as ended:
                if ended.reply is not None:
                    raise
        raise ConversationEnded(phase, cause=_said(error)) from error

    def _read(self, phase: Phase, seconds: float) -> Reply:
        lines: list[str] = []
        size = 0
        while True:
            line = self._line(phase, seconds)
            size += len(line)
            if size > _LONGEST_REPLY or not line[:3].isdigit() or line[3:4] not in {" ", "-", ""}:
                raise ConversationEnded(phase, cause="that is no SMTP reply")
            lines.append(line[4:])
            if line[3:4] != "-":
                return Reply(int(line[:3]), "\n".join(lines))

    def _line(self, phase: Phase, seconds: float) -> str:
        while (end := self._buffer.find(b"\n")) < 0:
            if len(self._buffer) > _LONGEST_REPLY:
                raise ConversationEnded(phase, cause="that is no SMTP reply")
            self._buffer += self._received(phase, seconds)
        line = bytes(self._buffer[:end]).rstrip(b"\r")
        del self._buffer[: end + 1]
        return line.decode("utf-8", "replace")

    def _received(self, phase: Phase, seconds: float) -> bytes:
        self._socket.settimeout(seconds)
        try:
            part = self._socket.recv(65536)
        except OSError as error:
            raise ConversationEnded(phase, cause=_said(error)) from error
        if not part:
            raise ConversationEnded(phase, cause="the connection was closed")
        self._pace = 0.75 * self._pace + 0.25 * (_monotonic() - self._written)
        return part


def stuffed(data: bytes) -> bytes:
    """The mail as it travels: a line that begins with a dot gets one more (RFC 5321, 4.5.2), CRLF at the end."""
    if b"\r\n." in data:
        data = data.replace(b"\r\n.", b"\r\n..")
    if data.startswith(b"."):
        data = b"." + data
    return data if data.endswith(b"\r\n") else data + b"\r\n"


def _said(error: OSError) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return (error.strerror or str(error))[:200]


def _own_name(line: socket.socket) -> str:
    """How we greet: this machine's full name, else its address as a literal (RFC 5321, 4.1.3)."""
    name = socket.gethostname()
    if "." in name and name.isascii() and name.replace(".", "").replace("-", "").isalnum():
        return name
    address = str(line.getsockname()[0])
    return f"[IPv6:{address.partition('%')[0]}]" if ":" in address else f"[{address}]"
