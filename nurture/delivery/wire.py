"""The line of a conversation: bytes out, answers in, each within its time (I/O).

An answer has its time as a whole, however its bytes drip in, and up to the final dot all of it together has a
deadline. A relay that says what it was not asked is out of step: whose answer the next one is could not be told.
"""

import math
import re
import select
import socket
import ssl
from dataclasses import dataclass
from typing import NoReturn, TypeAlias

from nurture.delivery.answers import enhanced_status
from nurture.delivery.model import Phase
from nurture.kernel.clock import SystemClock

OUT_OF_STEP = "the relay answers out of step"
TOO_LATE = "no answer in time"
_NO_SMTP = "that is no SMTP reply"
_CLOSED = "the connection was closed"
_LONGEST_REPLY = 64 * 1024
_LINE = re.compile(rb"([2-5][0-9]{2})(?:([ -])(.*))?", re.DOTALL)
_WHOLE = re.compile(rb"([2-5][0-9]{2}) ([^\r\n]*)\r?\n")  # an answer of one line, as nearly all are
_LAST_WORDS = 1.0  # seconds in which a relay that hung up may have said why
_DOT_SECONDS = 50.0  # for the dot itself, where there was room for it a moment ago
_monotonic = SystemClock().monotonic
Socket: TypeAlias = socket.socket


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

    @property
    def was_silent(self) -> bool:
        """Whether the relay just said nothing."""
        return self.reply is None and self.cause == TOO_LATE


class Wire:
    """A connected socket. Methods raise ConversationEnded with the phase they are given.

    `deadline` is a monotonic instant by which every wait ends, whatever its own time. The socket itself never waits: it
    is tried first, and polled where it has nothing to give or no room.
    """

    def __init__(self, line: Socket, deadline: float) -> None:
        self.socket = line
        self.deadline = deadline
        self._buffer = b""
        self._pace = math.inf  # seconds from a write to its answer, smoothed
        self._written = _monotonic()

    @property
    def socket(self) -> Socket:
        """The line itself."""
        return self._socket

    @socket.setter
    def socket(self, line: Socket) -> None:
        self._socket = line
        self._is_encrypted = isinstance(line, ssl.SSLSocket)
        line.settimeout(0)
        self._speaks, self._takes, self._either = (select.poll() for _ in range(3))
        self._speaks.register(line, select.POLLIN)
        self._takes.register(line, select.POLLOUT)
        self._either.register(line, select.POLLIN | select.POLLOUT)

    @property
    def has_more(self) -> bool:
        """Whether more was read than was asked for."""
        return bool(self._buffer)

    def ask(self, command: bytes, phase: Phase, seconds: float) -> Reply:
        """Say something and read the answer."""
        self.write(command, phase, seconds)
        return self.read(phase, seconds)

    def write(self, data: bytes, phase: Phase, seconds: float) -> None:
        """Write all of it within so many seconds."""
        last = self._last(seconds)
        _left(last, phase)
        try:
            self._write(data, last, phase)
        except OSError as error:
            self._last_words(phase, error)
        finally:
            self._written = _monotonic()

    def _write(self, data: bytes, last: float, phase: Phase) -> None:
        sent = self._sent(data)
        while sent < len(data):
            data = data[sent:]
            self._wait(self._takes, last, phase)
            sent = self._sent(data)

    def _sent(self, data: bytes) -> int:
        """How much of it the line took at once."""
        try:
            return self._socket.send(data)
        except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
            return 0

    def _wait(self, poll: "select.poll", last: float, phase: Phase) -> None:
        """Until the line is ready. ConversationEnded when it is not in time."""
        if not poll.poll(math.ceil(_left(last, phase) * 1000)):
            raise ConversationEnded(phase, cause=TOO_LATE)

    def read(self, phase: Phase, seconds: float) -> Reply:
        """A whole answer within so many seconds, of as many lines as it has."""
        found = _WHOLE.match(self._buffer)
        if found is None and not self._buffer:
            self._buffer = self._received(phase, self._last(seconds))
            found = _WHOLE.match(self._buffer)
        if found is not None:
            self._buffer = self._buffer[found.end() :]
            return Reply(int(found[1]), found[2].decode("utf-8", "replace"))
        return self._long(phase, seconds)

    def has_said(self, words: re.Pattern[bytes]) -> bool:
        """Whether these answers have come already; then they are read."""
        found = words.match(self._buffer)
        if found is not None:
            self._buffer = self._buffer[found.end() :]
        return found is not None

    def _long(self, phase: Phase, seconds: float) -> Reply:
        last = self._last(seconds)
        lines: list[str] = []
        size = 0
        while True:
            line = self._line(phase, last)
            size += len(line)
            found = _LINE.fullmatch(line)
            if size > _LONGEST_REPLY or found is None:
                raise ConversationEnded(phase, cause=_NO_SMTP)
            code, mark, text = found.groups()
            lines.append((text or b"").decode("utf-8", "replace"))
            if mark != b"-":
                return Reply(int(code), "\n".join(lines))

    def in_step(self, phase: Phase) -> None:
        """ConversationEnded when the relay has said something that it was not asked."""
        if self._buffer:
            reply = self.read(phase, _LAST_WORDS)
            raise ConversationEnded(phase, reply if reply.code >= 400 else None, OUT_OF_STEP)

    def quiet(self, phase: Phase, patience: float, seconds: float) -> None:
        """ConversationEnded when the relay hung up, says something now, or takes no more bytes for so many seconds.

        It is given as long to speak as its answers take, `patience` at most.
        """
        self.in_step(phase)
        quiet = min(self._pace, patience) - (_monotonic() - self._written)
        if quiet > 0:
            select.select([self._socket], [], [], quiet)  # whose time is finer than poll's
        events = self._either.poll(0)
        if events and events[0][1] & ~select.POLLOUT:
            self._heard(phase)
        if not events or not events[0][1] & select.POLLOUT:
            self._wait(self._takes, self._last(seconds), phase)

    def _heard(self, phase: Phase) -> None:
        """Read what it said unasked, if that is anything."""
        try:
            part = self._socket.recv(4096)
        except (BlockingIOError, ssl.SSLWantReadError):
            return
        except OSError as error:
            raise ConversationEnded(phase, cause=said(error)) from error
        if not part:
            raise ConversationEnded(phase, cause=_CLOSED)
        self._buffer += part
        self.in_step(phase)

    def send_dot(self, data: bytes) -> None:
        """Write what begins with the final dot. No deadline holds from now on: what is on its way is heard to its end.

        ConversationEnded(BODY) when not even its first byte left.
        """
        self.deadline = math.inf
        self._written = _monotonic()
        phase = Phase.DOT if self._is_encrypted else Phase.BODY
        try:
            while not (first := self._sent(data)):
                self._wait(self._takes, self._written + _DOT_SECONDS, phase)
        except OSError as error:
            raise ConversationEnded(phase, cause=said(error)) from error
        if first < len(data):
            self.write(data[first:], Phase.DOT, _DOT_SECONDS)

    def wait_itself(self, seconds: float, phase: Phase) -> None:
        """Let the socket wait by itself, so long at most, until it is given back: while its encryption begins."""
        self._socket.settimeout(_left(self._last(seconds), phase))

    def goodbye(self, command: bytes) -> None:
        """Say a last thing, hear a first word of the answer, and hang up; nothing that happens here matters."""
        try:
            self._socket.settimeout(2)
            self._socket.sendall(command)
            self._socket.recv(512)
        except OSError:
            pass
        finally:
            self._socket.close()

    def _last(self, seconds: float) -> float:
        """The monotonic instant by which what takes so long at most must be done."""
        return min(_monotonic() + seconds, self.deadline)

    def _last_words(self, phase: Phase, error: OSError) -> NoReturn:
        """The line broke while writing: what the relay said before hanging up tells more than the error."""
        if phase is not Phase.DOT:
            try:
                raise ConversationEnded(phase, self.read(phase, _LAST_WORDS)) from error
            except ConversationEnded as ended:
                if ended.reply is not None:
                    raise
        raise ConversationEnded(phase, cause=said(error)) from error

    def _line(self, phase: Phase, last: float) -> bytes:
        while (end := self._buffer.find(b"\n")) < 0:
            if len(self._buffer) > _LONGEST_REPLY:
                raise ConversationEnded(phase, cause=_NO_SMTP)
            self._buffer += self._received(phase, last)
        line = self._buffer[:end].rstrip(b"\r")
        self._buffer = self._buffer[end + 1 :]
        return line

    def _received(self, phase: Phase, last: float) -> bytes:
        ready = self._is_encrypted  # what was read may wait behind the encryption
        while True:
            if not ready:
                self._wait(self._speaks, last, phase)
            ready = False
            try:
                part = self._socket.recv(16_384)
                break
            except (BlockingIOError, ssl.SSLWantReadError):
                continue
            except ssl.SSLWantWriteError:
                self._wait(self._takes, last, phase)
            except OSError as error:
                raise ConversationEnded(phase, cause=said(error)) from error
        if not part:
            raise ConversationEnded(phase, cause=_CLOSED)
        took = _monotonic() - self._written
        self._pace = took if math.isinf(self._pace) else 0.75 * self._pace + 0.25 * took
        return part


def said(error: OSError) -> str:
    """What went wrong on the line, for people."""
    if isinstance(error, TimeoutError):
        return TOO_LATE
    return (error.strerror or str(error))[:200]


def _left(last: float, phase: Phase) -> float:
    """Seconds until an instant; ConversationEnded when it has passed. Forever is a day: sockets know no more."""
    left = last - _monotonic()
    if left <= 0:
        raise ConversationEnded(phase, cause=TOO_LATE)
    return min(left, 86_400.0)
