"""Which facts stay when one lead is merged into another. Decides; writes nothing.

What is filled stays over what is empty; where both are filled the winner's stays, unless a person chooses the loser's.
Tags are united, and the furthest lifecycle stage wins. A no is stronger than a yes: a stop of automatic mail by either
stays, and a reply to either still waits for its owner.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nurture.kernel.errors import InputError, Problem
from nurture.kernel.i18n import N_
from nurture.leads.match import furthest
from nurture.leads.model import Lead, Lifecycle

# Facts of which a person may choose the loser's. The given name goes with the name, the company's key with the company.
CHOSEN = (
    "name", "honorific", "email", "phone", "company", "address", "city", "source", "owner_id", "zone", "language",
)  # fmt: skip
OWN = "fields."
_LABEL = {"owner": "owner_id"}  # what people type


@dataclass(frozen=True, slots=True)
class Choice:
    """One fact of both leads, and which of the two stays. The key of an own field is `fields.<key>`."""

    key: str
    winner: Any
    loser: Any
    takes: bool  # the loser's stays

    @property
    def differs(self) -> bool:
        """Whether both have one, and another: only then there is a choice."""
        return _is_filled(self.winner) and _is_filled(self.loser) and self.winner != self.loser

    @property
    def stays(self) -> Any:
        """The value the winner has afterwards."""
        return self.loser if self.takes else self.winner


@dataclass(frozen=True, slots=True)
class Union:
    """What the winner is afterwards."""

    choices: tuple[Choice, ...]
    given_name: str
    lifecycle: Lifecycle
    first_source: str
    paused_at: datetime | None
    paused_reason: str | None
    replied_at: datetime | None
    last_activity_at: datetime | None
    new_tags: tuple[str, ...]

    def value(self, key: str) -> Any:
        """What stays of a fact."""
        return next((one.stays for one in self.choices if one.key == key), None)

    @property
    def fields(self) -> dict[str, Any]:
        """The own fields of both."""
        kept = {one.key.removeprefix(OWN): one.stays for one in self.choices if one.key.startswith(OWN)}
        return {key: value for key, value in kept.items() if value is not None}

    @property
    def taken(self) -> tuple[str, ...]:
        """Keys of the facts that the winner has from the loser."""
        return tuple(one.key for one in self.choices if one.takes)

    @property
    def changed(self) -> dict[str, list[Any]]:
        """What changes of the winner's facts, as before and after."""
        return {one.key: [one.winner, one.loser] for one in self.choices if one.takes}


def unite(winner: Lead, loser: Lead, take: Collection[str] = ()) -> Union:
    """Both leads as one; `take` names facts of which the loser's stays. InputError where there is none to take."""
    wanted = {_LABEL.get(key, key) for key in take}
    pairs = [(key, getattr(winner, key), getattr(loser, key)) for key in CHOSEN]
    own = sorted({*winner.fields, *loser.fields})
    pairs += [(f"{OWN}{key}", winner.fields.get(key), loser.fields.get(key)) for key in own]
    _check(wanted, {key for key, _, theirs in pairs if _is_filled(theirs)})
    choices = tuple(Choice(key, ours, theirs, _takes(ours, theirs, key in wanted)) for key, ours, theirs in pairs)
    with_name = any(one.key == "name" and one.takes for one in choices)
    called = loser if with_name or (winner.name == loser.name and not winner.given_name) else winner
    stopped = winner if winner.paused_at is not None or loser.paused_at is None else loser
    return Union(
        choices,
        given_name=called.given_name,
        lifecycle=Lifecycle(furthest(winner.lifecycle, loser.lifecycle)),
        first_source=winner.first_source or loser.first_source,
        paused_at=stopped.paused_at,
        paused_reason=stopped.paused_reason,
        replied_at=_pick(min, (winner.replied_at, loser.replied_at)),
        last_activity_at=_pick(max, (winner.last_activity_at, loser.last_activity_at)),
        new_tags=tuple(tag for tag in loser.tags if tag not in winner.tags),
    )


def better(one: Lead, other: Lead) -> tuple[Lead, Lead]:
    """The two with the one first into which to merge rather: with an address, in somebody's charge, known better."""
    return (one, other) if _weight(one) >= _weight(other) else (other, one)


def _weight(lead: Lead) -> tuple[Any, ...]:
    return bool(lead.email), lead.owner_id is not None, lead.lifecycle.rank, lead.engagement, -lead.id


def _takes(ours: Any, theirs: Any, wanted: bool) -> bool:  # noqa: FBT001 - one of three, all by place
    if not _is_filled(theirs) or ours == theirs:
        return False
    return wanted or not _is_filled(ours)


def _is_filled(value: Any) -> bool:
    """Whether there is anything: `false` and 0 of an own field are."""
    return value is not None and value not in ("", [])


def _pick(choose: Any, instants: Iterable[datetime | None]) -> datetime | None:
    known = [one for one in instants if one is not None]
    return choose(known) if known else None


def _check(wanted: Collection[str], filled: Collection[str]) -> None:
    problems = [
        Problem("nothing_to_take", N_("The lead that is merged has no “%(key)s”"), path="take", params=(("key", key),))
        for key in sorted(set(wanted) - set(filled))
    ]
    if problems:
        raise InputError(problems)
