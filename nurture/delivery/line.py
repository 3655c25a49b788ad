"""One conversation of a sender: letter after letter, each step in the journal before its bytes go (I/O)."""

import contextlib
import sys
from typing import TypeAlias

from nurture.delivery.conversation import Conversation
from nurture.delivery.journal import Mark
from nurture.delivery.letter import Mail, failed
from nurture.delivery.model import Phase, Report
from nurture.delivery.sending import Sender, Task
from nurture.delivery.wire import ConversationEnded, Reply
from nurture.kernel.clock import SystemClock
from nurture.kernel.errors import OutsideError
from nurture.kernel.reasons import Reason
from nurture.kernel.text import clean

_IDLE_SECONDS = 20.0  # an unused conversation is ended after that
_REST_SECONDS = 15.0  # a further conversation that the relay refused is not tried again before
_monotonic = SystemClock().monotonic

_Ready: TypeAlias = tuple[Task, Mail]


class Line:
    """One thread with one conversation: a body, the dot and the next envelope, the answer, and so on."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        self._conversation: Conversation | None = None
        self._pipelining = True  # until the relay shows that it does not mean it
        self._hand: list[Task] = []  # taken, not yet reported

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
                complain(error)
                self._hang_up()
                for task in list(self._hand):
                    self._report(task, Phase.HELD)
                sender.close()
        sender.hand_back()
        self._leave()

    def _take(self, seconds: float) -> _Ready | None:
        """The next letter that can be written out; None when there is none."""
        while task := self._sender.take(seconds):
            made = self._made(task)
            if isinstance(made, Mail):
                self._hand.append(task)
                return task, made
            self._sender.report(made)
        return None

    def _made(self, task: Task) -> Mail | Report:
        """The letter written out, if the relay takes the like; or the report why not."""
        letter = task.letter
        if _monotonic() >= task.deadline:  # it waited for too long: whoever lent it out may lend it anew
            return Report(letter.message_id, letter.fence, Phase.HELD)
        try:
            made = self._sender.write(letter)
        except Exception as error:  # noqa: BLE001 - one odd letter changes nothing for the others
            return failed(letter, Reason.TEMPLATE_ERROR, {"error": (str(error) or type(error).__name__)[:300]})
        return self._refused(made) or made if isinstance(made, Mail) else made

    def _refused(self, mail: Mail) -> Report | None:
        """What is said of a mail that this relay does not take, as it told with its greeting."""
        line = self._conversation
        if line is None:
            return None
        if not line.takes(mail.envelope):
            return mail.untakable
        if 0 < line.largest < mail.envelope.size:
            sizes = {"size": mail.envelope.size, "limit": line.largest}
            return failed(mail.letter, Reason.TOO_LARGE, sizes)
        return None

    def _begin(self, task: Task, mail: Mail) -> None:
        """Hand over this letter, and those that follow it on the same conversation."""
        fresh = self._conversation is None
        line = self._open(task)
        if line is None:
            return
        no = self._refused(mail) if fresh else None  # told by the greeting that has just been read
        if no is not None:
            self._hand.remove(task)
            self._sender.report(no)
            return
        line.until(task.deadline)
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

    def _open(self, task: Task) -> Conversation | None:
        """The conversation, opened where there is none. One too many for the relay rests, the others go on."""
        if self._conversation is not None:
            return self._conversation
        try:
            with self._sender.opening:
                setup = self._sender.setup
                self._conversation = Conversation(
                    setup.connection, setup.timeouts, task.deadline, pipelining=self._pipelining
                )
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

    def _body(self, line: Conversation, task: Task, mail: Mail) -> _Ready | None:
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

    def _dot_and_answer(self, line: Conversation, task: Task, following: _Ready | None) -> bool:
        """Write the final dot, the next envelope behind it, and read the dot's answer; whether the line goes on."""
        letter, journal = task.letter, self._sender.journal
        try:
            line.still_listening()
            if not self._sender.may_finish(task):
                raise ConversationEnded(Phase.HELD)
            journal.dot(task.key, following[0].key if following is not None else None)
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

    def _followed(self, line: Conversation, task: Task, mail: Mail) -> _Ready | None:
        """Read the answers to the envelope that went with the last dot."""
        line.until(task.deadline)
        try:
            refused = line.envelope_answers()
        except ConversationEnded as ended:
            self._broken_envelope(task, ended, fresh=False, followed=True)
            return None
        if refused is not None:
            self._report(task, refused.phase, refused.reply)
            return None
        return task, mail

    def _broken_envelope(self, task: Task, ended: ConversationEnded, *, fresh: bool, followed: bool = False) -> None:
        """The line broke before the body. A letter goes once more, on a fresh line, where the line had served before,
        or forgot what it was told in one go: from then on it is told one thing after the other."""
        forgot = ended.was_silent and (followed or ended.phase is not Phase.MAIL) and self._pipelines
        if forgot:
            self._pipelining = False
        self._hang_up()
        if (forgot or not fresh) and not task.again and (ended.reply is None or ended.reply.code == 421):
            task.again = True
            self._put_back(task)
        else:
            self._report(task, ended.phase, ended.reply, ended.cause)

    @property
    def _pipelines(self) -> bool:
        return self._conversation is not None and self._conversation.pipelines

    def _put_back(self, task: Task) -> None:
        self._hand.remove(task)
        self._sender.give_back(task)

    def _report(self, task: Task, phase: Phase, reply: Reply | None = None, cause: str = "") -> None:
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


def complain(error: Exception) -> None:
    """Say what is wrong; the log may lie on the same full disk."""
    with contextlib.suppress(OSError):
        sys.stderr.write(f"nurture sender: {error}\n")
        sys.stderr.flush()
