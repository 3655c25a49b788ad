"""What comes back is acted on: messages, suppressions, timeline, silence. Loads, decides, saves, in one transaction.

Whatever order things are told in, and however often, the end is the same: each return counts once by its source and
key, `bounced` outlasts `sent` and `delivered`, and a suppression is never lifted here. A fixed number of statements for
any many.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.activities.model import Kind
from nurture.activities.service import Activity, record_set
from nurture.activities.store import known_causes
from nurture.consents.model import Method, SuppressionReason
from nurture.delivery import complaints
from nurture.delivery.settle import arrived_later
from nurture.inbound import mailto, store
from nurture.inbound.bouncing import bounce
from nurture.inbound.deciding import MAIL, Case, decide
from nurture.inbound.matching import match
from nurture.inbound.model import Outcome, Return, What
from nurture.inbound.refusal_words import Refusal, find
from nurture.inbound.refusing import Closing, No, close, refuse, take_back
from nurture.kernel.context import Context
from nurture.kernel.database import Instant, among
from nurture.kernel.reasons import Reason
from nurture.leads.desk import LONGEST_NOTE
from nurture.leads.store import hold
from nurture.leads.tables import leads
from nurture.messages.model import COUNTED
from nurture.messages.tables import messages
from nurture.messages.values import mailbox

_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Applied:
    """What a batch came to. `reacts`: activities wait for their effects (ring `wake.reactions` after the commit)."""

    new: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)  # by `what:outcome`
    reacts: bool = False


def apply(
    conn: Connection, ctx: Context, told: Sequence[Return], *, raws: Mapping[str, bytes] | None = None
) -> Applied:
    """Act on these returns; those told before are passed over. `raws`: the mails they came in, by their keys."""
    now, real = ctx.clock.engine(), ctx.clock.real()
    new = store.add(conn, told, now=now, real=real)
    if not new:
        return Applied()
    cases = _held(conn, ctx, new, now)
    reacts = [
        bounce(conn, ctx, _of(cases, What.BOUNCED), now, real),
        _complained(conn, ctx, _of(cases, What.COMPLAINED), now, real),
        _refused(conn, ctx, [case for case in cases if case.refuses], now, real),
        _replied(conn, [case for case in cases if case.reply], now, real),
    ]
    _delivered(conn, ctx, _of(cases, What.DELIVERED))
    store.save(conn, ctx.keys, cases, raws or {})
    return Applied(len(cases), Counter(f"{case.told.what}:{case.outcome}" for case in cases), any(reacts))


def _held(conn: Connection, ctx: Context, new: Sequence[tuple[int, Return]], now: datetime) -> list[Case]:
    """The cases, with their leads held. What was committed while that waited counts: a merge, an erasure, a go."""
    cases = _cases(conn, ctx, new, now)
    ids = {case.found.lead_id for case in cases} - {None}
    if conn.dialect.name == "sqlite" or not ids:  # which has one writer
        return cases
    hold(conn, sorted(one for one in ids if one is not None))
    return _cases(conn, ctx, new, now)


def _cases(conn: Connection, ctx: Context, new: Sequence[tuple[int, Return]], now: datetime) -> list[Case]:
    """Each with whom it is about and what follows."""
    tokens = [mailto.read(ctx.keys, one) for _, one in new]
    named = [
        one if token is None or one.message_id is not None else replace(one, message_id=token.message_id)
        for (_, one), token in zip(new, tokens, strict=True)
    ]
    whom = match(conn, named, now, (mailbox(ctx.settings.mail_from)[1], ctx.settings.bounce_address))
    signs = bool(ctx.settings.bounce_address)
    return [
        decide(number, one, found, _words(one), token, signs=signs)
        for (number, one), found, token in zip(new, whom, tokens, strict=True)
    ]


def _words(one: Return) -> Refusal | None:
    """The refusal in a reply's own words."""
    return find(one.text, one.subject) if one.what in {What.REPLIED, What.UNSUBSCRIBED} else None


def _of(cases: Sequence[Case], what: What) -> list[Case]:
    return [case for case in cases if case.told.what is what]


_ARRIVED = (
    messages.update()
    .where(messages.c.id == sa.bindparam("message"), messages.c.delivered_at.is_(None))
    .where(sa.or_(*(messages.c.state == state.value for state in COUNTED)))  # IN takes no list of rows
    .values(delivered_at=sa.bindparam("at", type_=Instant))
)


def _delivered(conn: Connection, ctx: Context, cases: Sequence[Case]) -> None:
    """The receiver took them; what has bounced since stays bounced."""
    done = [case for case in cases if case.outcome is Outcome.DONE]
    if done:
        arrived_later(conn, ctx, [case.found.message_id or 0 for case in done])
        told = sorted((case.found.message_id or 0, case.told.at) for case in done)
        conn.execute(_ARRIVED, [{"message": number, "at": at} for number, at in told])


def _complained(conn: Connection, ctx: Context, cases: Sequence[Case], now: datetime, real: datetime) -> bool:
    """Called spam: the address is closed for good, and whatever has not gone yet is taken back."""
    done = [case for case in cases if case.outcome is Outcome.DONE]
    if not done:
        return False
    reason = SuppressionReason.COMPLAINED
    addresses = [(case, one) for case in done for one in {case.found.address, case.found.email} if one]
    close(conn, [Closing(ctx.keys.address_hash(one), reason, f"return:{case.id}") for case, one in addresses], now)
    of_leads = [case for case in done if case.found.lead_id is not None]
    complaints.note(conn, _first_told(conn, done), real)
    record_set(conn, [_line(case, Kind.COMPLAINED, now) for case in of_leads], real=real)
    take_back(conn, [case.found.lead_id or 0 for case in of_leads], Reason.COMPLAINED, now, every=True)
    return bool(of_leads)


def _first_told(conn: Connection, cases: Sequence[Case]) -> list[int]:
    """Messages that nobody has complained about so far."""
    named = {f"message:{number}:{Kind.COMPLAINED.value}": number for case in cases if (number := case.found.message_id)}
    told: set[str] = set()
    keys = sorted(named)
    for start in range(0, len(keys), _CHUNK):
        told |= known_causes(conn, keys[start : start + _CHUNK])
    return sorted(named[key] for key in named.keys() - told)


def _line(case: Case, kind: Kind, now: datetime, **detail: Any) -> Activity:
    """A line of the timeline; of one kind and message it stands there once."""
    row, cause = case.found.message, f"return:{case.id}"
    key = f"message:{row.id}:{kind.value}" if row is not None and kind is Kind.COMPLAINED else f"{cause}:{kind.value}"
    return Activity(
        case.found.lead_id or 0, kind, now, "lead", cause, key, case.found.message_id,
        row.campaign_key if row is not None else None, row.template_key if row is not None else None, detail=detail,
    )  # fmt: skip


def _refused(conn: Connection, ctx: Context, cases: Sequence[Case], now: datetime, real: datetime) -> bool:
    """A lead's own no, honored at once."""
    refuse(conn, [_no(ctx, case) for case in cases], now=now, real=real)
    return bool(cases)


def _no(ctx: Context, case: Case) -> No:
    found, by_mail = case.found, case.told.source == MAIL
    known = [ctx.keys.address_hash(one) for one in (found.address, found.email) if one]
    if case.token is not None:
        known = [case.token.address_hash, *([ctx.keys.address_hash(found.email)] if found.email else [])]
    words = case.refusal.words if case.refusal else case.told.subject
    row = found.message
    return No(
        found.lead_id, tuple(dict.fromkeys(known)), f"return:{case.id}", Method.REPLY if by_mail else Method.PROVIDER,
        words, found.message_id, row.campaign_key if row is not None else None,
        row.template_key if row is not None else None,
    )  # fmt: skip


def _replied(conn: Connection, cases: Sequence[Case], now: datetime, real: datetime) -> bool:
    """A person wrote: in the timeline, and automatic mail waits until the owner has looked."""
    if not cases:
        return False
    lines = []
    for case in cases:
        note = store.written(case.told.text)[:LONGEST_NOTE] or store.written(case.told.subject)
        more = {"refusal": case.refusal.words, "honored": case.refuses} if case.refusal is not None else {}
        lines.append(_line(case, Kind.REPLIED, now, note=note, **{"return": case.id}, **more))
    record_set(conn, lines, real=real)
    who = among(leads.c.id, sorted({case.found.lead_id or 0 for case in cases}))
    conn.execute(leads.update().where(who, leads.c.replied_at.is_(None)).values(replied_at=now, updated_at=now))
    older = sa.or_(leads.c.last_activity_at.is_(None), leads.c.last_activity_at < now)
    conn.execute(leads.update().where(who, older).values(last_activity_at=now))
    return True
