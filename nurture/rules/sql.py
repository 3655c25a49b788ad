"""A rule on all leads, as SQL. Two-valued: a missing value is a no, never a NULL that a `none` would swallow.

Activities are asked by `IN (subquery)` driven by their index; leads that were merged away are in no answer.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, assert_never

import sqlalchemy as sa

from nurture.rules.expressions import contains
from nurture.rules.facts import Facts, Moment
from nurture.rules.model import Compare, Did, Exists, Group, Has, Join, Rule
from nurture.rules.operators import operators

LAST = "\U0010ffff"  # sorts after whatever else a text may go on with


def to_sql(rule: Rule, now: datetime, facts: Facts, lead_ids: Sequence[int] | None = None) -> sa.Select[int]:
    """The ids of all leads on which the rule holds at engine time `now`; of `lead_ids` only, where given."""
    holds = condition(rule, now, facts, lead_ids)
    select: sa.Select[int] = sa.select(facts.living.id).where(*facts.living.where, holds)
    return select if lead_ids is None else select.where(facts.living.id.in_(lead_ids))


def condition(rule: Rule, now: datetime, facts: Facts, lead_ids: Sequence[int] | None = None) -> sa.ColumnElement[bool]:
    """The rule as a condition on a row of leads. `lead_ids` narrows its subqueries, for when few leads are asked."""
    return _Writer(facts, Moment(now, facts.zone), lead_ids).rule(rule, negated=False)


class _Writer:
    def __init__(self, facts: Facts, moment: Moment, lead_ids: Sequence[int] | None) -> None:
        self.facts = facts
        self.moment = moment
        self.lead_ids = lead_ids

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
        return self._among(chosen, names.lead_id)

    def did(self, rule: Did) -> sa.ColumnElement[bool]:
        line = self.facts.timeline
        chosen = happened(rule, self.facts)
        if rule.within is not None:
            chosen = chosen.where(line.occurred_at > self.moment.now - rule.within)
        times = sa.func.count()
        if rule.times == 0 and rule.most is not None:  # those who did it more often are few, the others may be all
            above = chosen if rule.most == 0 else chosen.group_by(line.lead_id).having(times > rule.most)
            return sa.not_(self._among(above, line.lead_id))
        if rule.times > 1 or rule.most is not None:
            chosen = chosen.group_by(line.lead_id).having(times >= rule.times)
        if rule.most is not None:
            chosen = chosen.having(times <= rule.most)
        return self._among(chosen, line.lead_id)

    def exists(self, rule: Exists) -> sa.ColumnElement[bool]:
        records = self.facts.records[rule.fact]
        met = [operators()[one.operator].clause(one.value, self.moment, records.parts[one.fact]) for one in rule.where]
        chosen = sa.select(records.lead_id).select_from(records.source).where(*records.where, *met)
        return self._among(chosen, records.lead_id)

    def _among(self, chosen: sa.Select[Any], lead_id: sa.ColumnElement[int]) -> sa.ColumnElement[bool]:
        if self.lead_ids is not None:
            chosen = chosen.where(lead_id.in_(self.lead_ids))
        return self.facts.living.id.in_(chosen)


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
