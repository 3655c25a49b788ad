"""From raw hits to activities: judge, write the verdict, count what a person did once, take back what a machine did.

The hits of one message are judged together, by one process at a time.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy.engine import Connection

from nurture.activities.model import LATE, Decided
from nurture.activities.service import Activity, Decision, decide_many, record, record_many
from nurture.kernel.context import Context
from nurture.kernel.counting import VERDICTS
from nurture.kernel.reasons import Reason
from nurture.messages.links import TRAP
from nurture.tracking import store
from nurture.tracking.company import SWEEP, Neighbors, Readers, Seen
from nurture.tracking.event import events
from nurture.tracking.model import Verdict
from nurture.tracking.refusal import look, resubscribe, unsubscribe
from nurture.tracking.store import Kept, Mail
from nurture.tracking.verdict import SETTLING, VERSION, judge, neighbors_of

__all__ = ["ONE_CLICK", "ingest", "look", "readers_of", "resubscribe", "unsubscribe", "write"]

ONE_CLICK = timedelta(minutes=1)  # the same link followed again within this real time counts once
_NEAR = max(ONE_CLICK, SWEEP)  # so far from a hit others may matter to it
_MESSAGES_AT_ONCE, _IN_A_CROWD = 100, 25
_OPEN_TO_TRAPS = (Verdict.HUMAN, Verdict.SUSPECT)
_NO_MAIL = Mail(None, None, "", None, None)


def ingest(ctx: Context, limit: int = 500, *, hits: Sequence[int] | None = None) -> int:
    """Judge up to `limit` hits: the fresh ones, and those whose settling time is over. Gives how many it judged.

    Or of these `hits` those that wait: doubled or late it does no harm.
    """
    with ctx.database.read() as conn:
        if hits is None:
            waiting = store.waiting(conn, ctx.clock.real() - SETTLING, limit)
        else:
            waiting = store.messages_of(conn, hits)
    wanted: dict[int, list[int]] = defaultdict(list)
    for hit_id, message_id in waiting:
        wanted[message_id].append(hit_id)
    done = 0
    message_ids = sorted(wanted)
    while message_ids:
        size, began = _IN_A_CROWD if ctx.wake.crowd.is_set() else _MESSAGES_AT_ONCE, ctx.clock.monotonic()
        part = {one: wanted[one] for one in message_ids[:size]}
        with ctx.database.write() as conn:
            done += _judge(conn, part, ctx.clock.engine(), ctx.clock.real())
        ctx.wake.reactions.set()
        del message_ids[:size]
        ctx.give_way(began)
    return done


def _judge(conn: Connection, wanted: Mapping[int, list[int]], now: datetime, real: datetime) -> int:
    """Judge these hits, by message, and what the new ones mean for their neighbors; gives how many of the wanted."""
    ours = store.claim(conn, wanted)
    ids = [hit_id for message_id in sorted(ours) for hit_id in wanted[message_id]]
    due = store.due(conn, ids, real - SETTLING)
    if not due:
        return 0
    before = _before(conn, ours, due)
    mails = store.mails(conn, ours)
    after = _verdicts(before.values(), mails, real, _readers(conn, before.values(), mails))
    write(conn, before, after, mails, now, real)
    for one in due:
        VERDICTS.add(one.hit.kind, after.get(one.id, one).verdict or "none")
    erased = [number for number, mail in mails.items() if mail.erased]
    if erased:
        store.forget(conn, erased)
    return len(due)


def write(
    conn: Connection,
    before: Mapping[int, Kept],
    after: Mapping[int, Kept],
    mails: Mapping[int, Mail],
    now: datetime,
    real: datetime,
    *,
    old: datetime | None = None,
) -> list[Kept]:
    """Keep what is new of these hits, take back what no hit counts for any more, count what counts now.

    Gives the hits that count anew. What counts for one from before `old` gives its points, and calls nobody.
    """
    let_go = {before[key].activity_id for key, one in after.items() if one.activity_id is None} - {None}
    if let_go:
        store.judged(conn, after.values(), VERSION)
        _withdraw(conn, {one.hit.message_id for one in after.values()}, let_go, now)
    counted = _count(conn, {**before, **after}.values(), mails, real, old)
    changed = counted if let_go else ({**after} | {one.id: one for one in counted}).values()
    store.judged(conn, changed, VERSION)
    _note_machines(conn, after.values(), mails, now)
    return counted


def _before(conn: Connection, messages: Collection[int], due: Collection[Kept]) -> dict[int, Kept]:
    """These hits and their company: what came near them, and what came by the hands that followed a hidden link."""
    since, until = min(one.hit.at for one in due) - _NEAR, max(one.hit.at for one in due) + _NEAR
    trapping = {one.hit.message_id for one in due if one.hit.link == TRAP}
    company = store.company(conn, messages, since, until) + store.traps(conn, messages)
    company += store.every(conn, trapping) if trapping else []
    return {one.id: one for one in (*company, *due)}


def _readers(conn: Connection, hits: Collection[Kept], mails: Mapping[int, Mail]) -> dict[int, Readers]:
    """By message: who of its lead's people has followed links before, where anybody did."""
    clicks = [one for one in hits if one.hit.kind == "click" and one.hit.link != TRAP]
    asked = {one.hit.message_id for one in clicks if not one.settled}
    seen = store.people_on(conn, asked, {one.id for one in hits}) if asked else []
    doubted = _doubted(clicks, seen)
    readers = readers_of(asked, mails, store.people_elsewhere(conn, doubted) if doubted else {})
    for one in seen:
        readers[one.message_id].add(one)
    return readers


def _doubted(clicks: Collection[Kept], seen: Collection[Seen]) -> set[int]:
    """Messages with clicks that may be somebody else's, as far as the message itself tells: hardly any."""
    here: dict[int, Readers] = defaultdict(Readers)
    for one in (*seen, *(Seen.of(click.hit) for click in clicks)):
        here[one.message_id].add(one)
    return {one.hit.message_id for one in clicks if not one.settled and here[one.hit.message_id].passed_on(one.hit)}


def readers_of(
    messages: Iterable[int], mails: Mapping[int, Mail], elsewhere: Mapping[int, Collection[Seen]]
) -> dict[int, Readers]:
    """By message, one for all of a lead: who is known from other messages."""
    shared: dict[int, Readers] = defaultdict(Readers)
    found = {}
    for message_id in messages:
        lead_id = mails.get(message_id, _NO_MAIL).lead_id
        found[message_id] = shared[-message_id if lead_id is None else lead_id]
        for one in elsewhere.get(message_id, ()):
            found[message_id].add(one)
    return found


def _verdicts(
    hits: Collection[Kept], mails: Mapping[int, Mail], real: datetime, readers: Mapping[int, Readers]
) -> dict[int, Kept]:
    """The hits of which there is something new to write. One that counts as something else lets its activity go."""
    groups: dict[int, list[Kept]] = defaultdict(list)
    for one in hits:
        groups[one.hit.message_id].append(one)
    after = {}
    for message_id, group in sorted(groups.items()):
        neighbors = neighbors_of(one.hit for one in group)
        mail, known = mails.get(message_id, _NO_MAIL), readers.get(message_id) or Readers()
        for one in sorted(group, key=lambda one: (one.hit.at, one.id)):
            found = _verdict(one, neighbors, known, mail, real)
            if found is not None:
                after[one.id] = found
            if (found or one).verdict is Verdict.HUMAN:
                known.add(Seen.of(one.hit))
    return after


def _verdict(one: Kept, neighbors: Neighbors, known: Readers, mail: Mail, real: datetime) -> Kept | None:
    """The hit as it is judged now, None where nothing is new. A settled one is only looked at when it is trapped."""
    if one.settled and not (one.verdict in _OPEN_TO_TRAPS and neighbors.trapped(one.hit)):
        return None
    said = judge(one.hit, neighbors, real=real, sent_at=mail.sent_at, links=mail.links, readers=known)
    settled = real - one.hit.at >= SETTLING
    if one.settled is settled and (said.verdict, said.reasons) == (one.verdict, one.reasons):
        return None
    activity_id = one.activity_id if said.verdict == one.verdict else None
    return Kept(one.id, one.hit, said.verdict, said.reasons, settled, activity_id, VERSION)


def _withdraw(conn: Connection, messages: Collection[int], let_go: Iterable[int | None], now: datetime) -> None:
    """Withdraw the activities that no hit counts for any more."""
    dropped = {activity_id for activity_id in let_go if activity_id is not None}
    if dropped:
        store.withdraw(conn, dropped - store.still_counted(conn, messages, dropped), now)


@dataclass(slots=True)
class _Plan:
    """An activity to be written, or one that is there, and the hits that count for it."""

    first: Kept
    activity_id: int | None = None
    hits: list[Kept] = field(default_factory=list)


def _count(
    conn: Connection, hits: Collection[Kept], mails: Mapping[int, Mail], real: datetime, old: datetime | None
) -> list[Kept]:
    """Give each hit that counts its activity, new or old; gives the hits that got one."""
    plans: dict[tuple[int, str, int | None], list[_Plan]] = defaultdict(list)
    for one in sorted(hits, key=lambda one: (one.activity_id is None, one.hit.at, one.id)):
        if not _counts(one) or mails.get(one.hit.message_id, _NO_MAIL).lead_id is None:
            continue
        same = plans[one.hit.message_id, f"{one.hit.kind}:{one.verdict}", one.hit.link]
        plan = next((plan for plan in same if _is_one(plan, one)), None)
        if plan is None:
            plan = _Plan(one, one.activity_id)
            same.append(plan)
        if one.activity_id is None:
            plan.hits.append(one)
    wanted = [plan for group in plans.values() for plan in group if plan.hits]
    _record(conn, [plan for plan in wanted if plan.activity_id is None], mails, real, old)
    return [replace(one, activity_id=plan.activity_id) for plan in wanted for one in plan.hits]


def _counts(one: Kept) -> bool:
    return one.verdict in events()[one.hit.kind].COUNTED


def _is_one(plan: _Plan, one: Kept) -> bool:
    """Whether the hit counts for the plan's activity, and not by itself."""
    if one.activity_id is not None:
        return one.activity_id == plan.activity_id
    return events()[one.hit.kind].ONCE or abs(one.hit.at - plan.first.hit.at) <= ONE_CLICK


def _record(
    conn: Connection, plans: list[_Plan], mails: Mapping[int, Mail], real: datetime, old: datetime | None
) -> None:
    """Write the activities, in the order of their leads, so that two processes never wait for each other crosswise."""
    plans.sort(key=lambda plan: (mails[plan.first.hit.message_id].lead_id or 0, plan.first.hit.at))
    batch = [_activity(plan.first, mails[plan.first.hit.message_id], old) for plan in plans]
    for plan, activity, new in zip(plans, batch, record_many(conn, batch, real=real), strict=True):
        plan.activity_id = new if new is not None else _again(conn, activity, real)


def _again(conn: Connection, activity: Activity, real: datetime) -> int:
    """The activity of this cause that counts: the one there is, or a new one after those withdrawn."""
    key, generation = str(activity.cause_key), 1
    while True:
        cause_key = key if generation == 1 else f"{key}:{generation}"
        new = record(conn, replace(activity, cause_key=cause_key), real=real)
        if new is not None:
            return new
        standing, counts = store.standing_activity(conn, activity.kind, cause_key)
        if counts:
            return standing
        generation += 1


def _activity(one: Kept, mail: Mail, old: datetime | None) -> Activity:
    """What the lead did, as the hit tells it."""
    event, hit = events()[one.hit.kind], one.hit
    key = f"{hit.kind}:{hit.message_id}:" + (f"{one.verdict}" if event.ONCE else f"{hit.link}:{one.id}")
    return Activity(
        mail.lead_id or 0,
        event.ACTIVITY,
        hit.engine_at,
        "lead",
        f"hit:{one.id}",
        cause_key=key,
        message_id=hit.message_id,
        campaign_key=mail.campaign_key,
        email_key=mail.email_key,
        url=hit.url,
        detail={"verdict": str(one.verdict)}
        | ({} if hit.link is None else {"link": hit.link})
        | ({LATE: True} if old is not None and hit.at < old else {}),
    )


def _note_machines(conn: Connection, hits: Collection[Kept], mails: Mapping[int, Mail], now: datetime) -> None:
    """For each message at most one decision that says that a machine's hit does not score."""
    first: dict[int, Kept] = {}
    for one in hits:
        mail = mails.get(one.hit.message_id, _NO_MAIL)
        if one.verdict is Verdict.MACHINE and mail.lead_id is not None:
            first.setdefault(one.hit.message_id, one)
    noted = store.refused_before(conn, first) if first else set()
    decide_many(
        conn,
        [
            Decision(
                Decided.SCORE,
                f"message:{message_id}",
                "no",
                Reason.MACHINE_HIT,
                now,
                mails[message_id].lead_id,
                f"hit:{one.id}",
                {"reasons": list(one.reasons)},
            )
            for message_id, one in first.items()
            if message_id not in noted
        ],
    )
