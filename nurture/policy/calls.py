"""Whether a person may call to advertise at this instant: what the law says of hours and of how often. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from nurture.policy.caps import frees_at
from nurture.policy.law import Law
from nurture.policy.windows import opening


@dataclass(frozen=True, slots=True)
class Advice:
    """What speaks against a call now: `until` when, and whether it is the hour, the number of calls, or a refusal."""

    hour: bool = False
    often: bool = False
    refused: bool = False
    until: datetime | None = None

    @property
    def is_free(self) -> bool:
        """Whether nothing speaks against it."""
        return not (self.hour or self.often or self.refused)


def advise(
    law: Law, zone: ZoneInfo, now: datetime, called: Sequence[datetime] = (), *, refused: bool = False
) -> Advice:
    """What the law says of an advertising call now to somebody who was called at these instants, by their own clock."""
    over = frees_at(law.call_cap, called, now) if law.call_cap is not None else now
    opens = opening(law.call_hours, zone, over) if law.call_hours is not None else over
    hour = law.call_hours is not None and not law.call_hours.holds(now.astimezone(zone))
    return Advice(hour, over > now, refused, opens if opens > now else None)
