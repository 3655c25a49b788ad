"""A raw SMTP sink that takes everything, or fails as its script says, phase by phase.

It writes each recipient whose final dot it saw to a file at once, before it answers. Run it as a process with
`python -m tests.faults.sink PORT RECORD DELAY`, or in a thread of the test.
"""

import asyncio
import os
import re
import socket
import ssl
import sys
import threading
from base64 import b64encode
from dataclasses import dataclass, field
from pathlib import Path

_ADDRESS = re.compile(rb"<([^>]*)>")


@dataclass
class Fault:
    """At this phase say `action` instead: an answer, or `close`, `reset`, `hang`. Only for recipients like `match`.

    `drip 0.1 250 ok` says it byte by byte, one in so many seconds; `flood 250-more` says that line for ever; and
    `+250 more` says it after the usual answer. Phases: banner, ehlo, auth, mail, rcpt, data, body (after `after`
    bytes), dot (seen, not answered as usual), answered (after the 250 was written), quit.
    """

    phase: str
    action: str
    match: str = ""
    times: int = 1_000_000
    after: int = 1_000


@dataclass
class Script:
    """What goes wrong, and what the sink offers."""

    faults: list[Fault] = field(default_factory=list)
    features: tuple[str, ...] = ("PIPELINING", "SIZE 30000000", "ENHANCEDSTATUSCODES", "8BITMIME")
    delay: float = 0.0
    at_most: int = 1_000  # conversations at a time
    tls: ssl.SSLContext | None = None
    starttls: bool = False  # encrypted only when asked
    proof: bytes = b""  # what AUTH PLAIN must say
    asks: bool = False  # AUTH PLAIN takes its proof in a line of its own
    forgets: bool = False  # what comes in one go with a command is lost, whatever it offers
    injected: bytes = b""  # said behind the answer to STARTTLS, by somebody in between

    @property
    def takes_utf8(self) -> bool:
        """Whether it offers SMTPUTF8."""
        return "SMTPUTF8" in self.features

    def fault(self, phase: str, recipient: str = "") -> Fault | None:
        """The fault that strikes here, if any; it is used up once."""
        for one in self.faults:
            if one.phase == phase and one.times > 0 and (not one.match or one.match in recipient):
                one.times -= 1
                return one
        return None


class Sink:
    """Listens on a port of 127.0.0.1 in a thread of its own."""

    def __init__(self, script: Script | None = None, record: Path | None = None, port: int = 0) -> None:
        self.script = script or Script()
        self.record = os.open(record, os.O_WRONLY | os.O_APPEND | os.O_CREAT) if record else None
        self.accepted: list[str] = []
        self.mails: list[bytes] = []
        self.commands: list[bytes] = []
        self.connections = 0
        self.keep_mails = record is None
        self._socket = socket.create_server(("127.0.0.1", port), backlog=256)
        self.port = int(self._socket.getsockname()[1])
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Sink":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()
        if self.record is not None:
            os.close(self.record)

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        tls = None if self.script.starttls else self.script.tls
        made = self.loop.create_server(lambda: _Session(self), sock=self._socket, ssl=tls)
        server = self.loop.run_until_complete(made)
        self._open: set[asyncio.Transport] = set()
        self.loop.run_forever()
        server.close()
        for transport in list(self._open):
            transport.abort()
        self.loop.run_until_complete(asyncio.sleep(0.01))

    @property
    def crowded(self) -> bool:
        """Whether there are more conversations than it wants."""
        return len(self._open) > self.script.at_most

    def seen(self, transport: asyncio.Transport) -> None:
        """A conversation began."""
        self.connections += 1
        self._open.add(transport)

    def left(self, transport: asyncio.Transport) -> None:
        """A conversation ended."""
        self._open.discard(transport)

    def take(self, recipients: list[str], mail: bytes) -> None:
        """The final dot was seen: from now on it counts as accepted."""
        self.accepted.extend(recipients)
        if self.record is not None:
            os.write(self.record, "".join(f"{one}\n" for one in recipients).encode())
        if self.keep_mails:
            self.mails.append(mail)


class _Session(asyncio.Protocol):
    def __init__(self, sink: Sink) -> None:
        self.sink = sink
        self.buffer = bytearray()
        self.waiting = False  # for the end of a delay; nothing is read on meanwhile
        self.in_data = False
        self.body = 0
        self.mail_open = self.utf8 = self.encrypted = False
        self.recipients: list[str] = []
        self.login = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        # asyncio leaves it out where the listening socket names no protocol
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sink.seen(transport)
        if self.sink.crowded:
            self._do("421 4.7.0 too many conversations")
        else:
            self._say("banner", b"220 sink ESMTP")

    def connection_lost(self, exc: Exception | None) -> None:
        self.sink.left(self.transport)
        self.transport.close()

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        self._go_on()

    def _go_on(self) -> None:
        while not self.waiting and not self.transport.is_closing():
            if self.in_data:
                if not self._data():
                    return
                continue
            end = self.buffer.find(b"\r\n")
            if end < 0:
                return
            line = bytes(self.buffer[:end])
            del self.buffer[: end + 2]
            self.sink.commands.append(line[:80])
            self._command(line)
            if self.sink.script.forgets:
                self.buffer.clear()

    def _data(self) -> bool:
        """Look for the final dot; whether there is more to read."""
        fault = next((f for f in self.sink.script.faults if f.phase == "body" and f.times > 0), None)
        if fault and len(self.buffer) >= fault.after and (not fault.match or fault.match in self.recipients[0]):
            fault.times -= 1
            self._do(fault.action)
            return False
        end = 0 if self.buffer.startswith(b".\r\n") else self.buffer.find(b"\r\n.\r\n", max(0, self.body - 5))
        if end < 0:
            self.body = len(self.buffer)
            return False
        empty = self.buffer.startswith(b".\r\n")
        mail = b"" if empty else bytes(self.buffer[: end + 2])
        del self.buffer[: 3 if empty else end + 5]
        self.in_data, self.body, self.mail_open = False, 0, False
        if self.sink.script.forgets:
            self.buffer.clear()
        if not self.recipients:
            self._write(b"554 5.5.1 no recipients")
            return True
        self.waiting = True
        fault = self.sink.script.fault("dot", self.recipients[0])
        if fault is None or fault.action in {"close", "reset", "hang"}:
            self.sink.take(self.recipients, mail)
        if self.sink.script.delay and fault is None:
            self.sink.loop.call_later(self.sink.script.delay, self._answer, fault)
        else:
            self._answer(fault)
        return True

    def _answer(self, fault: Fault | None) -> None:
        self.waiting = False
        recipients, self.recipients = self.recipients, []
        if fault is not None:
            self._do(fault.action)
        elif not self.transport.is_closing():
            self._write(b"250 2.0.0 taken")
            after = self.sink.script.fault("answered", recipients[0])
            if after is not None:
                self._do(after.action)
        self._go_on()

    def _command(self, line: bytes) -> None:
        word = line[:4].upper()
        if self.login:
            self._login(line)
        elif word == b"EHLO":
            lines = ["sink", *self.sink.script.features]
            if self.sink.script.starttls and not self.encrypted:
                lines = ["sink", "STARTTLS"]
            said = "\r\n".join(f"250{'-' if n < len(lines) - 1 else ' '}{one}" for n, one in enumerate(lines))
            self._say("ehlo", said.encode())
        elif word in {b"HELO", b"NOOP"}:
            self._write(b"250 sink")
        elif word == b"STAR":
            self._begin_tls(self.sink.script.tls)
        elif word == b"AUTH":
            self._auth(line)
        elif word == b"MAIL":
            self._mail(line)
        elif word == b"RCPT":
            self._rcpt(line)
        elif word == b"DATA":
            self._begin_data()
        elif word == b"RSET":
            self.recipients, self.mail_open = [], False
            self._write(b"250 2.0.0 ok")
        elif word == b"QUIT":
            self._say("quit", b"221 bye")
            self.transport.close()
        else:
            self._write(b"502 5.5.1 unknown")

    def _begin_tls(self, tls: ssl.SSLContext | None) -> None:
        self._write(b"220 2.0.0 go on" + self.sink.script.injected)
        if tls is not None:
            self.waiting = True
            self.upgrade = self.sink.loop.create_task(self._encrypt(tls))

    async def _encrypt(self, tls: ssl.SSLContext) -> None:
        self.sink.left(self.transport)
        try:
            found = await self.sink.loop.start_tls(self.transport, self, tls, server_side=True)
        except OSError:
            return
        assert found is not None
        self.transport, self.encrypted, self.waiting = found, True, False
        self.sink.seen(found)
        self.sink.connections -= 1
        self._go_on()

    def _auth(self, line: bytes) -> None:
        proof = self.sink.script.proof
        if self.sink.script.asks:
            self.login = 1
            self._write(b"334 ")
        elif proof and line != b"AUTH PLAIN " + b64encode(proof):
            self._write(b"535 5.7.8 wrong")
        elif line.upper().startswith(b"AUTH LOGIN"):
            self.login = 2
            self._write(b"334 VXNlcm5hbWU6")
        else:
            self._say("auth", b"235 2.7.0 welcome")

    def _login(self, line: bytes) -> None:
        self.login -= 1
        self._say("auth", b"235 2.7.0 welcome") if not self.login else self._write(b"334 UGFzc3dvcmQ6")

    def _mail(self, line: bytes) -> None:
        self.utf8 = b" SMTPUTF8" in line.upper()
        if self.mail_open:
            self._write(b"503 5.5.1 nested MAIL")
        elif self.utf8 and not self.sink.script.takes_utf8:
            self._write(b"555 5.5.4 unknown parameter")
        elif self._say("mail", b"250 2.1.0 ok"):
            self.mail_open, self.recipients = True, []

    def _rcpt(self, line: bytes) -> None:
        found = _ADDRESS.search(line)
        recipient = found[1].decode() if found else ""
        if not self.mail_open:
            self._write(b"503 5.5.1 MAIL first")
        elif not recipient.isascii() and not self.utf8:
            self._write(b"553 5.6.7 SMTPUTF8 needed")
        elif self._say("rcpt", b"250 2.1.5 ok", recipient):
            self.recipients.append(recipient)

    def _begin_data(self) -> None:
        if not self.mail_open or not self.recipients:
            self._write(b"554 5.5.1 no valid recipients")
        elif self._say("data", b"354 go on", self.recipients[0]):
            self.in_data = True

    def _say(self, phase: str, usual: bytes, recipient: str = "") -> bool:
        """Give the usual answer, or strike; whether it was the usual one."""
        fault = self.sink.script.fault(phase, recipient)
        if fault is None or fault.action.startswith("+"):
            self._write(usual + (b"\r\n" + fault.action[1:].encode() if fault else b""))
            return True
        self._do(fault.action)
        return False

    def _do(self, action: str) -> None:
        if action == "close":
            self.transport.close()
        elif action == "reset":
            self.transport.abort()
        elif action == "hang":
            self.waiting = True
        elif action.startswith("drip "):
            _, pause, text = action.split(" ", 2)
            self._drip(text.encode() + b"\r\n", float(pause))
        elif action.startswith("flood "):
            self._flood(action.partition(" ")[2].encode() + b"\r\n")
        else:
            self._write(action.encode())
            if action.startswith("421"):
                self.transport.close()

    def _drip(self, rest: bytes, pause: float) -> None:
        if rest and not self.transport.is_closing():
            self.transport.write(rest[:1])
            self.sink.loop.call_later(pause, self._drip, rest[1:], pause)

    def _flood(self, line: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(line * 10)
            self.sink.loop.call_later(0.002, self._flood, line)

    def _write(self, data: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(data + b"\r\n")


def main() -> None:
    """Serve until killed; says when it listens."""
    port, record, delay = int(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3])
    with Sink(Script(delay=delay), record, port) as sink:
        sink.accepted = _Forgetful()
        sink.commands = _Forgetful()
        sys.stdout.write(f"{sink.port}\n")
        sys.stdout.flush()
        threading.Event().wait()


class _Forgetful(list):  # type: ignore[type-arg]
    def append(self, _: object) -> None: ...

    def extend(self, _: object) -> None: ...


if __name__ == "__main__":
    main()
