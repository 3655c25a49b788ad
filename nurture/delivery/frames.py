"""Frames between a parent and its sender: four bytes of length, then JSON. Blocking file objects on both ends (I/O)."""

import json
import struct
import threading
from collections.abc import Iterator, Mapping
from typing import IO, Any

_HEAD = struct.Struct(">I")
_LONGEST = 64 * 1024 * 1024


class FrameWriter:
    """Writes whole frames, one after the other, from any thread."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._turn = threading.Lock()

    def send(self, frame: Mapping[str, Any]) -> None:
        """Write one frame. OSError when the other end is gone."""
        self.send_text(json.dumps(frame, ensure_ascii=False, separators=(",", ":")))

    def send_text(self, text: str) -> None:
        """The same of a frame that is JSON already."""
        body = text.encode("utf-8", "surrogatepass")
        data = memoryview(_HEAD.pack(len(body)) + body)
        with self._turn:
            while data:
                data = data[self._file.write(data) :]
            self._file.flush()

    def close(self) -> None:
        """Close this end; the other reads the end."""
        with self._turn:
            self._file.close()


def frames(file: IO[bytes]) -> Iterator[dict[str, Any]]:
    """Frames until the other end closes; a frame cut off by its death is dropped."""
    while head := _exactly(file, _HEAD.size):
        (length,) = _HEAD.unpack(head)
        if length > _LONGEST:
            return
        body = _exactly(file, length)
        if not body:
            return
        yield json.loads(body.decode("utf-8", "surrogatepass"))


def _exactly(file: IO[bytes], count: int) -> bytes:
    parts = bytearray()
    while len(parts) < count:
        part = file.read(count - len(parts))
        if not part:
            return b""
        parts += part
    return bytes(parts)
