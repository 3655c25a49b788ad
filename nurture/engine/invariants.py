"""What must hold while it runs, and what of it does not: decisions over figures. Pure.

`health_store` measures, `health` keeps since when, the page and `nurture doctor` say it in words.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from nurture.engine.presence import Figures
from nurture.kernel.i18n import N_


class Invariant(StrEnum):
    """What must hold."""

    CLOCK = "clock"  # one clock, which ticked a moment ago
    WORKERS = "workers"  # somebody hands over, judges and reacts
    SENDERS = "senders"  # mail that waits has a sender
    ALERTS = "alerts"  # mail to staff, and what a person has just asked for, goes within minutes
    MAIL = "mail"  # mail that is due goes
    STEPS = "steps"  # a step that is due is done
    HITS = "hits"  # an open or click is judged
    REACTIONS = "reactions"  # an activity is reacted to
    CALLS = "calls"  # a webhook or text message that is due goes
    BROADCASTS = "broadcasts"  # an audience is written to its end
    STATES = "states"  # states add up
    ORPHANS = "orphans"  # nothing lies with a process that is gone
    SCORES = "scores"  # a score is the sum of its lines
    SPOOL = "spool"  # hits kept on the disk come into the database
    SKEW = "skew"  # clocks agree
    FOLDER = "folder"  # journals can be written
    DISK = "disk"  # there is room
    PARTITIONS = "partitions"  # the coming months have their tables
    COPY = "copy"  # it is the installation, and no copy of it


class Grade(StrEnum):
    """How bad it is that it does not hold."""

    WRONG = "wrong"  # something is not done, or not as promised
    WATCH = "watch"  # it will be, if nobody looks


@dataclass(frozen=True, slots=True)
class Saying:
    """For people: what must hold, what it means when it does not, what to do."""

    holds: str
    broken: str  # with places for the finding's detail
    mend: str


SAYINGS: Mapping[Invariant, Saying] = {
    Invariant.CLOCK: Saying(
        N_("One clock ticks"),
        N_("No clock has ticked for %(span)s: no step comes due, no broadcast begins"),
        N_("Start nurture up, or nurture clock beside the others; its log says why it ended."),
    ),
    Invariant.WORKERS: Saying(
        N_("A worker runs"),
        N_("No process delivers mail, judges clicks and reacts to them"),
        N_("Start nurture up, or nurture worker beside the others; its log says why it ended."),
    ),
    Invariant.SENDERS: Saying(
        N_("Mail that waits has a sender"),
        N_("Mail waits, and no sender process lives"),
        N_("The worker's log says why its senders end: a full disk, or too little memory. Then start it anew."),
    ),
    Invariant.ALERTS: Saying(
        N_("Mail to the staff, and confirmations, go at once"),
        N_("Urgent mail has waited for %(span)s"),
        N_("Look at the mail servers: is one slow or paused? Does a worker run?"),
    ),
    Invariant.MAIL: Saying(
        N_("Mail that is due goes"),
        N_("Mail has been due for %(span)s, and none goes"),
        N_("Look at the mail servers first, then at the worker's log."),
    ),
    Invariant.STEPS: Saying(
        N_("Steps that are due are done"),
        N_("In “%(subject)s” a step has been due for %(span)s"),
        N_("nurture doctor shows which; the clock's log says what fails."),
    ),
    Invariant.HITS: Saying(
        N_("Opens and clicks are judged"),
        N_("An open or click has waited for %(span)s to be judged"),
        N_("Does a worker run? Its log says what fails."),
    ),
    Invariant.REACTIONS: Saying(
        N_("Activities are reacted to"),
        N_("An activity has waited for %(span)s: no points, no alert came of it yet"),
        N_("Does a worker run? Its log says what fails."),
    ),
    Invariant.CALLS: Saying(
        N_("Webhooks and text messages that are due go"),
        N_("A webhook or text message has been due for %(span)s"),
        N_("Look at the campaign's calls; the worker's log says what fails."),
    ),
    Invariant.BROADCASTS: Saying(
        N_("Audiences are written to their end"),
        N_("The emails of “%(subject)s” have been half written for %(span)s"),
        N_("The clock's log says what stops it; it goes on where it was as soon as it can."),
    ),
    Invariant.STATES: Saying(
        N_("The states add up to the audience"),
        N_("“%(subject)s”: %(rows)s rows, %(good)s of them in a state that can be"),
        N_("Keep a copy of the database and tell us; nothing of it is sent twice by itself."),
    ),
    Invariant.ORPHANS: Saying(
        N_("Nothing lies with a process that is gone"),
        N_("%(count)s rows have lain with a process that is gone for %(span)s"),
        N_("A worker takes them up: does one run on every machine that sent? Its log says what fails."),
    ),
    Invariant.SCORES: Saying(
        N_("Each score is the sum of its lines"),
        N_("%(count)s leads have a score that is not the sum of its lines"),
        N_("Keep a copy of the database and tell us; the ledger's lines are what is true."),
    ),
    Invariant.SPOOL: Saying(
        N_("Clicks kept on the disk come into the database"),
        N_("On %(subject)s opens and clicks wait on the disk: %(size)s, the oldest for %(span)s"),
        N_("Nothing is lost. The log of that process says why the database does not take them."),
    ),
    Invariant.SKEW: Saying(
        N_("The clocks of all machines agree"),
        N_("The clock of %(subject)s is %(seconds)s seconds away from the database's"),
        N_("Switch on time synchronization there (chrony, systemd-timesyncd)."),
    ),
    Invariant.FOLDER: Saying(
        N_("The data folders can be written"),
        N_("The data folder of %(subject)s cannot be written: no journal, no mail from there"),
        N_("Let the user that runs nurture write there; is the disk full or read-only?"),
    ),
    Invariant.DISK: Saying(
        N_("There is room on the disks"),
        N_("On %(subject)s %(size)s are free beside the data"),
        N_("Make room, or move the data; when the disk is full nothing is sent."),
    ),
    Invariant.PARTITIONS: Saying(
        N_("The coming months have their tables"),
        N_("There is no table for %(subject)s"),
        N_("The clock makes them ahead of time; its log says what fails. Or run: nurture migrate"),
    ),
    Invariant.COPY: Saying(
        N_("This is the installation itself"),
        N_("This database was copied or moved: nothing is sent"),
        N_("Is this the one that shall send? Then run, once: nurture instance claim"),
    ),
}  # fmt: skip

MINUTES: Mapping[Invariant, int] = {
    Invariant.ALERTS: 5,
    Invariant.MAIL: 15,
    Invariant.STEPS: 15,
    Invariant.HITS: 5,
    Invariant.REACTIONS: 5,
    Invariant.CALLS: 15,
    Invariant.BROADCASTS: 15,
    Invariant.ORPHANS: 5,
    Invariant.SPOOL: 5,
}
TICKED = 10.0  # seconds within which a clock that runs has ticked
HANGS = 180.0  # seconds within which some tick has come to its end
SKEWED = 5.0  # seconds; leases go by the database's time, caps and windows by each machine's
SPACE = 1024**3  # bytes that should be free
LEAST_SPACE = 200 * 1024**2  # under which it is wrong, whatever share it is
_LAGS = (
    Invariant.ALERTS, Invariant.HITS, Invariant.REACTIONS, Invariant.CALLS,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Process:
    """A process that was heard of a moment ago."""

    id: str
    host: str
    pid: int
    roles: frozenset[str]
    age: float  # seconds since it was heard
    figures: Figures
    up: float = 0.0  # seconds since it began
    version: str = ""

    @property
    def place(self) -> str:
        """What people call it."""
        return f"{self.host}:{self.pid}"


@dataclass(frozen=True, slots=True)
class Sum:
    """Rows of one campaign or broadcast: how many were looked at, and how many of them are in a state that can be."""

    subject: str
    rows: int
    good: int


@dataclass(frozen=True, slots=True)
class Seen:
    """What was measured. Spans are in seconds of real time; `None` where there is nothing."""

    is_copy: bool = False
    holder: str = ""  # who ticks, or ticked last
    ticked: float | None = None  # since somebody held the clock's lease
    ticks: int = 0  # that came to their end within the last minutes
    lags: Mapping[Invariant, float] = field(default_factory=dict)  # the oldest that is due
    steps: Mapping[str, float] = field(default_factory=dict)  # the same by campaign
    half: Mapping[str, float] = field(default_factory=dict)  # broadcasts not written to their end
    goes: bool = False  # some mail went, or was tried, within the last minutes
    routes: int = 1  # mail servers,
    shut: int = 0  # and those that are paused: that is said elsewhere
    processes: Sequence[Process] = ()
    senders: int = 0
    orphans: int = 0
    orphaned: float = 0.0
    sums: Sequence[Sum] = ()
    scores: int = 0  # leads of the sample whose score is not the sum
    missing: Sequence[str] = ()  # months without a table

    @property
    def is_shut(self) -> bool:
        """Whether nothing can go by any mail server."""
        return self.shut >= self.routes


@dataclass(frozen=True, slots=True)
class Violation:
    """Something that does not hold."""

    invariant: Invariant
    subject: str = ""
    detail: Mapping[str, float] = field(default_factory=dict)
    grade: Grade = Grade.WRONG


def judge(seen: Seen) -> list[Violation]:
    """What does not hold, the gravest first."""
    found = [
        *_running(seen), *_waiting(seen), *_accounts(seen), *_machines(seen.processes),
        *(Violation(Invariant.PARTITIONS, month) for month in seen.missing),
    ]  # fmt: skip
    order = list(Invariant)
    return sorted(found, key=lambda one: (one.grade is Grade.WATCH, order.index(one.invariant), one.subject))


def _running(seen: Seen) -> Iterator[Violation]:
    if seen.is_copy:
        yield Violation(Invariant.COPY)
    if seen.ticked is None or seen.ticked > TICKED or _hangs(seen):
        yield Violation(Invariant.CLOCK, detail={"seconds": max(seen.ticked or 0.0, HANGS if _hangs(seen) else 0.0)})
    if not any("worker" in one.roles for one in seen.processes):
        yield Violation(Invariant.WORKERS)
    elif not seen.senders and _over(seen, Invariant.MAIL, 2 * 60):
        yield Violation(Invariant.SENDERS)


def _hangs(seen: Seen) -> bool:
    """The lease is held, but no tick has come to its end for long."""
    return not seen.ticks and any("clock" in one.roles and one.up > HANGS for one in seen.processes)


def _waiting(seen: Seen) -> Iterator[Violation]:
    for one in _LAGS:
        if _over(seen, one) and not (one is Invariant.ALERTS and seen.is_shut):
            yield Violation(one, detail={"seconds": seen.lags[one]})
    if _over(seen, Invariant.MAIL) and not seen.goes and not seen.is_shut and not seen.is_copy:
        yield Violation(Invariant.MAIL, detail={"seconds": seen.lags[Invariant.MAIL]})
    for invariant, lags in ((Invariant.STEPS, seen.steps), (Invariant.BROADCASTS, seen.half)):
        for subject, seconds in lags.items():
            if seconds > 60 * MINUTES[invariant]:
                yield Violation(invariant, subject, {"seconds": seconds})


def _over(seen: Seen, one: Invariant, seconds: float = 0) -> bool:
    return seen.lags.get(one, 0.0) > (seconds or 60 * MINUTES[one])


def _accounts(seen: Seen) -> Iterator[Violation]:
    for one in seen.sums:
        if one.rows != one.good:
            yield Violation(Invariant.STATES, one.subject, {"rows": one.rows, "good": one.good})
    if seen.orphans and seen.orphaned > 60 * MINUTES[Invariant.ORPHANS]:
        yield Violation(Invariant.ORPHANS, detail={"count": seen.orphans, "seconds": seen.orphaned})
    if seen.scores:
        yield Violation(Invariant.SCORES, detail={"count": seen.scores})


def _machines(processes: Sequence[Process]) -> Iterator[Violation]:
    """What each machine says of itself; of several processes on one the worst, once."""
    told: set[tuple[Invariant, str]] = set()
    for one in sorted(processes, key=lambda process: process.place):
        for found in _of_process(one):
            if (found.invariant, found.subject) not in told:
                told.add((found.invariant, found.subject))
                yield found


def _of_process(one: Process) -> Iterator[Violation]:
    own = one.figures
    if own.spool_files and own.spool_age > 60 * MINUTES[Invariant.SPOOL]:
        yield Violation(Invariant.SPOOL, one.host, {"bytes": own.spool, "seconds": own.spool_age})
    if abs(own.skew) > SKEWED:
        yield Violation(Invariant.SKEW, one.host, {"seconds": own.skew}, Grade.WATCH)
    if not own.writable:
        yield Violation(Invariant.FOLDER, one.host)
    if 0 <= own.disk_free < SPACE:
        grade = Grade.WRONG if own.disk_free < LEAST_SPACE else Grade.WATCH
        yield Violation(Invariant.DISK, one.host, {"bytes": own.disk_free}, grade)
