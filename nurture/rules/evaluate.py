"""A rule on one lead, in Python, with a trace: what was seen at each condition, so that every answer can be shown."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, assert_never

from nurture.rules.facts import Fact, Facts, Happening, Moment, View
from nurture.rules.model import Compare, Did, Exists, Group, Has, Join, Rule
from nurture.rules.operators import operators


@dataclass(frozen=True, slots=True)
class Times:
    """How often something happened, and when last."""

    count: int
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class Record:
    """One record that was looked at: the values that an answer shows, by part, and what those name."""

    values: tuple[tuple[str, Any, str], ...]  # part, value, kind of thing


@dataclass(frozen=True, slots=True)
class Trace:
    """The answer of one node. `seen` is what was found: a value, the names a lead has, Times, or Records."""

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
        case Exists():
            return _exists(rule, view, moment, facts)
        case _:
            assert_never(rule)


def _compare(rule: Compare, view: View, moment: Moment, facts: Facts) -> Trace:
    fact = facts.values[rule.fact]
    shown = view.values.get(rule.fact)
    return Trace(rule, answer(rule, fact, shown, moment), None if fact.compared(shown) is None else shown)


def answer(rule: Compare, fact: Fact, shown: Any, moment: Moment) -> bool:
    """Whether a value compares as the rule says."""
    operator, seen = operators()[rule.operator], fact.compared(shown)
    return operator.absent(rule.value) if seen is None else operator.holds(seen, rule.value, moment, fact)


def _did(rule: Did, view: View, moment: Moment) -> Trace:
    found = counted(rule, view.happenings.get(rule.kind, ()), moment)
    enough = len(found) >= rule.times and (rule.most is None or len(found) <= rule.most)
    return Trace(rule, enough, Times(len(found), max(found, default=None)))


def counted(rule: Did, happenings: Iterable[Happening], moment: Moment) -> list[datetime]:
    """When what the rule counts happened."""
    after = None if rule.within is None else moment.now - rule.within
    return [one.occurred_at for one in happenings if _counts(rule, one, after)]


def _counts(rule: Did, one: Happening, after: datetime | None) -> bool:
    return (
        (after is None or one.occurred_at > after)
        and (not rule.emails or one.email in rule.emails)
        and (not rule.campaigns or one.campaign in rule.campaigns)
        and (not rule.link or rule.link in (one.link or ""))
        and (not rule.about or _is_about(rule, one.about))
    )


def _is_about(rule: Did, about: str | None) -> bool:
    if about is None:
        return False
    return about.startswith(rule.about) if rule.begins else about in rule.about


def _exists(rule: Exists, view: View, moment: Moment, facts: Facts) -> Trace:
    records = facts.records[rule.fact]
    rows = view.records.get(rule.fact, ())
    found = [row for row in rows if meets(rule, row, moment, facts)]
    shown = tuple(
        Record(tuple((part, row.get(part), records.parts[part].names) for part in records.shows))
        for row in found or _near(rule, rows)
    )
    return Trace(rule, bool(found), shown)


def meets(rule: Exists, row: Mapping[str, Any], moment: Moment, facts: Facts) -> bool:
    """Whether every comparison holds of this record."""
    parts = facts.records[rule.fact].parts
    return all(answer(one, parts[one.fact], row.get(one.fact), moment) for one in rule.where)


def _near(rule: Exists, rows: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The records that are worth showing when none will do: of the things that the rule names, or all."""
    named = [one for one in rule.where if one.names and isinstance(one.value, tuple)]
    return [row for row in rows if all(row.get(one.fact) in one.value for one in named)]
