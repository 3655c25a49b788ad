"""Reads `_shared/scoring.yaml`: rules, thresholds, decay. All findings at once, each with its line. Pure."""

import hashlib
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from nurture.activities.model import Kind
from nurture.kernel.errors import DefinitionError
from nurture.kernel.i18n import N_
from nurture.kernel.text import is_key
from nurture.kernel.yamlfile import read
from nurture.leads.facts import own
from nurture.leads.model import RESERVED_FIELDS, FieldDefinition, FieldType
from nurture.rules.facts import Facts
from nurture.rules.model import Rule
from nurture.rules.parse import parse
from nurture.scoring.model import (
    RESERVED,
    Awaited,
    Axis,
    Decay,
    Limit,
    Per,
    ScoringRule,
    ScoringRules,
    Threshold,
    Thresholds,
)
from nurture.scoring.reading import Reading

FILE = "_shared/scoring.yaml"
MOST_POINTS = 1000

_PLACES = ("email", "campaign", "link", "not_link")
# What a rule may ask of an activity's detail, by kind.
_DETAIL: dict[Kind, tuple[str, ...]] = {
    Kind.OPENED: ("verdict",),
    Kind.CALLED: ("outcome",),
    Kind.TAGGED: ("tag",),
    Kind.UNTAGGED: ("tag",),
    Kind.FORM_SUBMITTED: ("form",),
    Kind.CREATED: ("source",),
    Kind.LEFT_CAMPAIGN: ("state", "reason"),
}
# Kinds written by what the score itself leads to: a rule on them would feed on itself.
_OWN_ECHO = frozenset({Kind.TEMPERATURE_CHANGED, Kind.LIFECYCLE_CHANGED, Kind.ALERTED})
_ADDRESSED = frozenset({Kind.CLICKED, Kind.PAGE_VISITED, Kind.FORM_SUBMITTED})


def load(text: str, file: str, facts: Facts) -> ScoringRules:
    """The rules of this text. DefinitionError with all findings; `facts` is what conditions may ask."""
    source = read(text, file)
    reading = _Scoring(source, facts=facts)
    found = reading.document(source.data)
    if reading.problems:
        raise DefinitionError(reading.problems)
    return found


@dataclass(slots=True)
class _Scoring(Reading):
    facts: Facts = field(kw_only=True)

    def document(self, data: Any) -> ScoringRules:
        top = self.mapping(data, "", ("thresholds", "decay", "fields", "rules"))
        self.facts = self.with_fields(top.get("fields"))
        thresholds = self.thresholds(top.get("thresholds"))
        decay = self.decay(top["decay"]) if top.get("decay") is not None else None
        listed = top.get("rules")
        if listed is not None and not isinstance(listed, list):
            self.wrong("not_a_list", N_("A list belongs here"), "rules")
            listed = []
        rules = [rule for i, one in enumerate(listed or []) if (rule := self.rule(one, f"rules[{i}]"))]
        self.unique([rule.key for rule in rules])
        digest = hashlib.sha256(self.source.text.encode()).hexdigest()
        return ScoringRules(digest, thresholds, decay, tuple(rules), self.facts)

    def with_fields(self, data: Any) -> Facts:
        """The facts, and the fields of the installation's own that these rules read if an import has brought them."""
        if data is None:
            return self.facts
        words = [kind.value for kind in FieldType if kind is not FieldType.CHOICE]
        found = []
        for key, word in self.mapping(data, "fields", tuple(data) if isinstance(data, dict) else ()).items():
            kind = self.choice(word, f"fields.{key}", words)
            if not is_key(key) or key in RESERVED_FIELDS:
                self.wrong("bad_field", N_("“%(key)s” cannot be the key of a field"), f"fields.{key}", key=key)
            elif kind is not None:
                found.append(FieldDefinition(key, key, FieldType(kind)))
        return replace(self.facts, values={**self.facts.values, **{fact.key: fact for fact in own(found)}})

    def unique(self, keys: list[str]) -> None:
        for key in sorted({key for key in keys if keys.count(key) > 1}):
            self.wrong("double_key", N_("Two rules have the key “%(key)s”"), "rules", key=key)

    def thresholds(self, data: Any) -> Thresholds:
        default = Thresholds()
        if data is None:
            return default
        parts = self.mapping(data, "thresholds", ("warm", "hot"))
        warm = self.threshold(parts.get("warm"), "thresholds.warm", default.warm)
        hot = self.threshold(parts.get("hot"), "thresholds.hot", default.hot)
        if not warm.start <= hot.under:
            self.wrong(
                "bands_overlap",
                N_("Hot may not end (%(under)s) below where warm begins (%(start)s)"),
                "thresholds.hot",
                under=hot.under,
                start=warm.start,
            )
        return Thresholds(warm, hot)

    def threshold(self, data: Any, path: str, default: Threshold) -> Threshold:
        if data is None:
            return default
        parts = self.mapping(data, path, ("from", "under"))
        start = self.number(parts.get("from"), f"{path}.from", 1, 100_000, default.start)
        under = self.number(parts.get("under", start), f"{path}.under", 1, 100_000, start)
        if under > start:
            self.wrong("no_margin", N_("A band may not end above where it begins"), f"{path}.under")
        return Threshold(start, under)

    def decay(self, data: Any) -> Decay | None:
        parts = self.mapping(data, "decay", ("quiet", "half_life", "points"))
        quiet = self.span(parts.get("quiet"), "decay.quiet")
        if ("half_life" in parts) == ("points" in parts):
            self.wrong("decay_form", N_("Give either half_life or points, one of the two"), "decay")
            return None
        if "points" in parts:
            points = self.number(parts["points"], "decay.points", 1, MOST_POINTS, 1)
            return Decay(quiet, None, points) if quiet else None
        half = self.span(parts["half_life"], "decay.half_life")
        return Decay(quiet, half / timedelta(days=1), None) if quiet and half else None

    def rule(self, data: Any, path: str) -> ScoringRule | None:
        before = len(self.problems)
        parts = self.mapping(data, path, ("key", "name", "axis", "points", "on", "when", "limit"))
        if not isinstance(data, dict):
            return None
        key = str(parts.get("key") or "")
        if not is_key(key) or key in RESERVED:
            self.wrong("bad_key", N_("A rule needs a key of small letters, digits, - and _"), f"{path}.key")
        name = self.name(parts.get("name"), f"{path}.name")
        axis = self.choice(parts.get("axis"), f"{path}.axis", [axis.value for axis in Axis])
        points = self.number(parts.get("points"), f"{path}.points", -MOST_POINTS, MOST_POINTS, 0)
        if points == 0 and len(self.problems) == before:
            self.wrong("no_points", N_("A rule of 0 points does nothing"), f"{path}.points")
        if ("on" in parts) == ("when" in parts):
            self.wrong("rule_form", N_("Give either on (something happens) or when (a fact), one of the two"), path)
        on = self.awaited(parts["on"], f"{path}.on") if "on" in parts else None
        when = self.when(parts["when"], f"{path}.when") if "when" in parts else None
        limit = self.limit(parts["limit"], f"{path}.limit") if "limit" in parts else None
        if when is not None and (axis == Axis.ENGAGEMENT or limit is not None):
            self.wrong("fact_form", N_("A fact counts once, on the axis fit"), path)
        if len(self.problems) > before:
            return None
        return ScoringRule(key, name, Axis(axis or Axis.FIT), points, on, when, limit)

    def awaited(self, data: Any, path: str) -> Awaited | None:
        if not isinstance(data, dict) or len(data) != 1:
            self.wrong("one_kind", N_("One kind of activity belongs here"), path, N_("such as: {clicked: {}}"))
            return None
        (word, asked), *_ = data.items()
        kind = self.choice(word, f"{path}.{word}", [kind.value for kind in Kind if kind not in _OWN_ECHO])
        if kind is None:
            return None
        known = (*_PLACES[: 4 if Kind(kind) in _ADDRESSED else 2], *_DETAIL.get(Kind(kind), ()))
        place = f"{path}.{word}"
        parts = self.mapping(asked if asked is not None else {}, place, known)
        detail = tuple((name, self.part(parts, name, place)) for name in _DETAIL.get(Kind(kind), ()) if name in parts)
        email, campaign, link, not_link = (self.part(parts, name, place) for name in _PLACES)
        return Awaited(Kind(kind), email, campaign, link, not_link, detail)

    def when(self, data: Any, path: str) -> Rule | None:
        try:
            return parse(data, self.facts, path=path)
        except DefinitionError as error:
            self.problems += [self.source.located(problem) for problem in error.problems]
            return None

    def limit(self, data: Any, path: str) -> Limit | None:
        parts = self.mapping(data, path, ("times", "per", "in"))
        times = self.number(parts.get("times", 1), f"{path}.times", 1, 1000, 1)
        per = self.choice(parts.get("per", Per.LEAD.value), f"{path}.per", [per.value for per in Per])
        span = self.span(parts["in"], f"{path}.in") if "in" in parts else None
        return Limit(times, Per(per), span) if per else None
