"""What a campaign is: entry, goal, sending, and steps as a flow that a lead passes one by one. Values, no I/O."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any, TypeAlias

from nurture.policy.decide import Policy
from nurture.rules.model import Rule


class CampaignState(StrEnum):
    """Whether a campaign runs."""

    DRAFT = "draft"
    LIVE = "live"
    PAUSED = "paused"  # nothing moves; resumes where it was
    ARCHIVED = "archived"


class Existing(StrEnum):
    """What happens to those who are in the segment already at the first publish."""

    ENROLL = "enroll"
    SKIP = "skip"


class Again(StrEnum):
    """Whether a lead that was in the campaign may enter another time; a timedelta says: so long after the exit."""

    NEVER = "never"
    AFTER_EXIT = "after_exit"


class Unsure(StrEnum):
    """What becomes of a mail that may have arrived, since the server's answer never came."""

    WAIT = "wait"  # a person says so
    SENT = "sent"  # it counts as sent
    AGAIN = "again"  # it is sent once more, as the same mail; some may get it twice


class Sender(StrEnum):
    """Whose name the mails carry."""

    OWNER = "owner"  # the lead's owner, the house when there is none
    HOUSE = "house"


@dataclass(frozen=True, slots=True)
class Entrance:
    """One way in. `config` is the kind's own value, `id` names what it says: another value is another entrance."""

    kind: str  # file name in campaigns/entries
    config: Any
    id: str
    existing: Existing = Existing.SKIP  # of those who had what it asks for before


@dataclass(frozen=True, slots=True)
class Entry:
    """How leads come in: by any of its entrances, if `when` holds on them."""

    entrances: tuple[Entrance, ...] = ()
    again: Again | timedelta = Again.NEVER
    when: Rule | None = None

    @property
    def segment(self) -> str | None:
        """The segment that leads come from, by joining it or on a schedule; the first, where there are several."""
        named = {"segment": "key", "schedule": "segment"}
        found = (getattr(one.config, named[one.kind]) for one in self.entrances if one.kind in named)
        return next(found, None)


@dataclass(frozen=True, slots=True)
class OpportunityOpened:
    """The goal is reached when an opportunity of the lead opens after the entry."""


Goal: TypeAlias = OpportunityOpened | Rule


@dataclass(frozen=True, slots=True)
class Sending:
    """How the campaign's mails go. `class_` is a MessageClass."""

    class_: str = "advertising"
    sender: Sender = Sender.HOUSE
    policy: Policy = field(default_factory=Policy)
    priority: int = 5  # 1 first
    exit_on_reply: bool = False  # a lead that answers a mail of it leaves


@dataclass(frozen=True, slots=True)
class Step:
    """A node of the flow. `config` is the kind's own value; a way or `next` of None is the end."""

    id: str
    kind: str  # file name in campaigns/steps
    config: Any
    next: str | None = None
    ways: Mapping[str, str | None] = field(default_factory=dict)  # of a branch: `then`, `else`
    depth: int = 0  # how many branches it stands within
    way: str = ""  # which way of which branch: `did_they_click.then`; empty on the trunk
    jumps: Mapping[str, str] = field(default_factory=dict)  # steps elsewhere that it may lead to, by way

    def after(self, way: str) -> str | None:
        """Which step follows when the lead takes this way; an empty way is straight on."""
        if way in self.jumps:
            return self.jumps[way]
        return self.ways[way] if way else self.next

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules that it reads."""
        config: Any = self.config
        found = getattr(config, "rules", None) or (getattr(config, "when", None),)
        return tuple(rule for rule in found if isinstance(rule, Rule))


@dataclass(frozen=True, slots=True)
class Campaign:
    """A definition, read and checked. `data` is the same as plain values, `steps` in the order of the file."""

    key: str
    name: Mapping[str, str]
    entry: Entry
    goal: Goal | None
    exit_when: Rule | None
    sending: Sending
    steps: Mapping[str, Step]
    first: str
    data: Mapping[str, Any]
    language: str | None = None

    @property
    def may_end(self) -> bool:
        """Whether there is a goal or an exit condition to look at between steps."""
        return self.goal is not None or self.exit_when is not None

    def rules(self) -> Iterator[Rule]:
        """Every rule the definition names."""
        if self.exit_when is not None:
            yield self.exit_when
        if self.goal is not None and not isinstance(self.goal, OpportunityOpened):
            yield self.goal
        for step in self.steps.values():
            yield from step.rules
