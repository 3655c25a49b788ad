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
from typing import NoReturn

from nurture.delivery.answers import enhanced_status
from nurture.delivery.model import Phase
from nurture.kernel.clock import SystemClock

OUT_OF_STEP = "the relay answers out of step"
TOO_LATE = "no answer in time"
_NO_SMTP = "that is no SMTP reply"
_CLOSED = "the connection was closed"
_LONGEST_REPLY = 64 * 1024
_LINE = re.compile(rb"([2-5][0-9]{2})(?:([ -])(.*))?", re.DOTALL)
_LAST_WORDS = 1.0  # seconds in which a relay that hung up may have said why
_DOT_SECONDS = 50.0  # for the dot itself, where there was room for it a moment ago
_monotonic = SystemClock().monotonic


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

    `deadline` is a monotonic instant by which every wait ends, whatever its own time.
    """

    def __init__(self, line: socket.socket, deadline: float) -> None:
        self.socket = line
        self.deadline = deadline
        self._buffer = bytearray()
        self._pace = math.inf  # seconds from a write to its answer, smoothed
        self._written = _monotonic()

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
        self._written = _monotonic()
        self.socket.settimeout(_left(self._last(seconds), phase))
        try:
            self.socket.sendall(data)
        except OSError as error:
            self._last_words(phase, error)

    def read(self, phase: Phase, seconds: float) -> Reply:
        """A whole answer within so many seconds, of as many lines as it has."""
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
        select.select([self.socket], [], [], min(self._pace, patience))
        self.socket.settimeout(0)
        try:
            part = self.socket.recv(4096)
        except (BlockingIOError, ssl.SSLWantReadError):
            self._has_room(phase, seconds)
            return
        except OSError as error:
            raise ConversationEnded(phase, cause=said(error)) from error
        if not part:
            raise ConversationEnded(phase, cause=_CLOSED)
        self._buffer += part
        self.in_step(phase)

    def _has_room(self, phase: Phase, seconds: float) -> None:
        if not select.select([], [self.socket], [], max(0.0, self._last(seconds) - _monotonic()))[1]:
            raise ConversationEnded(phase, cause=TOO_LATE)

    def send_dot(self, data: bytes) -> None:
        """Write what begins with the final dot. No deadline holds from now on: what is on its way is heard to its end.

        ConversationEnded(BODY) when not even its first byte left.
        """
        self.deadline = math.inf
        self.socket.settimeout(_DOT_SECONDS)
        self._written = _monotonic()
        encrypted = isinstance(self.socket, ssl.SSLSocket)
        try:
            first = self.socket.send(data)
        except OSError as error:
            raise ConversationEnded(Phase.DOT if encrypted else Phase.BODY, cause=said(error)) from error
        if first < len(data):
            self.write(data[first:], Phase.DOT, _DOT_SECONDS)

    def goodbye(self, command: bytes) -> None:
        """Say a last thing, hear a first word of the answer, and hang up; nothing that happens here matters."""
        try:
            self.socket.settimeout(2)
            self.socket.sendall(command)
            self.socket.recv(512)
        except OSError:
            pass
        finally:
            self.socket.close()

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
        line = bytes(self._buffer[:end]).rstrip(b"\r")
        del self._buffer[: end + 1]
        return line

    def _received(self, phase: Phase, last: float) -> bytes:
        self.socket.settimeout(_left(last, phase))
        try:
            part = self.socket.recv(65536)
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
