"""What people call the things that a rule names by key: a small port, which whoever speaks of a rule fills. Pure.

The kinds are `email`, `campaign`, `segment` and `tag` by key, `owner` by address. A field's label stands in the rule.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from nurture.rules.evaluate import Trace
from nurture.rules.model import Compare, Has, Rule, leaves, names

OWNER = "owner"
Name = tuple[str, str]  # kind and key


@dataclass(frozen=True, slots=True)
class Titles:
    """Titles by kind and key; what is not among them goes by its key."""

    known: Mapping[Name, str] = field(default_factory=dict)

    def get(self, kind: str, key: str) -> str | None:
        """The title of a thing, if it has one."""
        return self.known.get((kind, key.strip().lower() if kind == OWNER else key)) or None


UNTITLED = Titles()


def named(rules: Iterable[Rule]) -> set[Name]:
    """Everything these rules name."""
    found: set[Name] = set()
    for rule in rules:
        found |= names(rule)
        for leaf in leaves(rule):
            if isinstance(leaf, Compare) and leaf.fact == OWNER:
                listed = leaf.shown if isinstance(leaf.shown, tuple | list) else (leaf.shown,)
                found |= _owners(listed)
    return found


def met(traces: Iterable[Trace]) -> set[Name]:
    """Everything these traces name: their rules, and what was seen of the lead."""
    found: set[Name] = set()
    for trace in traces:
        found |= named([trace.rule]) | met(trace.children)
        if isinstance(trace.rule, Has) and trace.seen:
            found |= {(trace.rule.fact, key) for key in trace.seen}
        elif isinstance(trace.rule, Compare) and trace.rule.fact == OWNER:
            found |= _owners([trace.seen])
    return found


def _owners(addresses: Iterable[object]) -> set[Name]:
    return {(OWNER, one.strip().lower()) for one in addresses if isinstance(one, str)}
