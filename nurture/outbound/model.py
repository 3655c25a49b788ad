"""Calls to the world outside: webhooks and text messages. Their kinds, states, and what a transport found out. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from nurture.kernel.reasons import Reason


class CallKind(StrEnum):
    """What goes out."""

    WEBHOOK = "webhook"  # a signed JSON document to a system of the house
    SMS = "sms"  # a text message to a lead


class CallState(StrEnum):
    """Where a call stands; it is in exactly one."""

    QUEUED = "queued"  # waits for its turn or its next try
    SENDING = "sending"  # a worker talks to the receiver right now
    SENT = "sent"  # the receiver took it
    FAILED = "failed"  # refused for good, or its last day passed
    CANCELED = "canceled"  # taken back before it went
    SKIPPED = "skipped"  # we chose not to, with a reason
    UNKNOWN = "unknown"  # a text message whose answer never came; a person resolves it


ENDED = (CallState.SENT, CallState.FAILED, CallState.CANCELED, CallState.SKIPPED, CallState.UNKNOWN)
# What a person may have tried again. What was skipped or taken back had its reason before anybody was asked.
AGAIN = (CallState.FAILED, CallState.UNKNOWN)


class Stage(StrEnum):
    """How far a conversation came."""

    BLOCKED = "blocked"  # not begun: the address is not one we talk to
    CONNECT = "connect"  # nothing was handed over for sure
    SENT = "sent"  # what was to be said may have arrived; no answer was understood
    ANSWERED = "answered"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one conversation. `text` is the answer's beginning, or the error."""

    stage: Stage
    status: int = 0
    text: str = ""
    wait_seconds: int = 0  # Retry-After
    reference: str = ""  # the receiver's own number of it
    refused: bool = False  # the gateway's answer says no, whatever its status


@dataclass(frozen=True, slots=True)
class NewCall:
    """A call about to be written; `cause` makes it one and no other."""

    kind: CallKind
    cause: str  # enrollment:4/crm/1
    planned_at: datetime  # engine time
    lead_id: int
    campaign_id: int | None
    enrollment_id: int | None
    step: str
    occurrence: int
    name: str  # of the webhook; empty for a text message
    target: str  # address of the webhook, phone number in E.164
    body: str  # the JSON document as it goes, the text
    class_: str = ""  # of a text message: advertising | care | deal | transactional
    parts: int = 0  # of a text message
    policy: Mapping[str, Any] = field(default_factory=dict)  # window and zone to look at again
    state: CallState = CallState.QUEUED
    reason: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Call:
    """A call in the hands of a worker, under its fence."""

    id: int
    public_id: str
    kind: CallKind
    fence: int
    webhook_id: str
    name: str
    target: str
    body: str
    attempts: int  # this one included
    created_at: datetime
    first_at: datetime  # real time of the first try
    lead_id: int
    campaign_id: int | None
    enrollment_id: int | None
    step: str
    class_: str = ""
    policy: Mapping[str, Any] = field(default_factory=dict)


class Transport(Protocol):
    """Hands one call over. It never raises for what the world outside does; it gives an Answer."""

    @property
    def repeats(self) -> bool:
        """Whether the same call twice is the same as once."""
        ...

    def hand_over(self, call: Call, at: datetime) -> Answer:
        """Talk to the receiver; `at` is real time."""
        ...


@dataclass(frozen=True, slots=True)
class Proceed:
    """It may leave now."""


@dataclass(frozen=True, slots=True)
class Later:
    """It waits until then, engine time."""

    until: datetime
    reason: Reason
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stop:
    """It does not leave: `state` is skipped or canceled."""

    state: CallState
    reason: Reason
    detail: Mapping[str, Any] = field(default_factory=dict)


class Judge(Protocol):
    """The last look at calls before they leave, in the transaction that lets them go."""

    def __call__(self, conn: Any, calls: Sequence[Call]) -> Mapping[int, Proceed | Later | Stop]:
        """The verdict on each, by its id."""
        ...
