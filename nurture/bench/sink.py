"""A relay that takes every mail and keeps none: raw SMTP with PIPELINING, in a process of its own (I/O).

`python -m nurture.bench.sink [SECONDS]` listens on a port of 127.0.0.1 and says which; every line it reads on its
standard input is answered with what it took so far, as JSON, and its end is the sink's. SECONDS is how long it thinks
about each mail. One thread, few system calls: what it takes of the machine is missing to who is measured.
"""

import contextlib
import heapq
import json
import os
import re
import select
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import IO, cast

from nurture.bench.failures import WrongWorkError
from nurture.kernel.clock import SystemClock
from nurture.kernel.i18n import N_

_FEATURES = ("sink", "PIPELINING", "SIZE 50000000", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES")
_HELLO = b"".join(b"250%b%b\r\n" % (b" " if one is _FEATURES[-1] else b"-", one.encode("ascii")) for one in _FEATURES)
_LONGEST = 2_048  # bytes of a command
_BUFFER = bytearray(_LONGEST + 256 * 1024)
_ROOM = memoryview(_BUFFER)[_LONGEST:]
_ADDRESS = re.compile(rb"<([^<>]+)>")
_monotonic = SystemClock().monotonic


@dataclass(frozen=True, slots=True)
class Counts:
    """What a sink took: mails whose final dot it answered, how many addresses they went to, bytes, conversations."""

    mails: int = 0
    addresses: int = 0
    octets: int = 0
    conversations: int = 0


class Sink:
    """The sink's inside."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.mails = self.octets = self.conversations = 0
        self.addresses: set[int] = set()  # by their hashes
        self.poll = select.poll()
        self.later: list[tuple[float, int]] = []
        self._sessions: dict[int, _Session] = {}
        self._server = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = int(self._server.getsockname()[1])

    def counts(self) -> Counts:
        """What it took so far."""
        return Counts(self.mails, len(self.addresses), self.octets, self.conversations)

    def run(self, orders: int) -> None:
        """Serve until nothing more can be read from `orders`, a file's number."""
        poll, sessions, server = self.poll, self._sessions, self._server.fileno()
        poll.register(server, select.POLLIN)
        poll.register(orders, select.POLLIN)
        while True:
            for number, _ in poll.poll(self._patience()):
                if number in sessions:
                    sessions[number].read()
                elif number == server:
                    self._accept()
                elif not _answered(orders, self):
                    return
            self._think()

    def _accept(self) -> None:
        line, _ = self._server.accept()
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.conversations += 1
        self._sessions[line.fileno()] = _Session(self, line)
        self.poll.register(line.fileno(), select.POLLIN)

    def _patience(self) -> float | None:
        return max(0.0, self.later[0][0] - _monotonic()) * 1000 if self.later else None

    def _think(self) -> None:
        """Go on with the mails that were thought about long enough."""
        while self.later and self.later[0][0] <= _monotonic():
            session = self._sessions.get(heapq.heappop(self.later)[1])
            if session is not None:
                session.go_on()

    def forget(self, number: int) -> None:
        """A conversation has ended."""
        self.poll.unregister(number)
        del self._sessions[number]


class _Session:
    """One conversation. `_kept` is what was read and not yet understood; it comes before what is read next."""

    __slots__ = ("_address", "_answers", "_in_data", "_is_fresh", "_kept", "_line", "_number", "_sink")

    def __init__(self, sink: Sink, line: socket.socket) -> None:
        self._sink = sink
        self._line = line
        self._number = line.fileno()
        self._kept = b""
        self._answers: list[bytes] = []
        self._in_data = self._is_fresh = False
        self._address = b""
        line.send(b"220 sink ESMTP\r\n")

    def read(self) -> None:
        """Read what there is, and answer it."""
        try:
            count = self._line.recv_into(_ROOM)
        except OSError:
            count = 0
        if not count:
            self._close()
            return
        start = _LONGEST - len(self._kept)
        _BUFFER[start:_LONGEST] = self._kept
        self._understand(start, _LONGEST + count)

    def go_on(self) -> None:
        """Answer a mail that was thought about, and what came behind it."""
        self._sink.poll.register(self._number, select.POLLIN)
        self._take()
        end = _LONGEST + len(self._kept)
        _BUFFER[_LONGEST:end] = self._kept
        self._understand(_LONGEST, end)

    def _understand(self, start: int, end: int) -> None:
        while True:
            if self._in_data:
                stop = self._final_dot(start, end)
                if stop < 0:
                    self._kept = bytes(_BUFFER[max(start, end - 4) : end])
                    break
                self._in_data = False
                self._sink.octets += stop - start
                if self._sink.seconds:
                    self._kept = bytes(_BUFFER[stop:end])
                    self._sink.poll.unregister(self._number)
                    heapq.heappush(self._sink.later, (_monotonic() + self._sink.seconds, self._number))
                    break
                self._take()
                start = stop
                continue
            stop = _BUFFER.find(b"\r\n", start, end)
            if stop < 0:
                self._kept = bytes(_BUFFER[start:end])
                break
            if not self._command(bytes(_BUFFER[start:stop])):
                return
            start = stop + 2
        self._say()

    def _final_dot(self, start: int, end: int) -> int:
        """Where the bytes behind the final dot begin; -1 when it has not come."""
        if self._is_fresh:
            if end - start < 3 and b".\r\n".startswith(_BUFFER[start:end]):
                return -1
            self._is_fresh = False
            if _BUFFER.startswith(b".\r\n", start, end):
                return start + 3
        at = _BUFFER.find(b".\r\n", start + 2, end)
        while at >= 0:
            if _BUFFER[at - 1] == 10 and _BUFFER[at - 2] == 13:
                return at + 3
            at = _BUFFER.find(b".\r\n", at + 1, end)
        self._sink.octets += max(0, end - start - 4)
        return -1

    def _take(self) -> None:
        self._sink.mails += 1
        self._sink.addresses.add(hash(self._address))
        self._answers.append(b"250 2.0.0 taken\r\n")

    def _command(self, line: bytes) -> bool:
        """Answer a command; False when that was the end."""
        word = line[:4].upper()
        if word == b"MAIL":
            self._answers.append(b"250 2.1.0 ok\r\n")
        elif word == b"RCPT":
            found = _ADDRESS.search(line)
            self._address = found[1] if found else b""
            self._answers.append(b"250 2.1.5 ok\r\n")
        elif word == b"DATA":
            self._in_data = self._is_fresh = True
            self._answers.append(b"354 go on\r\n")
        elif word == b"EHLO":
            self._answers.append(_HELLO)
        elif word == b"QUIT":
            self._answers.append(b"221 2.0.0 bye\r\n")
            self._say()
            self._close()
            return False
        else:
            self._answers.append(b"250 2.0.0 ok\r\n" if word in {b"RSET", b"NOOP", b"HELO"} else b"502 5.5.1 what?\r\n")
        return True

    def _say(self) -> None:
        if len(self._kept) > _LONGEST:
            self._close()
        elif self._answers:
            with contextlib.suppress(OSError):
                self._line.send(b"".join(self._answers))
            self._answers.clear()

    def _close(self) -> None:
        self._sink.forget(self._number)
        self._line.close()


def _answered(orders: int, sink: Sink) -> bool:
    """Say what was taken to whoever asks; False when nobody is there any more."""
    if not os.read(orders, 4_096):
        return False
    sys.stdout.write(json.dumps(asdict(sink.counts())) + "\n")
    sys.stdout.flush()
    return True


class Running:
    """A sink in a process of its own, seen from outside."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._out, self._in = cast("IO[bytes]", process.stdin), cast("IO[bytes]", process.stdout)
        self.port = int(self._heard())

    @property
    def pid(self) -> int:
        """Its process number."""
        return self._process.pid

    def counts(self) -> Counts:
        """What it took so far."""
        self._out.write(b"?\n")
        self._out.flush()
        return Counts(**json.loads(self._heard()))

    def _heard(self) -> bytes:
        line = self._in.readline()
        if not line:
            raise WrongWorkError(N_("The sink has ended"))
        return line


@contextlib.contextmanager
def running(seconds: float = 0.0) -> Iterator[Running]:
    """A sink that thinks so long about each mail; ended afterwards."""
    command = [sys.executable, "-P", "-m", "nurture.bench.sink", str(seconds)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:  # noqa: S603 - ourselves
        try:
            yield Running(process)
        finally:
            process.kill()


def main() -> None:
    """Serve, and say where."""
    sink = Sink(float(sys.argv[1]) if len(sys.argv) > 1 else 0.0)
    sys.stdout.write(f"{sink.port}\n")
    sys.stdout.flush()
    sink.run(sys.stdin.fileno())


if __name__ == "__main__":
    main()
