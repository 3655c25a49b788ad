"""Plan and apply a folder of definitions, pause, resume, archive, export. The caller opened the transaction.

A campaign is stored as revisions by content hash. New enrollments get the latest; those under way keep theirs.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.campaigns import shared, store
from nurture.campaigns.definition import content_hash, from_revision
from nurture.campaigns.entries import standing
from nurture.campaigns.load import Loaded
from nurture.campaigns.model import Campaign, CampaignState, Entrance, Existing
from nurture.campaigns.plan import Change, What, changed_keys, changed_parts, fate, step_changes
from nurture.campaigns.tables import campaign_revisions, campaigns, shared_definitions
from nurture.capture.store import keep_definitions
from nurture.kernel.database import upsert
from nurture.kernel.errors import ConflictError, DefinitionError, ForbiddenError, InputError, NotFoundError
from nurture.kernel.i18n import N_
from nurture.kernel.yamlfile import Source
from nurture.leads.facts import own
from nurture.rules.facts import Facts
from nurture.rules.model import Group, Join, Rule
from nurture.segments import service as segment_service
from nurture.segments import store as segment_store
from nurture.users.model import Person
from nurture.users.service import note

_MOVES = {
    CampaignState.PAUSED: (CampaignState.LIVE,),
    CampaignState.LIVE: (CampaignState.PAUSED, CampaignState.ARCHIVED),
    CampaignState.ARCHIVED: (CampaignState.LIVE, CampaignState.PAUSED, CampaignState.DRAFT),
}


def plan(
    conn: Connection, loaded: Loaded, *, now: datetime, under_way: Mapping[str, int] | None = None
) -> tuple[Change, ...]:
    """What `apply` would change. `under_way` counts active enrollments by campaign key."""
    facts = segment_store.facts(conn).with_values(own(loaded.fields))
    rules = _segment_rules(conn, loaded)
    changes = [_segment_change(conn, loaded, key) for key in [one.key for one in loaded.segments]]
    changes += [
        _shared_change(conn, key, loaded.shared[key])
        for key in ("fields", "scoring", "pipeline", "policy")
        if key in loaded.shared
    ]
    for campaign, source in loaded.campaigns:
        before = store.get(conn, campaign.key)
        change = _campaign_change(before, campaign, source, content_hash(campaign, rules), facts)
        count = (under_way or {}).get(campaign.key, 0)
        changes.append(replace(change, under_way=count, existing=_existing(conn, loaded, campaign, before, now, facts)))
    return tuple(changes)


def apply(
    conn: Connection,
    loaded: Loaded,
    *,
    now: datetime,
    real: datetime,
    actor: str,
    under_way: Mapping[str, int] | None = None,
) -> tuple[Change, ...]:
    """Make the folder live, fields, segments and shared definitions first; gives what changed. All of it or nothing.

    DefinitionError when the folder has findings that forbid it.
    """
    if loaded.errors:
        raise DefinitionError(loaded.errors)
    changes = plan(conn, loaded, now=now, under_way=under_way)
    keep_definitions(conn, loaded.fields, now)
    segment_service.apply(conn, loaded.segments, now=now, real=real, actor=actor)
    for key, source in loaded.shared.items():
        shared.keep(conn, key, source.text, source.data, now)
    rules = _segment_rules(conn, loaded)
    for campaign, source in loaded.campaigns:
        _store_campaign(conn, campaign, source, content_hash(campaign, rules), now=now, real=real, actor=actor)
    for change in changes:
        if change.matters and change.kind != "segment":  # segments have their lines already
            action, subject = f"{change.kind}.apply", f"{change.kind}:{change.key}"
            note(conn, actor=actor, action=action, subject=subject, at=real, detail={"what": change.what.value})
    return changes


def _segment_rules(conn: Connection, loaded: Loaded) -> dict[str, Any]:
    """The rule of every segment as plain data, as it will be."""
    return {one.key: one.when for one in segment_store.every(conn)} | {one.key: one.when for one in loaded.segments}


def _segment_change(conn: Connection, loaded: Loaded, key: str) -> Change:
    after = next(one for one in loaded.segments if one.key == key)
    before = segment_store.get(conn, key)
    if before is None:
        return Change("segment", key, What.NEW)
    same_text = dict(before.name) == dict(after.name)
    return Change("segment", key, fate(same=before.hash == after.hash, same_text=same_text))


def _shared_change(conn: Connection, key: str, source: Source) -> Change:
    before = store.shared(conn, key)
    if before is None:
        return Change(key, key, What.NEW)
    text, data = before
    what = fate(same=data == source.data, same_text=text == source.text)
    return Change(key, key, what, parts=changed_keys(data, source.data))


def _campaign_change(
    before: store.Stored | None, campaign: Campaign, source: Source, digest: str, facts: Facts
) -> Change:
    if before is None or before.revision_id is None:
        return Change("campaign", campaign.key, What.NEW)
    if before.hash == digest:
        return Change("campaign", campaign.key, fate(same=True, same_text=before.source == source.text))
    try:
        old: Campaign | None = from_revision(before.definition, facts)
    except DefinitionError:
        old = None  # a field it asked for is gone; all of it counts as changed
    parts = changed_parts(old, campaign) or ("segments",) * (not step_changes(old, campaign))
    return Change("campaign", campaign.key, What.CHANGED, step_changes(old, campaign), parts)


def _existing(
    conn: Connection, loaded: Loaded, campaign: Campaign, before: store.Stored | None, now: datetime, facts: Facts
) -> int | None:
    """How many of those who have what the entry asks for a first publish would enroll; None where it enrolls none."""
    first = before is None or before.published_at is None
    enrolling = [one for one in campaign.entry.entrances if one.existing is Existing.ENROLL]
    if not first or not enrolling:
        return None
    rules = tuple(rule for one in enrolling if (rule := _standing(conn, loaded, one, facts)) is not None)
    if not rules:
        return None
    any_of: Rule = rules[0] if len(rules) == 1 else Group(Join.ANY, rules)
    when = campaign.entry.when
    rule = any_of if when is None else Group(Join.ALL, (any_of, when))
    return segment_service.preview(conn, rule, now, facts).count


def _standing(conn: Connection, loaded: Loaded, entrance: Entrance, facts: Facts) -> Rule | None:
    """Whom the entrance would find; of a segment its rule, since nobody may have been put into it yet."""
    if entrance.kind != "segment":
        return standing(entrance)
    key = entrance.config.key
    rule = next((one.rule for one in loaded.segments if one.key == key), None)
    return rule or segment_service.rule_of(conn, key, facts)


def _store_campaign(
    conn: Connection, campaign: Campaign, source: Source, digest: str, *, now: datetime, real: datetime, actor: str
) -> None:
    """The campaign and its revision; a draft or a new one goes live. A stopped one stays as it is."""
    row = {"key": campaign.key, "name": dict(campaign.name), "state": CampaignState.DRAFT.value, "created_at": now}
    insert = upsert(conn.dialect.name, campaigns).values(row)
    conn.execute(insert.on_conflict_do_update(index_elements=["key"], set_={"name": dict(campaign.name)}))
    campaign_id = conn.execute(sa.select(campaigns.c.id).where(campaigns.c.key == campaign.key)).scalar_one()
    revision = {
        "campaign_id": campaign_id,
        "hash": digest,
        "source": source.text,
        "definition": campaign.data,
        "created_at": real,
        "created_by": actor,
    }
    written = upsert(conn.dialect.name, campaign_revisions).values(revision)
    texts = {"source": source.text, "definition": campaign.data}
    written = written.on_conflict_do_update(index_elements=["campaign_id", "hash"], set_=texts)
    revision_id = conn.execute(written.returning(campaign_revisions.c.id)).scalar_one()
    conn.execute(campaigns.update().where(campaigns.c.id == campaign_id).values(revision_id=revision_id))
    draft = campaigns.update().where(campaigns.c.id == campaign_id, campaigns.c.state == CampaignState.DRAFT.value)
    conn.execute(draft.values(state=CampaignState.LIVE.value, published_at=now))


def pause(conn: Connection, key: str, *, real: datetime, actor: str) -> None:
    """Nobody moves and nothing goes until it is resumed. ConflictError when it does not run."""
    _move(conn, key, CampaignState.PAUSED, real, actor, "campaign.pause")


def resume(conn: Connection, key: str, *, now: datetime, real: datetime, actor: str) -> None:
    """Go on where it was; what is late counts from `now`, engine time. ConflictError when it runs already."""
    _move(conn, key, CampaignState.LIVE, real, actor, "campaign.resume", resumed_at=now)


def archive(conn: Connection, key: str, *, real: datetime, actor: str) -> None:
    """Put it away; the next tick lets those under way leave, and takes back what has not gone."""
    _move(conn, key, CampaignState.ARCHIVED, real, actor, "campaign.archive")


def _move(
    conn: Connection, key: str, state: CampaignState, real: datetime, actor: str, action: str, **since: datetime
) -> None:
    allowed = [one.value for one in _MOVES[state]]
    change = campaigns.update().where(campaigns.c.key == key, campaigns.c.state.in_(allowed))
    if conn.execute(change.values(state=state.value, **since)).rowcount == 0:
        if store.get(conn, key) is None:
            raise NotFoundError(N_("There is no such campaign"))
        raise ConflictError(N_("The campaign's state does not allow this"))
    note(conn, actor=actor, action=action, subject=f"campaign:{key}", at=real)


def steer(conn: Connection, person: Person, key: str, verb: str, *, now: datetime, real: datetime) -> None:
    """What a person does to a campaign: `pause`, `resume`, `archive`. ForbiddenError unless they define campaigns."""
    if not person.may_define:
        raise ForbiddenError(N_("Only marketers and administrators steer campaigns"))
    act(conn, key, verb, now=now, real=real, actor=person.actor)


def act(conn: Connection, key: str, verb: str, *, now: datetime, real: datetime, actor: str) -> None:
    """`pause`, `resume` or `archive`."""
    match verb:
        case "pause":
            pause(conn, key, real=real, actor=actor)
        case "resume":
            resume(conn, key, now=now, real=real, actor=actor)
        case "archive":
            archive(conn, key, real=real, actor=actor)
        case _:
            raise InputError(N_("There is no such choice"))


def export(conn: Connection) -> dict[str, str]:
    """The stored sources by file name, as they were written."""
    found = {f"{one.key}.yaml": one.source for one in store.every(conn) if one.source}
    rows = conn.execute(sa.select(shared_definitions.c.key, shared_definitions.c.source))
    return found | {f"_shared/{key}.yaml": source for key, source in rows}
