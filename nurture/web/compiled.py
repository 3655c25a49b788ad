"""Templates compiled to bytecode, kept in the data folder between starts (I/O there).

A page's first view after a start takes a tenth of a second less. What is kept holds no data, is looked up by the text
of its template, and is written anew when that changed; where it cannot be written, pages go on without.
"""

import contextlib
from pathlib import Path

from jinja2 import FileSystemBytecodeCache
from jinja2.bccache import Bucket


class Compiled(FileSystemBytecodeCache):
    """Bytecode in a folder of its own, for this account of the machine only."""

    def __init__(self, folder: Path) -> None:
        with contextlib.suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        super().__init__(str(folder), "%s")

    def load_bytecode(self, bucket: Bucket) -> None:
        """What is kept of this template, if anything is."""
        try:
            super().load_bytecode(bucket)
        except Exception:  # noqa: BLE001 - a damaged file fails in any of the ways of pickle, and is written anew
            bucket.reset()

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep it. A full disk holds up no page."""
        with contextlib.suppress(OSError):
            super().dump_bytecode(bucket)
