"""Reads `_shared/scoring.yaml`: rules, thresholds, decay. All findings at once, each with its line. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import Any

from nurture.activities.model import Kind
from nurture.kernel.errors import DefinitionError
from nurture.kernel.i18n import N_
from nurture.kernel.text import is_key
from nurture.kernel.yamlfile import read
from nurture.leads.facts import own
from nurture.leads.model import RESERVED_FIELDS, FieldDefinition, FieldType
from nurture.rules.facts import Facts
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
from nurture.scoring.reading import SharedReading

FILE = "_shared/scoring.yaml"
MOST_POINTS = 1000

_MAIL = ("email", "campaign")
_ADDRESS = ("link", "not_link")
_ADDRESSED = frozenset({Kind.CLICKED, Kind.PAGE_VISITED, Kind.FORM_SUBMITTED})
# What a rule may ask of an activity's detail, by kind.
_DETAIL: Mapping[Kind, tuple[str, ...]] = {
    Kind.OPENED: ("verdict",),
    Kind.CALLED: ("outcome",),
    Kind.TAGGED: ("tag",),
    Kind.UNTAGGED: ("tag",),
    Kind.FORM_SUBMITTED: ("form",),
    Kind.CREATED: ("source",),
    Kind.MESSAGE_BOUNCED: ("reason",),
    Kind.LEFT_CAMPAIGN: ("state", "reason"),
}
# Kinds written by what the score itself leads to: a rule on them would feed on itself.
_OWN_ECHO = frozenset({Kind.TEMPERATURE_CHANGED, Kind.LIFECYCLE_CHANGED, Kind.ALERTED})


class _FieldKind(StrEnum):
    TEXT = FieldType.TEXT.value
    NUMBER = FieldType.NUMBER.value
    DATE = FieldType.DATE.value
    YES_NO = FieldType.YES_NO.value


def load(text: str, file: str, facts: Facts) -> ScoringRules:
    """The rules of this text. DefinitionError with all findings; `facts` is what conditions may ask."""
    source = read(text, file)
    reading = _Scoring(source, facts)
    found = reading.document(source.data if source.data is not None else {})
    if reading.problems:
        raise DefinitionError(reading.problems)
    return found


@dataclass(slots=True)
class _Scoring(SharedReading):
    def document(self, data: Any) -> ScoringRules:
        top = self.mapping(data, "", optional=("thresholds", "decay", "fields", "rules"))
        self.facts = self.with_fields(top.get("fields"))
        thresholds = self.thresholds(top.get("thresholds"))
        decay = self.decay(top["decay"]) if top.get("decay") is not None else None
        rules = [rule for one, path in self.items(top.get("rules"), "rules") if (rule := self.scoring(one, path))]
        self.unique([rule.key for rule in rules], "rules")
        return ScoringRules(self.digest, thresholds, decay, tuple(rules), self.facts)

    def with_fields(self, data: Any) -> Facts:
        """The facts, and the fields of the installation's own that these rules read if an import has brought them."""
        if data is None:
            return self.facts
        found = []
        names = tuple(data) if isinstance(data, Mapping) else ()
        for key, word in self.mapping(data, "fields", optional=names).items():
            kind = self.choice(word, f"fields.{key}", _FieldKind, _FieldKind.TEXT)
            if is_key(key) and key not in RESERVED_FIELDS:
                found.append(FieldDefinition(key, key, FieldType(kind.value)))
            else:
                self.wrong("bad_field", f"fields.{key}", N_("“%(key)s” cannot be the key of a field"), key=key)
        return replace(self.facts, values={**self.facts.values, **{fact.key: fact for fact in own(found)}})

    def thresholds(self, data: Any) -> Thresholds:
        default = Thresholds()
        if data is None:
            return default
        parts = self.mapping(data, "thresholds", optional=("warm", "hot"))
        warm = self.threshold(parts.get("warm"), "thresholds.warm", default.warm)
        hot = self.threshold(parts.get("hot"), "thresholds.hot", default.hot)
        if warm.start > hot.under:
            message = N_("Hot may not end (%(under)s) below where warm begins (%(start)s)")
            self.wrong("bands_overlap", "thresholds.hot", message, under=hot.under, start=warm.start)
        return Thresholds(warm, hot)

    def threshold(self, data: Any, path: str, default: Threshold) -> Threshold:
        if data is None:
            return default
        parts = self.mapping(data, path, required=("from",), optional=("under",))
        start = self.number(parts.get("from"), f"{path}.from", 1, 100_000, default.start)
        under = self.number(parts.get("under", start), f"{path}.under", 1, 100_000, start)
        if under > start:
            self.wrong("no_margin", f"{path}.under", N_("A band may not end above where it begins"))
        return Threshold(start, under)

    def decay(self, data: Any) -> Decay | None:
        parts = self.mapping(data, "decay", required=("quiet",), optional=("half_life", "points"))
        quiet = self.span(parts["quiet"], "decay.quiet") if parts.get("quiet") is not None else None
        if ("half_life" in parts) == ("points" in parts):
            self.wrong("decay_form", "decay", N_("Give either half_life or points, one of the two"))
            return None
        if "points" in parts:
            points = self.number(parts["points"], "decay.points", 1, MOST_POINTS, 1)
            return Decay(quiet, None, points) if quiet else None
        half = self.span(parts["half_life"], "decay.half_life")
        return Decay(quiet, half / timedelta(days=1), None) if quiet and half else None

    def scoring(self, data: Any, path: str) -> ScoringRule | None:
        before = len(self.problems)
        parts = self.mapping(data, path, ("key", "name", "axis", "points"), ("on", "when", "limit"))
        if len(self.problems) > before:
            return None
        key = self.key(parts["key"], f"{path}.key")
        if key in RESERVED:
            self.wrong("bad_key", f"{path}.key", N_("“%(word)s” is the name of the engine's own lines"), word=key)
        name = self.texts(parts["name"], f"{path}.name")
        axis = self.choice(parts["axis"], f"{path}.axis", Axis, Axis.FIT)
        points = self.number(parts["points"], f"{path}.points", -MOST_POINTS, MOST_POINTS, 1)
        if points == 0:
            self.wrong("no_points", f"{path}.points", N_("A rule of 0 points does nothing"))
        if ("on" in parts) == ("when" in parts):
            self.wrong("rule_form", path, N_("Give either on (something happens) or when (a fact), one of the two"))
        on = self.awaited(parts["on"], f"{path}.on") if "on" in parts else None
        when = self.rule(parts["when"], f"{path}.when") if "when" in parts else None
        limit = self.limit(parts["limit"], f"{path}.limit") if "limit" in parts else None
        if when is not None and (axis is Axis.ENGAGEMENT or limit is not None):
            self.wrong("fact_form", f"{path}.when", N_("A fact counts once, on the axis fit"))
        if len(self.problems) > before:
            return None
        return ScoringRule(key, name, axis, points, on, when, limit)

    def awaited(self, data: Any, path: str) -> Awaited | None:
        if not isinstance(data, Mapping) or len(data) != 1:
            self.wrong("one_kind", path, N_("One kind of activity belongs here"), N_("such as: {clicked: {}}"))
            return None
        ((word, asked),) = data.items()
        place = f"{path}.{word}"
        known = [kind.value for kind in Kind if kind not in _OWN_ECHO]
        if word not in known:
            self.unknown("unknown_value", place, N_("“%(word)s” is not known here"), word, known)
            return None
        kind = Kind(word)
        detail = _DETAIL.get(kind, ())
        allowed = (*_MAIL, *(_ADDRESS if kind in _ADDRESSED else ()), *detail)
        parts = self.mapping(asked if asked is not None else {}, place, optional=allowed)
        texts = {name: self.words(parts[name], f"{place}.{name}") for name in allowed if name in parts}
        email, campaign, link, not_link = (texts.get(name, ()) for name in (*_MAIL, *_ADDRESS))
        return Awaited(kind, email, campaign, link, not_link, tuple((n, texts[n]) for n in detail if n in texts))

    def limit(self, data: Any, path: str) -> Limit | None:
        parts = self.mapping(data, path, optional=("times", "per", "in"))
        times = self.number(parts.get("times", 1), f"{path}.times", 1, 1000, 1)
        per = self.choice(parts.get("per", Per.LEAD.value), f"{path}.per", Per, Per.LEAD)
        span = self.span(parts["in"], f"{path}.in") if "in" in parts else None
        return Limit(times, per, span)
