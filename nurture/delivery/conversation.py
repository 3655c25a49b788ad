"""One conversation with a relay, at socket level (I/O): greeting, STARTTLS, AUTH, envelopes, bodies, final dots.

smtplib raises the same exception for a message that was not sent and for one that may have been; here each step says
how far it came. Where the relay offers PIPELINING (RFC 2920), an envelope is one write, and the final dot of one
message may open the next envelope's write; it never shares a write with its own body.
"""

import base64
import math
import re
import socket
import ssl
from dataclasses import dataclass

from nurture.delivery.model import Connection, Phase
from nurture.delivery.wire import OUT_OF_STEP, ConversationEnded, Reply, Wire, said

_GRANTED = re.compile(rb"(?:25[0-9] [^\r\n]*\r\n){2}354 [^\r\n]*\r\n")  # what is answered to an envelope
_PIECE = 64 * 1024  # of a body: each has its time (RFC 5321, 4.5.3.2.5)


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
class Envelope:
    """Who writes to whom, and how large it is."""

    sender: str
    recipient: str
    size: int

    @property
    def needs_utf8(self) -> bool:
        """Whether it can travel only where SMTPUTF8 is offered (RFC 6531)."""
        return not (self.recipient.isascii() and self.sender.isascii())


class Conversation:
    """An open conversation. Any method raises ConversationEnded when the line dies, or the relay is out of step.

    `deadline` is the monotonic instant by which all must be done up to the next final dot, see `until`. `pipelining`
    is False where the relay is known not to mean what it offers.
    """

    def __init__(
        self, connection: Connection, timeouts: Timeouts, deadline: float = math.inf, *, pipelining: bool = True
    ) -> None:
        self._connection = connection
        self._timeouts = timeouts
        self._may_pipeline = pipelining
        self._features: dict[str, str] = {}
        self._unclean = False  # an envelope was refused half-way: RSET before the next one
        self._wire = Wire(self._connected(), deadline)
        try:
            self._greet()
        except BaseException:
            self.drop()
            raise

    @property
    def pipelines(self) -> bool:
        """Whether several commands may travel in one write."""
        return self._may_pipeline and "PIPELINING" in self._features

    @property
    def largest(self) -> int:
        """The most bytes of a message that the relay says it takes (RFC 1870); 0 when it says nothing."""
        most = self._features.get("SIZE", "").strip()
        return int(most) if most.isascii() and most.isdigit() and len(most) < 19 else 0

    def until(self, deadline: float) -> None:
        """From now on all must be done by this monotonic instant, up to the next final dot; its answer has its own."""
        self._wire.deadline = deadline

    def takes(self, envelope: Envelope) -> bool:
        """Whether the relay can be offered such an address."""
        return "SMTPUTF8" in self._features or not envelope.needs_utf8

    def envelope_bytes(self, envelope: Envelope) -> bytes:
        """The whole envelope up to DATA, for one write."""
        return b"".join([*([b"RSET\r\n"] if self._unclean else []), *self._commands(envelope)])

    def _commands(self, envelope: Envelope) -> list[bytes]:
        options = f" SIZE={envelope.size}" if "SIZE" in self._features else ""
        if envelope.needs_utf8:
            options += " BODY=8BITMIME SMTPUTF8" if "8BITMIME" in self._features else " SMTPUTF8"
        mail = f"MAIL FROM:<{envelope.sender}>{options}\r\n".encode()
        return [mail, f"RCPT TO:<{envelope.recipient}>\r\n".encode(), b"DATA\r\n"]

    def open_envelope(self, envelope: Envelope) -> ConversationEnded | None:
        """Offer the envelope. None when the relay waits for the body; else the refusal, and the line is still good."""
        self._wire.in_step(Phase.MAIL)
        if self.pipelines:
            self._wire.write(self.envelope_bytes(envelope), Phase.MAIL, self._timeouts.command)
            return self.envelope_answers()
        return self._step_by_step(envelope)

    def envelope_answers(self) -> ConversationEnded | None:
        """Read the answers to an envelope that was written in one go."""
        if self._unclean:
            self._cleaned(self._wire.read(Phase.MAIL, self._timeouts.command))
        elif self._wire.has_said(_GRANTED):
            return None
        refused: ConversationEnded | None = None
        for phase in (Phase.MAIL, Phase.RCPT):
            answer = self._answered(phase, self._wire.read(phase, self._timeouts.command))
            refused = refused or answer
        return self._data_answer(refused)

    def _cleaned(self, reply: Reply) -> None:
        """The answer to RSET, which nobody can refuse."""
        if not 200 <= reply.code < 300:
            raise ConversationEnded(Phase.MAIL, reply if reply.code == 421 else None, OUT_OF_STEP)

    def _answered(self, phase: Phase, reply: Reply) -> ConversationEnded | None:
        """The refusal that this answer to a part of the envelope is, if it is one."""
        if reply.code == 421:
            raise ConversationEnded(phase, reply)
        if 300 <= reply.code < 400:
            raise ConversationEnded(phase, cause=OUT_OF_STEP)
        return None if reply.code < 300 else ConversationEnded(phase, reply)

    def _data_answer(self, refused: ConversationEnded | None) -> ConversationEnded | None:
        reply = self._wire.read(Phase.DATA, self._timeouts.data)
        if reply.code == 421:
            raise ConversationEnded(Phase.DATA, reply)
        if reply.code < 400 and reply.code != 354:  # that was the answer to something else
            raise ConversationEnded(Phase.DATA, cause=OUT_OF_STEP)
        if refused is None and reply.code == 354:
            self._unclean = False
            return None
        self._unclean = True
        if reply.code == 354:  # no recipient, and yet it wants a body: an empty one goes nowhere (RFC 2920, 3.1)
            self._wire.ask(b".\r\n", Phase.DATA, self._timeouts.command)
        return refused or ConversationEnded(Phase.DATA, reply)

    def _step_by_step(self, envelope: Envelope) -> ConversationEnded | None:
        if self._unclean:
            self._cleaned(self._wire.ask(b"RSET\r\n", Phase.MAIL, self._timeouts.command))
        mail, recipient, data = self._commands(envelope)
        for command, phase in ((mail, Phase.MAIL), (recipient, Phase.RCPT)):
            refused = self._answered(phase, self._wire.ask(command, phase, self._timeouts.command))
            if refused is not None:
                self._unclean = True
                return refused
        self._wire.write(data, Phase.DATA, self._timeouts.command)
        return self._data_answer(None)

    def body(self, stuffed: bytes) -> None:
        """Write a body, dots stuffed, without its final dot."""
        for start in range(0, len(stuffed), _PIECE):
            self._wire.write(stuffed[start : start + _PIECE], Phase.BODY, self._timeouts.body)

    def still_listening(self) -> None:
        """ConversationEnded(BODY) when the relay hung up, answered before the final dot, or has no room for it.

        It is given as long to say so as its answers take, a few milliseconds at most: a body dropped half-way is then
        safe to send again, where a dot written behind it at once would leave us not knowing.
        """
        self._wire.quiet(Phase.BODY, self._timeouts.patience, self._timeouts.body)

    def finish(self, following: bytes = b"") -> None:
        """Write the final dot, and the next envelope behind it.

        ConversationEnded(BODY) when not even its first byte left; anything later is for `answer` to find out.
        """
        self._wire.send_dot(b".\r\n" + following)

    def answer(self) -> Reply:
        """The answer to the final dot. ConversationEnded(DOT) when none comes."""
        return self._wire.read(Phase.DOT, self._timeouts.dot)

    def quit(self) -> None:
        """Say goodbye; how the relay takes it changes nothing."""
        self._wire.goodbye(b"QUIT\r\n")

    def drop(self) -> None:
        """Hang up without a word; a body without its dot is void (RFC 5321, 4.1.1.4)."""
        self._wire.socket.close()

    # -- opening --

    def _connected(self) -> socket.socket:
        address = (self._connection.host, self._connection.port)
        try:
            line = socket.create_connection(address, self._timeouts.connect)
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return self._encrypted(line) if self._connection.security == "tls" else line
        except OSError as error:
            raise ConversationEnded(Phase.CONNECT, cause=said(error)) from error

    def _encrypted(self, line: socket.socket) -> ssl.SSLSocket:
        try:
            return ssl.create_default_context().wrap_socket(line, server_hostname=self._connection.host)
        except BaseException:
            line.close()
            raise

    def _greet(self) -> None:
        self._accept(self._wire.read(Phase.GREETING, self._timeouts.greeting), Phase.GREETING)
        self._hello()
        if self._connection.security == "starttls":
            self._start_tls()
            self._hello()
        if self._connection.user:
            self._authenticate()

    def _hello(self) -> None:
        name = _own_name(self._wire.socket)
        reply = self._wire.ask(f"EHLO {name}\r\n".encode("ascii"), Phase.GREETING, self._timeouts.command)
        if reply.code in {500, 502, 504}:
            reply = self._wire.ask(f"HELO {name}\r\n".encode("ascii"), Phase.GREETING, self._timeouts.command)
            self._accept(reply, Phase.GREETING)
            return
        self._accept(reply, Phase.GREETING)
        self._features = _offered(reply.text)

    def _start_tls(self) -> None:
        if "STARTTLS" not in self._features:
            raise ConversationEnded(Phase.GREETING, Reply(554, "the relay offers no STARTTLS"))
        self._accept(self._wire.ask(b"STARTTLS\r\n", Phase.GREETING, self._timeouts.command), Phase.GREETING)
        if self._wire.has_more:  # said before the encryption began: somebody in between may have written it
            raise ConversationEnded(Phase.GREETING, cause="text ahead of the encryption")
        self._wire.wait_itself(self._timeouts.command, Phase.GREETING)
        try:
            self._wire.socket = self._encrypted(self._wire.socket)
        except OSError as error:
            raise ConversationEnded(Phase.GREETING, cause=said(error)) from error
        self._features = {}

    def _authenticate(self) -> None:
        kinds = self._features.get("AUTH", "").split()
        user, password = self._connection.user.encode(), self._connection.password.encode()
        reply = Reply(554, "the relay offers neither AUTH PLAIN nor AUTH LOGIN")
        if "PLAIN" in kinds:
            proof = base64.b64encode(b"\0" + user + b"\0" + password)
            reply = self._sign_in(b"AUTH PLAIN " + proof, proof)
        if "LOGIN" in kinds and ("PLAIN" not in kinds or reply.code == 504):  # it does not take what it offered first
            reply = self._sign_in(b"AUTH LOGIN", base64.b64encode(user), base64.b64encode(password))
        self._accept(reply, Phase.AUTH)

    def _sign_in(self, command: bytes, *words: bytes) -> Reply:
        """Begin to sign in, and say the words one after the other as far as they are asked for."""
        reply = self._wire.ask(command + b"\r\n", Phase.AUTH, self._timeouts.command)
        for word in words:
            if reply.code == 334:
                reply = self._wire.ask(word + b"\r\n", Phase.AUTH, self._timeouts.command)
        return reply

    def _accept(self, reply: Reply, phase: Phase) -> None:
        if not 200 <= reply.code < 300:
            raise ConversationEnded(phase, reply)


def _offered(text: str) -> dict[str, str]:
    """What an answer to EHLO offers, by keyword; `AUTH=LOGIN` is an old way to say `AUTH LOGIN`."""
    found: dict[str, str] = {}
    for line in text.splitlines()[1:]:
        word, _, rest = line.strip().upper().replace("AUTH=", "AUTH ", 1).partition(" ")
        found[word] = f"{found[word]} {rest}" if word in found else rest
    return found


def stuffed(data: bytes) -> bytes:
    """The mail as it travels: a line that begins with a dot gets one more (RFC 5321, 4.5.2), CRLF at the end."""
    if b"\r\n." in data:
        data = data.replace(b"\r\n.", b"\r\n..")
    if data.startswith(b"."):
        data = b"." + data
    return data if data.endswith(b"\r\n") else data + b"\r\n"


def _own_name(line: socket.socket) -> str:
    """How we greet: this machine's full name, else its address as a literal (RFC 5321, 4.1.3)."""
    name = socket.gethostname()
    if "." in name and name.isascii() and name.replace(".", "").replace("-", "").isalnum():
        return name
    address = str(line.getsockname()[0])
    return f"[IPv6:{address.partition('%')[0]}]" if ":" in address else f"[{address}]"
