"""A sender: a process that gets letters over its standard input, hands them over, and reports on its standard output.

It never opens the database. Several threads hold one conversation with the relay each. Before any byte that matters
goes, its own journal says so. When the pipe closes, no final dot is written any more. (I/O)
"""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from typing import Any

from nurture.delivery.frames import FrameWriter, frames
from nurture.delivery.letter import Letter
from nurture.delivery.line import Line, complain
from nurture.delivery.sending import Sender, Setup
from nurture.kernel.clock import SystemClock
from nurture.kernel.errors import OutsideError

_monotonic = SystemClock().monotonic
_LAST_SECONDS = 20.0  # how long a sender without parent may wait for the answers to its last dots


def _crash(args: threading.ExceptHookArgs) -> None:
    """A thread that failed leaves letters in hand: the process ends at once, and its journal tells the rest."""
    try:
        threading.__excepthook__(args)
        sys.stderr.flush()
    finally:
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
        complain(error)
        return 3
    threading.Thread(target=sender.tell_on, name="reports", daemon=True).start()
    lines = [threading.Thread(target=Line(sender).run, name=f"line-{n}") for n in range(sender.setup.connections)]
    for line in lines:
        line.start()
    out.send({"kind": "ready"})
    signal.signal(signal.SIGTERM, lambda *_: sender.close())
    _listen(sender, incoming)
    sender.close()
    _wait(lines)
    sender.hand_back()
    sender.tell()
    sys.stderr.flush()
    os._exit(0)  # a thread may still wait for an answer that nobody would hear


def _wait(lines: list[threading.Thread]) -> None:
    """Until all conversations have ended; they are given up after a while."""
    last = _monotonic() + _LAST_SECONDS
    for line in lines:
        line.join(max(0.0, last - _monotonic()))


def _listen(sender: Sender, incoming: Iterator[dict[str, Any]]) -> None:
    for frame in incoming:
        if frame["kind"] == "letters":
            sender.add([Letter.unpacked(data) for data in frame["letters"]], frame["seconds"])
        elif frame["kind"] == "template":
            sender.add_template(frame["id"], frame["compiled"])


if __name__ == "__main__":
    sys.exit(main())
