"""What the lines of a sender share: whoever rests swallows no ring that was for a line."""

import io
import threading
from pathlib import Path

import pytest

from nurture.delivery.conversation import Timeouts
from nurture.delivery.frames import FrameWriter
from nurture.delivery.model import Connection
from nurture.delivery.sending import Sender, Setup, Task
from tests.unit.delivery.test_letter import HEAD, LETTER


@pytest.fixture
def sender(tmp_path: Path) -> Sender:
    """A sender whose reports go nowhere."""
    connection = Connection("relay", "127.0.0.1", 25)
    setup = Setup(connection, 2, tmp_path / "journal", "boot", HEAD, Timeouts())
    return Sender(setup, FrameWriter(io.BytesIO()))


def test_a_letter_given_back_reaches_the_line_that_waits(sender: Sender) -> None:
    """One thread rests, and came first; the ring is for the one that takes."""
    resting = threading.Thread(target=sender.rest, args=(30.0,))
    resting.start()
    taken: list[Task | None] = []
    line = threading.Thread(target=lambda: taken.append(sender.take(30.0)))
    line.start()
    line.join(0.2)
    task = Task(LETTER, deadline=1e12)
    sender.give_back(task)
    line.join(5.0)
    assert taken == [task]
    sender.close()
    resting.join(5.0)
    assert not resting.is_alive()
