"""Whether a message may go now, later, or not at all. Asked before it is written, and again in the go. Pure.

What a campaign says and what the whole house says must both allow it: windows, closed days, caps, the least gap. The
instant given is the first at which all of them do.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from nurture.kernel.clock import aware
from nurture.kernel.reasons import Reason
from nurture.policy.caps import Cap, counted, frees_at, read_cap
from nurture.policy.days import During, reopening
from nurture.policy.house import OPEN, House
from nurture.policy.law import UNBOUND, Bounds
from nurture.policy.windows import Window, opening, read_window, zone_of

_MOST_ROUNDS = 64
_LOOK_AGAIN = timedelta(days=7)  # at what waits for an event: the event itself rings earlier


@dataclass(frozen=True, slots=True)
class Policy:
    """What a campaign holds back by: a window in the lead's zone, a cap. Absent parts allow everything."""

    window: Window | None = None
    cap: Cap | None = None
    topic: str = ""  # what it is about: readers may refuse one of the house's topics
    unknown: str = ""  # what becomes of a mail that may have arrived: sent | again; nothing: a person says so

    def to_json(self, zone: ZoneInfo) -> dict[str, Any]:
        """The policy for the row of a message, with the zone that the window is read in."""
        return {
            "window": self.window.to_json() if self.window else None,
            "cap": self.cap.to_json() if self.cap else None,
            "zone": zone.key,
            **({"topic": self.topic} if self.topic else {}),
            **({"unknown": self.unknown} if self.unknown else {}),
        }


def read_policy(data: Mapping[str, Any], fallback: str) -> tuple[Policy, ZoneInfo]:
    """The policy and zone of a message's row; `fallback` names the installation's zone."""
    window = read_window(data["window"]) if data.get("window") else None
    cap = read_cap(data["cap"]) if data.get("cap") else None
    topic, unknown = (str(data.get(name) or "") for name in ("topic", "unknown"))
    return Policy(window, cap, topic, unknown), zone_of(data.get("zone"), fallback)


@dataclass(frozen=True, slots=True)
class Send:
    """It may go now."""


@dataclass(frozen=True, slots=True)
class Defer:
    """It waits until then. `detail` fills the reason's sentence; instants in it are ISO 8601 in UTC."""

    until: datetime
    reason: Reason
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Keep:
    """It waits until a person lets it go or drops it."""

    reason: Reason
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Skip:
    """It is not sent at all."""

    reason: Reason
    detail: Mapping[str, Any] = field(default_factory=dict)


Decision: TypeAlias = Send | Defer | Keep | Skip
Why: TypeAlias = tuple[Reason, Mapping[str, Any]]


def decide(
    policy: Policy,
    zone: ZoneInfo,
    at: datetime,
    *,
    house: House = OPEN,
    gone: Sequence[datetime] = (),
    refusal: Why | None = None,
    held: Why | None = None,
    late: bool = False,
    bounds: Bounds = UNBOUND,
) -> Decision:
    """Send, Defer, Keep or Skip at this instant of engine time.

    `house` is what of the house's policy holds for this class (`House.of`); `gone` are the instants of the lead's mails
    that count against caps and the gap; `refusal` is a known no, which is stronger than any waiting; `held` is a reason
    that an event ends, not the calendar; `late` says that it could not go for too long although sending was allowed;
    `bounds` are those of the law and of the lead's own wish.
    """
    if refusal is not None:
        return Skip(*refusal)
    if held is not None:
        return Defer(aware(at) + _LOOK_AGAIN, *held)
    closed = house.calendar.closed(at.astimezone(zone).date())
    if closed is not None and closed.during is During.DROP:
        return Skip(Reason.HOLIDAY_DROPPED, {"holiday": closed.names})
    if late and house.late_start is not None:
        return Keep(Reason.HELD_LATE, {"hours": house.late_start / timedelta(hours=1)})
    until, reason = _first(_rules(policy, house, zone, gone, bounds), at)
    if reason is None:
        return Send()
    return Defer(until, reason, _detail(reason, policy, house, zone, at, until, gone, bounds))


def is_allowed(
    policy: Policy, zone: ZoneInfo, at: datetime, *, house: House = OPEN, gone: Sequence[datetime] = ()
) -> bool:
    """Whether nothing of campaign and house speaks against this instant: what `decide` looks for, asked directly."""
    wall = at.astimezone(zone)
    windows = [one for one in (policy.window, house.window) if one is not None]
    caps = [one for one in (policy.cap, house.cap) if one is not None]
    return (
        not house.calendar.holds(wall.date())
        and all(one.holds(wall) for one in windows)
        and all(counted(one, gone, at) < one.limit for one in caps)
        and (house.gap is None or all(one + house.gap <= at for one in gone))
    )


_Rule = tuple[Reason, Callable[[datetime], datetime]]


def _rules(
    policy: Policy, house: House, zone: ZoneInfo, gone: Sequence[datetime], bounds: Bounds = UNBOUND
) -> list[_Rule]:
    """Each thing to be asked, as the first instant from another on at which it allows a mail."""
    found: list[_Rule] = [
        (Reason.CAPPED, partial(frees_at, cap, gone)) for cap in (policy.cap, house.cap) if cap is not None
    ]
    if bounds.cap is not None:
        found.append((Reason.CAPPED, partial(frees_at, bounds.cap, bounds.gone)))
    if bounds.pause is not None:
        end = bounds.pause
        found.append((Reason.PAUSED_BY_LEAD, lambda at: max(at, end)))
    if house.gap is not None and gone:
        over = max(gone) + house.gap
        found.append((Reason.GAP, lambda at: max(at, over)))
    if not house.calendar.is_empty:
        found.append((Reason.HOLIDAY, partial(reopening, house.calendar, zone)))
    windows = (one for one in (policy.window, house.window, bounds.window) if one is not None)
    return found + [(Reason.QUIET_HOURS, partial(opening, one, zone)) for one in windows]


def _first(rules: Sequence[_Rule], at: datetime) -> tuple[datetime, Reason | None]:
    """The first instant that all allow, and what moved it farthest; no reason when that is the instant itself.

    Each rule gives the first instant it allows, so going round until none moves it gives the first that all allow.
    Where they never meet it is looked at again later, with that reason.
    """
    at = aware(at)
    until, moved = at, dict.fromkeys((reason for reason, _ in rules), timedelta(0))
    for _ in range(_MOST_ROUNDS):
        before = until
        for reason, first in rules:
            later = first(until)
            moved[reason] += later - until
            until = later
        if until == before:
            return until, max(moved, key=lambda reason: moved[reason]) if until > at else None
    return at + _LOOK_AGAIN, Reason.NEVER_OPEN


def _detail(
    reason: Reason,
    policy: Policy,
    house: House,
    zone: ZoneInfo,
    at: datetime,
    until: datetime,
    gone: Sequence[datetime],
    bounds: Bounds,
) -> Mapping[str, Any]:
    """What fills the reason's sentence."""
    if reason is Reason.CAPPED:
        return _full(policy, house, at, gone, bounds)
    if reason is Reason.PAUSED_BY_LEAD and bounds.pause is not None:
        return {"date": bounds.pause.isoformat(timespec="seconds")}
    if reason is Reason.GAP and house.gap is not None:
        return {"hours": house.gap / timedelta(hours=1), "time": until.isoformat()}
    if reason is Reason.HOLIDAY:
        last = house.calendar.closed((until - timedelta(days=1)).astimezone(zone).date())
        here = house.calendar.closed(at.astimezone(zone).date()) or last
        return {"holiday": here.names if here is not None else {}, "time": until.isoformat()}
    return {"time": until.isoformat()} if reason is Reason.QUIET_HOURS else {}


def _full(policy: Policy, house: House, at: datetime, gone: Sequence[datetime], bounds: Bounds) -> Mapping[str, Any]:
    """The cap that lasts longest, and whose it is where it is the law's or was agreed with the lead."""
    caps: list[tuple[Cap, Sequence[datetime], dict[str, Any]]] = [
        (cap, gone, {}) for cap in (policy.cap, house.cap) if cap is not None
    ]
    if bounds.cap is not None:
        whose = {"agreed": True} if bounds.agreed else {"law": bounds.law}
        caps.append((bounds.cap, bounds.gone, whose))
    cap, counts, whose = max(caps, key=lambda one: frees_at(one[0], one[1], at))
    return {"count": counted(cap, counts, at), "days": cap.days, "limit": cap.limit, **whose}
