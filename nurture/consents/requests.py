"""Words of what a person may ask us to do with their data."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class RequestKind(StrEnum):
    """What was asked."""

    EXPORT = "export"  # a copy of everything we keep of them
    ERASE = "erase"  # to be forgotten


class RequestState(StrEnum):
    """How far it is."""

    OPEN = "open"
    DONE = "done"
    REFUSED = "refused"  # with the reason in its note


@dataclass(frozen=True, slots=True)
class DataRequest:
    """One request. Instants are engine time; the two due dates are None where the law names none."""

    id: int
    public_id: str
    lead_id: int
    kind: RequestKind
    via: str  # Method
    words: str
    asked_at: datetime
    answer_by: datetime | None
    due_at: datetime | None
    state: RequestState
    answered_at: datetime | None
    ended_at: datetime | None
    ended_by: str
    note: str
    origin: str

    def is_late(self, now: datetime) -> bool:
        """Whether it should have been done, or heard, by now."""
        heard = self.answer_by is not None and self.answered_at is None and self.answer_by < now
        return self.state is RequestState.OPEN and (heard or (self.due_at is not None and self.due_at < now))
