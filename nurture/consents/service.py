"""Saying yes and no, with proof. Lines are added, never changed; every function wants the caller's write transaction.

A person's own yes (form, page, told to a member of staff) lifts their earlier unsubscribe. A file's never does.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.engine import Connection

from nurture.activities.model import Kind
from nurture.activities.service import Activity, record, record_set
from nurture.consents import store
from nurture.consents.model import Channel, Method, Purpose, Scope, SuppressionReason, Word, topic_of
from nurture.consents.tables import consents, suppressions
from nurture.kernel.errors import InputError, Problem
from nurture.kernel.i18n import N_
from nurture.kernel.signing import KeyRing
from nurture.kernel.text import clean

LONGEST_PROOF = 4_000
_OWN_WORD = frozenset({Method.FORM, Method.PAGE, Method.PERSON})


@dataclass(frozen=True, slots=True)
class Said:
    """Who said it, where and when: what stands beside each yes and no."""

    method: Method
    origin: str  # `import:<id> line 3`, `unsubscribe`, `user:4`
    actor: str
    cause: str
    now: datetime  # engine time
    real: datetime
    proof: str = ""  # the words agreed to, or the operator's statement
    ip: str | None = None
    version: str | None = None  # of the words that were shown
    per_day: int | None = None  # at most so many advertising messages in 24 hours, where the words name a figure


def give(
    conn: Connection, keys: KeyRing, lead_id: int, address: str | None, said: Said,
    purposes: Collection[Purpose] = (Purpose.ADVERTISING, Purpose.TRACKING), channel: Channel = Channel.EMAIL,
) -> bool:  # fmt: skip
    """A yes with its proof; True when it changed anything. InputError without a proof."""
    if not said.proof.strip():
        raise InputError(N_("Consent needs its proof: how, when, and to which text it was given"))
    written = _write(conn, lead_id, purposes, channel, said, given=True)
    lifted = False
    if address and said.method in _OWN_WORD and Purpose.ADVERTISING in purposes:
        lifted = lift(conn, keys, address, SuppressionReason.UNSUBSCRIBED, channel=channel, said=said)
    if written or lifted:
        kind = Kind.RESUBSCRIBED if lifted else Kind.CONSENTED
        detail = {"purposes": [one.value for one in written], "channel": channel.value, "method": said.method.value}
        record(conn, Activity(lead_id, kind, said.now, said.actor, said.cause, detail=detail), real=said.real)
    return bool(written or lifted)


def give_set(conn: Connection, keys: KeyRing, rows: Sequence[tuple[int, str | None]], said: Said) -> None:
    """As `give` of many leads, by key and address, to advertising and tracking by email, in few statements.

    Leads of whom anything was said before, or whose address is closed, are gone through one by one.
    """
    spoken = store.given_of(conn, [lead_id for lead_id, _ in rows], Channel.EMAIL).keys()
    hashes = {lead_id: keys.address_hash(address) for lead_id, address in rows if address}
    closed = store.suppressed(conn, hashes.values(), Channel.EMAIL)
    purposes = (Purpose.ADVERTISING, Purpose.TRACKING)
    fresh = {one: None for one, _ in rows if one not in spoken and not closed.get(hashes.get(one, ""))}
    for lead_id, address in rows:
        if lead_id not in fresh:
            give(conn, keys, lead_id, address, said)
    if not fresh:
        return
    if not said.proof.strip():
        raise InputError(N_("Consent needs its proof: how, when, and to which text it was given"))
    words = [one for one in Purpose if one in purposes]
    conn.execute(
        consents.insert(), [_line(one, word, Channel.EMAIL, said, given=True) for one in fresh for word in words]
    )
    detail = {"purposes": [one.value for one in words], "channel": Channel.EMAIL.value, "method": said.method.value}
    lines = [Activity(one, Kind.CONSENTED, said.now, said.actor, said.cause, detail=detail) for one in fresh]
    record_set(conn, lines, real=said.real)


def write_down(
    conn: Connection, keys: KeyRing, lead_id: int, address: str | None, said: Said, purposes: Collection[Purpose],
    channel: Channel = Channel.EMAIL,
) -> bool:  # fmt: skip
    """A yes that a member of staff keeps for the lead; True when it changed anything.

    A no is stronger: where the address is closed because of one, or where the lead said no at that instant or later,
    it is an InputError. So this lifts nothing; only the lead's own word does.
    """
    standing = store.standing_of(conn, keys, lead_id, address, channel)
    if Purpose.ADVERTISING in purposes and standing.refused:
        if channel is not Channel.EMAIL:
            raise InputError([Problem("refused", N_("The lead refused text messages: a no is stronger"))])
        closed = N_("The lead refused email: a no is stronger than a yes that we write down. Only they can take it "
                    "back, on the page behind the unsubscribe link.")  # fmt: skip
        raise InputError([Problem("refused", closed, path="purposes")])
    later = [one for one in purposes if one in standing.given and not standing.agreed(one)]
    if any(standing.given[one][1] >= said.now for one in later):
        stronger = N_("The lead said no on that day or later: a no is stronger. A newer yes has a newer date.")
        raise InputError([Problem("refused_later", stronger, path="given_on")])
    return give(conn, keys, lead_id, address, said, purposes, channel)


def withdraw(
    conn: Connection, lead_id: int, said: Said,
    purposes: Collection[Purpose] = (Purpose.ADVERTISING,), channel: Channel = Channel.EMAIL,
) -> bool:  # fmt: skip
    """A no to these purposes; True when it was not the latest word already."""
    written = _write(conn, lead_id, purposes, channel, said, given=False)
    if Purpose.ADVERTISING in written:
        detail = {"purposes": [one.value for one in written], "channel": channel.value}
        activity = Activity(lead_id, Kind.UNSUBSCRIBED, said.now, said.actor, said.cause, detail=detail)
        record(conn, activity, real=said.real)
    return bool(written)


def unsubscribe(
    conn: Connection, keys: KeyRing, lead_id: int | None, address: str, said: Said, *,
    scope: str = Scope.ALL, message_id: int | None = None,
    campaign_key: str | None = None, email_key: str | None = None,
) -> bool:  # fmt: skip
    """The lead's own no to email: the address is suppressed and its line stands in the timeline; True when new.

    `lead_id` is None when the lead is gone: the address still must not be written to.
    """
    new = suppress(conn, keys, address, SuppressionReason.UNSUBSCRIBED, said=said, scope=scope)
    if lead_id is None:
        return new
    withdrawn = _write(conn, lead_id, (Purpose.ADVERTISING,), Channel.EMAIL, said, given=False)
    if new or withdrawn:
        activity = Activity(
            lead_id, Kind.UNSUBSCRIBED, said.now, said.actor, said.cause,
            message_id=message_id, campaign_key=campaign_key, email_key=email_key, detail={"scope": str(scope)},
        )  # fmt: skip
        record(conn, activity, real=said.real)
    return bool(new or withdrawn)


def suppress(
    conn: Connection, keys: KeyRing, address: str, reason: SuppressionReason, *,
    said: Said, channel: Channel = Channel.EMAIL, scope: str = Scope.ALL, until: datetime | None = None,
) -> bool:  # fmt: skip
    """Forbid an address; True unless a line in force says the same or more for that reason."""
    return suppress_hash(conn, keys.address_hash(address), reason, said=said, channel=channel, scope=scope, until=until)


def suppress_hash(
    conn: Connection, address_hash: str, reason: SuppressionReason, *,
    said: Said, channel: Channel = Channel.EMAIL, scope: str = Scope.ALL, until: datetime | None = None,
) -> bool:  # fmt: skip
    """Forbid an address of which only the keyed hash is known (an unsubscribe link outlives its lead)."""
    for one in store.suppressed(conn, [address_hash], channel).get(address_hash, ()):
        if one.reason == reason and one.scope in {Scope.ALL, scope} and one.until == until:
            return False
    line = {
        "address_hash": address_hash, "channel": channel.value, "reason": reason.value, "scope": str(scope),
        "origin": said.origin, "at": said.now, "until": until,
    }  # fmt: skip
    conn.execute(suppressions.insert().values(**line))
    return True


def lift(
    conn: Connection, keys: KeyRing, address: str, reason: SuppressionReason, *,
    said: Said, channel: Channel = Channel.EMAIL, scope: str | None = None,
) -> bool:  # fmt: skip
    """Take back what forbids an address for this reason; True when there was something."""
    return lift_hash(conn, keys.address_hash(address), reason, said=said, channel=channel, scope=scope)


def lift_hash(
    conn: Connection, address_hash: str, reason: SuppressionReason, *, said: Said, channel: Channel = Channel.EMAIL,
    scope: str | None = None,
) -> bool:  # fmt: skip
    """The same for an address of which only the keyed hash is known; without a scope, all but topics."""
    in_force = store.suppressed(conn, [address_hash], channel).get(address_hash, ())
    lines = [
        {
            "address_hash": address_hash, "channel": channel.value, "reason": reason.value, "scope": one.scope,
            "origin": said.origin, "at": said.now, "lifts": one.id,
        }
        for one in in_force
        if one.reason == reason and (not topic_of(one.scope) if scope is None else one.scope == scope)
    ]  # fmt: skip
    if lines:
        conn.execute(suppressions.insert(), lines)
    return bool(lines)


def _write(
    conn: Connection, lead_id: int, purposes: Collection[Purpose], channel: Channel, said: Said, *, given: bool
) -> Sequence[Purpose]:  # fmt: skip
    """Add a line for each purpose whose latest word differs; gives those purposes."""
    latest = store.words_of(conn, [lead_id], channel).get(lead_id, {})
    changed = [one for one in Purpose if one in purposes and _is_new(latest.get(one), one, said, given=given)]
    lines = [_line(lead_id, one, channel, said, given=given) for one in changed]
    if lines:
        conn.execute(consents.insert(), lines)
    return changed


def _is_new(word: Word | None, purpose: Purpose, said: Said, *, given: bool) -> bool:
    """Whether it says anything else than the latest word: yes or no, or another figure."""
    if word is None or word.given != given:
        return True
    return given and purpose is Purpose.ADVERTISING and said.per_day not in {None, word.per_day}


def _line(lead_id: int, purpose: Purpose, channel: Channel, said: Said, *, given: bool) -> dict[str, Any]:
    return {
        "lead_id": lead_id, "purpose": purpose.value, "channel": channel.value, "given": given,
        "method": said.method.value, "proof": clean(said.proof, LONGEST_PROOF), "origin": said.origin,
        "ip": said.ip, "occurred_at": said.now, "recorded_at": said.real, "version": said.version,
        "per_day": said.per_day if given and purpose is Purpose.ADVERTISING else None,
    }  # fmt: skip
