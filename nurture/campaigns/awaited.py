"""When something that a lead is waited for came to hold. Pure.

Of activities only those since a given instant count, unless the rule itself says how far back it looks; and none that
happened after the look. So the answer is the same however late the look, as far as activities decide it; what else a
rule reads is known as it is now.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from nurture.rules.evaluate import evaluate
from nurture.rules.facts import Facts, Type, View
from nurture.rules.model import Compare, Did, Group, Has, Rule, leaves

_MOST = 200  # instants looked at one by one; a lead who does more than that is looked at as of the end
_DRIFTS = frozenset({Type.DATE, Type.INSTANT})
_EVERY = timedelta(hours=1)  # how often it is looked at what time alone, or a sweep of segments, can change


@dataclass(frozen=True, slots=True)
class Awaited:
    """A rule about one lead, waited for from `arrived` on; activities count after `since`."""

    rule: Rule
    view: View
    facts: Facts
    since: datetime
    arrived: datetime

    def first(self, until: datetime) -> datetime | None:
        """The first instant, up to `until`, at which it held. None when it did not."""
        if not self._is_of_activities():
            return until if self._holds(until) else None
        return next((at for at in self._instants(until) if self._holds(at)), None)

    def again(self, after: datetime) -> datetime | None:
        """When to look again although nothing happens; None when only an activity can change the answer."""
        if any(self._drifts(leaf) for leaf in leaves(self.rule)):
            return after + _EVERY
        return min((at for at in self._ends() if at > after), default=None)

    def _is_of_activities(self) -> bool:
        return all(isinstance(leaf, Did) for leaf in leaves(self.rule))

    def _drifts(self, leaf: Rule) -> bool:
        match leaf:
            case Did():
                return False
            case Has():
                return leaf.fact == "segment"
            case Compare():
                return self.facts.values[leaf.fact].type in _DRIFTS
            case _:
                return True

    def _holds(self, at: datetime) -> bool:
        past = {
            kind: tuple(one for one in found if one.occurred_at <= at) for kind, found in self.view.happenings.items()
        }
        rule = _bounded(self.rule, max(at - self.since, timedelta(0)))
        return evaluate(rule, replace(self.view, happenings=past), at, self.facts).holds

    def _instants(self, until: datetime) -> list[datetime]:
        """Where the answer can change: activities, and where they fall out of the span that a condition looks back."""
        happened = (one.occurred_at for found in self.view.happenings.values() for one in found)
        changes = sorted({at for at in (*happened, *self._ends()) if self.arrived < at < until})
        if len(changes) > _MOST:
            return [until]
        return [self.arrived, *changes, until] if self.arrived < until else [until]

    def _ends(self) -> Iterator[datetime]:
        for leaf in leaves(self.rule):
            if isinstance(leaf, Did) and leaf.within is not None:
                yield from (one.occurred_at + leaf.within for one in self.view.happenings.get(leaf.kind, ()))


def _bounded(rule: Rule, span: timedelta) -> Rule:
    """The rule, with a bound to every activity that has none."""
    if isinstance(rule, Group):
        return replace(rule, rules=tuple(_bounded(one, span) for one in rule.rules))
    return replace(rule, within=span) if isinstance(rule, Did) and rule.within is None else rule
