"""From plain data (YAML, JSON) to a rule. Every finding at once, each with its path, what is wrong and the mend."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from nurture.kernel.errors import DefinitionError, Problem
from nurture.kernel.i18n import N_
from nurture.rules.doing import Doing
from nurture.rules.facts import Facet, Fact, Facts, NameSet, Records, Type
from nurture.rules.model import DEEPEST, MOST_NODES, Compare, Exists, Group, Has, Join, Rule, leaves
from nurture.rules.operators import of_type, operators
from nurture.rules.values import BadValueError

_JOINS = {join.value for join in Join}
_HAS = ("has_any", "has_all", "has_none")


def parse(data: object, facts: Facts, *, path: str = "when") -> Rule:
    """The rule of the data. DefinitionError names all findings, with paths such as `when.all[1].clicked.within`."""
    reading = _Reading(facts)
    rule = reading.rule(data, path, 1)
    if reading.problems or rule is None:
        raise DefinitionError(reading.problems)
    return rule


@dataclass(slots=True)
class _Reading(Doing):
    nodes: int = 0

    def rule(self, data: object, path: str, depth: int) -> Rule | None:
        self.nodes += 1
        if self.nodes > MOST_NODES:
            if self.nodes == MOST_NODES + 1:
                self.wrong(
                    "rule_too_large",
                    path,
                    N_("A rule has at most %(limit)s conditions"),
                    N_("make segments of its parts and name those"),
                    limit=MOST_NODES,
                )
            return None
        if not isinstance(data, Mapping):
            self.not_a_condition(data, path)
            return None
        if len(data) != 1 and "field" not in data:
            self.not_one(data, path)
            return None
        if "field" in data:
            return self.compared(data, path)
        ((key, value),) = data.items()
        return self.keyed(str(key), value, f"{path}.{key}", depth)

    def not_a_condition(self, data: object, path: str) -> None:
        mend = N_("put the list under all: or any:") if isinstance(data, list) else N_("write such as {tag: vip}")
        shown = "[…]" if isinstance(data, list) else data
        self.wrong("not_a_condition", path, N_("“%(value)s” is not a condition"), mend, value=str(shown)[:80])

    def not_one(self, data: Mapping[Any, Any], path: str) -> None:
        if not data:
            self.wrong("empty_condition", path, N_("This condition is empty"), N_("write such as {tag: vip}"))
            return
        keys = ", ".join(str(key) for key in data)
        mend = N_("write each on its own line under all: or any:")
        self.wrong(
            "many_conditions", path, N_("One condition says one thing, and this says: %(keys)s"), mend, keys=keys
        )

    def keyed(self, key: str, value: object, path: str, depth: int) -> Rule | None:
        if key in _JOINS:
            return self.group(Join(key), value, path, depth)
        if key in self.facts.sets:
            return self.has(self.facts.sets[key], value, path)
        if key in self.facts.events:
            return self.did(self.facts.events[key], value, path)
        if key == "never":
            return self.never(value, path, depth)
        if key in self.facts.facets:
            return self.facet(self.facts.facets[key], value, path)
        if key in self.facts.records:
            return self.exists(self.facts.records[key], value, path)
        fact = self.facts.values.get(key)
        if fact is not None and fact.direct:
            return self.direct(fact, value, path)
        if fact is not None:
            mend = N_("write {field: %(word)s, is: …}")
            self.wrong("not_direct", path, N_("“%(word)s” is a field"), mend, word=key)
            return None
        known = [*sorted(_JOINS), *self.facts.conditions()]
        self.unknown("unknown_condition", path, N_("There is no condition “%(word)s”"), key, known)
        return None

    def group(self, join: Join, value: object, path: str, depth: int) -> Rule | None:
        if depth > DEEPEST:
            self.wrong(
                "rule_too_deep",
                path,
                N_("Conditions are nested at most %(limit)s levels deep"),
                N_("make a segment of the inner part and name it"),
                limit=DEEPEST,
            )
            return None
        if not isinstance(value, list) or not value:
            mend = N_("write a list with at least one condition, each after a dash")
            self.wrong("empty_group", path, N_("“%(join)s” needs a list of conditions"), mend, join=join.value)
            return None
        if len(value) > MOST_NODES:
            self.nodes = max(self.nodes, MOST_NODES)
        found = [self.rule(one, f"{path}[{i}]", depth + 1) for i, one in enumerate(value[: MOST_NODES + 1])]
        rules = tuple(rule for rule in found if rule is not None)
        return Group(join, rules) if rules else None

    def compared(self, data: Mapping[Any, Any], path: str) -> Rule | None:
        key = data["field"]
        fact = self.facts.values.get(key) if isinstance(key, str) else None
        if fact is None:
            known = sorted(self.facts.values)
            self.unknown("unknown_field", f"{path}.field", N_("There is no field “%(word)s”"), key, known)
            return None
        return self.operators({word: raw for word, raw in data.items() if word != "field"}, fact, path)

    def operators(self, data: Mapping[Any, Any], fact: Fact, path: str) -> Rule | None:
        """One comparison, or all of several."""
        words = of_type(fact.type)
        if not data:
            mend = N_("one of: %(known)s")
            message = N_("What should “%(field)s” be?")
            self.wrong("no_operator", path, message, mend, field=fact.key, known=", ".join(words))
            return None
        found: list[Rule] = []
        for word, raw in data.items():
            if word not in words:
                message = N_("“%(word)s” does not compare “%(field)s”")
                self.unknown("unknown_operator", f"{path}.{word}", message, word, words, field=fact.key)
            elif rule := self.compare(fact, str(word), raw, f"{path}.{word}"):
                found.append(rule)
        if len(found) < len(data):
            return None
        return found[0] if len(found) == 1 else Group(Join.ALL, tuple(found))

    def compare(self, fact: Fact, word: str, raw: object, path: str) -> Rule | None:
        try:
            value, shown = operators()[word].read(raw, fact)
        except BadValueError as error:
            self.problems.append(Problem("bad_value", error.message, error.mend, path=path, params=error.params))
            return None
        known = self.facts.known.get(fact.names) if fact.names else None
        for one in (value if isinstance(value, tuple) else (value,)) if known is not None else ():
            if one not in (known or ()):
                self.missing(fact.names, str(one), path)
        said = fact.said.get(value[0]) if word == "any_of" and len(value) == 1 else None
        return Compare(fact.key, word, value, shown, fact.label or fact.key, said, fact.names)

    def direct(self, fact: Fact, value: object, path: str) -> Rule | None:
        """`{temperature: hot}`, `{engagement: {at_least: 30}}`, `{owner: none}`."""
        if isinstance(value, Mapping):
            return self.operators(value, fact, path)
        if fact.type is Type.NUMBER:
            mend = N_("write such as {%(word)s: {at_least: 30}}")
            self.wrong("no_operator", path, N_("What should “%(field)s” be?"), mend, field=fact.key, word=fact.key)
            return None
        if fact.type is Type.PERSON and value in ("none", "any"):
            return self.compare(fact, "empty", value == "none", path)
        if fact.type in {Type.YES_NO, Type.INSTANT, Type.DATE}:
            return self.compare(fact, "is", value, path)
        word = "has_any" if fact.type is Type.LIST else "any_of"
        return self.compare(fact, word, value if isinstance(value, list) else [value], path)

    def never(self, value: object, path: str, depth: int) -> Rule | None:
        """`{never: {opened: {within: 90 days}}}`: none of it, as one says it."""
        if not isinstance(value, Mapping) or len(value) != 1 or next(iter(value)) not in self.facts.events:
            self.wrong("bad_never", path, N_("“never” needs one activity"), N_("write such as {never: {opened: {}}}"))
            return None
        inner = self.rule(value, path, depth + 1)
        return None if inner is None else Group(Join.NONE, (inner,))

    def facet(self, facet: Facet, value: object, path: str) -> Rule | None:
        """`{company: {name: …, size: {at_least: 10}}}`, `{company: An Phát}`, `{company: none}`."""
        first = self.facts.values[next(iter(facet.parts.values()))]
        if value in ("none", "any"):
            return self.compare(first, "empty", value == "none", path)
        if not isinstance(value, Mapping):
            return self.direct(first, value, path)
        parts = self.known_parts(value, list(facet.parts), path, facet.key)
        found = [self.direct(self.facts.values[facet.parts[w]], raw, f"{path}.{w}") for w, raw in parts.items()]
        rules = tuple(rule for rule in found if rule is not None)
        if not parts or len(rules) < len(value):
            self.empty_parts(value, list(facet.parts), path, facet.key)
            return None
        return rules[0] if len(rules) == 1 else Group(Join.ALL, rules)

    def exists(self, records: Records, value: object, path: str) -> Rule | None:
        """`{opportunity: {state: open, stage: proposal}}`, `{campaign: {key: welcome, state: completed}}`."""
        first = next(iter(records.parts))
        asked: dict[Any, Any] = {first: value}
        if isinstance(value, Mapping):
            asked = dict(value)
        elif value in ("none", "any"):
            asked = {"state": "never"} if value == "none" else {}
        negative = asked.get("state") == "never"
        if negative:
            del asked["state"]
        before = len(self.problems)
        given = self.known_parts(asked, [*records.parts, "within"], path, records.key)
        where = [
            self.direct(records.parts[word], raw, f"{path}.{word}") for word, raw in given.items() if word != "within"
        ]
        found = _flat(one for one in where if one is not None)
        state = _only_state(found)
        if "within" in given:
            recent = records.parts[records.since.get(state, records.since[""])]
            within = self.compare(recent, "in_last", given["within"], f"{path}.within")
            found += _flat([within]) if within is not None else []
        if len(self.problems) > before:
            return None
        named = frozenset({"state"} if state and state in records.said else ()) | {
            one.fact for one in found if one.names and isinstance(one.value, tuple)
        }
        rule = Exists(records.key, tuple(found), records.said.get(state, records.said[""]), named)
        return Group(Join.NONE, (rule,)) if negative else rule

    def has(self, names: NameSet, value: object, path: str) -> Rule | None:
        if isinstance(value, Mapping):
            return self.has_of(names, value, path)
        shown = self.words(value, path)
        folded = tuple(dict.fromkeys(names.fold_literal(word) for word in shown))
        known = self.facts.known.get(names.key)
        for word in folded if known is not None else ():
            if word not in (known or ()):
                self.missing(names.key, word, path)
        if not all(folded):
            message = N_("“%(word)s” is no name")
            self.wrong("not_names", path, message, N_("write such as vip, or [vip, gold]"), word=", ".join(shown))
            return None
        if not folded:
            return None
        return Has(names.key, folded, tuple(shown), names.said)

    def has_of(self, names: NameSet, value: Mapping[Any, Any], path: str) -> Rule | None:
        """`{tag: {has_all: [a, b], has_none: [c]}}`."""
        parts = self.known_parts(value, list(_HAS), path, names.key)
        found: list[Rule] = []
        for word, raw in parts.items():
            one = self.has(names, raw if not isinstance(raw, Mapping) else None, f"{path}.{word}")
            if not isinstance(one, Has):
                return None
            each = tuple(Has(one.fact, (key,), (shown,), one.said) for key, shown in _pairs(one))
            found.append(
                one if word == "has_any" else Group(Join.ALL, each) if word == "has_all" else Group(Join.NONE, (one,))
            )
        if not found or len(found) < len(value):
            self.empty_parts(value, list(_HAS), path, names.key)
            return None
        return found[0] if len(found) == 1 else Group(Join.ALL, tuple(found))


def _flat(rules: Iterable[Rule]) -> list[Compare]:
    """The comparisons of rules that are one each, or all of several."""
    return [leaf for rule in rules for leaf in leaves(rule) if isinstance(leaf, Compare)]


def _only_state(found: list[Compare]) -> str:
    """The one state that is asked for, if it is one."""
    states = [one for one in found if one.fact == "state"]
    if len(states) != 1 or states[0].operator not in {"is", "any_of"}:
        return ""
    value = states[0].value if isinstance(states[0].value, tuple) else (states[0].value,)
    return str(value[0]) if len(value) == 1 else ""


def _pairs(has: Has) -> list[tuple[str, str]]:
    """Each name with how it was written."""
    shown = has.shown if len(has.shown) == len(has.names) else has.names
    return list(zip(has.names, shown, strict=True))
