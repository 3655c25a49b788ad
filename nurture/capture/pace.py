"""How many rows of a file make one transaction: many where nobody waits, few where others write too."""

LEAST = 500  # to begin with
MOST = 10_000
_FEWEST_ALONE, _FEWEST_SHARED = 5_000, 100  # of however slow a disk: very small parts cost more than they spare
_ALONE = 1.0  # seconds that a transaction may take where nobody else is at work
ONE_WRITER, MANY_WRITERS = 0.05, 0.25  # where others are: they wait for the turn, or for some rows


class Pace:
    """The size of the next part, by how long the ones before took; or the size that was asked for, always."""

    def __init__(self, asked: int | None = None, longest: float = ONE_WRITER) -> None:
        self._asked = asked
        self._longest = longest
        self.size = asked or LEAST

    def goes_on(self, seconds: float, *, shared: bool) -> bool:
        """Whether a transaction this old takes one more part in: on SQLite where nobody else is at work.

        Its indexes take in rows at very many places, and each such page is written once for a transaction.
        """
        return self._asked is None and self._longest == ONE_WRITER and not shared and seconds < _ALONE

    def took(self, rows: int, seconds: float, *, shared: bool) -> None:
        """A part of so many rows held the database for so long; `shared`: others are at work on it."""
        if self._asked is not None or rows < self.size:
            return
        fitting = int(rows * (self._longest if shared else _ALONE) / max(seconds, 1e-6))
        fewest = _FEWEST_SHARED if shared else _FEWEST_ALONE
        self.size = min(MOST, max(fewest, min(2 * rows, fitting)))
