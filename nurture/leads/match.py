"""What becomes of a lead when somebody brings other facts about it. Decides; writes nothing.

The furthest lifecycle stage wins. A name or phone number is never replaced: another one is kept as a conflict until a
person decides. Everything else is replaced by what is newer, or only filled where it was blank.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nurture.leads.model import Lifecycle

# Facts of which a second one is a conflict, not a correction.
KEPT = ("name", "phone")
PLAIN = ("honorific", "company", "address", "city", "source", "zone", "language")


@dataclass(frozen=True, slots=True)
class Folded:
    """The facts after folding; what changed as {key: [before, after]}; and the other values of kept facts."""

    facts: dict[str, Any]
    changed: dict[str, list[Any]] = field(default_factory=dict)
    conflicts: tuple[tuple[str, str], ...] = ()


def furthest(one: str, other: str) -> str:
    """The later of two lifecycle stages."""
    return max(one, other, key=lambda stage: Lifecycle(stage).rank)


def fold_in(current: Mapping[str, Any], brought: Mapping[str, Any], *, replace: bool) -> Folded:
    """The lead's facts with those brought folded in; `replace` is False for a later row of the same file.

    Both map keys of `KEPT` and `PLAIN`, `lifecycle` and `fields` to values; blank values bring nothing.
    """
    facts = dict(current)
    changed: dict[str, list[Any]] = {}
    conflicts: list[tuple[str, str]] = []
    for key in KEPT:
        value = brought.get(key)
        if not value or value == facts.get(key):
            continue
        if facts.get(key):
            conflicts.append((key, value))
        else:
            changed[key] = [facts.get(key), value]
            facts[key] = value
    for key in PLAIN:
        value, before = brought.get(key), facts.get(key)
        if value and value != before and (replace or not before):
            changed[key] = [before, value]
            facts[key] = value
    stage = furthest(str(facts["lifecycle"]), str(brought.get("lifecycle") or facts["lifecycle"]))
    if stage != facts["lifecycle"]:
        changed["lifecycle"] = [facts["lifecycle"], stage]
        facts["lifecycle"] = stage
    own = dict(facts.get("fields") or {})
    for key, value in (brought.get("fields") or {}).items():
        before = own.get(key)
        if value != before and (replace or before is None):
            changed[f"fields.{key}"] = [before, value]
            own[key] = value
    facts["fields"] = own
    return Folded(facts, changed, tuple(conflicts))
