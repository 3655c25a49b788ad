"""What a hit is, and the verdicts on it: values, no I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from nurture.kernel.marked import N_


class Verdict(StrEnum):
    """Who made an open or click."""

    HUMAN = "human"
    MACHINE = "machine"  # scanner, crawler, prefetch: never scores
    PROXY = "proxy"  # an image proxy: an open happened or was prefetched; weak evidence
    SUSPECT = (
        "suspect"  # being examined, scores when the settling time clears it; or perhaps another reader's, for good
    )


VERDICTS: Mapping[Verdict, str] = {
    Verdict.HUMAN: N_("a person"),
    Verdict.MACHINE: N_("a machine"),
    Verdict.PROXY: N_("through a proxy"),
    Verdict.SUSPECT: N_("suspect"),
}


@dataclass(frozen=True, slots=True)
class Target:
    """What a signed token points at. `link` is the position of the link in the email, `url` its whole target."""

    message_id: int
    link: int | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """A raw open or click as it came in. `key` is unique in all the world and grows with time."""

    key: str
    kind: str  # file name in tracking/events
    message_id: int
    link: int | None
    url: str | None
    at: datetime  # real time
    engine_at: datetime
    method: str
    agent: str
    ip: str  # truncated
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict with the codes of its reasons (their sentences: verdict.SENTENCES) and the classifier's version."""

    verdict: Verdict
    reasons: tuple[str, ...]
    version: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What an event's request gets: status line, headers, body."""

    status: str
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""
