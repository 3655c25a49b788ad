"""What rules may ask of a lead. Each stage says its own in `facts.py: FACTS`; here they are gathered.

A fact says how SQL reads it (an expression on the row of the lead) and how Python does (a value of a View).
Stages write text folded beside the original: SQL compares the folded column, Python folds the original.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from nurture.kernel.text import fold, fold_list

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
LARGEST = 1e300


class Type(StrEnum):
    """What a fact's values are."""

    TEXT = "text"
    NUMBER = "number"
    INSTANT = "instant"
    DATE = "date"  # YYYY-MM-DD, compared as text
    YES_NO = "yes_no"  # `true` and `false`, compared as text
    CHOICE = "choice"
    LIST = "list"  # texts, compared as one text in which each stands between marks
    PERSON = "person"  # a member of staff by email address


def same(text: str) -> str:
    """Text that is stored in the form in which it is compared."""
    return text


@dataclass(frozen=True, slots=True)
class Fact:
    """One value of a lead. `column` is what SQL compares, `shown` what Python loads and people read."""

    key: str
    type: Type
    label: str
    column: sa.ColumnElement[Any]
    shown: sa.ColumnElement[Any] | None = None
    part: str = ""  # the key within a loaded JSON document
    nullable: bool = True
    direct: bool = False  # may stand as a condition of its own: {temperature: hot}
    choices: tuple[str, ...] = ()
    said: Mapping[str, tuple[str, str]] = field(default_factory=dict)  # choice -> sentence, opposite
    fold_value: Callable[[str], str] = fold  # what is done to a stored value before it is compared in Python
    fold_literal: Callable[[str], str] = fold  # what is done to the value of a rule
    names: str = ""  # the kind of thing whose keys the values are: `campaign`

    @property
    def loaded(self) -> sa.ColumnElement[Any]:
        """The expression that gives Python its value."""
        return self.column if self.shown is None else self.shown

    def pick(self, raw: Any) -> Any:
        """The value people read, out of what was loaded; None when there is none of the right type."""
        value = raw.get(self.part) if self.part and isinstance(raw, Mapping) else raw
        return None if self.compared(value) is None else value

    def compared(self, value: Any) -> Any:
        """The value in the form that is compared; None when it is missing, empty or of another type."""
        if self.type is Type.NUMBER:
            is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
            return value if is_number and abs(value) < LARGEST else None
        if self.type is Type.INSTANT:
            return value if isinstance(value, datetime) else None
        if self.type is Type.YES_NO:
            return str(value).lower() if isinstance(value, bool) else None
        if self.type is Type.LIST:
            return fold_list(value) if isinstance(value, list) else None
        if not isinstance(value, str):
            return None
        if self.type is Type.DATE:
            return value if _DAY.fullmatch(value) else None
        return self.fold_value(value) or None


@dataclass(frozen=True, slots=True)
class NameSet:
    """Names that a lead has any number of: tags, segments. SQL reads them from a table of (lead, name)."""

    key: str
    source: sa.FromClause
    lead_id: sa.ColumnElement[int]
    name: sa.ColumnElement[str]
    said: tuple[str, str]
    where: tuple[sa.ColumnElement[bool], ...] = ()
    fold_literal: Callable[[str], str] = fold


@dataclass(frozen=True, slots=True)
class About:
    """What activities of a kind are about, as a part of their condition: `outcome`, `tag`, `path`."""

    part: str
    choices: tuple[str, ...] = ()
    begins: bool = False  # what is asked is how it begins
    fold_literal: Callable[[str], str] = fold


@dataclass(frozen=True, slots=True)
class Event:
    """A kind of activity as a word of YAML, with the parts it can be narrowed by."""

    key: str
    kind: str
    said: tuple[str, str]
    parts: frozenset[str] = frozenset()  # of: email, campaign, link
    about: About | None = None
    silent: bool = False  # nobody is told of one: a sweep has to look for those that came

    @property
    def words(self) -> list[str]:
        """Every part it can be narrowed by."""
        return sorted(self.parts | ({self.about.part} if self.about else set()))


@dataclass(frozen=True, slots=True)
class Facet:
    """Several facts under one word: `{company: {name: …, size: …}}`. The first is meant by a bare value."""

    key: str
    parts: Mapping[str, str]  # part -> key of the fact


@dataclass(frozen=True, slots=True)
class Records:
    """Records that a lead has any number of, with facts of their own: opportunities, campaigns it was in.

    The first part is meant by a bare value. `said` is the sentence and its opposite, by the state that is asked for;
    `since` names the fact that `within` compares, by the same; both have one for "" too.
    """

    key: str
    source: sa.FromClause
    lead_id: sa.ColumnElement[int]
    parts: Mapping[str, Fact]
    said: Mapping[str, tuple[str, str]]
    since: Mapping[str, str]
    shows: tuple[str, ...]  # the parts that an answer shows
    where: tuple[sa.ColumnElement[bool], ...] = ()


@dataclass(frozen=True, slots=True)
class Timeline:
    """Where SQL finds the activities."""

    lead_id: sa.ColumnElement[int]
    kind: sa.ColumnElement[str]
    occurred_at: sa.ColumnElement[datetime]
    email: sa.ColumnElement[str]
    campaign: sa.ColumnElement[str]
    link: sa.ColumnElement[str]
    about: sa.ColumnElement[str]
    where: tuple[sa.ColumnElement[bool], ...] = ()


# The timeline of an empty registry: no event can ask for it.
_NOWHERE = Timeline(
    sa.column("lead_id", sa.BigInteger),
    sa.column("kind", sa.Text),
    sa.column("occurred_at", sa.DateTime),
    sa.column("email", sa.Text),
    sa.column("campaign", sa.Text),
    sa.column("link", sa.Text),
    sa.column("about", sa.Text),
)


@dataclass(frozen=True, slots=True)
class Living:
    """Which rows are leads at all."""

    id: sa.ColumnElement[int]
    where: tuple[sa.ColumnElement[bool], ...] = ()


AnyFact: TypeAlias = Fact | NameSet | Event | Facet | Records | Timeline | Living


@dataclass(frozen=True, slots=True)
class Facts:
    """All that rules may ask. `known` names what exists, where that is to be checked: {"segment": {…}}."""

    living: Living = field(default_factory=lambda: Living(sa.column("id", sa.BigInteger)))
    timeline: Timeline = field(default_factory=lambda: _NOWHERE)
    values: Mapping[str, Fact] = field(default_factory=dict)
    sets: Mapping[str, NameSet] = field(default_factory=dict)
    events: Mapping[str, Event] = field(default_factory=dict)
    facets: Mapping[str, Facet] = field(default_factory=dict)
    records: Mapping[str, Records] = field(default_factory=dict)
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Asia/Ho_Chi_Minh"))
    known: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def with_values(self, extra: Iterable[Fact]) -> "Facts":
        """These facts and more of them (custom fields); what is there already wins."""
        return replace(self, values={**{fact.key: fact for fact in extra}, **self.values})

    def knowing(self, **names: Iterable[str]) -> "Facts":
        """These facts, with what exists: `knowing(segment=…, email=…, campaign=…, tag=…)`."""
        return replace(self, known={**self.known, **{kind: frozenset(keys) for kind, keys in names.items()}})

    def direct(self) -> list[str]:
        """The values that may stand as conditions of their own."""
        return [key for key, fact in self.values.items() if fact.direct]

    def conditions(self) -> list[str]:
        """Every word, besides the groups, that may stand as a condition of its own."""
        return ["field", "never", *self.direct(), *self.sets, *self.facets, *self.records, *self.events]


def gather(*stages: Iterable[AnyFact], zone: str = "Asia/Ho_Chi_Minh") -> Facts:
    """The facts of all stages in one. Two of the same key are a bug: ValueError."""
    every = [fact for stage in stages for fact in stage]
    keyed = [fact.key for fact in every if isinstance(fact, (Fact, NameSet, Event, Records))]
    if len(keyed) != len(set(keyed)):
        raise ValueError("two facts of the same key: " + ", ".join(sorted({k for k in keyed if keyed.count(k) > 1})))
    (living,) = (fact for fact in every if isinstance(fact, Living))
    (timeline,) = (fact for fact in every if isinstance(fact, Timeline))
    return Facts(
        living,
        timeline,
        values={fact.key: fact for fact in every if isinstance(fact, Fact)},
        sets={fact.key: fact for fact in every if isinstance(fact, NameSet)},
        events={fact.key: fact for fact in every if isinstance(fact, Event)},
        facets={fact.key: fact for fact in every if isinstance(fact, Facet)},
        records={fact.key: fact for fact in every if isinstance(fact, Records)},
        zone=ZoneInfo(zone),
    )


@dataclass(frozen=True, slots=True)
class Happening:
    """One activity as Python sees it; withdrawn ones are never loaded."""

    occurred_at: datetime
    email: str | None = None
    campaign: str | None = None
    link: str | None = None
    about: str | None = None


@dataclass(frozen=True, slots=True)
class View:
    """What a rule sees of one lead in Python."""

    lead_id: int
    values: Mapping[str, Any] = field(default_factory=dict)
    sets: Mapping[str, frozenset[str]] = field(default_factory=dict)
    happenings: Mapping[str, tuple[Happening, ...]] = field(default_factory=dict)  # by kind
    records: Mapping[str, tuple[Mapping[str, Any], ...]] = field(default_factory=dict)  # values by part


@dataclass(frozen=True, slots=True)
class Moment:
    """The instant of an evaluation and the zone of its days."""

    now: datetime
    zone: ZoneInfo

    def start_of(self, day: date) -> datetime:
        """The first instant of a local day, in UTC."""
        return datetime(day.year, day.month, day.day, tzinfo=self.zone).astimezone(UTC)

    def after(self, day: date) -> datetime:
        """The first instant after a local day, in UTC."""
        return self.start_of(day + timedelta(days=1))

    def day_before(self, span: timedelta) -> str:
        """The local day that lies this span before today, as YYYY-MM-DD."""
        return (self.now - span).astimezone(self.zone).date().isoformat()

    def today(self) -> date:
        """The local day."""
        return self.now.astimezone(self.zone).date()
