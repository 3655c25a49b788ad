"""What a rule is: a tree of values. One form for segments, branches, entry, exit, scoring and alerts.

Rule
├── Group     all, any or none of other rules
├── Compare   a fact of the lead, an operator, a value
├── Has       the lead has one of these tags, or is in one of these segments
├── Did       the lead did something, so often, within a span
└── Exists    the lead has a record of which all comparisons hold: an opportunity, a campaign
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, TypeAlias

DEEPEST = 5
MOST_NODES = 200
MOST_VALUES = 500


class Join(StrEnum):
    """How a group joins its rules."""

    ALL = "all"
    ANY = "any"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Group:
    """All, any or none of the rules hold. Never empty."""

    join: Join
    rules: tuple["Rule", ...]


@dataclass(frozen=True, slots=True)
class Compare:
    """A fact against a value. `value` is in the form that is compared, `shown` as it was written."""

    fact: str
    operator: str
    value: Any
    shown: Any
    label: str  # what the fact is called: message id, or the custom field's own label
    said: tuple[str, str] | None = None  # message ids of the whole sentence and of its opposite, where there are
    names: str = ""  # the kind of thing whose keys the values are: `campaign`


@dataclass(frozen=True, slots=True)
class Has:
    """The lead has one of these names: of tags, of segments."""

    fact: str  # `tag` or `segment`
    names: tuple[str, ...]
    shown: tuple[str, ...]
    said: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Did:
    """An activity, at least `times` and at most `most` times. Empty parts ask nothing.

    A link is a piece of the address. `about` is what the activity was about (an outcome, a tag, a path), in the form
    that is compared.
    """

    fact: str  # the word in YAML: `clicked`
    kind: str  # the activity's kind: `clicked`, `message_sent`
    said: tuple[str, str]
    emails: tuple[str, ...] = ()
    campaigns: tuple[str, ...] = ()
    link: str = ""
    times: int = 1
    within: timedelta | None = None
    most: int | None = None
    part: str = ""  # the word in YAML for what it was about: `outcome`
    about: tuple[str, ...] = ()
    begins: bool = False  # `about` is how it begins, not the whole of it
    shown: tuple[str, ...] = ()  # `about` as it was written


@dataclass(frozen=True, slots=True)
class Exists:
    """The lead has at least one record of which every comparison holds."""

    fact: str  # `opportunity` or `campaign`
    where: tuple[Compare, ...]
    said: tuple[str, str]
    counted: frozenset[str] = frozenset()  # parts that the sentence says already


Leaf: TypeAlias = Compare | Has | Did | Exists
Rule: TypeAlias = Group | Leaf


def leaves(rule: Rule) -> Iterator[Leaf]:
    """Every condition of the tree, from left to right."""
    if isinstance(rule, Group):
        for child in rule.rules:
            yield from leaves(child)
    else:
        yield rule


def reads(rule: Rule) -> frozenset[str]:
    """The kinds of fact that can change the answer: `temperature`, `tag`, `segment`, `message_sent`, a field's key."""
    return frozenset(leaf.kind if isinstance(leaf, Did) else leaf.fact for leaf in leaves(rule))


def names(rule: Rule) -> frozenset[tuple[str, str]]:
    """What the rule refers to: `("segment", "cold_leads")`, `("tag", "vip")`, `("email", …)`, `("campaign", …)`."""
    found: set[tuple[str, str]] = set()
    for leaf in leaves(rule):
        if isinstance(leaf, Has):
            found |= {(leaf.fact, name) for name in leaf.names}
        elif isinstance(leaf, Did):
            found |= {("email", key) for key in leaf.emails} | {("campaign", key) for key in leaf.campaigns}
            if leaf.part == "tag":
                found |= {("tag", key) for key in leaf.about}
        elif isinstance(leaf, Exists):
            for one in leaf.where:
                listed = one.value if isinstance(one.value, tuple) else (one.value,)
                found |= {(one.names, key) for key in listed if one.names}
    return frozenset(found)
