"""Reads `_shared/policy.yaml`, what holds for the whole house, with all findings at once; and the one that is live.

`live` and `publish` use the database, the rest is pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.campaigns.model import Campaign
from nurture.campaigns.reading import SPAN, Reading, texts_schema
from nurture.campaigns.shared import keep
from nurture.campaigns.tables import shared_definitions
from nurture.kernel.errors import DefinitionError, Problem
from nurture.kernel.i18n import N_
from nurture.kernel.yamlfile import Source, read
from nurture.policy.days import Calendar, During, OwnDays, Tet, is_country
from nurture.policy.house import CLASSES, OPEN, House, Topic
from nurture.policy.windows import Window, WindowError, read_window
from nurture.rules.facts import Facts

KEY = "policy"
FILE = "_shared/policy.yaml"
KEYS = ("quiet_hours", "window", "holidays", "tet", "cap", "gap", "late_start", "classes", "topics")
MOST_TOPICS = 12
LONGEST_STOP = 45  # days on either side of Tết
_LONGEST_OWN = timedelta(days=366)
_NO_TET = ("off", False)


def load(text: str, file: str = FILE) -> House:
    """The policy of this text. DefinitionError with all findings."""
    source = read(text, file)
    reading = _Policy(source, Facts())
    found = reading.document(source.data)
    if reading.problems:
        raise DefinitionError(reading.problems)
    return found


def live(conn: Connection) -> House:
    """The policy that is live; one that allows everything before the first is published."""
    text = conn.execute(_LIVE).scalar_one_or_none()
    return OPEN if text is None else _read(text)


def of_text(text: str | None) -> House:
    """The policy of a text that is kept already."""
    return OPEN if text is None else _read(text)


def publish(conn: Connection, text: str, now: datetime, file: str = FILE) -> bool:
    """Make this policy the live one; False when it is already. DefinitionError with all findings."""
    load(text, file)
    return keep(conn, KEY, text, read(text, file).data, now)


_LIVE = sa.select(shared_definitions.c.source).where(shared_definitions.c.key == KEY)


@lru_cache(maxsize=20)
def _read(text: str) -> House:
    return load(text)


def conflicts(house: House, campaign: Campaign, source: Source) -> list[Problem]:
    """What of a campaign and the house's policy can never be met together."""
    return [*_strange_topic(house, campaign, source), *_never_open(house, campaign, source)]


def _strange_topic(house: House, campaign: Campaign, source: Source) -> list[Problem]:
    """A topic that nobody could refuse."""
    topic, known = campaign.sending.policy.topic, [one.key for one in house.topics]
    if not topic or topic in known:
        return []
    message = N_("“%(word)s” is none of the house's topics, so that nobody could refuse it")
    mend = N_("name it under topics in _shared/policy.yaml")
    return [source.problem("unknown_topic", message, path="sending.topic", mend=mend, word=topic)]


def _never_open(house: House, campaign: Campaign, source: Source) -> list[Problem]:
    mine, ours = campaign.sending.policy.window, house.of(campaign.sending.class_).window
    if mine is None or ours is None or mine.meets(ours):
        return []
    message = N_("This window and the sending hours of the house never meet, so nothing would go")
    mend = N_("change one of the two; those of the house stand in _shared/policy.yaml")
    return [source.problem("windows_never_meet", message, path="sending.window", mend=mend)]


@dataclass(slots=True)
class _Policy(Reading):
    def document(self, data: Any) -> House:
        top = self.mapping({} if data is None else data, "", optional=KEYS)
        return House(
            self.hours(top),
            Calendar(self.country(top), self.own(top), self.tet(top.get("tet", "off"))),
            self.cap(top.get("cap"), "cap"),
            self.span(top["gap"], "gap") if top.get("gap") is not None else None,
            self.span(top["late_start"], "late_start") if top.get("late_start") is not None else None,
            self.classes(top.get("classes")),
            self.topics(top.get("topics")),
        )

    def hours(self, top: Mapping[str, Any]) -> Window | None:
        quiet, window = top.get("quiet_hours"), top.get("window")
        if quiet is not None and window is not None:
            message = N_("Quiet hours and a window say the same in two ways")
            self.wrong("two_windows", "window", message, N_("keep one of the two"))
        if window is not None:
            return self.window(window, "window")
        if quiet is None:
            return None
        parts = self.mapping(quiet, "quiet_hours", required=("from", "to"))
        found = self.window({key: parts[key] for key in ("from", "to") if key in parts}, "quiet_hours")
        return None if found is None else found.rest()

    def window(self, data: Any, path: str) -> Window | None:
        try:
            return read_window(data)
        except WindowError as error:
            self.problems += [self.source.located(problem, path) for problem in error.problems]
            return None

    def country(self, top: Mapping[str, Any]) -> str | None:
        code = self.days(top).get("country", "VN")
        if code in {"none", None} or is_country(code):
            return None if code in {"none", None} else str(code)
        message, mend = N_("The holidays of “%(word)s” are not known"), N_("two capital letters such as VN, or none")
        self.wrong("unknown_country", "holidays.country", message, mend, word=code)
        return None

    def days(self, top: Mapping[str, Any]) -> Mapping[str, Any]:
        """What stands under `holidays`; without it no country's holidays are kept."""
        data = top.get("holidays")
        return data if isinstance(data, Mapping) else {"country": "none"}

    def own(self, top: Mapping[str, Any]) -> tuple[OwnDays, ...]:
        if top.get("holidays") is None:
            return ()
        parts = self.mapping(top["holidays"], "holidays", optional=("country", "own"))
        listed = parts.get("own") or []
        if not isinstance(listed, list):
            self.wrong("not_a_list", "holidays.own", N_("A list belongs here"))
            return ()
        found = [self.one(data, f"holidays.own[{number}]") for number, data in enumerate(listed)]
        return tuple(one for one in found if one is not None)

    def one(self, data: Any, path: str) -> OwnDays | None:
        if isinstance(data, str):
            data = {"date": data}
        single = isinstance(data, Mapping) and "date" in data
        parts = self.mapping(data, path, ("date",) if single else ("from", "to"), ("name",))
        ends = [self.date(parts[key], f"{path}.{key}") for key in (("date",) if single else ("from", "to"))
                if parts.get(key) is not None]  # fmt: skip
        name = self.texts(parts["name"], f"{path}.name", 120) if parts.get("name") is not None else {}
        if not ends or None in ends or (len(ends) == 1) is not single:
            return None
        first, last = (one for one in (ends[0], ends[-1]) if one is not None)
        if not timedelta(0) <= last - first <= _LONGEST_OWN:
            self.wrong("bad_days", f"{path}.to", N_("These days end before they begin, or last longer than a year"))
        return OwnDays(first, last, tuple(name.items()))

    def date(self, data: Any, path: str) -> date | None:
        try:
            return date.fromisoformat(str(data))
        except ValueError:
            self.wrong("bad_date", path, N_("“%(word)s” is no date"), N_("such as: 2027-02-06"), word=data)
            return None

    def tet(self, data: Any) -> Tet | None:
        if data is None or data in _NO_TET:
            return None
        default = Tet()
        parts = self.mapping(data, "tet", optional=("before", "after", "during"))
        before = self.count(parts.get("before", default.before), "tet.before", default.before)
        after = self.count(parts.get("after", default.after), "tet.after", default.after)
        return Tet(
            before, after, self.choice(parts.get("during", During.HOLD.value), "tet.during", During, During.HOLD)
        )

    def count(self, data: Any, path: str, fallback: int) -> int:
        if isinstance(data, bool) or not isinstance(data, int) or not 0 <= data <= LONGEST_STOP:
            message = N_("A whole number from %(low)s to %(high)s belongs here")
            self.wrong("not_a_number", path, message, low=0, high=LONGEST_STOP)
            return fallback
        return data

    def topics(self, data: Any) -> tuple[Topic, ...]:
        """What leads may refuse one by one: `news: {vi: Tin tức, en: News}`."""
        if data is None:
            return ()
        if not isinstance(data, Mapping) or len(data) > MOST_TOPICS:
            message = N_("Topics are written as key and name, at most %(count)s of them")
            self.wrong("bad_topics", "topics", message, N_("such as: news: {vi: Tin tức, en: News}"), count=MOST_TOPICS)
            return ()
        keys = [key for key in data if self.key(key, f"topics.{key}")]
        return tuple(Topic(key, tuple(self.texts(data[key], f"topics.{key}", 60).items())) for key in keys)

    def classes(self, data: Any) -> frozenset[str]:
        if data is None:
            return frozenset(CLASSES)
        if not isinstance(data, list):
            self.wrong("not_a_list", "classes", N_("A list belongs here"))
            return frozenset()
        for number, one in enumerate(data):
            if one not in CLASSES:
                message = N_("“%(word)s” is not known here")
                self.unknown("unknown_value", f"classes[{number}]", message, one, CLASSES)
        return frozenset(one for one in data if one in CLASSES)


def schema() -> dict[str, Any]:
    """The form of the file, as JSON Schema."""
    clock = {"type": "string", "pattern": "^([01]?[0-9]|2[0-3]):[0-5][0-9]$|^24:00$"}
    day = {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}
    span = {"type": "string", "pattern": SPAN}
    days = {"type": "integer", "minimum": 0, "maximum": LONGEST_STOP}
    name = texts_schema(120, "What people call it.")
    hours = {"from": clock, "to": clock}
    own = {"anyOf": [day, _object({"date": day, "name": name}, ("date",)),
                     _object({"from": day, "to": day, "name": name}, ("from", "to"))]}  # fmt: skip
    country = {"type": "string", "pattern": "^([A-Z]{2,3}|none)$"}
    stop = _object({"before": days, "after": days, "during": {"enum": [one.value for one in During]}})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "nurture policy of the house",
        **_object(
            {
                "quiet_hours": _object(hours, ("from", "to")),
                "window": _object({"days": {"type": "string"}, **hours}, ("from", "to")),
                "holidays": _object({"country": country, "own": {"type": "array", "items": own}}),
                "tet": {"anyOf": [{"enum": list(_NO_TET)}, stop]},
                "cap": {"type": "string", "pattern": "^[1-9][0-9]{0,2} in [0-9]+ (minute|hour|day|week)s?$"},
                "gap": span,
                "late_start": span,
                "classes": {"type": "array", "items": {"enum": list(CLASSES)}},
                "topics": {
                    "type": "object",
                    "additionalProperties": texts_schema(60, "What people call it."),
                    "propertyNames": {"pattern": "^[a-z0-9_-]{1,80}$"},
                    "maxProperties": MOST_TOPICS,
                },
            }
        ),
    }


def _object(properties: dict[str, Any], required: tuple[str, ...] = ()) -> dict[str, Any]:
    names = {"required": list(required)} if required else {}
    return {"type": "object", "properties": properties, **names, "additionalProperties": False}
