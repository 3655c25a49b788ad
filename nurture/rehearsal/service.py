"""A rehearsal as a whole: choose the leads, make the stage, play, report (reads the database; writes its stage)."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.campaigns import entries
from nurture.campaigns import store as campaign_store
from nurture.campaigns.definition import from_revision
from nurture.campaigns.model import Again, CampaignState
from nurture.campaigns.tables import campaigns
from nurture.consents import service as consents
from nurture.consents.model import Method
from nurture.consents.service import Said
from nurture.engine import definitions as house
from nurture.engine.definitions import Definitions
from nurture.enrollments import service as enrollments
from nurture.kernel.clock import ManualClock
from nurture.kernel.context import Context
from nurture.kernel.database import Database
from nurture.kernel.errors import NotFoundError
from nurture.kernel.garbage import unsearched
from nurture.kernel.i18n import N_
from nurture.leads import many
from nurture.leads import store as lead_store
from nurture.leads.model import NewLead
from nurture.leads.tables import leads
from nurture.rehearsal import copy
from nurture.rehearsal.behavior import Draw
from nurture.rehearsal.model import MOST_LEADS, Request, wrong
from nurture.rehearsal.report import Report, report
from nurture.rehearsal.run import CAUSE, MANY, Progress, Stage
from nurture.rehearsal.ways import Walker, walkers
from nurture.rules.facts import Facts
from nurture.rules.sql import to_sql
from nurture.segments import service as segment_service
from nurture.segments import store as segment_store
from nurture.users.tables import users

_AT_ONCE = 500
_SAMPLED_FROM = 200_000


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What came of it, and the stage it was played on, to look closer; close it in the end."""

    report: Report
    stage: Context

    def walkers(self, conn: Connection, limit: int = 100, after: int = 0) -> list[Walker]:
        """The leads that took part; `conn` is on the stage."""
        return walkers(conn, self.report.campaign, self.report.begun_at, limit=limit, after=after)

    def close(self) -> None:
        """Let go of the stage's database."""
        self.stage.database.close()


def rehearse(
    ctx: Context,
    request: Request,
    at: Path,
    *,
    definitions: Definitions | None = None,
    start: datetime | None = None,
    progress: Progress | None = None,
    stop: Callable[[], bool] | None = None,
) -> Rehearsed:
    """Play a campaign ahead on a copy in the file `at`. Nothing is sent, and nothing here changes.

    With `definitions` they are made live on the stage first, else what is live here is played. NotFoundError when there
    is no such campaign or segment, InputError when the request makes no sense, DefinitionError when the definitions
    have errors.
    """
    begun = start or ctx.clock.engine()
    ids = set_up(ctx, request, at, definitions=definitions, start=begun)
    stage = stage_of(ctx, at, begun)
    try:
        return Rehearsed(play(stage, request, ids, progress=progress, stop=stop), stage)
    except BaseException:
        stage.database.close()
        raise


def set_up(
    ctx: Context, request: Request, at: Path, *, definitions: Definitions | None = None, start: datetime | None = None
) -> list[int]:
    """Make the stage in the file `at`, with the campaign live on it; gives the leads of the house that take part."""
    request = request.checked()
    begun = start or ctx.clock.engine()
    with ctx.database.snapshot() as source:
        ids = _population(source, ctx, request, definitions, begun)
        database = copy.make(source, at, ids)
    _finish(ctx, database, request, definitions, begun)
    return ids


def choose(ctx: Context, request: Request, start: datetime) -> list[int]:
    """The leads of the house that take part, of a request that was checked. Errors as `set_up` has them."""
    with ctx.database.snapshot() as source:
        _playable(source, request)
        return _population(source, ctx, request, None, start)


def build(ctx: Context, request: Request, ids: Sequence[int], at: Path, start: datetime) -> None:
    """The stage for leads that were chosen: takes a second for some thousand leads."""
    with ctx.database.snapshot() as source:
        database = copy.make(source, at, ids)
    _finish(ctx, database, request, None, start)


def _finish(
    ctx: Context, database: Database, request: Request, definitions: Definitions | None, begun: datetime
) -> None:
    try:
        _publish(replace(ctx, database=database), request, definitions, begun)
    finally:
        database.close()


def stage_of(ctx: Context, at: Path, begun: datetime) -> Context:
    """A context on the stage in this file, whose clock stands at the begin."""
    database = Database(f"sqlite:///{at}", scratch=True)
    return replace(ctx, settings=replace(ctx.settings, smtp=None), database=database, clock=ManualClock(begun))


def play(
    stage: Context,
    request: Request,
    ids: Sequence[int],
    *,
    progress: Progress | None = None,
    stop: Callable[[], bool] | None = None,
) -> Report:
    """Play it on the stage from its clock's instant on; gives what came of it."""
    begun = stage.clock.engine()
    people = [*ids, *_made_up(stage, request.people, begun)]
    if _all_at_once(stage, request):
        _enroll(stage, request.campaign, people, begun)
    complete = Stage(stage, request, many=len(people) > MANY).run(progress, stop)
    with stage.database.read() as conn:
        stored = campaign_store.get(conn, request.campaign)
        if stored is None:
            raise NotFoundError(N_("There is no campaign “%(key)s”"), key=request.campaign)
        campaign = from_revision(stored.definition, segment_store.facts(conn, stage.settings.zone))
        return report(
            conn, campaign, request.to_json(), begun=begun, ended=stage.clock.engine(), complete=complete,
            leads_count=len(people), zone=stage.settings.local_zone,
        )  # fmt: skip


@contextmanager
def rehearsed(ctx: Context, request: Request, at: Path, **options: object) -> Iterator[Rehearsed]:
    """As `rehearse`, closed at the end of the block."""
    found = rehearse(ctx, request, at, **options)  # type: ignore[arg-type]
    try:
        yield found
    finally:
        found.close()


def _population(
    conn: Connection, ctx: Context, request: Request, definitions: Definitions | None, now: datetime
) -> list[int]:
    """The leads that take part, by id."""
    facts = segment_store.facts(conn, ctx.settings.zone)
    if request.people:
        return []
    if request.addresses:
        return _at(conn, request.addresses)
    segment = request.segment
    if segment is None:
        segment = _entry_segment(conn, request, definitions, facts)
    if segment is None:
        found = list(
            conn.execute(sa.select(leads.c.id).where(leads.c.merged_into.is_(None)).limit(_SAMPLED_FROM)).scalars()
        )
    else:
        found = _members(conn, segment, definitions, facts, now)
    if request.sample:
        draw = Draw(request.seed, "sample")
        found = sorted(found, key=lambda lead: draw(str(lead)))[: request.sample]
    if len(found) > MOST_LEADS:
        raise wrong(N_("At most %(most)s leads in one rehearsal; take a sample"), most=MOST_LEADS)
    return sorted(found)


def _at(conn: Connection, addresses: tuple[str, ...]) -> list[int]:
    found = {one: lead_store.by_email(conn, one) for one in dict.fromkeys(addresses)}
    missing = [address for address, lead in found.items() if lead is None]
    if missing:
        raise wrong(N_("There is no lead with the address %(addresses)s"), addresses=", ".join(missing[:5]))
    return sorted(lead.id for lead in found.values() if lead is not None)


def _entry_segment(conn: Connection, request: Request, definitions: Definitions | None, facts: Facts) -> str | None:
    for campaign, _ in definitions.loaded.campaigns if definitions is not None else ():
        if campaign.key == request.campaign:
            return campaign.entry.segment
    stored = campaign_store.get(conn, request.campaign)
    return from_revision(stored.definition, facts).entry.segment if stored is not None else None


def _members(conn: Connection, segment: str, definitions: Definitions | None, facts: Facts, now: datetime) -> list[int]:
    """Who would be in the segment now, by the definition that is to be made live or by the one that is."""
    drafted = definitions.loaded.segments if definitions is not None else ()
    rule = next((one.rule for one in drafted if one.key == segment), None)
    rule = rule or segment_service.rule_of(conn, segment, facts)
    if rule is None:
        raise NotFoundError(N_("There is no segment “%(key)s”"), key=segment)
    return list(conn.execute(to_sql(rule, now, facts)).scalars())


def _publish(stage: Context, request: Request, definitions: Definitions | None, now: datetime) -> None:
    """The definitions live on the stage, and the campaign running whatever state it is in here."""
    with stage.database.write() as conn:
        if definitions is not None:
            house.apply(conn, definitions, now=now, real=now, actor=CAUSE)
        stored = _playable(conn, request)
        conn.execute(users.update().values(password_hash=None))  # nobody signs in there
        running = {"state": CampaignState.LIVE.value, "published_at": stored.published_at or now}
        conn.execute(campaigns.update().where(campaigns.c.id == stored.id).values(running))


def _playable(conn: Connection, request: Request) -> campaign_store.Stored:
    stored = campaign_store.get(conn, request.campaign)
    if stored is None or stored.revision_id is None:
        raise NotFoundError(N_("There is no campaign “%(key)s”"), key=request.campaign)
    return stored


def _made_up(stage: Context, people: tuple[NewLead, ...], now: datetime) -> list[int]:
    """Leads who are on the stage only, with their consent to advertising."""
    found = []
    for start in range(0, len(people), _AT_ONCE):
        # draws are made from the public ids: the same person, the same draws
        part = {_key(one): one for one in people[start : start + _AT_ONCE]}
        with unsearched(), stage.database.write() as conn:
            added = many.add(conn, part, now=now, real=now, actor="engine", cause=CAUSE)
            said = Said(Method.FORM, CAUSE, "lead", CAUSE, now, now, proof=CAUSE)
            consents.give_set(conn, stage.keys, added, said)
        found += [number for number, _ in added]
    return found


def _key(one: NewLead) -> str:
    """A public id that is the same each time this person is made up."""
    return hashlib.blake2b(f"{one.email}/{one.phone}/{one.name}".encode(), digest_size=7).hexdigest()


def _all_at_once(stage: Context, request: Request) -> bool:
    """Whether everybody comes in at the begin; else the campaign's entry takes them in, each on the day."""
    if request.enters is not None:
        return request.enters
    with stage.database.read() as conn:
        stored = _playable(conn, request)
        entrances = from_revision(stored.definition, segment_store.facts(conn, stage.settings.zone)).entry.entrances
    return not entrances or not all(entries.is_dated(one) or entries.is_scheduled(one) for one in entrances)


def _enroll(stage: Context, key: str, people: Sequence[int], now: datetime) -> None:
    """Everybody comes in at the begin; who is under way already stays where they are."""
    for start in range(0, len(people), _AT_ONCE):
        with stage.database.write() as conn:
            part = people[start : start + _AT_ONCE]
            enrollments.enroll(conn, key, part, cause=CAUSE, now=now, real=now, again=Again.AFTER_EXIT)
