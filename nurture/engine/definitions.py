"""A house's definitions as files: campaigns, segments, scoring, pipeline and emails, checked and applied together.

Reads two folders and the database; `apply` makes all of it live in the caller's transaction, or nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.campaigns import fields, house
from nurture.campaigns import service as campaign_service
from nurture.campaigns.check import Known, check
from nurture.campaigns.landing import Landed, UnderWay
from nurture.campaigns.load import Loaded, SharedCheck, read_folder
from nurture.campaigns.plan import Change, What, fate
from nurture.campaigns.tables import campaigns
from nurture.engine import moving
from nurture.enrollments import store as enrollment_store
from nurture.kernel.errors import DefinitionError, Problem
from nurture.kernel.later import later
from nurture.leads.facts import own
from nurture.messages.model import Compiled
from nurture.messages.service import publish_templates
from nurture.messages.source import Shared, Source, read_library
from nurture.messages.store import waiting_by_email
from nurture.messages.tables import template_revisions, templates
from nurture.opportunities import pipeline
from nurture.opportunities.published import refuse_orphans
from nurture.rules.facts import Facts
from nurture.scoring import rules as scoring
from nurture.segments import store as segment_store
from nurture.users.service import note
from nurture.users.store import owners

if TYPE_CHECKING:
    from nurture.messages import compile as compiling
else:
    compiling = later("nurture.messages.compile")  # premailer and lxml: where an email is written


@dataclass(frozen=True, slots=True)
class Definitions:
    """Everything two folders say, with every finding."""

    loaded: Loaded
    emails: tuple[tuple[Source, Compiled], ...]
    problems: tuple[Problem, ...]

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The findings that forbid applying it."""
        return tuple(problem for problem in self.problems if problem.severity == "error")


@dataclass(frozen=True, slots=True)
class Planned:
    """What applying would do to each definition and each email, those that stay as they are included."""

    changes: tuple[Change, ...]
    emails: tuple[Change, ...]
    landings: Mapping[str, Sequence[Landed]] = field(default_factory=dict)  # by campaign, of those under way
    moved: Mapping[str, int] = field(default_factory=dict)  # leads moved or begun anew, by campaign

    @property
    def matters(self) -> bool:
        """Whether anything changes at all."""
        return any(change.matters for change in (*self.changes, *self.emails))

    def count(self, *whats: What) -> int:
        """To how many definitions and emails this happens."""
        return sum(change.what in whats for change in (*self.changes, *self.emails))


def read(campaigns_at: Path, templates_at: Path, facts: Facts) -> Definitions:
    """The definitions of the two folders. OutsideError when a folder cannot be read; findings are values."""
    problems: list[Problem] = []
    emails: list[tuple[Source, Compiled]] = []
    shared = Shared()
    try:
        library = read_library(templates_at)
        shared = library.shared
        emails = compiling.compile_library(library)
    except DefinitionError as error:
        problems += error.problems
    languages: dict[str, set[str]] = {}
    closed: dict[str, list[str]] = {}
    for source, compiled in emails:
        languages.setdefault(source.key, set()).add(source.language)
        if not compiled.can_unsubscribe:
            closed.setdefault(source.key, []).append(source.language)
    folder = read_folder(campaigns_at)
    if fields.KEY in folder.shared:
        file, text = folder.shared[fields.KEY]
        facts = fields.with_fields(facts, text, file)
    for source, compiled in emails:
        problems += compiling.unknown_fields(source, compiled, shared, facts.values)
    checks: dict[str, SharedCheck] = {
        "scoring": partial(scoring.load, facts=facts),
        "pipeline": partial(pipeline.load, facts=facts),
        house.KEY: house.load,
    }
    # With broken emails, "no such email" would be said of each of them too.
    loaded = check(folder, Known(facts, languages if not problems else None, checks, closed))
    return Definitions(loaded, tuple(emails), (*problems, *loaded.problems, *_never_sent(loaded)))


def _never_sent(loaded: Loaded) -> Iterator[Problem]:
    """What of campaigns and of the house's policy in the same folder can never be met together."""
    source = loaded.shared.get(house.KEY)
    if source is None or loaded.errors:
        return
    ours = house.of_text(source.text)
    for campaign, file in loaded.campaigns:
        yield from house.conflicts(ours, campaign, file)


def facts_of(conn: Connection) -> Facts:
    """What rules may ask in this installation, and the segments, campaigns and staff there are."""
    segments = segment_store.every(conn)
    return segment_store.facts(conn).knowing(
        segment=[one.key for one in segments],
        hand_segment=[one.key for one in segments if one.by_hand],
        campaign=conn.execute(sa.select(campaigns.c.key)).scalars(),
        staff=[one.email for one in owners(conn)],
    )


def plan(conn: Connection, definitions: Definitions, *, now: datetime) -> Planned:
    """What `apply` would change now."""
    changes = campaign_service.plan(conn, definitions.loaded, now=now, under_way=enrollment_store.under_way(conn))
    return Planned(changes, _email_changes(conn, definitions.emails), _landings(conn, definitions, changes))


def _landings(conn: Connection, definitions: Definitions, changes: Sequence[Change]) -> dict[str, Sequence[Landed]]:
    """Where the leads under way of each changed campaign would land."""
    changed = {one.key for one in changes if one.kind == "campaign" and one.what is What.CHANGED and one.under_way}
    facts = segment_store.facts(conn).with_values(own(definitions.loaded.fields))
    found = {
        campaign.key: moving.landings(conn, campaign.key, campaign, facts)
        for campaign, _ in definitions.loaded.campaigns
        if campaign.key in changed
    }
    return {key: standing for key, standing in found.items() if standing}


def apply(
    conn: Connection,
    definitions: Definitions,
    *,
    now: datetime,
    real: datetime,
    actor: str,
    under_way: Mapping[str, UnderWay] | UnderWay = UnderWay.KEEP,
) -> Planned:
    """Make all of it live. DefinitionError with every finding when something is wrong.

    `under_way` says what happens to the leads under way in campaigns that change, for all of them or by key.
    """
    if definitions.errors:
        raise DefinitionError(definitions.errors)
    selling = definitions.loaded.shared.get("pipeline")
    if selling is not None:
        refuse_orphans(conn, pipeline.load(selling.text, selling.file, facts_of(conn)), selling.file)
    planned = plan(conn, definitions, now=now)
    publish_templates(conn, definitions.emails, now=now)
    campaign_service.apply(
        conn, definitions.loaded, now=now, real=real, actor=actor, under_way=enrollment_store.under_way(conn)
    )
    moved = _settle(conn, definitions, planned, under_way, now=now, real=real, actor=actor)
    return replace(planned, moved=moved)


def _settle(
    conn: Connection, definitions: Definitions, planned: Planned,
    under_way: Mapping[str, UnderWay] | UnderWay, *, now: datetime, real: datetime, actor: str,
) -> dict[str, int]:  # fmt: skip
    """Do what was chosen with the leads under way; gives how many were moved or began anew, by campaign."""
    facts = segment_store.facts(conn)
    moved: dict[str, int] = {}
    for campaign, _ in definitions.loaded.campaigns:
        if campaign.key not in planned.landings:
            continue
        choice = under_way if isinstance(under_way, UnderWay) else under_way.get(campaign.key, UnderWay.KEEP)
        count = moving.settle_under_way(conn, campaign.key, campaign, choice, facts, now=now, real=real)
        if count:
            moved[campaign.key] = count
            subject, detail = f"campaign:{campaign.key}", {"what": choice.value, "leads": count}
            note(conn, actor=actor, action="campaign.under_way", subject=subject, at=real, detail=detail)
    return moved


def _email_changes(conn: Connection, emails: Sequence[tuple[Source, Compiled]]) -> tuple[Change, ...]:
    """What happens to each email, said once for the languages that share it."""
    rows = conn.execute(
        sa.select(templates.c.key, templates.c.language, template_revisions.c.hash).join(
            template_revisions, template_revisions.c.id == templates.c.revision_id
        )
    )
    used = {(row.key, row.language): row.hash for row in rows}
    found: dict[tuple[str, What], list[str]] = {}
    for _, one in emails:
        name = (one.key, one.language)
        same = used.get(name) == one.hash
        what = fate(same=same, same_text=same) if name in used else What.NEW
        found.setdefault((one.key, what), []).append(one.language)
    changes = (Change("email", key, what, languages=tuple(spoken)) for (key, what), spoken in found.items())
    waiting = waiting_by_email(conn)
    return tuple(replace(one, waiting=waiting.get(one.key, 0)) for one in changes)
