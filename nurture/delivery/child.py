"""A sender: a process that gets letters over its standard input, hands them over, and reports on its standard output.

It never opens the database. Several threads hold one conversation with the relay each. Before any byte that matters
goes, its own journal says so. When the pipe closes, no final dot is written any more. (I/O)
"""

import contextlib
import os
import select
import signal
import sys
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from nurture.delivery.conversation import Conversation, ConversationEnded, Reply, Timeouts
from nurture.delivery.frames import FrameWriter, frames
from nurture.delivery.journal import Journal, Mark
from nurture.delivery.letter import Letter, Mail, write
from nurture.delivery.model import Connection, Phase, Report
from nurture.kernel.clock import SystemClock
from nurture.kernel.errors import OutsideError
from nurture.kernel.reasons import Reason
from nurture.kernel.signing import KeyRing, ring_from_json
from nurture.kernel.text import clean
from nurture.messages.model import Compiled
from nurture.messages.personalize import Personalizer, TemplateFailure

_monotonic = SystemClock().monotonic
_IDLE_SECONDS = 20.0  # an unused conversation is ended after that
_REST_SECONDS = 15.0  # a further conversation that the relay refused is not tried again before
_LAST_SECONDS = 20.0  # how long a sender without parent may wait for the answers to its last dots


@dataclass(frozen=True, slots=True)
class Setup:
    """What a sender is told first."""

    connection: Connection
    connections: int
    journal: Path
    boot: str
    ring: KeyRing
    base_url: str
    timeouts: Timeouts

    @classmethod
    def of(cls, frame: dict[str, Any]) -> "Setup":
        """Out of the first frame."""
        return cls(
            Connection(**frame["connection"]),
            frame["connections"],
            Path(frame["journal"]),
            frame["boot"],
            ring_from_json(frame["ring"]),
            frame["base_url"],
            Timeouts(**frame["timeouts"]),
        )


@dataclass(slots=True, eq=False)
class _Task:
    letter: Letter
    deadline: float  # monotonic; no final dot after it
    again: bool = False  # a line that had grown old broke under it once


_Ready: TypeAlias = tuple[_Task, Mail]


class Sender:
    """The letters in hand, and the threads that hand them over."""

    def __init__(self, setup: Setup, out: FrameWriter) -> None:
        self.setup = setup
        self.journal = Journal(setup.journal, setup.boot)
        self._out = out
        self._waiting: deque[_Task] = deque()
        self._bell = threading.Condition()
        self._templates: dict[int, Personalizer | str] = {}
        self._closing = False
        self._open = 0
        self.opening = threading.Lock()  # one after the other, so that the first is known when the next is refused
        self._threads = [threading.Thread(target=Line(self).run, name=f"line-{n}") for n in range(setup.connections)]

    def start(self) -> None:
        """Begin to work."""
        for thread in self._threads:
            thread.start()

    def add_template(self, number: int, compiled: dict[str, Any]) -> None:
        """Learn a template; one that cannot be used is reported with each of its letters."""
        try:
            self._templates[number] = Personalizer(Compiled.from_json(compiled))
        except TemplateFailure as error:
            self._templates[number] = str(error)

    def add(self, letters: list[Letter], seconds: float) -> None:
        """Take letters; none of their final dots is written later than `seconds` from now."""
        deadline = _monotonic() + seconds
        with self._bell:
            self._waiting.extend(_Task(letter, deadline) for letter in letters)
            self._bell.notify(len(letters))

    def take(self, seconds: float) -> _Task | None:
        """The next letter, waiting so long for one; None when there is none, or it is time to go."""
        with self._bell:
            if not self._waiting and not self._closing and seconds:
                self._bell.wait_for(lambda: self._waiting or self._closing, seconds)
            return self._waiting.popleft() if self._waiting and not self._closing else None

    def give_back(self, task: _Task) -> None:
        """Put a letter in front again."""
        with self._bell:
            self._waiting.appendleft(task)
            self._bell.notify()

    @property
    def closing(self) -> bool:
        """Whether it is time to go."""
        return self._closing

    def may_finish(self, task: _Task) -> bool:
        """Whether this letter's final dot may still be written: somebody listens, and it is not too late."""
        pipe = select.poll()
        pipe.register(sys.stdin.fileno(), 0)
        if any(event & (select.POLLHUP | select.POLLERR) for _, event in pipe.poll(0)):
            self.close()
        return not self._closing and _monotonic() < task.deadline

    def write(self, letter: Letter) -> Mail | Report:
        """The mail of a letter, or the report why there is none."""
        personalizer = self._templates.get(letter.template, "unknown template")
        if isinstance(personalizer, str):
            detail = {"error": personalizer[:300]}
            return Report(
                letter.message_id, letter.fence, Phase.RENDER, reason=Reason.TEMPLATE_ERROR.value, detail=detail
            )
        return write(letter, personalizer, self.setup.ring, self.setup.base_url)

    def report(self, *reports: Report) -> None:
        """Tell the parent. If nobody listens any more, it is time to go."""
        try:
            self._out.send({"kind": "reports", "reports": [report.packed() for report in reports]})
        except (OSError, ValueError):
            self.close()

    def hand_back(self) -> None:
        """Give all letters not yet begun back as they are."""
        with self._bell:
            held, self._waiting = list(self._waiting), deque()
        if held:
            self.report(*(Report(task.letter.message_id, task.letter.fence, Phase.HELD) for task in held))

    def opened(self, change: int) -> None:
        """Count the conversations that stand."""
        with self._bell:
            self._open += change

    @property
    def has_open_line(self) -> bool:
        """Whether some conversation stands."""
        return self._open > 0

    def rest(self, seconds: float) -> None:
        """Wait, unless it is time to go."""
        with self._bell:
            self._bell.wait_for(lambda: self._closing, seconds)

    def close(self) -> None:
        """Begin no letter and write no final dot from now on; the parent is asked to close the pipe."""
        with self._bell:
            first, self._closing = not self._closing, True
            self._bell.notify_all()
        if first:
            with contextlib.suppress(OSError, ValueError):
                self._out.send({"kind": "leaving"})

    def wait(self) -> None:
        """Until all conversations have ended; they are given up after a while."""
        last = _monotonic() + _LAST_SECONDS
        for thread in self._threads:
            thread.join(max(0.0, last - _monotonic()))


class Line:
    """One thread with one conversation: a body, the dot and the next envelope, the answer, and so on."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        self._conversation: Conversation | None = None
        self._hand: list[_Task] = []  # taken, not yet reported

    def run(self) -> None:
        """Hand over letter after letter until it is time to go."""
        sender = self._sender
        while not sender.closing:
            ready = self._take(_IDLE_SECONDS)
            if ready is None:
                if not self._hand:
                    self._leave()
                continue
            try:
                self._begin(*ready)
            except OutsideError as error:  # the journal: without it nothing may go
                _complain(error)
                self._hang_up()
                for task in list(self._hand):
                    self._report(task, Phase.HELD)
                sender.close()
        sender.hand_back()
        self._leave()

    def _take(self, seconds: float) -> _Ready | None:
        """The next letter that can be written out; None when there is none."""
        while task := self._sender.take(seconds):
            made = self._sender.write(task.letter)
            if isinstance(made, Mail) and self._conversation and not self._conversation.takes(made.envelope):
                made = made.untakable
            if isinstance(made, Mail):
                self._hand.append(task)
                return task, made
            self._sender.report(made)
        return None

    def _begin(self, task: _Task, mail: Mail) -> None:
        """Hand over this letter, and those that follow it on the same conversation."""
        fresh = self._conversation is None
        line = self._open(task)
        if line is None:
            return
        if not line.takes(mail.envelope):  # told by the greeting that has just been read
            self._hand.remove(task)
            self._sender.report(mail.untakable)
            return
        self._sender.journal.write(Mark.ENVELOPE, task.letter.message_id, task.letter.fence)
        try:
            refused = line.open_envelope(mail.envelope)
        except ConversationEnded as ended:
            self._broken_envelope(task, ended, fresh=fresh)
            return
        if refused is not None:
            self._report(task, refused.phase, refused.reply)
            return
        ready: _Ready | None = (task, mail)
        while ready is not None:
            ready = self._body(line, *ready)

    def _open(self, task: _Task) -> Conversation | None:
        """The conversation, opened where there is none. One too many for the relay rests, the others go on."""
        if self._conversation is not None:
            return self._conversation
        try:
            with self._sender.opening:
                self._conversation = Conversation(self._sender.setup.connection, self._sender.setup.timeouts)
                self._sender.opened(1)
        except ConversationEnded as ended:
            if self._sender.has_open_line and (ended.reply is None or ended.reply.code < 500):
                self._put_back(task)
                self._sender.rest(_REST_SECONDS)
            else:
                self._report(task, ended.phase, ended.reply, ended.cause)
                self._sender.hand_back()
            return None
        return self._conversation

    def _body(self, line: Conversation, task: _Task, mail: Mail) -> _Ready | None:
        """Body, dot, answer of a letter whose envelope stands; gives the next one whose envelope stands, if any."""
        try:
            line.body(mail.data)
        except ConversationEnded as ended:
            self._hang_up()
            self._report(task, ended.phase, ended.reply, ended.cause)
            return None
        following = self._take(0) if line.pipelines else None
        if not self._dot_and_answer(line, task, following):
            if following is not None:
                self._put_back(following[0])
            return None
        return self._followed(line, *following) if following else None

    def _dot_and_answer(self, line: Conversation, task: _Task, following: _Ready | None) -> bool:
        """Write the final dot, the next envelope behind it, and read the dot's answer; whether the line goes on."""
        letter, journal = task.letter, self._sender.journal
        try:
            line.still_listening()
            if not self._sender.may_finish(task):
                raise ConversationEnded(Phase.HELD)
            journal.write(Mark.DOT, letter.message_id, letter.fence)
            if following is not None:
                journal.write(Mark.ENVELOPE, following[0].letter.message_id, following[0].letter.fence)
            line.finish(line.envelope_bytes(following[1].envelope) if following else b"")
            reply = line.answer()
        except ConversationEnded as ended:
            self._hang_up()
            self._report(task, ended.phase, ended.reply, ended.cause)
            return False
        try:
            journal.write(Mark.ANSWER, letter.message_id, letter.fence, reply.code, reply.enhanced)
        finally:
            self._report(task, Phase.ANSWERED, reply)
        if reply.code == 421:
            self._hang_up()
        return reply.code != 421

    def _followed(self, line: Conversation, task: _Task, mail: Mail) -> _Ready | None:
        """Read the answers to the envelope that went with the last dot."""
        try:
            refused = line.envelope_answers()
        except ConversationEnded as ended:
            self._broken_envelope(task, ended, fresh=False)
            return None
        if refused is not None:
            self._report(task, refused.phase, refused.reply)
            return None
        return task, mail

    def _broken_envelope(self, task: _Task, ended: ConversationEnded, *, fresh: bool) -> None:
        """The line broke before the body. One that had served before is replaced by a fresh one, once for a letter."""
        self._hang_up()
        if not fresh and not task.again and (ended.reply is None or ended.reply.code == 421):
            task.again = True
            self._put_back(task)
        else:
            self._report(task, ended.phase, ended.reply, ended.cause)

    def _put_back(self, task: _Task) -> None:
        self._hand.remove(task)
        self._sender.give_back(task)

    def _report(self, task: _Task, phase: Phase, reply: Reply | None = None, cause: str = "") -> None:
        letter = task.letter
        code, status, text = (reply.code, reply.enhanced, reply.text) if reply else (0, "", cause)
        self._hand.remove(task)
        self._sender.report(Report(letter.message_id, letter.fence, phase, code, status, clean(text)))

    def _hang_up(self) -> None:
        if self._conversation is not None:
            self._conversation.drop()
            self._conversation = None
            self._sender.opened(-1)

    def _leave(self) -> None:
        if self._conversation is not None:
            self._conversation.quit()
            self._conversation = None
            self._sender.opened(-1)


def _complain(error: Exception) -> None:
    """Say what is wrong; the log may lie on the same full disk."""
    with contextlib.suppress(OSError):
        sys.stderr.write(f"nurture sender: {error}\n")
        sys.stderr.flush()


def _crash(args: threading.ExceptHookArgs) -> None:
    """A thread that failed leaves letters in hand: the process ends at once, and its journal tells the rest."""
    threading.__excepthook__(args)
    sys.stderr.flush()
    os._exit(70)


def main() -> int:
    """Work until the parent says so or is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
    threading.excepthook = _crash
    out = FrameWriter(os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=0))
    incoming = frames(sys.stdin.buffer)
    first = next(incoming, None)
    if first is None:
        return 0
    try:
        sender = Sender(Setup.of(first), out)
    except (OutsideError, OSError) as error:
        _complain(error)
        return 3
    sender.start()
    out.send({"kind": "ready"})
    signal.signal(signal.SIGTERM, lambda *_: sender.close())
    _listen(sender, incoming)
    sender.close()
    sender.wait()
    sender.hand_back()
    sys.stderr.flush()
    os._exit(0)  # a thread may still wait for an answer that nobody would hear


def _listen(sender: Sender, incoming: Iterator[dict[str, Any]]) -> None:
    for frame in incoming:
        if frame["kind"] == "letters":
            sender.add([Letter.unpacked(data) for data in frame["letters"]], frame["seconds"])
        elif frame["kind"] == "template":
            sender.add_template(frame["id"], frame["compiled"])


if __name__ == "__main__":
    sys.exit(main())
