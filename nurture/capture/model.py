"""What an import is asked for, how it reads a file, and what came of it: values, no I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

from nurture.consents.model import Channel, Purpose
from nurture.leads.model import FieldType

FIELD = "field:"  # prefix of a target that is a field of the installation's own


class Target(StrEnum):
    """What a column can be read as, besides `field:<key>`."""

    EMAIL = "email"
    PHONE = "phone"
    NAME = "name"
    FAMILY_NAME = "family_name"
    GIVEN_NAME = "given_name"
    HONORIFIC = "honorific"
    COMPANY = "company"
    ADDRESS = "address"
    CITY = "city"
    SOURCE = "source"
    LANGUAGE = "language"
    TAGS = "tags"  # several, split at commas, semicolons, bars
    CONSENT = "consent"  # yes: agreed to advertising; no: refused
    NO_EMAIL = "no_email"  # yes: must not be written to
    NO_CALL = "no_call"
    NO_SMS = "no_sms"
    CONVERTED = "converted"  # yes: is a customer
    SKIP = "skip"  # not read


class BatchState(StrEnum):
    """Where an import stands."""

    RUNNING = "running"  # or stopped: the same file with the same options goes on
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Options:
    """What an import is asked for. `mapping` overrides the reading: header to target."""

    mapping: Mapping[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    source: str = ""  # for rows that name none
    dry_run: bool = False
    keep_phone_only: bool = False
    consent: str = ""  # the operator's statement: how, when, to which text
    purposes: tuple[Purpose, ...] = (Purpose.ADVERTISING, Purpose.TRACKING)
    actor: str = "cli"

    def as_json(self) -> dict[str, Any]:
        """What makes two imports of one file the same import."""
        return {
            "mapping": dict(sorted(self.mapping.items())),
            "tags": list(self.tags),
            "source": self.source,
            "keep_phone_only": self.keep_phone_only,
            "consent": self.consent,
            "purposes": sorted(one.value for one in self.purposes),
        }


@dataclass(frozen=True, slots=True)
class Column:
    """How one column is read. `type` is set for fields of the installation's own; `known` if they exist just so."""

    index: int
    header: str
    target: str  # Target, or `field:<key>`
    type: FieldType | None = None
    choices: tuple[str, ...] = ()
    known: bool = False

    @property
    def key(self) -> str:
        """The key of the own field, or empty."""
        return self.target.removeprefix(FIELD) if self.target.startswith(FIELD) else ""


@dataclass(frozen=True, slots=True)
class Reading:
    """How a file is understood, to be shown before anything is written."""

    file_name: str
    file_hash: str
    format: str  # csv | xlsx
    encoding: str  # empty for xlsx
    delimiter: str  # empty for xlsx
    header_line: int  # 0: the file has no header
    columns: tuple[Column, ...]
    sample: tuple[tuple[str, ...], ...]  # the first five rows
    rows: int

    def has(self, target: Target) -> bool:
        """Whether a column is read as this."""
        return any(column.target == target for column in self.columns)


class Row(NamedTuple):
    """One row of a file: its first line, and its cells as text."""

    line: int
    cells: list[str]


class Draft(NamedTuple):
    """A row understood. `facts` holds only what the row says."""

    line: int
    email: str | None
    phone: str | None
    facts: dict[str, Any]
    tags: dict[str, str]  # key to label
    refuses: frozenset[Channel]
    consent: bool | None  # what the consent column says
    proof: str  # that column's header and cell
    dropped: int  # values that fit no type

    @property
    def contact(self) -> str:
        """What makes two rows one lead."""
        return self.email or self.phone or ""


class Refused(NamedTuple):
    """A row that cannot become a lead, and why."""

    line: int
    column: str
    value: str
    reason: str  # a message id of the catalog


@dataclass(frozen=True, slots=True)
class Result:
    """What came of an import: totals of the whole batch, earlier runs of it included."""

    batch: str  # public id; empty for a dry run
    state: str  # done | stopped | dry_run
    resumed: bool
    rows: int
    created: int
    updated: int
    unchanged: int
    duplicates: int
    refused: int
    without_consent: int  # leads with an address that advertising will skip as `no_consent`
    dropped_values: int
    refused_file: Path | None = None
    refusals: tuple[Refused, ...] = ()  # the first hundred

    def as_json(self) -> dict[str, Any]:
        """The result for scripts."""
        return {
            "batch": self.batch,
            "state": self.state,
            "resumed": self.resumed,
            "rows": self.rows,
            "created": self.created,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "duplicates": self.duplicates,
            "refused": self.refused,
            "without_consent": self.without_consent,
            "dropped_values": self.dropped_values,
            "refused_file": str(self.refused_file) if self.refused_file else None,
        }
