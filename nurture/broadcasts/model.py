"""What a broadcast is: one email, or variants of it, to one segment, once. Values, no I/O."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from nurture.campaigns.model import Sending
from nurture.kernel.localtime import at_wall
from nurture.kernel.reasons import Reason
from nurture.kernel.significance import CONFIDENCE
from nurture.messages.model import MessageState


class BroadcastState(StrEnum):
    """Where a broadcast stands."""

    DRAFT = "draft"  # being written
    SCHEDULED = "scheduled"  # starts by itself when its time has come
    SENDING = "sending"  # its audience is taken, its emails go
    PAUSED = "paused"  # nothing goes; resumes where it was
    DONE = "done"  # nothing of it waits any more
    STOPPED = "stopped"  # what had not gone was taken back
    ARCHIVED = "archived"


class Past(StrEnum):
    """What happens to a lead in whose zone the local time is over when the broadcast starts."""

    NEXT_DAY = "next_day"  # the same local time a day later: the hour is what was asked for
    NOW = "now"


class Otherwise(StrEnum):
    """Who chooses when the test brings forth no winner."""

    PERSON = "person"  # the rest waits until somebody has chosen
    FIRST = "first"  # the first variant goes to the rest


@dataclass(frozen=True, slots=True)
class Now:
    """As soon as it is launched."""


@dataclass(frozen=True, slots=True)
class At:
    """At a wall time of the house's zone."""

    wall: datetime  # without a zone


@dataclass(frozen=True, slots=True)
class Local:
    """At a wall time in each lead's own zone; a lead without a zone lives in the house's."""

    wall: datetime  # without a zone
    past: Past = Past.NEXT_DAY


When: TypeAlias = Now | At | Local


@dataclass(frozen=True, slots=True)
class Variant:
    """One of the texts: an email, or an email under another subject (by language)."""

    key: str  # `a`, `b`, …
    email: str
    subject: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Trial:
    """Variants go to a share of the audience; so long after, the rest gets the winner by human clicks."""

    share: float  # of the audience, 0 to 1
    after: timedelta
    otherwise: Otherwise = Otherwise.PERSON
    confidence: float = CONFIDENCE


@dataclass(frozen=True, slots=True)
class Definition:
    """A broadcast as written. Its audience is a segment, or those whom another broadcast did not reach."""

    key: str
    name: str
    segment: str | None
    missed: str | None  # key of the other broadcast
    variants: tuple[Variant, ...]
    test: Trial | None
    when: When
    sending: Sending
    drop: float  # a larger share of the audience that gets nothing must be confirmed

    def variant(self, key: str) -> Variant:
        """The variant of this key."""
        return next(one for one in self.variants if one.key == key)


PRIORITY = 8  # behind campaigns, far behind alerts
DROP = 0.2
MANY = 1_000  # so many emails and more are launched by typing their number
MOST_VARIANTS = 4
VARIANT_KEYS = "abcd"
TESTED, REST = 1, 2  # messages.occurrence: in the test, or waiting for its winner

# While a broadcast is in one of these, nothing of it goes.
HELD = (BroadcastState.PAUSED, BroadcastState.STOPPED)
# A message in one of these got to the lead, or may have, or still will.
GOT = (
    MessageState.QUEUED, MessageState.SENDING, MessageState.SENT, MessageState.DEFERRED, MessageState.UNKNOWN,
)  # fmt: skip
# Why a message was not sent that may well go another time. A lead's own no is not among them.
PASSING = (
    Reason.CAPPED, Reason.QUIET_HOURS, Reason.DEAL_OPEN, Reason.REPLIED, Reason.PAUSED_BY_HAND, Reason.PAUSED_BY_LEAD,
    Reason.MISSING_FIELD, Reason.TEMPLATE_ERROR, Reason.NO_TEMPLATE, Reason.STEP_FAILED, Reason.ROUTE_PAUSED,
    Reason.HELD_LATE,
)  # fmt: skip


def may_try_again(state: str, reason: str) -> bool:
    """Whether a lead whose message ended so may be written to once more; never who got it or may have."""
    match state:
        case MessageState.REJECTED | MessageState.CANCELED:
            return reason != Reason.MERGED
        case MessageState.BOUNCED:
            return reason != Reason.HARD_BOUNCE
        case MessageState.SKIPPED:
            return reason in PASSING
        case _:
            return False


def drawn(broadcast: str, lead: str) -> float:
    """A number from 0 to 1 that is always the same for this broadcast and lead, and even among leads."""
    digest = hashlib.sha256(f"{broadcast}\n{lead}".encode()).digest()
    return int.from_bytes(digest[:7]) / 2**56


def place(definition: Definition, lead: str) -> tuple[str | None, int | None]:
    """Which variant a lead (by its public id) gets, and whether in the test or after it; None waits for the winner."""
    if definition.test is None:
        return definition.variants[0].key, None
    number = drawn(definition.key, lead)
    if number >= definition.test.share:
        return None, REST
    index = int(number / definition.test.share * len(definition.variants))
    return definition.variants[min(index, len(definition.variants) - 1)].key, TESTED


def starts_at(when: When, house: ZoneInfo, zones: Iterable[ZoneInfo], now: datetime) -> datetime:
    """When the audience is taken: for local times when the first of these zones has that time, never before now."""
    match when:
        case Now():
            return now
        case At(wall):
            return max(now, at_wall(house, wall))
        case Local(wall):
            return max(now, min(at_wall(zone, wall) for zone in {house, *zones}))


def goes_at(when: When, zone: ZoneInfo, start: datetime) -> datetime:
    """When the email to a lead in this zone may go, of a broadcast that started then."""
    if not isinstance(when, Local):
        return start
    found = at_wall(zone, when.wall)
    if found >= start:
        return found
    if when.past is Past.NOW:
        return start
    days = 0
    while found < start:
        days += 1
        found = at_wall(zone, when.wall + timedelta(days=days))
    return found


def free_key(wished: str, taken: Sequence[str]) -> str:
    """This key, or with the first number behind it that nobody has."""
    base = wished[:70] or "email"
    free = (f"{base}_{number}" if number > 1 else base for number in range(1, len(taken) + 2))
    return next(one for one in free if one not in taken)


def to_data(definition: Definition) -> dict[str, Any]:
    """The definition as plain data, as it would stand in a file."""
    data: dict[str, Any] = {"key": definition.key, "name": definition.name}
    data |= {"segment": definition.segment} if definition.segment else {"missed": definition.missed}
    if definition.test is None and not definition.variants[0].subject:
        data["email"] = definition.variants[0].email
    else:
        data["variants"] = [_variant(one) for one in definition.variants]
    if definition.test is not None:
        data["test"] = _test(definition.test)
    data["when"] = _when(definition.when)
    data["sending"] = _sending(definition.sending)
    data["drop"] = percent(definition.drop)
    return data


def _variant(one: Variant) -> dict[str, Any]:
    return {"email": one.email, **({"subject": dict(one.subject)} if one.subject else {})}


def _test(test: Trial) -> dict[str, Any]:
    minutes = int(test.after / timedelta(minutes=1))
    after = f"{minutes} minutes" if minutes % 60 else f"{minutes // 60} hours"
    return {
        "share": percent(test.share), "after": after, "otherwise": test.otherwise.value,
        "confidence": percent(test.confidence),
    }  # fmt: skip


def _when(when: When) -> Any:
    match when:
        case Now():
            return "now"
        case At(wall):
            return {"at": f"{wall:%Y-%m-%d %H:%M}"}
        case Local(wall, past):
            return {"local": f"{wall:%Y-%m-%d %H:%M}", "past": past.value}


def _sending(sending: Sending) -> dict[str, Any]:
    found: dict[str, Any] = {"class": sending.class_, "from": sending.sender.value}
    if sending.policy.window is not None:
        found["window"] = sending.policy.window.to_json()
    if sending.policy.cap is not None:
        found["cap"] = sending.policy.cap.to_json()
    if sending.policy.topic:
        found["topic"] = sending.policy.topic
    return {**found, "priority": sending.priority}


def percent(share: float) -> str:
    """`12.5%`."""
    return f"{round(share * 100, 4):g}%"
