"""Which leads' answers can have changed with time alone: found by the borders that moved, in SQL. Pure.

A lead whose data changed is looked at when they change. What is left are leaves whose answer depends on the clock: an
activity that leaves its `within`, a date that comes or goes. More leads than needed do no harm, fewer would.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, assert_never

import sqlalchemy as sa

from nurture.rules.facts import Facts, Moment
from nurture.rules.model import Compare, Did, Exists, Has, Leaf, Rule, leaves
from nurture.rules.operators import flips
from nurture.rules.sql import happened
from nurture.rules.values import Ago


def is_timed(rule: Rule, facts: Facts) -> bool:
    """Whether the answer can change without anything being written that somebody is told of."""
    return any(_is_timed(leaf, facts) for leaf in leaves(rule))


def _is_timed(leaf: Leaf, facts: Facts) -> bool:
    match leaf:
        case Compare():
            return flips(leaf.operator) is not None and (leaf.operator not in {"before", "after"} or _moves(leaf))
        case Exists():
            return any(_is_timed(one, facts) for one in leaf.where)
        case Did():
            return leaf.within is not None or facts.events[leaf.fact].silent
        case Has():
            return False
        case _:
            assert_never(leaf)


def _moves(leaf: Compare) -> bool:
    return isinstance(leaf.value, Ago)


def flipping(rule: Rule, since: datetime, now: datetime, facts: Facts) -> Iterator[sa.Select[Any]]:
    """Queries of lead ids: all whose answer can have changed after `since` up to `now`."""
    before, after = Moment(since, facts.zone), Moment(now, facts.zone)
    for leaf in leaves(rule):
        match leaf:
            case Compare():
                crossed = _crossed(leaf, before, after, facts)
                if crossed is not None:
                    yield sa.select(facts.living.id).where(*facts.living.where, crossed)
            case Exists():
                yield from _of_records(leaf, before, after, facts)
            case Did():
                yield from _of_activities(leaf, since, now, facts)
            case Has():
                pass
            case _:
                assert_never(leaf)


def _crossed(leaf: Compare, before: Moment, after: Moment, facts: Facts) -> sa.ColumnElement[bool] | None:
    found = flips(leaf.operator)
    return found(leaf.value, before, after, facts.values[leaf.fact]) if found else None


def _of_records(rule: Exists, before: Moment, after: Moment, facts: Facts) -> Iterator[sa.Select[Any]]:
    records = facts.records[rule.fact]
    for one in rule.where:
        found = flips(one.operator)
        crossed = found(one.value, before, after, records.parts[one.fact]) if found else None
        if crossed is not None:
            yield sa.select(records.lead_id).select_from(records.source).where(*records.where, crossed)


def _of_activities(rule: Did, since: datetime, now: datetime, facts: Facts) -> Iterator[sa.Select[Any]]:
    """Those that left the span, and of kinds that nobody is told of those that came."""
    at = facts.timeline.occurred_at
    if rule.within is not None:
        yield happened(rule, facts).where(at >= since - rule.within, at <= now - rule.within)
    if facts.events[rule.fact].silent:
        yield happened(rule, facts).where(at >= since, at <= now)
