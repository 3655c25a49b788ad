"""The last look before a launch (queries): how many get it and why the others do not, and whether all is in order.

In few queries, however many leads. What speaks against a lead is what the start and the go would say, as far as it is
known now: a mail that goes out until then, or a consent that comes in, is not foreseen.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from nurture.broadcasts import audience, checklist
from nurture.broadcasts.audience import Why
from nurture.broadcasts.model import MANY, Definition, goes_at, starts_at
from nurture.broadcasts.store import Stored
from nurture.campaigns import house
from nurture.consents.model import Standing
from nurture.consents.store import given_among, in_force
from nurture.kernel.i18n import N_, translate
from nurture.kernel.reasons import LABELS, Reason
from nurture.kernel.settings import Settings
from nurture.kernel.signing import KeyRing
from nurture.messages.checklist import Item, Level
from nurture.messages.model import COUNTED, MessageClass, choose_language
from nurture.messages.store import languages
from nurture.messages.tables import messages
from nurture.policy.decide import Defer, Skip, decide
from nurture.policy.law import UNBOUND, Bounds
from nurture.policy.laws import profile
from nurture.policy.silence import NOTHING, Quiet
from nurture.policy.store import quiet
from nurture.policy.windows import zone_of

_CHANGE = 0.02  # of the audience: a larger change since the look asks for another
_LEAST_CHANGE = 5  # leads
_NAMED = 10_000  # leads that one statement names
# How many get nothing, in words; any other reason goes by its label.
PHRASES: Mapping[str, str] = {
    Reason.UNSUBSCRIBED: N_("%(count)s refused"),
    Reason.NO_CONSENT: N_("%(count)s without consent"),
    Reason.CAPPED: N_("%(count)s over the cap"),
    Reason.NO_ADDRESS: N_("%(count)s without an address"),
    Reason.BOUNCED: N_("%(count)s whose address bounced"),
    Reason.SUPPRESSED: N_("%(count)s on the suppression list"),
    Reason.COMPLAINED: N_("%(count)s who called a mail spam"),
    Reason.DEAL_OPEN: N_("%(count)s with an open opportunity"),
    Reason.REPLIED: N_("%(count)s whose reply waits for an answer"),
    Reason.PAUSED_BY_HAND: N_("%(count)s whose mail a person stopped"),
    Reason.PAUSED_BY_LEAD: N_("%(count)s who asked for a pause"),
    Reason.TOPIC_REFUSED: N_("%(count)s who refused this topic"),
    Reason.MERGED: N_("%(count)s merged into others"),
}


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen. `refused` counts by reason, the most frequent first; with `will` it adds up to `audience`."""

    key: str
    version: int
    at: datetime
    audience: int
    refused: Mapping[str, int]
    languages: Mapping[str, int]  # of those who will get it: in which language they read it
    drop: float
    items: tuple[Item, ...] = ()
    zones: int = field(default=1)

    @property
    def will(self) -> int:
        """How many will get it."""
        return self.audience - sum(self.refused.values())

    @property
    def is_drop(self) -> bool:
        """Whether more than the set share of the audience gets nothing."""
        return self.audience - self.will > self.drop * self.audience

    @property
    def must_confirm(self) -> bool:
        """Whether the number has to be typed."""
        return self.will >= MANY or self.is_drop

    @property
    def forbidden(self) -> tuple[Item, ...]:
        """What forbids the launch."""
        return tuple(item for item in self.items if item.level is Level.BAD)

    def differs(self, seen_audience: int, seen_will: int) -> bool:
        """Whether the numbers are no longer those that somebody looked at."""
        most = max(_LEAST_CHANGE, _CHANGE * seen_audience)
        return abs(self.audience - seen_audience) > most or abs(self.will - seen_will) > most

    def sentence(self, language: str) -> str:
        """`4311 of 5412: 425 refused, 611 without consent, 65 over the cap`."""
        head = translate(language, "%(will)s of %(audience)s", will=self.will, audience=self.audience)
        parts = [phrase(reason, count, language) for reason, count in self.refused.items()]
        return f"{head}: {', '.join(parts)}" if parts else head


def phrase(reason: str, count: int | str, language: str) -> str:
    """How many get nothing for this reason, in words."""
    if reason in PHRASES:
        return translate(language, PHRASES[reason], count=count)
    label = LABELS.get(Reason(reason), reason) if reason in set(Reason) else reason
    return f"{count}: {translate(language, label)}"


def look(
    conn: Connection,
    stored: Stored,
    chosen: Definition,
    *,
    settings: Settings,
    keys: KeyRing,
    now: datetime,
    other: Stored | None = None,
) -> Look:
    """The look at a draft as of now."""
    refused: Counter[str] = Counter()
    spoken: Counter[str] = Counter()
    wished: Counter[str] = Counter()
    zones: set[str | None] = set()
    will: list[Row[Any]] = []
    emails = checklist.emails(conn, chosen)
    there = checklist.spoken(emails)
    number = 0
    for lead, why in outcomes(conn, chosen, settings=settings, keys=keys, now=now, other=other, there=there):
        number += 1
        if why is not None:
            refused[why[0].value] += 1
            continue
        will.append(lead)
        zones.add(lead.zone)
        wished[lead.language or settings.language] += 1
        in_language = choose_language((lead.language, settings.language), there.get(chosen.variants[0].email, ()))
        spoken[in_language or ""] += 1
    found = Look(
        stored.key, stored.version, now, number, dict(sorted(refused.items(), key=lambda one: (-one[1], one[0]))),
        dict(spoken.most_common()), chosen.drop, zones=max(1, len(zones)),
    )  # fmt: skip
    items = checklist.items(conn, chosen, settings=settings, stored=emails, wished=wished, will=will, empty=not number)
    return Look(**{name: getattr(found, name) for name in Look.__slots__ if name != "items"}, items=items)


def outcomes(
    conn: Connection,
    chosen: Definition,
    *,
    settings: Settings,
    keys: KeyRing,
    now: datetime,
    other: Stored | None = None,
    there: Mapping[str, Sequence[str]] | None = None,
) -> Iterator[tuple[Row[Any], Why | None]]:
    """Each lead of the audience as of now, by id, and why it would get nothing; None when it would."""
    who = audience.of_missed(other) if other is not None else audience.of_segment(chosen.segment or "")
    emails = languages(conn, [one.email for one in chosen.variants]) if there is None else there
    missing = next((one.email for one in chosen.variants if not emails.get(one.email)), None)
    kind = chosen.sending.class_
    given = given_among(conn, who, "email") if kind == MessageClass.ADVERTISING else {}
    blocked = in_force(conn, "email")
    found = audience.rows(conn, who)
    hushed = _quiet(conn, [lead.id for lead in found])
    calendar = _Calendar(conn, chosen, who, settings, now)
    for lead in found:
        closed = blocked.get(keys.address_hash(lead.email), ()) if blocked and lead.email else ()
        stands = Standing(bool(lead.email), given.get(lead.id, {}), closed)
        why = audience.refusal(lead, stands, hushed.get(lead.id, NOTHING), kind, chosen.sending.policy.topic)
        if why is None and missing is not None:
            why = Reason.NO_TEMPLATE, {"email": missing}
        yield lead, why or calendar.why(lead, stands.paused(kind, now))


def _quiet(conn: Connection, ids: Sequence[int]) -> dict[int, Quiet]:
    """What asks for silence; so many at once as a statement can name."""
    found: dict[int, Quiet] = {}
    for start in range(0, len(ids), _NAMED):
        found |= quiet(conn, ids[start : start + _NAMED])
    return found


_NOT_WAITED_FOR = frozenset({Reason.CAPPED, Reason.PAUSED_BY_LEAD})


class _Calendar:
    """What caps and closed days say at the planned time. A broadcast waits for an hour of the day, not for a cap."""

    def __init__(
        self, conn: Connection, chosen: Definition, who: sa.Select[Any], settings: Settings, now: datetime
    ) -> None:
        self._chosen, self._now, self._zone = chosen, now, settings.zone
        self._policy = chosen.sending.policy
        self._house = house.live(conn).of(chosen.sending.class_)
        self._start = starts_at(chosen.when, settings.local_zone, (), now)
        spans = [self._policy.cap.span if self._policy.cap else None, self._house.looks_back]
        longest = max((span for span in spans if span is not None), default=None)
        self._gone = _gone(conn, who, now - longest) if longest is not None else {}
        law = profile(settings.law)
        capped = law.ad_cap if chosen.sending.class_ == MessageClass.ADVERTISING.value else None
        ads = _gone(conn, who, now - capped.span, MessageClass.ADVERTISING) if capped is not None else {}
        self._bounds = {lead_id: Bounds(capped, tuple(gone), law=law.key) for lead_id, gone in ads.items()}
        self._by_zone: dict[str | None, Why | None] = {}

    def why(self, lead: Row[Any], pause: datetime | None = None) -> Why | None:
        """Why the lead gets nothing. Those who got nothing lately are alike within a zone.

        The law's cap is one of the address; here it is counted for the lead, who nearly always is the same.
        """
        gone, bounds = self._gone.get(lead.id), self._bounds.get(lead.id, UNBOUND)
        if pause is not None:
            bounds = replace(bounds, pause=pause)
        if gone or bounds is not UNBOUND:
            return self._decided(lead.zone, gone or (), bounds)
        if lead.zone not in self._by_zone:
            self._by_zone[lead.zone] = self._decided(lead.zone, ())
        return self._by_zone[lead.zone]

    def _decided(self, name: str | None, gone: Sequence[datetime], bounds: Bounds = UNBOUND) -> Why | None:
        zone = zone_of(name, self._zone)
        at = max(self._now, goes_at(self._chosen.when, zone, self._start))
        decided = decide(self._policy, zone, at, house=self._house, gone=gone, bounds=bounds)
        if isinstance(decided, Skip) or (isinstance(decided, Defer) and decided.reason in _NOT_WAITED_FOR):
            return decided.reason, decided.detail
        return None


def _gone(
    conn: Connection, who: sa.Select[Any], since: datetime, only: MessageClass | None = None
) -> dict[int, list[datetime]]:
    """When mails went to these leads that count against caps and the gap; of one class only, where it is named."""
    kind = messages.c.class_ != MessageClass.TRANSACTIONAL.value if only is None else messages.c.class_ == only.value
    query = sa.select(messages.c.lead_id, messages.c.gone_at).where(
        messages.c.lead_id.in_(who),
        messages.c.gone_at > since,
        messages.c.state.in_([state.value for state in COUNTED]),
        kind,
    )
    found: dict[int, list[datetime]] = {}
    for lead_id, at in conn.execute(query):
        found.setdefault(lead_id, []).append(at)
    return found
