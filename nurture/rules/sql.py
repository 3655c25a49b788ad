"""A rule as SQL, on all leads or on few. Two-valued: a missing value is a no, never a NULL that a `none` would swallow.

Of all leads activities are asked by `IN (subquery)` driven by their index, so that each of them is read once. Of few
leads they are asked lead by lead, each by its own stretch of an index: what that costs does not grow with what all the
others did. Leads that were merged away are in no answer.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, assert_never

import sqlalchemy as sa

from nurture.kernel.database import among
from nurture.rules.expressions import contains
from nurture.rules.facts import Facts, Moment
from nurture.rules.model import Compare, Did, Exists, Group, Has, Join, Rule, leaves
from nurture.rules.operators import operators

LAST = "\U0010ffff"  # sorts after whatever else a text may go on with


def to_sql(
    rule: Rule, now: datetime, facts: Facts, lead_ids: Sequence[int] | None = None, *, led_by: Did | None = None
) -> sa.Select[int]:
    """The ids of all leads on which the rule holds at engine time `now`; of `lead_ids` only, where given.

    `led_by`: one of `leading(rule)` that few leads meet. Of the others nobody counts how often they did what.
    """
    writer = _Writer(facts, now, led_by) if lead_ids is None else _Each(facts, now)
    holds = writer.rule(rule, negated=False)
    select: sa.Select[int] = sa.select(facts.living.id).where(*facts.living.where, holds)
    return select if lead_ids is None else select.where(among(facts.living.id, lead_ids))


def leading(rule: Rule) -> list[Did]:
    """What everybody has to have done on whom the rule holds. None, if it asks of nothing how often it was done."""
    if not any(isinstance(one, Did) and _is_counted(one) for one in leaves(rule)):
        return []
    return list(_demanded(rule))


def _demanded(rule: Rule) -> Iterator[Did]:
    if isinstance(rule, Did) and rule.times >= 1:
        yield rule
    elif isinstance(rule, Group) and rule.join is Join.ALL:
        for child in rule.rules:
            yield from _demanded(child)


def _is_counted(rule: Did) -> bool:
    return rule.times > 1 or bool(rule.most)


class _Writer:
    def __init__(self, facts: Facts, now: datetime, led_by: Did | None = None) -> None:
        self.facts = facts
        self.moment = Moment(now, facts.zone)
        self.led_by = led_by

    def rule(self, rule: Rule, *, negated: bool) -> sa.ColumnElement[bool]:
        match rule:
            case Group(join=Join.NONE):
                return sa.not_(sa.or_(*(self.rule(child, negated=True) for child in rule.rules)))
            case Group(join=Join.ALL):
                return sa.and_(*(self.rule(child, negated=negated) for child in rule.rules))
            case Group():
                return sa.or_(*(self.rule(child, negated=negated) for child in rule.rules))
            case Compare():
                return self.compare(rule, negated=negated)
            case Has():
                return self.has(rule)
            case Did():
                return self.did(rule)
            case Exists():
                return self.exists(rule)
            case _:
                assert_never(rule)

    def compare(self, rule: Compare, *, negated: bool) -> sa.ColumnElement[bool]:
        fact = self.facts.values[rule.fact]
        clause = operators()[rule.operator].clause(rule.value, self.moment, fact)
        return sa.func.coalesce(clause, sa.false()) if negated and fact.nullable else clause

    def has(self, rule: Has) -> sa.ColumnElement[bool]:
        names = self.facts.sets[rule.fact]
        chosen = sa.select(names.lead_id).select_from(names.source).where(names.name.in_(rule.names), *names.where)
        return self.among(chosen, names.lead_id)

    def did(self, rule: Did) -> sa.ColumnElement[bool]:
        lead_id = self.facts.timeline.lead_id
        chosen = doing(rule, self.moment.now, self.facts)
        if not _is_counted(rule):
            return self.among(chosen, lead_id) if rule.times else sa.not_(self.among(chosen, lead_id))
        if self.led_by is not None and rule != self.led_by:
            chosen = chosen.where(lead_id.in_(doing(self.led_by, self.moment.now, self.facts)))
        return self.so_often(chosen, lead_id, rule.times, rule.most)

    def exists(self, rule: Exists) -> sa.ColumnElement[bool]:
        records = self.facts.records[rule.fact]
        met = [operators()[one.operator].clause(one.value, self.moment, records.parts[one.fact]) for one in rule.where]
        chosen = sa.select(records.lead_id).select_from(records.source).where(*records.where, *met)
        return self.among(chosen, records.lead_id)

    def among(self, chosen: sa.Select[Any], _lead_id: sa.ColumnElement[int]) -> sa.ColumnElement[bool]:
        """Whether the lead is one of those chosen."""
        return self.facts.living.id.in_(chosen)

    def so_often(
        self, chosen: sa.Select[Any], lead_id: sa.ColumnElement[int], least: int, most: int | None
    ) -> sa.ColumnElement[bool]:
        """Whether the lead is chosen at least and at most so many times."""
        times, counted = sa.func.count(), chosen.group_by(lead_id)
        if least == 0:  # those who did it more often are few, the others may be all
            return sa.not_(self.among(counted.having(times > most), lead_id))
        counted = counted.having(times >= least)
        return self.among(counted if most is None else counted.having(times <= most), lead_id)


class _Each(_Writer):
    """The same, looked up for each lead: as values of the row, which no planner makes a join of."""

    def among(self, chosen: sa.Select[Any], lead_id: sa.ColumnElement[int]) -> sa.ColumnElement[bool]:
        return self._of_lead(chosen, lead_id, sa.literal_column("1")).limit(1).scalar_subquery().is_not(None)

    def so_often(
        self, chosen: sa.Select[Any], lead_id: sa.ColumnElement[int], least: int, most: int | None
    ) -> sa.ColumnElement[bool]:
        times = self._of_lead(chosen, lead_id, sa.func.count()).scalar_subquery()
        return sa.and_(times >= least, *([] if most is None else [times <= most]))

    def _of_lead(
        self, chosen: sa.Select[Any], lead_id: sa.ColumnElement[int], value: sa.ColumnElement[Any]
    ) -> sa.Select[Any]:
        living = self.facts.living.id
        return chosen.with_only_columns(value).where(lead_id == living).correlate(living.table)


def doing(rule: Did, now: datetime, facts: Facts) -> sa.Select[Any]:
    """The leads of all activities that the rule counts at engine time `now`."""
    chosen = happened(rule, facts)
    return chosen if rule.within is None else chosen.where(facts.timeline.occurred_at > now - rule.within)


def happened(rule: Did, facts: Facts) -> sa.Select[Any]:
    """The leads of all activities that the rule counts, whenever they were."""
    line = facts.timeline
    chosen = sa.select(line.lead_id).where(line.kind == rule.kind, *line.where)
    if rule.emails:
        chosen = chosen.where(line.email.in_(rule.emails))
    if rule.campaigns:
        chosen = chosen.where(line.campaign.in_(rule.campaigns))
    if rule.link:
        chosen = chosen.where(contains(line.link, rule.link))
    if rule.about and rule.begins:  # as ranges, which an index finds
        ranges = [sa.and_(line.about >= start, line.about < start + LAST) for start in rule.about]
        return chosen.where(sa.or_(*ranges))
    return chosen.where(line.about.in_(rule.about)) if rule.about else chosen
