"""A rule on one lead, in Python, with a trace: what was seen at each condition, so that every answer can be shown."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, assert_never

from nurture.rules.facts import Facts, Happening, Moment, View
from nurture.rules.model import Compare, Did, Group, Has, Join, Rule
from nurture.rules.operators import operators


@dataclass(frozen=True, slots=True)
class Times:
    """How often something happened, and when last."""

    count: int
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class Trace:
    """The answer of one node. `seen` is the value found: of a field, the names a lead has, or Times."""

    rule: Rule
    holds: bool
    seen: Any = None
    children: tuple["Trace", ...] = ()


_JOINED: Mapping[Join, Callable[[list[bool]], bool]] = {
    Join.ALL: all,
    Join.ANY: any,
    Join.NONE: lambda answers: not any(answers),
}


def evaluate(rule: Rule, view: View, now: datetime, facts: Facts) -> Trace:
    """The rule's answer for the lead of the view at engine time `now`. Every condition is looked at."""
    return _trace(rule, view, Moment(now, facts.zone), facts)


def _trace(rule: Rule, view: View, moment: Moment, facts: Facts) -> Trace:
    match rule:
        case Group():
            children = tuple(_trace(child, view, moment, facts) for child in rule.rules)
            return Trace(rule, _JOINED[rule.join]([child.holds for child in children]), None, children)
        case Compare():
            return _compare(rule, view, moment, facts)
        case Has():
            there = view.sets.get(rule.fact, frozenset())
            return Trace(rule, not there.isdisjoint(rule.names), tuple(sorted(there)))
        case Did():
            return _did(rule, view, moment)
        case _:
            assert_never(rule)


def _compare(rule: Compare, view: View, moment: Moment, facts: Facts) -> Trace:
    fact, operator = facts.values[rule.fact], operators()[rule.operator]
    shown = view.values.get(rule.fact)
    seen = fact.compared(shown)
    answer = operator.absent(rule.value) if seen is None else operator.holds(seen, rule.value, moment, fact)
    return Trace(rule, answer, None if seen is None else shown)


def _did(rule: Did, view: View, moment: Moment) -> Trace:
    after = None if rule.within is None else moment.now - rule.within
    found = [one.occurred_at for one in view.happenings.get(rule.kind, ()) if _counts(rule, one, after)]
    return Trace(rule, len(found) >= rule.times, Times(len(found), max(found, default=None)))


def _counts(rule: Did, one: Happening, after: datetime | None) -> bool:
    return (
        (after is None or one.occurred_at > after)
        and (not rule.emails or one.email in rule.emails)
        and (not rule.campaigns or one.campaign in rule.campaigns)
        and (not rule.link or rule.link in (one.link or ""))
    )
