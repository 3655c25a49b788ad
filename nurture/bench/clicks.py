"""Readers who follow links: raw HTTP/1.1 over connections kept open, in a process of its own (I/O).

`python -m nurture.bench.clicks PORT CONNECTIONS < PATHS` asks for each path once, a new one on a connection as soon as
the one before is answered, and says what came of it as JSON. One thread, few system calls: what it takes of the machine
is missing to who is measured.
"""

import contextlib
import json
import os
import re
import select
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field

from nurture.bench.failures import WrongWorkError
from nurture.bench.model import percentile
from nurture.bench.processes import cpu, peak
from nurture.kernel.clock import SystemClock
from nurture.kernel.i18n import N_

CONNECTIONS = 64
_STALL = 30.0  # seconds without any answer after which nothing more is expected
_MOST = 8_192  # bytes of an answer read at once
_BROWSERS = 40
_ASKED = (
    b"GET %b HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 "
    b"(KHTML, like Gecko) Chrome/%d.0.0.0 Safari/537.36\r\n"
    b"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n"
    b"Accept-Language: vi-VN,vi;q=0.9\r\nAccept-Encoding: gzip, deflate, br\r\nSec-Fetch-Site: cross-site\r\n"
    b"Sec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\nSec-Fetch-User: ?1\r\n\r\n"
)
_LENGTH = re.compile(rb"content-length: (\d+)")
_monotonic = SystemClock().monotonic


@dataclass(slots=True)
class Answers:
    """What came of it: which paths were answered by a redirect, by their place, and how long each took, in seconds."""

    redirected: list[int] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    others: int = 0  # answered otherwise
    seconds: float = 0.0


def click(port: int, paths: Sequence[bytes], connections: int) -> Answers:
    """Ask for each path. Ends early when the server does."""
    told, lines = Answers(), _Lines(port, min(connections, len(paths)))
    requests = enumerate(_ASKED % (path, 100 + place % _BROWSERS) for place, path in enumerate(paths))
    asked: dict[int, tuple[int, float]] = {}
    began = _monotonic()
    for number, line in lines.open.items():
        place, request = next(requests)
        asked[number] = (place, _monotonic())
        line.send(request)
    while asked and (ready := lines.poll.poll(_STALL)):
        for number, _ in ready:
            answer = lines.read(number)
            place, since = asked.pop(number)
            if not answer:
                continue
            now = _monotonic()
            if answer.startswith(b"HTTP/1.1 302"):
                told.redirected.append(place)
                told.waits.append(now - since)
            else:
                told.others += 1
            following = next(requests, None)
            if following is not None and lines.write(number, following[1]):
                asked[number] = (following[0], now)
    told.seconds = _monotonic() - began
    lines.close()
    return told


class _Lines:
    """Connections to the server."""

    def __init__(self, port: int, count: int) -> None:
        self.poll = select.epoll()
        self.open: dict[int, socket.socket] = {}
        for _ in range(count):
            line = socket.create_connection(("127.0.0.1", port))
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.open[line.fileno()] = line
            self.poll.register(line.fileno(), select.EPOLLIN)

    def read(self, number: int) -> bytes:
        """An answer, which is short; nothing when the connection has ended."""
        line = self.open[number]
        try:
            answer = line.recv(_MOST)
            while answer and not _is_whole(answer):
                more = line.recv(_MOST)
                answer = answer + more if more else b""
        except OSError:
            answer = b""
        if not answer:
            self.poll.unregister(number)
            self.open.pop(number).close()
        return answer

    def write(self, number: int, request: bytes) -> bool:
        """Ask; False when the connection has ended."""
        try:
            self.open[number].sendall(request)
        except OSError:
            return False
        return True

    def close(self) -> None:
        for line in self.open.values():
            line.close()
        self.poll.close()


def _is_whole(answer: bytes) -> bool:
    head, _, body = answer.partition(b"\r\n\r\n")
    if not body and b"\r\ncontent-length: 0\r\n" in answer:
        return True
    length = _LENGTH.search(head)
    return len(head) < len(answer) and len(body) >= (int(length[1]) if length else 0)


@dataclass(frozen=True, slots=True)
class Clicked:
    """What clicking came to: how many were redirected, in so many seconds, and how long they took (ms)."""

    redirected: int
    others: int
    seconds: float
    p50: float
    p99: float
    cpu: float  # seconds, of the readers
    peak: float  # MB, likewise

    @property
    def rate(self) -> float:
        """Clicks a second."""
        return round(self.redirected / self.seconds, 1)


class Clicking:
    """Readers in a process of their own, seen from outside."""

    def __init__(self, process: "subprocess.Popen[bytes]", paths: Sequence[bytes]) -> None:
        self._process, self._paths = process, paths

    def done(self) -> Clicked:
        """Let them begin, and wait for the last."""
        told, _ = self._process.communicate(b"\n".join(self._paths))
        if self._process.returncode:
            raise WrongWorkError(N_("The readers have failed"))
        return Clicked(**json.loads(told))


@contextlib.contextmanager
def readers(port: int, paths: Sequence[bytes], connections: int = CONNECTIONS) -> Iterator[Clicking]:
    """Readers who will ask for these paths."""
    command = [sys.executable, "-P", "-m", "nurture.bench.clicks", str(port), str(connections)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:  # noqa: S603 - ourselves
        try:
            yield Clicking(process, paths)
        finally:
            process.kill()


def main() -> None:
    """Click, and say what came of it."""
    paths = sys.stdin.buffer.read().split(b"\n")
    before = cpu(os.getpid()) or 0.0
    told = click(int(sys.argv[1]), paths, int(sys.argv[2]))
    waits = [wait * 1000 for wait in told.waits] or [0.0]
    clicked = Clicked(
        len(told.redirected), told.others, told.seconds, round(percentile(waits, 0.5), 2),
        round(percentile(waits, 0.99), 2), round((cpu(os.getpid()) or 0.0) - before, 3), peak(os.getpid()),
    )  # fmt: skip
    sys.stdout.write(json.dumps(asdict(clicked)) + "\n")


if __name__ == "__main__":
    main()
