"""Reads `_shared/pipeline.yaml`: stages, reasons, qualification, limits of alerts. All findings at once. Pure."""

import hashlib
import re
from dataclasses import dataclass, field
from typing import Any

from nurture.kernel.errors import DefinitionError
from nurture.kernel.i18n import N_
from nurture.kernel.text import is_key
from nurture.kernel.yamlfile import read
from nurture.leads.model import Temperature
from nurture.opportunities.model import AlertLimits, NamedReason, Pipeline, Qualifying, Stage
from nurture.rules.facts import Facts
from nurture.rules.model import Rule
from nurture.rules.parse import parse
from nurture.scoring.reading import Reading

FILE = "_shared/pipeline.yaml"

_TOP = (
    "key", "name", "product_line", "currency", "stages", "lost_reasons", "return_reasons", "qualification", "alerts",
)  # fmt: skip
_CURRENCY = re.compile(r"[A-Z]{3}")


def load(text: str, file: str, facts: Facts) -> Pipeline:
    """The pipeline of this text. DefinitionError with all findings; `facts` is what conditions may ask."""
    source = read(text, file)
    reading = _Pipeline(source, facts=facts)
    found = reading.document(source.data)
    if reading.problems or found is None:
        raise DefinitionError(reading.problems)
    return found


@dataclass(slots=True)
class _Pipeline(Reading):
    facts: Facts = field(kw_only=True)

    def document(self, data: Any) -> Pipeline | None:
        top = self.mapping(data, "", _TOP)
        key = self.key(top.get("key"), "key")
        name = self.name(top.get("name"), "name")
        stages = tuple(stage for one, path in self.items(top, "stages") if (stage := self.stage(one, path)))
        if not stages:
            self.wrong("no_stages", N_("A pipeline needs at least one stage"), "stages")
        self.unique([stage.key for stage in stages], "stages")
        lost = self.reasons(top, "lost_reasons")
        returned = self.reasons(top, "return_reasons")
        qualifying = self.qualifying(top.get("qualification"))
        product_line = str(top.get("product_line") or "")
        currency = str(top.get("currency") or "VND")
        if not _CURRENCY.fullmatch(currency):
            self.wrong("bad_currency", N_("A currency has three capital letters, such as VND"), "currency")
        alerts = self.alerts(top.get("alerts"))
        if self.problems:
            return None
        digest = hashlib.sha256(self.source.text.encode()).hexdigest()
        return Pipeline(digest, key, name, stages, qualifying, lost, returned, product_line, currency, alerts)

    def key(self, data: Any, path: str) -> str:
        if not isinstance(data, str) or not is_key(data):
            self.wrong("bad_key", N_("A key of small letters, digits, - and _ belongs here"), path)
            return ""
        return data

    def items(self, top: Any, key: str) -> list[tuple[Any, str]]:
        listed = top.get(key)
        if listed is not None and not isinstance(listed, list):
            self.wrong("not_a_list", N_("A list belongs here"), key)
            return []
        return [(one, f"{key}[{i}]") for i, one in enumerate(listed or [])]

    def unique(self, keys: list[str], path: str) -> None:
        for key in sorted({key for key in keys if keys.count(key) > 1}):
            self.wrong("double_key", N_("“%(key)s” stands here twice"), path, key=key)

    def stage(self, data: Any, path: str) -> Stage | None:
        if not isinstance(data, dict):
            self.mapping(data, path, ())
            return None
        parts = self.mapping(data, path, ("key", "name", "probability", "longest"))
        longest = self.span(parts["longest"], f"{path}.longest") if parts.get("longest") is not None else None
        return Stage(
            self.key(parts.get("key"), f"{path}.key"),
            self.name(parts.get("name"), f"{path}.name"),
            self.number(parts.get("probability"), f"{path}.probability", 0, 100, 0),
            longest,
        )

    def reasons(self, top: Any, key: str) -> tuple[NamedReason, ...]:
        found = []
        for one, path in self.items(top, key):
            parts = self.mapping(one, path, ("key", "name"))
            found.append(NamedReason(self.key(parts.get("key"), f"{path}.key"), self.name(parts.get("name"), path)))
        self.unique([reason.key for reason in found], key)
        return tuple(found)

    def qualifying(self, data: Any) -> Qualifying:
        place = "qualification"
        parts = self.mapping(data, place, ("fit", "temperature", "when", "customers", "again_after"))
        fit = self.mapping(parts.get("fit"), f"{place}.fit", ("at_least",))
        words = [Temperature.WARM.value, Temperature.HOT.value]
        temperature = self.choice(parts.get("temperature", "hot"), f"{place}.temperature", words)
        customers = parts.get("customers", False)
        if not isinstance(customers, bool):
            self.wrong("not_yes_no", N_("true or false belongs here"), f"{place}.customers")
        again = self.span(parts.get("again_after", "30 days"), f"{place}.again_after")
        return Qualifying(
            self.number(fit.get("at_least"), f"{place}.fit.at_least", -1000, 1000, 0),
            Temperature(temperature or "hot"),
            self.when(parts["when"], f"{place}.when") if parts.get("when") is not None else None,
            customers is True,
            again or Qualifying(0).again_after,
        )

    def when(self, data: Any, path: str) -> Rule | None:
        try:
            return parse(data, self.facts, path=path)
        except DefinitionError as error:
            self.problems += [self.source.located(problem) for problem in error.problems]
            return None

    def alerts(self, data: Any) -> AlertLimits:
        default = AlertLimits()
        if data is None:
            return default
        parts = self.mapping(data, "alerts", ("cooldown", "daily"))
        cooldown = self.span(parts["cooldown"], "alerts.cooldown") if "cooldown" in parts else default.cooldown
        daily = self.number(parts.get("daily", default.daily), "alerts.daily", 0, 1000, default.daily)
        return AlertLimits(cooldown or default.cooldown, daily)
