"""Words of handing over: where a conversation ended, what was answered there, and what follows for the message."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from nurture.kernel.reasons import Reason
from nurture.messages.model import MessageState


class Phase(StrEnum):
    """How far the conversation about one message came. Everything before `dot` is safe to try again."""

    HELD = "held"  # not begun: given back as it was
    RENDER = "render"  # the text could not be made, or the address cannot be written to; nothing was said to the relay
    CONNECT = "connect"
    GREETING = "greeting"  # banner, EHLO, STARTTLS
    AUTH = "auth"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    BODY = "body"
    DOT = "dot"  # the final dot went, its answer did not come
    ANSWERED = "answered"  # the answer to the final dot came


class RouteTrouble(StrEnum):
    """What a failure says about the relay rather than about the message."""

    REST = "rest"  # not to be reached just now; tried again within seconds to minutes
    PAUSE = "pause"  # it refuses us: a person should look; tried again within minutes to an hour


@dataclass(frozen=True, slots=True)
class Report:
    """What a sender found out about one message. `code` 0: no answer came at this phase."""

    message_id: int
    fence: int
    phase: Phase
    code: int = 0
    enhanced: str = ""  # RFC 3463, such as 5.1.1
    answer: str = ""
    reason: str = ""  # Reason of a RENDER
    detail: Mapping[str, Any] = field(default_factory=dict)

    def packed(self) -> list[Any]:
        """The report as plain data for the pipe."""
        detail = dict(self.detail)
        return [
            self.message_id,
            self.fence,
            self.phase.value,
            self.code,
            self.enhanced,
            self.answer,
            self.reason,
            detail,
        ]

    @classmethod
    def unpacked(cls, data: list[Any]) -> "Report":
        """The report out of the pipe."""
        number, fence, phase, code, enhanced, answer, reason, detail = data
        return cls(number, fence, Phase(phase), code, enhanced, answer, reason, detail)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a report means: the message's next state, and what follows for address and route."""

    state: MessageState
    reason: Reason | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)
    suppress: bool = False  # the address does not exist
    trouble: RouteTrouble | None = None
    wait_seconds: int = 0  # the server asked to wait that long


@dataclass(frozen=True, slots=True)
class Connection:
    """How to reach a relay, as plain values that travel to a sender."""

    route: str  # the transport's key
    host: str
    port: int
    security: str = "plain"  # plain | starttls | tls
    user: str = ""
    password: str = ""
    shown: str = ""  # for people, without its secret


@dataclass(frozen=True, slots=True)
class Mark:
    """A header by which a provider attaches our Message-ID to a mail, to give it back with what it tells of it."""

    header: str
    form: str  # of its value; `%s` is the Message-ID without brackets
    longest: int = 300  # what it takes of a Message-ID; a longer one is left out

    def packed(self) -> list[Any]:
        """The mark as plain data for the pipe."""
        return [self.header, self.form, self.longest]

    def of(self, header_id: str) -> tuple[str, str] | None:
        """Name and value for this mail."""
        return (self.header, self.form % header_id) if len(header_id) <= self.longest else None
