"""What an installation calls its things, and what is published: one query for all that a page may have to name.

Tags, own fields, staff, campaigns, segments, emails, shared definitions, the installation's own row: few rows each,
from one snapshot. Uses the database.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.campaigns.model import CampaignState
from nurture.campaigns.tables import campaign_revisions, campaigns, shared_definitions
from nurture.kernel.database import Id, Json
from nurture.kernel.tables import installation
from nurture.kernel.text import in_language
from nurture.leads.model import FieldDefinition, FieldType
from nurture.leads.tables import field_definitions, tags
from nurture.messages import store as messages
from nurture.messages.tables import template_revisions, templates
from nurture.opportunities import published as pipelines
from nurture.opportunities.model import Pipeline
from nurture.rules.facts import Facts
from nurture.rules.titles import OWNER, UNTITLED, Name, Titles
from nurture.scoring import published as scoring
from nurture.scoring.model import ScoringRules
from nurture.segments import store as segment_store
from nurture.segments.tables import segments
from nurture.users.model import Role
from nurture.users.tables import users


@dataclass(frozen=True, slots=True)
class House:
    """What the band says of the installation: demo, time-lapse, and why nothing is sent."""

    mode: str | None
    demo: bool
    speed: float | None
    stopped_sending: str | None


@dataclass(frozen=True, slots=True)
class Colleague:
    """One member of staff by name."""

    id: int
    email: str
    name: str
    role: Role
    enabled: bool


@dataclass(frozen=True, slots=True)
class Running:
    """A campaign by name. `definition` is that of new enrollments, while it is live or paused; else nothing."""

    id: int
    key: str
    name: Mapping[str, str]
    state: CampaignState
    definition: Mapping[str, Any]

    def named(self, language: str) -> str:
        """Its name in this language, or in any, or its key."""
        return in_language(self.name, language, self.key)


@dataclass(frozen=True, slots=True)
class Known:
    """The names as they stand; the mappings are in the order in which they are shown."""

    tags: Mapping[str, str]  # label by key
    fields: Mapping[str, FieldDefinition]
    people: Mapping[int, Colleague]
    campaigns: Sequence[Running]
    segments: Mapping[str, Mapping[str, str]]  # names by key, of those not archived
    archived: Mapping[str, Mapping[str, str]]  # of the others
    house: House | None
    emails: Sequence[messages.Subject]
    shared: Mapping[str, tuple[str, str]]  # hash and text by key

    def names(self, ids: Iterable[int | None]) -> dict[int, str]:
        """Names of these members of staff."""
        return {one: self.people[one].name for one in set(ids) if one is not None and one in self.people}

    def owners(self) -> list[Colleague]:
        """Who can be in charge of a lead: everybody enabled but viewers."""
        return [one for one in self.people.values() if one.enabled and one.role is not Role.VIEWER]

    def titles(self, language: str) -> dict[str, str]:
        """What people call each email."""
        return messages.titled(self.emails, language)

    def called(self, language: str) -> Titles:
        """What people call whatever a rule may name."""
        segments = {**self.archived, **self.segments}
        return Titles(
            {("email", key): title for key, title in self.titles(language).items()}
            | {("campaign", one.key): one.named(language) for one in self.campaigns}
            | {("segment", key): in_language(name, language) for key, name in segments.items()}
            | {("tag", key): label for key, label in self.tags.items()}
            | {(OWNER, one.email): one.name for one in self.people.values()}
        )

    def facts(self, zone: str) -> Facts:
        """What rules may ask."""
        return segment_store.with_own(zone, tuple(self.fields.values()))

    def pipeline(self, facts: Facts) -> Pipeline | None:
        """The pipeline that is live."""
        return pipelines.live.of(self.shared.get("pipeline"), facts)

    def scoring(self, facts: Facts) -> ScoringRules | None:
        """The scoring rules that are live."""
        return scoring.live.of(self.shared.get("scoring"), facts)


def load(conn: Connection) -> Known:
    """Everything, as of now."""
    found: dict[str, list[Any]] = {part: [] for part in _ARMS}
    for row in sorted(
        conn.execute(_QUERY, {"seen": messages.seen_subjects()}), key=lambda row: (row.place, row.key or "")
    ):
        found[row.part].append(row)
    house = [House(row.key, row.id == 1, row.number, row.a) for row in found["house"]]
    return Known(
        {row.key: row.a for row in found["tag"]},
        {row.key: FieldDefinition(row.key, row.a, FieldType(row.b), tuple(row.name or ())) for row in found["field"]},
        {row.id: Colleague(row.id, row.key, row.a, Role(row.b), row.number is None) for row in found["person"]},
        [Running(row.id, row.key, row.name, CampaignState(row.a), row.data or {}) for row in found["campaign"]],
        {row.key: row.name for row in found["segment"] if row.number is None},
        {row.key: row.name for row in found["segment"] if row.number is not None},
        house[0] if house else None,
        messages.subjects((row.key, row.a, row.b, row.name) for row in found["email"]),
        {row.key: (row.a, row.b) for row in found["shared"]},
    )


def titles(conn: Connection, language: str, names: Iterable[Name]) -> Titles:
    """What people call these things, in this language where they have one in several; asks only if any has a title."""
    return load(conn).called(language) if any(kind in _TITLED for kind, _ in names) else UNTITLED


def _part(part: str, source: sa.FromClause, **given: Any) -> sa.Select[Any]:
    """One arm of the union; what is not given is NULL, or 0 for the place."""
    columns = [sa.cast(given.get(name, None if name != "place" else 0), kind).label(name) for name, kind in _PLAIN]
    documents = [_document(given.get(name)).label(name) for name in ("name", "data")]
    every: list[Any] = [sa.literal_column(f"'{part}'", sa.Text()).label("part"), *columns, *documents]
    return sa.select(*every).select_from(source)


def _document(column: sa.Column[Any] | sa.ColumnElement[Any] | None) -> sa.ColumnElement[Any]:
    return sa.cast(sa.null(), Json) if column is None else sa.type_coerce(column, Json)


_TITLED = frozenset({"email", "campaign", "segment", "tag", OWNER})
_PLAIN = (
    ("id", Id), ("place", sa.BigInteger()), ("key", sa.Text()), ("a", sa.Text()), ("b", sa.Text()),
    ("number", sa.Float()),
)  # fmt: skip
_IS_RUNNING = campaigns.c.state.in_([CampaignState.LIVE.value, CampaignState.PAUSED.value])
_SEEN: sa.BindParameter[Any] = sa.bindparam("seen", expanding=True)
_REVISION = templates.c.key + "/" + templates.c.language + "/" + template_revisions.c.hash
_ARMS = {
    "tag": _part("tag", tags, key=tags.c.key, a=tags.c.label),
    "field": _part(
        "field", field_definitions, place=field_definitions.c.position, key=field_definitions.c.key,
        a=field_definitions.c.label, b=field_definitions.c.type, name=field_definitions.c.choices,
    ),
    "person": _part(
        "person", users, id=users.c.id, place=sa.func.row_number().over(order_by=[users.c.name, users.c.id]),
        key=users.c.email, a=users.c.name, b=users.c.role, number=sa.case((users.c.disabled_at.is_not(None), 1)),
    ),
    "campaign": _part(
        "campaign",
        campaigns.outerjoin(campaign_revisions, (campaign_revisions.c.id == campaigns.c.revision_id) & _IS_RUNNING),
        id=campaigns.c.id, key=campaigns.c.key, a=campaigns.c.state, name=campaigns.c.name,
        data=campaign_revisions.c.definition,
    ),
    "segment": _part(
        "segment", segments, key=segments.c.key, name=segments.c.name,
        number=sa.case((segments.c.archived_at.is_not(None), 1)),
    ),
    "email": _part(
        "email", templates.join(template_revisions), id=template_revisions.c.id, key=templates.c.key,
        a=templates.c.language, b=template_revisions.c.hash,
        name=sa.case((_REVISION.in_(_SEEN), sa.null()), else_=template_revisions.c.source["subject"]),
    ),
    "shared": _part(
        "shared", shared_definitions, key=shared_definitions.c.key, a=shared_definitions.c.hash,
        b=shared_definitions.c.source,
    ),
    "house": _part(
        "house", installation, id=sa.case((installation.c.demo, 1), else_=0), key=installation.c.mode,
        a=installation.c.stopped_sending, number=installation.c.speed,
    ),
}  # fmt: skip
_QUERY = sa.union_all(*_ARMS.values())
