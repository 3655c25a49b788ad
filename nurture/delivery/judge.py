"""What is to become of messages at their last look: the judge of one go (reads the database, takes the locks).

Everything that speaks for or against each message is read at once, under a lock on the quotas of their addresses, so
that no two workers give away the same slot of a cap. The lock may wait, so that it comes first: what was committed
while it waited counts.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from sqlalchemy.engine import Connection

from nurture.broadcasts.model import BroadcastState
from nurture.campaigns import house as houses
from nurture.campaigns.model import CampaignState
from nurture.consents.because import reason_line
from nurture.consents.model import Channel, Purpose, Standing, SuppressionReason
from nurture.consents.store import short, suppressed, words_of
from nurture.delivery import turn_store
from nurture.delivery.bounds import Limits, is_advertising
from nurture.kernel.context import Context
from nurture.kernel.reasons import Reason
from nurture.messages.model import MessageClass, Purposes
from nurture.policy import store as policy_store
from nurture.policy.decide import Decision, Defer, Keep, Policy, Send, Skip, decide, read_policy
from nurture.policy.hours import is_late
from nurture.policy.law import UNBOUND, Bounds
from nurture.policy.laws import profile
from nurture.policy.silence import NOTHING, PASSING


@dataclass(frozen=True, slots=True)
class Cancel:
    """It is taken back: whom or what it was for is no more."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class Hold:
    """It stays queued until a person lets it go."""

    reason: Reason
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Yield:
    """It stays queued for a moment: a mail to the same lead that stands before it in line is at another worker."""


@dataclass(frozen=True, slots=True)
class Instants:
    """The three times of a go."""

    now: datetime  # engine
    real: datetime
    at: datetime  # database


Outcome: TypeAlias = Send | Defer | Skip | Cancel | Hold | Yield


class Judge:
    """Decides for each row; what it needs was read for all of them at once."""

    def __init__(self, conn: Connection, ctx: Context, rows: Sequence[Any], times: Instants) -> None:
        self._now = times.now
        self._zone = ctx.settings.local_zone
        self.address = {
            row.id: row.address or (row.lead_email if row.user_id is None else row.user_email) for row in rows
        }
        to_leads = [row for row in rows if row.user_id is None and row.lead_id is not None]
        lead_ids = sorted({row.lead_id for row in to_leads})
        mentioned = {one for row in to_leads for one in (self.address[row.id], row.lead_email) if one}
        self.hashes = {one: ctx.keys.address_hash(one) for one in mentioned}
        self._house = houses.live(conn)
        self._policy = {row.id: _policy(row.policy, ctx.settings.zone) for row in rows}
        self._spans: dict[tuple[str, str], timedelta | None] = {}
        self._plain: dict[tuple[str, str, int | None], Decision] = {}  # by policy, class and the figure agreed to
        self._gone: dict[int, list[datetime]] = {}
        self._rivals: dict[int, list[turn_store.Place]] = {}
        self._count(conn, to_leads, times)
        self._limits = Limits(conn, profile(ctx.settings.law), to_leads, self.hashes.values(), times.now)
        self._words = words_of(conn, lead_ids, Channel.EMAIL.value)
        self._suppressed = suppressed(conn, self.hashes.values(), Channel.EMAIL.value)
        self._quiet = policy_store.quiet(conn, lead_ids)
        self._outages = self._standstills(conn, to_leads)

    def _standstills(self, conn: Connection, rows: Sequence[Any]) -> list[tuple[datetime, datetime]]:
        since = min((row.not_before for row in rows), default=self._now)
        if self._house.late_start is None or self._now - since <= self._house.late_start:
            return []
        return policy_store.outages(conn, since, self._now)

    def _count(self, conn: Connection, rows: Sequence[Any], times: Instants) -> None:
        """Lock the quotas, and read what counts against caps and the gap."""
        spans = {row.id: span for row in rows if (span := self._looks_back(row)) is not None}
        limited = [row for row in rows if row.id in spans and self.address[row.id]]
        counted = [row for row in rows if (row.id in spans or is_advertising(row)) and self.address[row.id]]
        named = {one for row in counted for one in (self.address[row.id], row.lead_email) if one}
        turn_store.lock_quotas(conn, [self.hashes[one] for one in named], times.real)
        if not limited:
            return
        lead_ids = sorted({row.lead_id for row in limited})
        self._gone = turn_store.gone(conn, lead_ids, times.now - max(spans.values()))
        self._rivals = turn_store.rivals(conn, lead_ids, [row.id for row in rows], times.now, times.at)

    def _looks_back(self, row: Any) -> timedelta | None:
        key = row.policy, row.class_
        if key not in self._spans:
            self._spans[key] = self._span(row)
        return self._spans[key]

    def _span(self, row: Any) -> timedelta | None:
        policy = self._policy[row.id][0]
        ours = self._house.of(row.class_).looks_back
        spans = [one for one in (ours, policy.cap.span if policy and policy.cap else None) if one is not None]
        return max(spans, default=None)

    def tracking(self, row: Any) -> bool:
        """Whether this message's opens and clicks may be kept."""
        word = self._words.get(row.lead_id, {}).get(Purpose.TRACKING) if row.user_id is None else None
        return word is not None and word.given

    def reason_line(self, row: Any) -> str:
        """Why the lead gets mail, in a sentence for its foot."""
        word = self._words.get(row.lead_id, {}).get(Purpose.ADVERTISING)
        return reason_line(word, row.language, self._zone)

    def outcome(self, row: Any) -> Outcome:
        """What is to become of a message now; one that goes counts for those asked about after it."""
        early = self._taken_back(row)
        if early is not None:
            return early
        policy, zone = self._policy[row.id]
        if policy is None:
            return Skip(Reason.STEP_FAILED, {"error": "policy"})
        limited = self._looks_back(row) is not None
        gone = self._gone.get(row.lead_id, []) if limited else []
        decided = self._decision(row, policy, zone, gone)
        if not isinstance(decided, Send):
            return _settled(row, decided)
        if limited and self._is_outrun(row, policy, zone, gone):
            return Yield()
        if self.address[row.id] in self.hashes:
            self._limits.count(row, self.hashes[self.address[row.id]])
        if row.lead_id in self._gone and row.class_ != MessageClass.TRANSACTIONAL.value:
            self._gone[row.lead_id].append(self._now)
        return decided

    def _decision(self, row: Any, policy: Policy, zone: ZoneInfo, gone: Sequence[datetime]) -> Decision:
        """What `_decide` says; once for all of whom nothing speaks but what campaign, house and hour say."""
        if gone or not self._is_plain(row):
            return self._decide(row, policy, zone, gone)
        word = self._words.get(row.lead_id, {}).get(Purpose.ADVERTISING)
        key = row.policy, row.class_, word.per_day if word is not None else None
        if key not in self._plain:
            self._plain[key] = self._decide(row, policy, zone, gone)
        return self._plain[key]

    def _is_plain(self, row: Any) -> bool:
        """Whether lead, address and past say nothing against this message; what is not certain is asked in full."""
        if self._outages or row.user_id is not None or row.lead_id is None or row.purpose == Purposes.NOTICE.value:
            return False
        address = self.address[row.id]
        if not address or address != row.lead_email or row.lead_id in self._quiet:
            return False
        digest = self.hashes[address]
        if digest in self._suppressed or not self._limits.has_none(row, digest):
            return False
        word = self._words.get(row.lead_id, {}).get(Purpose.ADVERTISING)
        return row.class_ != MessageClass.ADVERTISING.value or (word is not None and word.given)

    def _decide(self, row: Any, policy: Policy, zone: ZoneInfo, gone: Sequence[datetime]) -> Decision:
        house = self._house.of(row.class_)
        resumed = row.campaign_resumed_at
        since = row.not_before if resumed is None else max(row.not_before, resumed)
        late = bool(self._outages) and is_late(policy, house, zone, since, self._now, self._outages)
        held = self._quiet.get(row.lead_id, NOTHING).held(row.class_) if row.user_id is None else None
        refusal = self._refusal(row, policy.topic)
        bounds = self._bounds(row)
        return decide(
            policy, zone, self._now, house=house, gone=gone, refusal=refusal, held=held, late=late, bounds=bounds
        )

    def _bounds(self, row: Any) -> Bounds:
        """What the law and the lead's own wish say."""
        address = self.address[row.id]
        if row.user_id is not None or address not in self.hashes:
            return UNBOUND
        return self._limits.of(
            row, self.hashes[address], self._standing(row, address), self._words.get(row.lead_id, {})
        )

    def _is_outrun(self, row: Any, policy: Policy, zone: ZoneInfo, gone: Sequence[datetime]) -> bool:
        """Whether those before it in line, which another worker holds, would take the slot it needs."""
        place = (row.priority, row.not_before, row.id)
        ahead = [self._now for one in self._rivals.get(row.lead_id, ()) if one < place]
        house = self._house.of(row.class_)
        return bool(ahead) and not isinstance(decide(policy, zone, self._now, house=house, gone=[*gone, *ahead]), Send)

    def _taken_back(self, row: Any) -> Cancel | Hold | None:
        if row.lead_merged_into is not None:
            return Cancel(Reason.MERGED)
        if row.campaign_state == CampaignState.ARCHIVED.value:
            return Cancel(Reason.CAMPAIGN_STOPPED)
        if row.campaign_state == CampaignState.PAUSED.value:
            return Hold(Reason.CAMPAIGN_PAUSED)
        if row.broadcast_state == BroadcastState.STOPPED.value:
            return Cancel(Reason.BROADCAST_STOPPED)
        if row.broadcast_state == BroadcastState.PAUSED.value:
            return Hold(Reason.BROADCAST_PAUSED)
        return None

    def _refusal(self, row: Any, topic: str) -> tuple[Reason, Mapping[str, Any]] | None:
        if row.user_id is not None:
            gone = not self.address[row.id] or row.user_disabled_at is not None
            return (Reason.NO_ADDRESS, {}) if gone else None
        if row.lead_id is None:
            return Reason.NO_ADDRESS, {}
        if row.purpose == Purposes.NOTICE.value:
            return self._unreachable(row)
        return self._refused(row, self.address[row.id], topic) or self._refused(row, row.lead_email, topic)

    def _unreachable(self, row: Any) -> tuple[Reason, Mapping[str, Any]] | None:
        """What speaks against the mail that confirms a refusal: not the refusal, which it is about."""
        stands = self._standing(row, self.address[row.id])
        theirs = {SuppressionReason.BOUNCED, SuppressionReason.COMPLAINED}
        lines = tuple(one for one in stands.suppressed if one.reason in theirs)
        return Standing(stands.reachable, {}, lines).refusal(row.class_)

    def _refused(self, row: Any, address: str | None, topic: str) -> tuple[Reason, Mapping[str, Any]] | None:
        """What speaks against writing to this address of the lead: the frozen one, or the present one."""
        found = self._standing(row, address).refusal(row.class_, topic)
        return self._house.named(found) if found is not None else None

    def _standing(self, row: Any, address: str | None) -> Standing:
        blocked = self._suppressed.get(self.hashes[address], ()) if address else ()
        return Standing(bool(address), short(self._words.get(row.lead_id, {})), blocked)


def _settled(row: Any, decided: Defer | Keep | Skip) -> Outcome:
    """A no as the go carries it out. A broadcast's moment is now or never: where it would wait for more than the
    hour of the day, it is left out."""
    if isinstance(decided, Keep):
        return Hold(decided.reason, decided.detail)
    is_broadcast = row.purpose == Purposes.BROADCAST.value
    if (
        isinstance(decided, Defer)
        and is_broadcast
        and decided.reason in {Reason.CAPPED, Reason.PAUSED_BY_LEAD, *PASSING}
    ):
        return Skip(decided.reason, decided.detail)
    return decided


@lru_cache(maxsize=1024)
def _policy(text: str, zone: str) -> tuple[Policy | None, ZoneInfo]:
    """What holds the message back; None when that cannot be read, which must not hold up the others."""
    try:
        return read_policy(json.loads(text), zone)
    except (ValueError, TypeError, AttributeError):
        return None, ZoneInfo(zone)
