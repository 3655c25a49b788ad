"""What a segment is: a key, a name, and a rule unless it is kept by hand. Values, no I/O."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nurture.kernel.text import in_language
from nurture.rules.facts import Facts
from nurture.rules.model import Compare, Rule, leaves, names

BY_HAND: Mapping[str, Any] = {"by_hand": True}  # what stands in the place of a rule


@dataclass(frozen=True, slots=True)
class Definition:
    """A segment as written. `when` is plain data, `rule` what it means: of one kept by hand, that the lead is in it."""

    key: str
    name: Mapping[str, str]
    when: Any
    rule: Rule

    @property
    def by_hand(self) -> bool:
        """Whether only people and steps put leads in."""
        return bool(self.when == BY_HAND)

    @property
    def hash(self) -> str:
        """The same for the same rule, whatever its layout in the file."""
        text = json.dumps(self.when, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment as stored."""

    id: int
    key: str
    name: Mapping[str, str]
    when: Any
    hash: str
    evaluated_at: datetime | None
    refreshed_at: datetime | None
    swept_until: datetime | None = None
    swept_as: str | None = None
    updated_at: datetime | None = None

    @property
    def by_hand(self) -> bool:
        """Whether only people and steps put leads in."""
        return bool(self.when == BY_HAND)

    @property
    def asked(self) -> Any:
        """Its rule as plain data; of one kept by hand, that the lead is in it."""
        return {"segment": self.key} if self.by_hand else self.when

    def named(self, language: str) -> str:
        """Its name in this language, or in any, or its key."""
        return in_language(self.name, language, self.key)


@dataclass(frozen=True, slots=True)
class Counts:
    """What one refresh of one segment did. `problem` says why it could not be evaluated."""

    key: str
    joined: int
    left: int
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Stay:
    """A lead's being in a segment, from and to."""

    id: int
    key: str
    name: Mapping[str, str]
    joined_at: datetime
    left_at: datetime | None


@dataclass(frozen=True, slots=True)
class Preview:
    """Whom a rule would take now: how many, and the newest of them."""

    count: int
    lead_ids: tuple[int, ...]


MEANING = 1  # raised when a comparison comes to mean something else


def meaning(segment: Segment, rule: Rule, facts: Facts) -> str:
    """A name for what the rule means now: its text, the types of the facts it reads, the zone of its days."""
    read = sorted({leaf.fact for leaf in leaves(rule) if isinstance(leaf, Compare)})
    types = [f"{key}:{facts.values[key].type.value}" for key in read if key in facts.values]
    parts = [str(MEANING), segment.hash, facts.zone.key, *types]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def depends_on(rule: Rule) -> frozenset[str]:
    """The keys of the segments that the rule names."""
    return frozenset(name for kind, name in names(rule) if kind == "segment")


def in_order(rules: Mapping[str, Rule]) -> tuple[list[str], tuple[str, ...]]:
    """Keys with each after those it depends on, and the first circle found (`a, b, a`), else ()."""
    order: list[str] = []
    state: dict[str, bool] = {}  # False while its dependencies are being walked
    for start in sorted(rules):
        circle = _walk(start, rules, state, order)
        if circle:
            return order, circle
    return order, ()


def _walk(start: str, rules: Mapping[str, Rule], state: dict[str, bool], order: list[str]) -> tuple[str, ...]:
    path: list[tuple[str, Iterable[str]]] = []

    def enter(key: str) -> None:
        state[key] = False
        path.append((key, iter(sorted(depends_on(rules[key]) & rules.keys()))))

    if start not in state:
        enter(start)
    while path:
        key, rest = path[-1]
        after = next(iter(rest), None)
        if after is None:
            state[key] = True
            order.append(key)
            path.pop()
        elif after not in state:
            enter(after)
        elif not state[after]:
            keys = [one for one, _ in path]
            return (*keys[keys.index(after) :], after)
    return ()
