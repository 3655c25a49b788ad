"""How many rows of a file make one transaction: many where nobody waits, few where others write too. Pure."""

LEAST = 500
MOST = 10_000
_ALONE = 0.4  # seconds that a transaction may take where nobody else is at work
_SHARED = 0.05


class Pace:
    """The size of the next part, by how long the ones before took; or the size that was asked for, always."""

    def __init__(self, asked: int | None = None) -> None:
        self._asked = asked
        self.size = asked or LEAST

    def took(self, rows: int, seconds: float, *, shared: bool) -> None:
        """A part of so many rows held the database for so long; `shared`: others are at work on it."""
        if self._asked is not None or rows < self.size:
            return
        fitting = int(rows * (_SHARED if shared else _ALONE) / max(seconds, 1e-6))
        self.size = min(MOST, max(LEAST // 5 if shared else LEAST, min(2 * rows, fitting)))
