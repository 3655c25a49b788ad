"""What is asked of a rehearsal, and what leads do in it: values, no I/O."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any

from nurture.kernel.errors import InputError, Problem
from nurture.kernel.i18n import N_
from nurture.leads.model import NewLead

MOST_DAYS = 731
MOST_LEADS = 100_000
_SHARE = re.compile(r"\s*([a-z_]+)\s*=\s*(\d{1,3}(?:\.\d+)?)\s*%?\s*")


def wrong(message: str, mend: str = "", path: str = "", **params: object) -> InputError:
    """The error for a request that cannot be rehearsed; `path` names the field of a form."""
    shown = tuple((name, str(value)) for name, value in params.items())
    return InputError([Problem("rehearsal", message, mend, path=path, params=shown)])


class Does(StrEnum):
    """What a lead may do with an email, and the lead's owner with a task or a reply."""

    OPENS = "opens"
    CLICKS = "clicks"
    REPLIES = "replies"
    UNSUBSCRIBES = "unsubscribes"
    FINISHES_TASK = "finishes_task"
    LOOKS = "looks"  # at the reply; mail goes on from there


# The shares of a behavior, as they are written.
SHARES = ("opens", "clicks", "replies", "unsubscribes", "calls")


@dataclass(frozen=True, slots=True)
class Behavior:
    """Which share of the emails is opened, clicked in, answered, refused; and of the tasks is done. Each from 0 to 1.

    A task that somebody has is done within a working day or not at all; a reply is looked at within a working day.
    """

    opens: float = 0.35
    clicks: float = 0.08
    replies: float = 0.01
    unsubscribes: float = 0.002
    calls: float = 0.6

    def checked(self) -> "Behavior":
        """Itself; InputError when it cannot be."""
        if self.clicks > self.opens:
            raise wrong(N_("More emails cannot be clicked in than are opened"), path="clicks")
        return self

    def __str__(self) -> str:
        shares = ((name, getattr(self, name)) for name in SHARES)
        return ",".join(f"{name}={share * 100:g}%" for name, share in shares)


def read_behavior(text: str) -> Behavior:
    """The behavior of `opens=35%,clicks=8%,replies=1%`; what is not named is 0. InputError says what is wrong."""
    shares: dict[str, float] = dict.fromkeys(SHARES, 0.0)
    for part in text.split(","):
        found = _SHARE.fullmatch(part)
        if found is None or found[1] not in shares or float(found[2]) > 100:
            mend = N_("such as: opens=35%%,clicks=8%%,replies=1%%")
            raise wrong(N_("“%(word)s” is no share of emails or tasks"), mend, word=part)
        shares[found[1]] = float(found[2]) / 100
    return Behavior(**shares).checked()


@dataclass(frozen=True, slots=True)
class Act:
    """One line of a script: when, counted from the start, which lead does what with which email.

    Of the emails the lead has got by then the latest is meant; `email` names its key, `link` is a piece of the address
    of the link that is followed. A task is finished with its `outcome`: of the open ones that which is due first.
    """

    after: timedelta
    lead: str  # email address
    does: Does
    email: str = ""
    link: str = ""
    outcome: str = "done"


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be rehearsed. One of `segment`, `addresses`, `sample`, `people` says with whom."""

    campaign: str
    segment: str | None = None
    addresses: tuple[str, ...] = ()
    sample: int = 0
    people: tuple[NewLead, ...] = ()  # made-up leads, with consent to advertising
    days: int = 60
    behavior: Behavior | None = field(default_factory=Behavior)  # None: only what the script says
    script: tuple[Act, ...] = ()
    seed: int = 1
    look: timedelta = timedelta(hours=1)  # how far time may jump: what is found by looking is found that late at most
    # True: everybody at the begin. False: when the campaign's own entry finds them. None: at the begin, unless the
    # campaign only takes people in on their day or on its own days.
    enters: bool | None = None

    def checked(self) -> "Request":
        """Itself; InputError when it asks for too much, for nothing, or for what cannot be."""
        if not 1 <= self.days <= MOST_DAYS:
            raise wrong(N_("A rehearsal runs over 1 to %(most)s days"), most=MOST_DAYS)
        named = (self.segment is not None, bool(self.addresses), self.sample > 0, bool(self.people))
        if sum(named) != 1:
            raise wrong(N_("Say with whom: a segment, some leads, or how many of the entry's leads"))
        if self.behavior is not None:
            self.behavior.checked()
        if self.sample > MOST_LEADS:
            raise wrong(N_("At most %(most)s leads in one rehearsal"), most=MOST_LEADS)
        return self

    def to_json(self) -> dict[str, Any]:
        """For people and scripts: what was asked, without made-up leads' data."""
        return {
            "campaign": self.campaign,
            "segment": self.segment,
            "addresses": list(self.addresses),
            "sample": self.sample,
            "people": len(self.people),
            "days": self.days,
            "behavior": str(self.behavior) if self.behavior is not None else None,
            "script": len(self.script),
            "seed": self.seed,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Request":
        """What `to_json` gave of a request without people and script."""
        behavior = read_behavior(data["behavior"]) if data.get("behavior") else None
        return cls(
            data["campaign"], data["segment"], tuple(data["addresses"]), data["sample"], (), data["days"], behavior, (),
            data["seed"],
        )  # fmt: skip
