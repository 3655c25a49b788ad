"""The last look before a launch (queries): how many get it and why the others do not, and whether all is in order.

In a fixed number of queries, however many leads. What speaks against a lead is what the start and the go would say now;
a cap that frees up until then, or a consent that comes in, is not foreseen.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from nurture.broadcasts import audience, checklist
from nurture.broadcasts.audience import Why
from nurture.broadcasts.checklist import Item, Level
from nurture.broadcasts.model import MANY, Definition
from nurture.broadcasts.store import Stored
from nurture.consents.model import Standing
from nurture.consents.store import given_among, in_force
from nurture.kernel.i18n import N_, translate
from nurture.kernel.reasons import LABELS, Reason
from nurture.kernel.settings import Settings
from nurture.kernel.signing import KeyRing
from nurture.messages.model import COUNTED, MessageClass, choose_language
from nurture.messages.store import languages
from nurture.messages.tables import messages
from nurture.policy.caps import Cap, counted, frees_at
from nurture.policy.house import OPEN, House

_CHANGE = 0.02  # of the audience: a larger change since the look asks for another
_LEAST_CHANGE = 5  # leads
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
    house: House = OPEN,
) -> Look:
    """The look at a draft as of now."""
    refused: Counter[str] = Counter()
    spoken: Counter[str] = Counter()
    wished: Counter[str] = Counter()
    zones: set[str | None] = set()
    will: list[Row[Any]] = []
    there = languages(conn, [one.email for one in chosen.variants])
    number = 0
    for lead, why in outcomes(conn, chosen, keys=keys, now=now, other=other, house=house, there=there):
        number += 1
        if why is not None:
            refused[why[0].value] += 1
            continue
        will.append(lead)
        zones.add(lead.zone)
        wished[lead.language or settings.language] += 1
        in_language = choose_language((lead.language, settings.language), there[chosen.variants[0].email])
        spoken[in_language or ""] += 1
    found = Look(
        stored.key, stored.version, now, number, dict(sorted(refused.items(), key=lambda one: (-one[1], one[0]))),
        dict(spoken.most_common()), chosen.drop, zones=max(1, len(zones)),
    )  # fmt: skip
    items = checklist.items(conn, chosen, settings=settings, there=there, wished=wished, will=will, empty=not number)
    return Look(**{name: getattr(found, name) for name in Look.__slots__ if name != "items"}, items=items)


def outcomes(
    conn: Connection,
    chosen: Definition,
    *,
    keys: KeyRing,
    now: datetime,
    other: Stored | None = None,
    house: House = OPEN,
    there: Mapping[str, Sequence[str]] | None = None,
) -> Iterator[tuple[Row[Any], Why | None]]:
    """Each lead of the audience as of now, by id, and why it would get nothing; None when it would."""
    who = audience.of_missed(other) if other is not None else audience.of_segment(chosen.segment or "")
    kind = chosen.sending.class_
    house = house.of(kind)
    emails = languages(conn, [one.email for one in chosen.variants]) if there is None else there
    missing = next((one.email for one in chosen.variants if not emails.get(one.email)), None)
    given = given_among(conn, who, "email") if kind == MessageClass.ADVERTISING else {}
    blocked = in_force(conn, "email")
    caps = [one for one in (chosen.sending.policy.cap, house.cap) if one is not None]
    gone = _gone(conn, who, now - max(cap.span for cap in caps)) if caps else {}
    for lead in audience.rows(conn, who):
        closed = blocked.get(keys.address_hash(lead.email), ()) if blocked and lead.email else ()
        why = audience.refusal(lead, Standing(bool(lead.email), given.get(lead.id, {}), closed), kind)
        if why is None and missing is not None:
            why = Reason.NO_TEMPLATE, {"email": missing}
        yield lead, why or _capped(caps, gone.get(lead.id, ()), now)


def _gone(conn: Connection, who: sa.Select[Any], since: datetime) -> dict[int, list[datetime]]:
    """When mails went to these leads that count against a cap."""
    query = sa.select(messages.c.lead_id, messages.c.gone_at).where(
        messages.c.lead_id.in_(who),
        messages.c.gone_at > since,
        messages.c.state.in_([state.value for state in COUNTED]),
        messages.c.class_ != MessageClass.TRANSACTIONAL.value,
    )
    found: dict[int, list[datetime]] = {}
    for lead_id, at in conn.execute(query):
        found.setdefault(lead_id, []).append(at)
    return found


def _capped(caps: Sequence[Cap], gone: Sequence[datetime], now: datetime) -> Why | None:
    """A one-time email does not wait for a cap to free up, so what is over it gets nothing."""
    for cap in caps:
        if gone and frees_at(cap, gone, now) > now:
            return Reason.CAPPED, {"count": counted(cap, gone, now), "days": cap.days, "limit": cap.limit}
    return None
