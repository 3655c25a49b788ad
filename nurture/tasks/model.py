"""What a task is: values, no I/O.

A task is for one person about one lead. It is for the lead's owner, whoever that is at the time, or for somebody by
name. What came of it is one of three words, or one of those its campaign lists; of a call the call's own outcomes may
be said, and each stands for one of the three.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from nurture.activities.model import CallOutcome
from nurture.kernel.i18n import N_, translate
from nurture.kernel.text import in_language
from nurture.leads.model import Temperature

LONGEST_TITLE = 200
LONGEST_NOTE = 5_000


class TaskKind(StrEnum):
    """What is to be done."""

    CALL = "call"
    EMAIL = "email"  # a personal one, written by hand
    SMS = "sms"  # written by hand
    VISIT = "visit"
    OTHER = "other"


class TaskState(StrEnum):
    """Where a task stands."""

    OPEN = "open"
    DONE = "done"  # with its outcome
    CANCELED = "canceled"  # with the reason


class TaskOutcome(StrEnum):
    """What may come of any task; a campaign may list more."""

    DONE = "done"
    NO_ANSWER = "no_answer"
    NOT_INTERESTED = "not_interested"


KINDS: Mapping[str, str] = {
    TaskKind.CALL: N_("Call"),
    TaskKind.EMAIL: N_("Write a personal email"),
    TaskKind.SMS: N_("Write an SMS"),
    TaskKind.VISIT: N_("Visit"),
    TaskKind.OTHER: N_("Something else"),
}
OUTCOMES: Mapping[str, str] = {
    TaskOutcome.DONE: N_("done"),
    TaskOutcome.NO_ANSWER: N_("no answer"),
    TaskOutcome.NOT_INTERESTED: N_("not interested"),
}
CALLS: Mapping[str, str] = {
    CallOutcome.INTERESTED: N_("interested"),
    CallOutcome.CALL_BACK: N_("asked to be called back"),
    CallOutcome.NO_ANSWER: N_("no answer"),
    CallOutcome.NO_NEED: N_("no need"),
    CallOutcome.BUSY: N_("busy"),
    CallOutcome.SWITCHED_OFF: N_("switched off"),
    CallOutcome.WRONG_NUMBER: N_("wrong number"),
}
# What the outcome of a call means for a campaign that does not list it by itself.
MEANT: Mapping[str, str] = {
    CallOutcome.INTERESTED: TaskOutcome.DONE,
    CallOutcome.CALL_BACK: TaskOutcome.DONE,
    CallOutcome.NO_ANSWER: TaskOutcome.NO_ANSWER,
    CallOutcome.BUSY: TaskOutcome.NO_ANSWER,
    CallOutcome.SWITCHED_OFF: TaskOutcome.NO_ANSWER,
    CallOutcome.NO_NEED: TaskOutcome.NOT_INTERESTED,
    CallOutcome.WRONG_NUMBER: TaskOutcome.NOT_INTERESTED,
}


@dataclass(frozen=True, slots=True)
class About:
    """The lead a task is about, as far as whoever does it needs to know."""

    id: int
    public_id: str
    name: str
    honorific: str
    phone: str | None
    email: str | None
    company: str
    temperature: Temperature
    owner_id: int | None

    @property
    def called(self) -> str:
        """What to call the lead by."""
        return self.name or self.email or self.phone or "?"


@dataclass(frozen=True, slots=True)
class Task:
    """One task as it stands. `owner_id` is who it is for now; None while there is nobody."""

    id: int
    kind: TaskKind
    title: Mapping[str, str]  # by language; empty: the kind says it
    note: Mapping[str, str]
    due_at: datetime
    for_owner: bool  # of the lead, whoever that is
    owner_id: int | None
    state: TaskState
    about: About
    created_at: datetime
    created_by: str  # actor
    outcome: str = ""  # the word a campaign acts on
    said: str = ""  # what the person has said: the outcome, or the call's own
    ended_at: datetime | None = None
    ended_by: str = ""
    ended_note: str = ""
    reason: str = ""  # why it was canceled: a reason code
    words: Mapping[str, Mapping[str, str]] = field(
        default_factory=dict
    )  # outcomes a campaign lists, as people say them
    waits: bool = False  # an enrollment stands still until it is known what came of it
    enrollment_id: int | None = None
    campaign_key: str | None = None
    step: str | None = None
    opportunity: str | None = None  # public id

    @property
    def is_open(self) -> bool:
        """Whether it is still to be done."""
        return self.state is TaskState.OPEN

    @property
    def may_reopen(self) -> bool:
        """Whether nothing has followed from its end: no campaign has gone on, no call was scored."""
        return not self.is_open and not self.waits and (self.state is TaskState.CANCELED or self.kind != TaskKind.CALL)

    def titled(self, language: str) -> str:
        """What it says, in this language; its kind where nothing was written."""
        return in_language(self.title, language) or translate(language, KINDS[self.kind])


@dataclass(frozen=True, slots=True)
class NewTask:
    """A task about to be given by a person. `owner_id` None: for the lead's owner."""

    kind: TaskKind
    due_at: datetime
    title: str = ""
    note: str = ""
    owner_id: int | None = None
    opportunity: str | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """A task that a campaign's step gives: one for each (enrollment, step, occurrence)."""

    lead_id: int
    enrollment_id: int
    step: str
    occurrence: int
    campaign_key: str
    kind: TaskKind
    title: Mapping[str, str]
    note: Mapping[str, str]
    due_at: datetime
    email: str = ""  # of the member of staff it is for; empty: the lead's owner
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    waits: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """One thing that may be said of a task: the key, and how people read it."""

    key: str
    words: Mapping[str, str] = field(default_factory=dict)  # the campaign's, by language
    known: str = ""  # message id

    def shown(self, language: str) -> str:
        """In this language: the campaign's words, else ours, else the key."""
        known = translate(language, self.known) if self.known else self.key
        return in_language(self.words, language, known)


def answers(kind: TaskKind, words: Mapping[str, Mapping[str, str]]) -> Sequence[Answer]:
    """What may be said of a task, the likeliest first: own words of the campaign, then those of the kind."""
    known = CALLS if kind is TaskKind.CALL else OUTCOMES
    own = [Answer(key, text) for key, text in words.items() if key not in known and key not in OUTCOMES]
    return [*own, *(Answer(str(key), words.get(key, {}), text) for key, text in known.items())]


def outcome_of(said: str, kind: TaskKind, words: Mapping[str, Any]) -> str:
    """The word a campaign acts on: what was said where it lists that, else what the call's outcome means."""
    if said in words or kind is not TaskKind.CALL:
        return said
    return str(MEANT.get(said, said))


def ways_to_say(kind: TaskKind, words: Mapping[str, Any]) -> Sequence[str]:
    """For each outcome that a campaign lists, in order of their names, something that a person may say for it.

    `done` where it lists none.
    """
    may = [*(one.key for one in answers(kind, words)), "done"]
    found = (next((said for said in may if outcome_of(said, kind, words) == listed), None) for listed in sorted(words))
    return [str(said) for said in found if said is not None] or ["done"]


def said_words(said: str, words: Mapping[str, Mapping[str, str]], language: str) -> str:
    """What was said of a task, as people read it."""
    if words.get(said):
        return in_language(words[said], language, said)
    known = CALLS.get(said) or OUTCOMES.get(said)
    return translate(language, known) if known else said
