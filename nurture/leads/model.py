"""What a lead is: values, no I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Temperature(StrEnum):
    """A band of engagement with a margin on the way down."""

    COLD = "cold"
    WARM = "warm"  # from 30, no longer under 20
    HOT = "hot"  # from 70, no longer under 55


class Lifecycle(StrEnum):
    """How far a person has come with us; order matters: a merge keeps the furthest."""

    SUBSCRIBER = "subscriber"
    LEAD = "lead"
    MQL = "mql"
    SQL = "sql"
    OPPORTUNITY = "opportunity"
    CUSTOMER = "customer"

    @property
    def rank(self) -> int:
        """How far the stage is: 0 is the first."""
        return list(Lifecycle).index(self)


class FieldType(StrEnum):
    """Types of custom fields. JSON holds text as string, number as number, date as YYYY-MM-DD, yes_no as bool."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    YES_NO = "yes_no"
    CHOICE = "choice"
    LIST = "list"  # several texts


HONORIFICS = ("anh", "chị", "cô", "chú", "ông", "bà")

# Facts of a lead that a field of somebody's own may not be named after.
RESERVED_FIELDS = frozenset(
    {
        "id", "public_id", "email", "phone", "name", "given_name", "family_name", "honorific", "company", "address",
        "city", "source", "first_source", "owner", "owner_id", "temperature", "engagement", "fit", "score", "lifecycle",
        "zone", "language", "fields", "tag", "tags", "segment", "created_at", "updated_at", "last_activity_at",
        "paused_at",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class FieldDefinition:
    """A typed field that an installation made for itself."""

    key: str
    label: str
    type: FieldType
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lead:
    """One person we may write to, as stored. Text is plain and unescaped: whoever shows it escapes it."""

    id: int
    public_id: str
    email: str | None  # normalized
    phone: str | None  # E.164
    name: str
    given_name: str
    honorific: str
    company_id: int | None
    company: str
    address: str
    city: str
    first_source: str
    source: str
    owner_id: int | None
    temperature: Temperature
    engagement: int
    fit: int
    lifecycle: Lifecycle
    zone: str | None
    language: str | None
    fields: Mapping[str, Any]
    merged_into: int | None
    paused_at: datetime | None
    paused_reason: str | None
    created_at: datetime
    updated_at: datetime
    last_activity_at: datetime | None
    tags: tuple[str, ...] = ()  # keys, sorted
    replied_at: datetime | None = None  # a reply that nobody has looked at yet


@dataclass(frozen=True, slots=True)
class NewLead:
    """A lead about to come in, as somebody wrote it; `service.add` normalizes it. Email or phone is required."""

    email: str = ""
    phone: str = ""
    name: str = ""
    given_name: str = ""
    honorific: str = ""
    company: str = ""
    address: str = ""
    city: str = ""
    source: str = ""
    owner_id: int | None = None
    lifecycle: Lifecycle = Lifecycle.LEAD
    zone: str | None = None
    language: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    tags: tuple[str, ...] = ()  # labels


class Sort(StrEnum):
    """Orders of the list of leads."""

    LAST_ACTIVITY = "last_activity"  # latest first, then those without any
    ENGAGEMENT = "engagement"  # highest first
    CREATED = "created"  # newest first
    NAME = "name"  # a to z, by folded name


@dataclass(frozen=True, slots=True)
class Filters:
    """What the list of leads is narrowed to; an empty value narrows nothing."""

    text: str = ""
    temperature: str = ""
    tag: str = ""
    owner: int | None = None
    without_owner: bool = False
    source: str = ""
    lifecycle: str = ""
    segment: str = ""  # a segment's key
    sort: Sort = Sort.LAST_ACTIVITY

    @property
    def narrows(self) -> bool:
        """Whether anything but the order is asked for."""
        return self != Filters(sort=self.sort)


@dataclass(frozen=True, slots=True)
class Page:
    """A part of the list; `after` asks for the next one and is None on the last."""

    leads: tuple[Lead, ...]
    after: str | None


@dataclass(frozen=True, slots=True)
class Count:
    """How many leads there are; `more` says that counting stopped at `number`."""

    number: int
    more: bool = False
