"""A rule on one lead, in Python, where only the answer is wanted: `evaluate` without the trace. Pure.

A rule is made into functions once and kept; a test holds its answers equal to those of `evaluate`.
"""

from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from threading import Lock
from typing import TypeAlias, assert_never
from zoneinfo import ZoneInfo

from nurture.rules.evaluate import counted, meets
from nurture.rules.facts import Facts, Moment, Type, View
from nurture.rules.model import Compare, Did, Exists, Group, Has, Join, Rule
from nurture.rules.operators import operators

Answer: TypeAlias = Callable[[View, Moment], bool]
_MOST = 4096
_made: "OrderedDict[tuple[int, int], tuple[Rule, Facts, Answer]]" = OrderedDict()
_turn = Lock()
_NONE: frozenset[str] = frozenset()


def holds(rule: Rule, view: View, now: datetime, facts: Facts) -> bool:
    """What `evaluate(…).holds` says."""
    found = _made.get((id(rule), id(facts)))  # kept with rule and facts, so that no other has their ids
    answer = found[2] if found is not None else _keep(rule, facts)
    return answer(view, _moment(now, facts.zone))


@lru_cache(maxsize=16)
def _moment(now: datetime, zone: ZoneInfo) -> Moment:
    return Moment(now, zone)


def _keep(rule: Rule, facts: Facts) -> Answer:
    answer = _make(rule, facts)
    with _turn:
        _made[id(rule), id(facts)] = (rule, facts, answer)
        while len(_made) > _MOST:
            _made.popitem(last=False)
    return answer


def _make(rule: Rule, facts: Facts) -> Answer:
    match rule:
        case Group():
            return _group(rule, facts)
        case Compare():
            return _compare(rule, facts)
        case Has():
            key, names = rule.fact, frozenset(rule.names)
            return lambda view, _: not names.isdisjoint(view.sets.get(key, _NONE))
        case Did():
            return _did(rule)
        case Exists():
            key = rule.fact
            return lambda view, moment: any(meets(rule, row, moment, facts) for row in view.records.get(key, ()))
        case _:
            assert_never(rule)


def _group(rule: Group, facts: Facts) -> Answer:
    children = tuple(_make(child, facts) for child in rule.rules)
    match rule.join:
        case Join.ALL:
            return _until(children, stop=False)
        case Join.ANY:
            return _until(children, stop=True)
        case Join.NONE:
            found = _until(children, stop=True)
            return lambda view, moment: not found(view, moment)
        case _:
            assert_never(rule.join)


def _until(children: tuple[Answer, ...], *, stop: bool) -> Answer:
    """The first answer that settles it, else the opposite."""

    def answer(view: View, moment: Moment) -> bool:
        for child in children:
            if child(view, moment) is stop:
                return stop
        return not stop

    return answer


def _compare(rule: Compare, facts: Facts) -> Answer:
    fact, operator, key, value = facts.values[rule.fact], operators()[rule.operator], rule.fact, rule.value
    absent = operator.absent(value)
    kept = lru_cache(maxsize=64)(fact.compared)  # of a fact with a few words to choose from each is folded once
    is_word = fact.type is Type.CHOICE

    def answer(view: View, moment: Moment) -> bool:
        shown = view.values.get(key)
        seen = kept(shown) if is_word and isinstance(shown, str) else fact.compared(shown)
        return absent if seen is None else operator.holds(seen, value, moment, fact)

    return answer


def _did(rule: Did) -> Answer:
    kind, least, most = rule.kind, rule.times, rule.most

    def answer(view: View, moment: Moment) -> bool:
        happened = view.happenings.get(kind)
        count = len(counted(rule, happened, moment)) if happened else 0
        return count >= least and (most is None or count <= most)

    return answer
