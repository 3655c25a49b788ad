"""Moves broadcasts on (opens its own transactions): takes the audience, decides tests, finishes. Called by each tick.

1. A broadcast whose time has come brings its segment up to date and takes the instant: whoever is in it then is meant.
2. One message for each lead is written in chunks, those who may not get it as skipped with the reason. A chunk and how
   far it came are one transaction, and a unique key forbids a second message: a kill between chunks loses and doubles
   nothing.
3. Of a test, once its emails have gone and the time is over, the winner by human clicks goes to the rest.
4. When nothing waits any more it is done. A stopped one takes back what has not gone, and writes who was meant too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.engine import Connection, Row

from nurture.activities.model import Decided
from nurture.activities.service import Decision, decide_many
from nurture.broadcasts import audience, store
from nurture.broadcasts.model import REST, Definition, Otherwise, goes_at, place
from nurture.broadcasts.model import BroadcastState as State
from nurture.broadcasts.service import definition, other_of
from nurture.broadcasts.store import Stored
from nurture.campaigns import house
from nurture.consents.store import standing
from nurture.kernel.context import Context
from nurture.kernel.database import update_rows
from nurture.kernel.errors import NurtureError
from nurture.kernel.reasons import Reason
from nurture.kernel.significance import Variant as Figure
from nurture.kernel.significance import compare
from nurture.leads.tables import leads
from nurture.messages.model import MessageClass, MessageState, NewMessage, Purposes, choose_language
from nurture.messages.service import set_state, under_subject, write
from nurture.messages.store import current_revisions, languages
from nurture.messages.tables import messages
from nurture.policy.hours import is_late
from nurture.policy.silence import NOTHING
from nurture.policy.store import outages, quiet
from nurture.policy.windows import zone_of
from nurture.segments import store as segments
from nurture.segments.upkeep import keep

_log = structlog.get_logger(__name__)

CHUNK = 200
MOST = 3_000  # messages in one call: campaigns wait for it


@dataclass(frozen=True, slots=True)
class _Ready:
    """A broadcast with its definition, read."""

    stored: Stored
    chosen: Definition
    other: Stored | None


def progress(ctx: Context, *, most: int = MOST) -> int:
    """Do what is due; gives how many messages were written or moved and broadcasts begun or ended."""
    with ctx.database.read() as conn:
        due = store.due(conn, ctx.clock.engine())
    done = 0
    for stored in due:
        try:
            done += _one(ctx, stored, most)
        except NurtureError as error:  # its definition can no longer be read: a person's to mend
            _log.error("broadcast_failed", key=stored.key, error=str(error))
    if done:
        ctx.wake.messages.set()
    return done


def _one(ctx: Context, stored: Stored, most: int) -> int:
    done = 0
    if stored.state is State.SCHEDULED:
        _refresh(ctx)
        done += 1
        with ctx.database.write() as conn:
            if not _begin(conn, ctx, stored.id):
                return done
    for act in (_write_some, _take_back, _decide, _hand_out, _end):
        while done < most:
            with ctx.database.write() as conn:
                count = act(conn, ctx, stored.id)
            if not count:
                break
            done += count
    return done


def _refresh(ctx: Context) -> None:
    """All segments, since one may name another."""
    with ctx.database.read() as conn:
        facts = segments.facts(conn, ctx.settings.zone)
    keep(ctx.database, ctx.clock.engine(), ctx.clock.real(), facts)


def _ready(conn: Connection, broadcast_id: int, *states: State) -> _Ready | None:
    """The broadcast, locked, if it is in one of these states."""
    stored = store.lock(conn, broadcast_id)
    if stored.state not in states:
        return None
    chosen = definition(stored)
    return _Ready(stored, chosen, other_of(conn, chosen))


# -- the start --


def _begin(conn: Connection, ctx: Context, broadcast_id: int) -> bool:
    """Take the instant; held for a person when the start was missed by long."""
    ready = _ready(conn, broadcast_id, State.SCHEDULED)
    now = ctx.clock.engine()
    if ready is None or ready.stored.starts_at is None or ready.stored.starts_at > now:
        return False
    if _is_late(conn, ctx, ready, now):
        held = {"state": State.PAUSED.value, "before_state": State.SCHEDULED.value, "reason": Reason.HELD_LATE.value}
        store.set_(conn, broadcast_id, **held)
        _log.warning("broadcast_held_late", key=ready.stored.key)
        return False
    texts = _texts(conn, ready.chosen, now)
    store.set_(conn, broadcast_id, state=State.SENDING.value, started_at=now, written_until=0, texts=texts)
    return True


def _is_late(conn: Connection, ctx: Context, ready: _Ready, now: datetime) -> bool:
    """Whether nothing ran for longer than the house allows, since it was to start; as for any mail."""
    start, sending = ready.stored.starts_at, ready.chosen.sending
    rules = house.live(conn).of(sending.class_)
    if start is None or rules.late_start is None or now - start <= rules.late_start:
        return False
    return is_late(sending.policy, rules, ctx.settings.local_zone, start, now, outages(conn, start, now))


def _texts(conn: Connection, chosen: Definition, now: datetime) -> dict[str, dict[str, int]] | None:
    """The revisions of its texts, frozen where variants are compared or have a subject of their own."""
    if chosen.test is None and not any(one.subject for one in chosen.variants):
        return None
    current = current_revisions(conn)
    found: dict[str, dict[str, int]] = {one.key: {} for one in chosen.variants}
    for one in chosen.variants:
        for (email, language), revision in current.items():
            if email == one.email:
                subject = one.subject.get(language)
                found[one.key][language] = under_subject(conn, revision, subject, now=now) if subject else revision
    return found


# -- the audience --


def _write_some(conn: Connection, ctx: Context, broadcast_id: int) -> int:
    """Write the next chunk of messages; 0 when the audience is complete or nothing may be written now."""
    ready = _ready(conn, broadcast_id, State.SENDING, State.STOPPED)
    if ready is None or ready.stored.written_at is not None or ready.stored.started_at is None:
        return 0
    rows, until = _next(conn, ready)
    now = ctx.clock.engine()
    if not rows:
        store.set_(conn, broadcast_id, written_at=now)
        return 0
    written = _messages(conn, ctx, ready, rows)
    ids = write(conn, written, now=now, real=ctx.clock.real())
    fresh = [one for one, new in zip(written, ids, strict=True) if new is not None]
    decide_many(conn, [_decision(ready.stored, one, now) for one in fresh if one.state is MessageState.SKIPPED])
    store.set_(conn, broadcast_id, written_until=until)
    return len(rows)


def _next(conn: Connection, ready: _Ready) -> tuple[Sequence[Row[Any]], int]:
    """The next leads that were meant at the start, and how far that comes."""
    stored, after = ready.stored, ready.stored.written_until or 0
    if ready.other is not None:
        found = audience.next_of_missed(conn, ready.other, after, CHUNK)
        return found, found[-1].id if found else after
    key, at = ready.chosen.segment or "", stored.started_at
    if at is None:
        return (), after
    found = audience.next_of_segment(conn, key, at, after, CHUNK)
    if found:
        return found, found[-1].id
    return audience.left_since(conn, stored.id, key, at, CHUNK), after


def _messages(conn: Connection, ctx: Context, ready: _Ready, rows: Sequence[Row[Any]]) -> list[NewMessage]:
    stands = standing(conn, ctx.keys, [(row.id, row.email) for row in rows])
    hushed = quiet(conn, [row.id for row in rows])
    there = _languages(conn, ready)
    sending = ready.chosen.sending
    ours = house.live(conn)
    found = []
    for row in rows:
        why = audience.refusal(row, stands[row.id], hushed.get(row.id, NOTHING), sending.class_, sending.policy.topic)
        why = ours.named(why) if why is not None else None
        found.append(_message(ctx, ready, row, why, there))
    return found


def _languages(conn: Connection, ready: _Ready) -> Mapping[str, Sequence[str]]:
    """In which languages each variant is there."""
    if ready.stored.texts is not None:
        return {key: list(texts) for key, texts in ready.stored.texts.items()}
    by_email = languages(conn, [one.email for one in ready.chosen.variants])
    return {one.key: by_email.get(one.email, []) for one in ready.chosen.variants}


def _message(
    ctx: Context, ready: _Ready, lead: Row[Any], why: audience.Why | None, there: Mapping[str, Sequence[str]]
) -> NewMessage:
    stored, chosen = ready.stored, ready.chosen
    key, occurrence = place(chosen, lead.public_id)
    variant = chosen.variant(key) if key is not None else chosen.variants[0]
    language = choose_language((lead.language, ctx.settings.language), there[variant.key])
    if why is None and language is None:
        why = Reason.NO_TEMPLATE, {"email": variant.email}
    state, reason, detail = _standing_of(stored, key, why)
    zone = zone_of(lead.zone, ctx.settings.zone)
    start = goes_at(chosen.when, zone, stored.started_at or ctx.clock.engine())
    return NewMessage(
        Purposes.BROADCAST,
        variant.email,
        language or ctx.settings.language,
        MessageClass(chosen.sending.class_),
        start,
        lead_id=lead.id,
        step=key,
        occurrence=occurrence,
        broadcast_id=stored.id,
        sender=chosen.sending.sender.value,
        policy=chosen.sending.policy.to_json(zone),
        state=state,
        reason=reason,
        detail=detail,
        priority=chosen.sending.priority,
        template_revision_id=(stored.texts or {}).get(key or "", {}).get(language or ""),
    )


def _standing_of(
    stored: Stored, key: str | None, why: audience.Why | None
) -> tuple[MessageState, str, Mapping[str, Any] | None]:
    """State, reason and its values of a new message."""
    if why is not None:
        return MessageState.SKIPPED, why[0].value, dict(why[1])
    if stored.state is State.STOPPED:
        return MessageState.CANCELED, Reason.BROADCAST_STOPPED.value, None
    return MessageState.QUEUED, "" if key is not None else Reason.TEST_RUNNING.value, None


def _decision(stored: Stored, one: NewMessage, now: datetime) -> Decision:
    subject = f"broadcast:{stored.key}"
    return Decision(Decided.SEND, subject, "no", Reason(one.reason), now, one.lead_id, subject, one.detail or {})


# -- the end --


def _take_back(conn: Connection, ctx: Context, broadcast_id: int) -> int:
    """Of a stopped one: cancel what has not gone; what is on its way is left to its sender."""
    if _ready(conn, broadcast_id, State.STOPPED) is None:
        return 0
    waiting = (MessageState.QUEUED.value, MessageState.DEFERRED.value)
    mine = (messages.c.broadcast_id == broadcast_id, messages.c.state.in_(waiting))
    ids = list(conn.execute(sa.select(messages.c.id).where(*mine).limit(CHUNK)).scalars())
    set_state(conn, ids, MessageState.CANCELED, now=ctx.clock.engine(), reason=Reason.BROADCAST_STOPPED)
    return len(ids)


def _decide(conn: Connection, ctx: Context, broadcast_id: int) -> int:
    """Look at a test whose time is over, and keep its figures. Without a winner it goes as the author chose."""
    ready = _ready(conn, broadcast_id, State.SENDING)
    if ready is None or ready.chosen.test is None or ready.stored.written_at is None:
        return 0
    stored, test = ready.stored, ready.chosen.test
    if stored.winner is not None or stored.result is not None:
        return 0
    now = ctx.clock.engine()
    waits, last = store.last_gone(conn, broadcast_id)
    if waits or (last is not None and now < last + test.after):
        return 0
    result, winner = judged(conn, ready.chosen, stored)
    if winner is None and test.otherwise is Otherwise.FIRST:
        winner = ready.chosen.variants[0].key
    decided = {"winner": winner, "decided_at": now, "decided_by": "engine"} if winner is not None else {}
    store.set_(conn, broadcast_id, result=result, **decided)
    return 1


def judged(conn: Connection, chosen: Definition, stored: Stored) -> tuple[dict[str, Any], str | None]:
    """The figures of a test with what they come to, and the winner; None on noise."""
    found = {one.key: one for one in store.figures(conn, stored, tested=True)}
    figures = [found.get(one.key) or Figure(one.key, 0, 0) for one in chosen.variants]
    confidence = chosen.test.confidence if chosen.test is not None else None
    compared = compare(figures, confidence) if confidence is not None else compare(figures)
    result = {
        "finding": compared.finding.value,
        "confidence": compared.confidence,
        "leader": compared.leader,
        "p": compared.p,
        "variants": [asdict(one) for one in figures],
    }
    return result, compared.winner


_HANDED = ("step", "template_key", "template_revision_id", "language", "state", "reason", "detail", "ended_at")


def _hand_out(conn: Connection, ctx: Context, broadcast_id: int) -> int:
    """Give the chosen variant to the next of those who wait for it."""
    ready = _ready(conn, broadcast_id, State.SENDING)
    if ready is None or ready.stored.winner is None:
        return 0
    stored, variant = ready.stored, ready.chosen.variant(ready.stored.winner)
    there = _languages(conn, ready)[variant.key]
    query = (
        sa.select(messages.c.id, leads.c.language)
        .join(leads, leads.c.id == messages.c.lead_id)
        .where(messages.c.broadcast_id == broadcast_id, messages.c.state == MessageState.QUEUED.value)
        .where(messages.c.step.is_(None), messages.c.occurrence == REST)
        .limit(CHUNK)
    )
    changes: list[tuple[Any, ...]] = []
    for row in conn.execute(query):
        language = choose_language((row.language, ctx.settings.language), there)
        text = (stored.texts or {}).get(variant.key, {}).get(language or "")
        named = (row.id, variant.key, variant.email, text, language or ctx.settings.language)
        if language is None:
            lost = (MessageState.SKIPPED.value, Reason.NO_TEMPLATE.value, {"email": variant.email}, ctx.clock.engine())
            changes.append((*named, *lost))
        else:
            changes.append((*named, MessageState.QUEUED.value, "", None, None))
    if changes:
        update_rows(conn, messages, _HANDED, changes)
    return len(changes)


def _end(conn: Connection, ctx: Context, broadcast_id: int) -> int:
    """Done when nothing waits any more; what is on its way is waited for."""
    ready = _ready(conn, broadcast_id, State.SENDING, State.STOPPED)
    if ready is None or ready.stored.ended_at is not None or ready.stored.written_at is None:
        return 0
    if store.is_unfinished(conn, broadcast_id):
        return 0
    state = State.DONE if ready.stored.state is State.SENDING else State.STOPPED
    store.set_(conn, broadcast_id, state=state.value, ended_at=ctx.clock.engine())
    return 1
