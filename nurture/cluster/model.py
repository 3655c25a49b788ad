"""What a chunk is: its task, its queue, how much is in it, and who goes first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

SMALLEST, LARGEST = 100, 500  # rows of a chunk, but the last and the fresh ones
FRESH = 50  # rows of a chunk that passes the backlog
MOST_OUT = 32  # chunks of a task that are handed out and not done: no more are made
_HANDS = 8  # a backlog is cut so that so many can work on it


class Queue(StrEnum):
    """What `nurture worker --queues` names."""

    SEND = "send"  # the bell of those who hand mail over
    ADVANCE = "advance"  # enrollments that are due
    INGEST = "ingest"  # hits to judge, activities to react to


class Task(StrEnum):
    """What is to be done with the ids of a chunk."""

    ADVANCE = "advance"  # enrollments
    JUDGE = "judge"  # hits
    REACT = "react"  # leads
    RING = "ring"  # no ids: mail may be handed over


QUEUE_OF = {Task.ADVANCE: Queue.ADVANCE, Task.JUDGE: Queue.INGEST, Task.REACT: Queue.INGEST, Task.RING: Queue.SEND}
# The higher goes first: a click may make a lead hot, and somebody waits for it.
_PRIORITY = {Task.RING: 0, Task.ADVANCE: 0, Task.REACT: 10, Task.JUDGE: 20}
_PASSES = 20


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows to work on."""

    task: Task
    ids: tuple[int, ...] = ()
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Job:
    """A chunk that was handed out and is not done. `taken`: somebody works on it, or did and died."""

    id: int
    task: str
    ids: tuple[int, ...]
    taken: bool
    put_off: bool  # it failed, and waits for its next try


def cut(task: Task, ids: Sequence[int], most: int = MOST_OUT) -> list[Chunk]:
    """At most so many chunks of a backlog, in its order."""
    size = max(SMALLEST, min(LARGEST, -(-len(ids) // _HANDS)))
    starts = range(0, len(ids), size)[: max(0, most)]
    return [Chunk(task, tuple(ids[start : start + size]), _PRIORITY[task]) for start in starts]


def fresh(task: Task, ids: Sequence[int]) -> Chunk:
    """A small chunk of what came last, which passes the backlog."""
    return Chunk(task, tuple(ids[:FRESH]), _PRIORITY[task] + _PASSES)


def by_lead(rows: Iterable[tuple[int, int]]) -> list[int]:
    """(row, lead) in the order in which each lead first appears, so that a lead's rows stand side by side."""
    found: dict[int, list[int]] = {}
    for row, lead in rows:
        found.setdefault(lead, []).append(row)
    return [row for group in found.values() for row in group]
