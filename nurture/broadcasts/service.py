"""What people do with broadcasts: write, launch, pause, resume, stop, choose, send again. The caller opened the write.

`by` is who acts; None is the command line. Only marketers and administrators do any of it.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.engine import Connection

from nurture.broadcasts import audience, store
from nurture.broadcasts.model import BroadcastState as State
from nurture.broadcasts.model import Definition, Now, free_key, starts_at, to_data
from nurture.broadcasts.preflight import Look
from nurture.broadcasts.reading import from_data, read_broadcast
from nurture.broadcasts.store import Stored
from nurture.broadcasts.tables import broadcasts
from nurture.kernel.errors import ConflictError, DefinitionError, ForbiddenError, InputError, NotFoundError, Problem
from nurture.kernel.i18n import N_
from nurture.kernel.yamlfile import Source
from nurture.messages.store import languages
from nurture.policy.windows import zone_of
from nurture.segments import store as segments
from nurture.users.model import Person
from nurture.users.service import note

_WRONG_STATE = N_("The state of this one-time email does not allow this")
# From which states each verb leads where.
_MOVES: Mapping[str, tuple[tuple[State, ...], State]] = {
    "pause": ((State.SCHEDULED, State.SENDING), State.PAUSED),
    "stop": ((State.SCHEDULED, State.SENDING, State.PAUSED), State.STOPPED),
    "archive": ((State.DRAFT, State.DONE, State.STOPPED), State.ARCHIVED),
}
VERBS = ("pause", "resume", "stop", "archive", "edit")


def found(conn: Connection, key: str) -> Stored:
    """The broadcast of this key; NotFoundError when there is none."""
    one = store.get(conn, key)
    if one is None:
        raise NotFoundError(N_("There is no such one-time email"))
    return one


def definition(stored: Stored) -> Definition:
    """What is stored, read. DefinitionError when it no longer reads."""
    return from_data(stored.definition, segments.built_in())


def other_of(conn: Connection, chosen: Definition) -> Stored | None:
    """The broadcast whose missed leads are the audience."""
    return found(conn, chosen.missed) if chosen.missed else None


def read(conn: Connection, source: Source) -> Definition:
    """A definition that names only what there is. DefinitionError with every finding."""
    facts = segments.facts(conn).knowing(segment=[one.key for one in segments.every(conn)])
    one, problems = read_broadcast(source, facts, languages(conn))
    if one is None:
        raise DefinitionError(problems)
    if one.missed is not None and store.get(conn, one.missed) is None:
        problem = source.problem("unknown_broadcast", N_("There is no such one-time email"), path="missed")
        raise DefinitionError([problem])
    return one


def save(
    conn: Connection, source: Source, *, by: Person | None, now: datetime, real: datetime, version: int | None = None
) -> Stored:
    """Keep a draft, new or changed. `version` is the one that was changed; ConflictError when there is a later one."""
    actor = _actor(by)
    one = read(conn, source)
    before = store.get(conn, one.key)
    if before is None:
        return _add(conn, one, actor, now, real)
    before = store.lock(conn, before.id)
    if before.state is not State.DRAFT:
        raise ConflictError(N_("Only a draft can be changed"))
    if version is not None and version != before.version:
        raise ConflictError(N_("Somebody else has changed it meanwhile: open it again"))
    store.set_(conn, before.id, name=one.name, definition=to_data(one), version=before.version + 1,
               root_id=_root(conn, one, before.id))  # fmt: skip
    note(conn, actor=actor, action="broadcast.change", subject=f"broadcast:{one.key}", at=real,
         detail={"before": before.definition, "after": to_data(one)})  # fmt: skip
    return found(conn, one.key)


def _add(conn: Connection, one: Definition, actor: str, now: datetime, real: datetime) -> Stored:
    values = {"key": one.key, "name": one.name, "state": State.DRAFT.value, "definition": to_data(one),
              "created_at": now, "created_by": actor}  # fmt: skip
    new = conn.execute(broadcasts.insert().values(values).returning(broadcasts.c.id)).scalar_one()
    store.set_(conn, new, root_id=_root(conn, one, new))
    note(conn, actor=actor, action="broadcast.add", subject=f"broadcast:{one.key}", at=real)
    return found(conn, one.key)


def _root(conn: Connection, one: Definition, own: int) -> int:
    other = other_of(conn, one)
    return own if other is None else other.root_id


def launch(
    conn: Connection,
    key: str,
    look: Look,
    *,
    by: Person | None,
    house: ZoneInfo,
    now: datetime,
    real: datetime,
    seen: tuple[int, int] | None = None,
    confirmed: int | None = None,
) -> Stored:
    """Let a draft go at its time. `look` is fresh, `seen` the (audience, will get it) that the person looked at.

    ConflictError when the numbers have changed much since, or something forbids it; InputError on `confirm` when
    the number of emails has to be typed and was not.
    """
    actor = _actor(by)
    stored = store.lock(conn, found(conn, key).id)
    if stored.state is not State.DRAFT:
        raise ConflictError(_WRONG_STATE)
    if look.version != stored.version:
        raise ConflictError(N_("Somebody else has changed it meanwhile: open it again"))
    if look.forbidden:
        raise ConflictError(look.forbidden[0].text, **look.forbidden[0].params)
    if seen is not None and look.differs(*seen):
        message = N_(
            "The numbers have changed since you looked: now %(will)s of %(audience)s would get it. Look again."
        )
        raise ConflictError(message, will=look.will, audience=look.audience)
    if look.must_confirm and confirmed != look.will:
        wanted = (("count", str(look.will)),)
        raise InputError([Problem("confirm", N_("Type %(count)s to confirm"), path="confirm", params=wanted)])
    chosen = definition(stored)
    zones = [zone_of(name, house.key) for name in audience.zones(conn)]
    start = starts_at(chosen.when, house, zones, now)
    numbers = {"audience": look.audience, "will": look.will, "refused": dict(look.refused)}
    store.set_(conn, stored.id, state=State.SCHEDULED.value, starts_at=start, launched_by=actor, seen=numbers)
    note(conn, actor=actor, action="broadcast.launch", subject=f"broadcast:{key}", at=real, detail=numbers)
    return found(conn, key)


def steer(conn: Connection, key: str, verb: str, *, by: Person | None, now: datetime, real: datetime) -> Stored:
    """Pause, resume, stop, archive, or take back into a draft (`edit`). At once: each go reads the state anew."""
    actor = _actor(by)
    if verb not in VERBS:
        raise InputError(N_("There is no such choice"))
    stored = store.lock(conn, found(conn, key).id)
    values = _moved(stored, verb, now)
    store.set_(conn, stored.id, **values)
    note(conn, actor=actor, action=f"broadcast.{verb}", subject=f"broadcast:{key}", at=real)
    return found(conn, key)


def _moved(stored: Stored, verb: str, now: datetime) -> dict[str, Any]:
    """The columns that follow from a verb; ConflictError when the state does not allow it."""
    if verb == "edit":
        waits = stored.state is State.SCHEDULED or (stored.state is State.PAUSED and stored.started_at is None)
        _need(waits)
        return {"state": State.DRAFT.value, "starts_at": None, "before_state": None, "reason": "", "seen": None}
    if verb == "resume":
        _need(stored.state is State.PAUSED)
        values: dict[str, Any] = {"state": stored.before_state, "before_state": None, "reason": ""}
        if stored.starts_at is not None and stored.started_at is None:
            values["starts_at"] = max(now, stored.starts_at)
        return values
    allowed, state = _MOVES[verb]
    _need(stored.state in allowed)
    match verb:
        case "pause":
            return {"state": state.value, "before_state": stored.state.value, "reason": ""}
        case "stop":
            over = now if stored.started_at is None else None  # else once all that had not gone is taken back
            return {"state": state.value, "before_state": None, "reason": "", "ended_at": over}
        case _:
            _need(stored.state is State.DRAFT or stored.ended_at is not None)
            return {"state": state.value}


def _need(allowed: bool) -> None:  # noqa: FBT001 - the one thing it is about
    if not allowed:
        raise ConflictError(_WRONG_STATE)


def choose(conn: Connection, key: str, variant: str, *, by: Person | None, now: datetime, real: datetime) -> Stored:
    """Give this variant to the rest, whatever the test says."""
    actor = _actor(by)
    stored = store.lock(conn, found(conn, key).id)
    _need(stored.is_tested and stored.winner is None and stored.state in {State.SENDING, State.PAUSED})
    if variant not in {one.key for one in definition(stored).variants}:
        raise InputError(N_("There is no such choice"))
    store.set_(conn, stored.id, winner=variant, decided_at=now, decided_by=actor)
    note(conn, actor=actor, action="broadcast.choose", subject=f"broadcast:{key}", at=real, detail={"variant": variant})
    return found(conn, key)


def again(conn: Connection, key: str, *, name: str, by: Person | None, now: datetime, real: datetime) -> Stored:
    """A draft of the same email to those who did not get it, linked to the first. ConflictError before the end."""
    actor = _actor(by)
    stored = found(conn, key)
    _need(stored.ended_at is not None and stored.started_at is not None)
    before = definition(stored)
    winner = before.variant(stored.winner) if stored.winner else before.variants[0]
    new = replace(
        before, key=free_key(f"{key}_again", store.keys(conn)), name=name, segment=None, missed=key,
        variants=(replace(winner, key="a"),), test=None, when=Now(),
    )  # fmt: skip
    return _add(conn, new, actor, now, real)


def _actor(by: Person | None) -> str:
    if by is None:
        return "cli"
    if not by.may_define:
        raise ForbiddenError(N_("Only marketers and administrators send one-time emails"))
    return by.actor
