"""Reads `_shared/pipeline.yaml`: stages, reasons, qualification, limits of alerts. All findings at once. Pure."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from nurture.kernel.errors import DefinitionError
from nurture.kernel.i18n import N_
from nurture.kernel.yamlfile import read
from nurture.leads.model import Temperature
from nurture.opportunities.model import AlertLimits, NamedReason, Pipeline, Qualifying, Stage
from nurture.rules.facts import Facts
from nurture.scoring.reading import SharedReading

FILE = "_shared/pipeline.yaml"

_OPTIONAL = ("product_line", "currency", "lost_reasons", "return_reasons", "alerts")
_CURRENCY = re.compile(r"[A-Z]{3}")


class _Warmth(StrEnum):
    WARM = Temperature.WARM.value
    HOT = Temperature.HOT.value


def load(text: str, file: str, facts: Facts) -> Pipeline:
    """The pipeline of this text. DefinitionError with all findings; `facts` is what conditions may ask."""
    source = read(text, file)
    reading = _Pipeline(source, facts)
    found = reading.document(source.data)
    if reading.problems:
        raise DefinitionError(reading.problems)
    return found


@dataclass(slots=True)
class _Pipeline(SharedReading):
    def document(self, data: Any) -> Pipeline:
        top = self.mapping(data, "", ("key", "name", "stages", "qualification"), _OPTIONAL)
        stages = tuple(self.stage(one, path) for one, path in self.items(top.get("stages"), "stages"))
        if top.get("stages") == []:
            self.wrong("no_stages", "stages", N_("A pipeline needs at least one stage"))
        self.unique([stage.key for stage in stages], "stages")
        currency = str(top.get("currency") or "VND")
        if not _CURRENCY.fullmatch(currency):
            self.wrong("bad_currency", "currency", N_("A currency has three capital letters, such as VND"))
        return Pipeline(
            self.digest,
            self.key(top["key"], "key") if top.get("key") is not None else "",
            self.texts(top["name"], "name") if top.get("name") is not None else {},
            stages,
            self.qualifying(top.get("qualification")),
            self.reasons(top, "lost_reasons"),
            self.reasons(top, "return_reasons"),
            str(top.get("product_line") or ""),
            currency,
            self.alerts(top.get("alerts")),
        )

    def stage(self, data: Any, path: str) -> Stage:
        parts = self.mapping(data, path, ("key", "name", "probability"), ("longest",))
        return Stage(
            self.key(parts["key"], f"{path}.key") if parts.get("key") is not None else "",
            self.texts(parts["name"], f"{path}.name") if parts.get("name") is not None else {},
            self.number(parts.get("probability", 0), f"{path}.probability", 0, 100, 0),
            self.span(parts["longest"], f"{path}.longest") if parts.get("longest") is not None else None,
        )

    def reasons(self, top: Any, name: str) -> tuple[NamedReason, ...]:
        found = []
        for one, path in self.items(top.get(name), name):
            parts = self.mapping(one, path, ("key", "name"))
            if parts.get("key") is not None and parts.get("name") is not None:
                key = self.key(parts["key"], f"{path}.key")
                found.append(NamedReason(key, self.texts(parts["name"], f"{path}.name")))
        self.unique([reason.key for reason in found], name)
        return tuple(found)

    def qualifying(self, data: Any) -> Qualifying:
        if data is None:
            return Qualifying(0)
        place = "qualification"
        parts = self.mapping(data, place, ("fit",), ("temperature", "when", "customers", "again_after"))
        fit = self.mapping(parts.get("fit") or {}, f"{place}.fit", ("at_least",))
        warmth = self.choice(parts.get("temperature", "hot"), f"{place}.temperature", _Warmth, _Warmth.HOT)
        again = self.span(parts.get("again_after", "30 days"), f"{place}.again_after")
        return Qualifying(
            self.number(fit.get("at_least", 0), f"{place}.fit.at_least", -1000, 1000, 0),
            Temperature(warmth.value),
            self.rule(parts["when"], f"{place}.when") if parts.get("when") is not None else None,
            self.flag(parts.get("customers", False), f"{place}.customers"),
            again or Qualifying(0).again_after,
        )

    def alerts(self, data: Any) -> AlertLimits:
        default = AlertLimits()
        if data is None:
            return default
        parts = self.mapping(data, "alerts", optional=("cooldown", "daily"))
        cooldown = self.span(parts["cooldown"], "alerts.cooldown") if "cooldown" in parts else default.cooldown
        daily = self.number(parts.get("daily", default.daily), "alerts.daily", 0, 1000, default.daily)
        return AlertLimits(cooldown or default.cooldown, daily)
