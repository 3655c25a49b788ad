"""What the lines of one sender share: its letters and templates, its journal, and its reports to the parent (I/O)."""

import contextlib
import select
import sys
import threading
from base64 import b64decode
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nurture.delivery.conversation import Timeouts
from nurture.delivery.dkim import DkimKey, Signer
from nurture.delivery.frames import FrameWriter
from nurture.delivery.journal import Journal
from nurture.delivery.letter import Letter, Letterhead, Mail, failed, write
from nurture.delivery.model import Connection, Mark, Phase, Report
from nurture.kernel.clock import SystemClock
from nurture.kernel.reasons import Reason
from nurture.kernel.signing import ring_from_json
from nurture.messages.model import Attachment, Compiled
from nurture.messages.personalize import Personalizer, TemplateFailure

_monotonic = SystemClock().monotonic
_GATHER = 0.003  # seconds in which reports gather for one frame; until then the journal knows them


@dataclass(frozen=True, slots=True)
class Setup:
    """What a sender is told first."""

    connection: Connection
    connections: int
    journal: Path
    boot: str
    head: Letterhead
    timeouts: Timeouts

    @classmethod
    def of(cls, frame: dict[str, Any]) -> "Setup":
        """Out of the first frame."""
        return cls(
            Connection(**frame["connection"]),
            frame["connections"],
            Path(frame["journal"]),
            frame["boot"],
            Letterhead(
                ring_from_json(frame["ring"]),
                frame["base_url"],
                frame["bounce_address"],
                Signer(map(DkimKey.unpacked, frame["dkim"])),
                Mark(*frame["mark"]) if frame["mark"] else None,
            ),
            Timeouts(**frame["timeouts"]),
        )


@dataclass(slots=True, eq=False)
class Task:
    """A letter in the sender's hands."""

    letter: Letter
    deadline: float  # monotonic; no final dot after it
    again: bool = False  # a line that had grown old broke under it once

    @property
    def key(self) -> tuple[int, int]:
        """How the journal names it."""
        return self.letter.message_id, self.letter.fence


class Sender:
    """The letters that wait, what is known for them, and what was found out; shared by the lines."""

    def __init__(self, setup: Setup, out: FrameWriter) -> None:
        self.setup = setup
        self.journal = Journal(setup.journal, setup.boot)
        self._out = out
        self._waiting: deque[Task] = deque()
        self._bell = threading.Condition()
        self._templates: dict[int, Personalizer | str] = {}
        self._files: dict[int, tuple[Attachment, ...]] = {}  # what goes with each
        self._ending = threading.Event()  # not the bell: what rests must not swallow a ring that was for a line
        self._open = 0
        self.opening = threading.Lock()  # one after the other, so that the first is known when the next is refused
        self._found: deque[Report] = deque()
        self._news = threading.Event()
        self._telling = threading.Lock()
        self._own = threading.local()

    def add_template(self, number: int, compiled: dict[str, Any]) -> None:
        """Learn a template and its files; one that cannot be used is reported with each of its letters."""
        files = compiled.pop("files", ())
        self._files[number] = tuple(Attachment(name, kind, b64decode(data)) for name, kind, data in files)
        try:
            self._templates[number] = Personalizer(Compiled.from_json(compiled))
        except TemplateFailure as error:
            self._templates[number] = str(error)

    def add(self, letters: list[Letter], seconds: float) -> None:
        """Take letters; none of their final dots is written later than `seconds` from now."""
        deadline = _monotonic() + seconds
        with self._bell:
            self._waiting.extend(Task(letter, deadline) for letter in letters)
            self._bell.notify(len(letters))

    def take(self, seconds: float) -> Task | None:
        """The next letter, waiting so long for one; None when there is none, or it is time to go."""
        with self._bell:
            if not self._waiting and not self.closing and seconds:
                self._bell.wait_for(lambda: self._waiting or self.closing, seconds)
            return self._waiting.popleft() if self._waiting and not self.closing else None

    def give_back(self, task: Task) -> None:
        """Put a letter in front again."""
        with self._bell:
            self._waiting.appendleft(task)
            self._bell.notify()

    @property
    def closing(self) -> bool:
        """Whether it is time to go."""
        return self._ending.is_set()

    def may_finish(self, task: Task) -> bool:
        """Whether this letter's final dot may still be written: somebody listens, and it is not too late."""
        try:
            pipe = self._own.pipe
        except AttributeError:  # no two threads may use one
            pipe = self._own.pipe = select.poll()
            pipe.register(sys.stdin.fileno(), 0)
        if any(event & (select.POLLHUP | select.POLLERR) for _, event in pipe.poll(0)):
            self.close()
        return not self.closing and _monotonic() < task.deadline

    def write(self, letter: Letter) -> Mail | Report:
        """The mail of a letter, or the report why there is none."""
        personalizer = self._templates.get(letter.template, "unknown template")
        if isinstance(personalizer, str):
            return failed(letter, Reason.TEMPLATE_ERROR, {"error": personalizer[:300]})
        return write(letter, personalizer, self.setup.head, self._files[letter.template])

    def report(self, *reports: Report) -> None:
        """Tell the parent in a moment, together with what is found out meanwhile."""
        self._found.extend(reports)
        self._news.set()

    def tell(self) -> None:
        """Tell the parent now. If nobody listens any more, it is time to go."""
        with self._telling:
            found: list[Report] = []
            while self._found:
                found.append(self._found.popleft())
            try:
                if found:
                    self._out.send({"kind": "reports", "reports": [report.packed() for report in found]})
            except (OSError, ValueError):
                self.close()

    def tell_on(self) -> None:
        """Tell the parent whatever is found out, for ever."""
        while self._news.wait():
            self._news.clear()
            self.rest(_GATHER)
            self.tell()

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
        self._ending.wait(seconds)

    def close(self) -> None:
        """Begin no letter and write no final dot from now on; the parent is asked to close the pipe."""
        with self._bell:
            first = not self.closing
            self._ending.set()
            self._bell.notify_all()
        if first:
            with contextlib.suppress(OSError, ValueError):
                self._out.send({"kind": "leaving"})
