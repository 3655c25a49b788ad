"""Frames: what goes in comes out, whole or not at all."""

import io
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from nurture.delivery.frames import FrameWriter, frames

_PLAIN = st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=10)


class _Short(io.BytesIO):
    """A pipe that takes and gives a few bytes at a time."""

    def write(self, data: Any) -> int:
        return super().write(bytes(data[:7]))

    def read(self, count: int | None = -1) -> bytes:
        return super().read(min(3, count or 0) if count and count > 0 else count)


@given(st.lists(st.dictionaries(st.text(), _PLAIN, max_size=4), max_size=4))
def test_frames_survive_a_pipe_that_moves_few_bytes_at_a_time(sent: list[dict[str, Any]]) -> None:
    """Any JSON, surrogates included."""
    pipe = _Short()
    writer = FrameWriter(pipe)
    for frame in sent:
        writer.send(frame)
    pipe.seek(0)
    assert list(frames(pipe)) == sent


def test_a_frame_cut_off_is_dropped() -> None:
    """Its writer died."""
    pipe = io.BytesIO()
    FrameWriter(pipe).send({"a": 1})
    FrameWriter(pipe).send({"b": 2})
    assert list(frames(io.BytesIO(pipe.getvalue()[:-1]))) == [{"a": 1}]
