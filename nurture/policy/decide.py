"""Whether a message may go now, later, or not at all. Asked before it is written, and again in the go. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from nurture.kernel.reasons import Reason
from nurture.policy.caps import Cap, counted, frees_at, read_cap
from nurture.policy.windows import Window, opening, read_window, zone_of

_MOST_ROUNDS = 8


@dataclass(frozen=True, slots=True)
class Policy:
    """What holds a message back: a window in the lead's zone, a cap. Absent parts allow everything."""

    window: Window | None = None
    cap: Cap | None = None

    def to_json(self, zone: ZoneInfo) -> dict[str, Any]:
        """The policy for the row of a message, with the zone that the window is read in."""
        return {
            "window": self.window.to_json() if self.window else None,
            "cap": self.cap.to_json() if self.cap else None,
            "zone": zone.key,
        }


def read_policy(data: Mapping[str, Any], fallback: str) -> tuple[Policy, ZoneInfo]:
    """The policy and zone of a message's row; `fallback` names the installation's zone."""
    window = read_window(data["window"]) if data.get("window") else None
    cap = read_cap(data["cap"]) if data.get("cap") else None
    return Policy(window, cap), zone_of(data.get("zone"), fallback)


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
class Skip:
    """It is not sent at all."""

    reason: Reason
    detail: Mapping[str, Any] = field(default_factory=dict)


Decision: TypeAlias = Send | Defer | Skip


def decide(
    policy: Policy,
    zone: ZoneInfo,
    at: datetime,
    *,
    gone: Sequence[datetime] = (),
    refusal: tuple[Reason, Mapping[str, Any]] | None = None,
) -> Decision:
    """Send, Defer or Skip at this instant of engine time.

    `gone` are the instants of the lead's mails that count against the cap; `refusal` is a known no, which is stronger
    than any waiting.
    """
    if refusal is not None:
        return Skip(*refusal)
    until, is_capped = at, False
    for _ in range(_MOST_ROUNDS):
        before = until
        if policy.cap is not None and (free := frees_at(policy.cap, gone, until)) > until:
            until, is_capped = free, True
        if policy.window is not None:
            until = opening(policy.window, zone, until)
        if until == before:
            break
    if until == at:
        return Send()
    if is_capped and policy.cap is not None:
        detail = {"count": counted(policy.cap, gone, at), "days": policy.cap.days, "limit": policy.cap.limit}
        return Defer(until, Reason.CAPPED, detail)
    return Defer(until, Reason.QUIET_HOURS, {"time": until.isoformat()})
