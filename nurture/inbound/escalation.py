"""When soft bounces are given up on: an address that is full or closed again and again, with no sign of life. Pure."""

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from nurture.delivery.bounce import BounceReason
from nurture.kernel.inboxes import SoftBounces

# About the address, and not for good. All other soft reasons are the receiver's troubles or ours.
COUNTING = frozenset({BounceReason.MAILBOX_FULL, BounceReason.MAILBOX_DISABLED})
# About us, or about what we wrote: never held against an address.
OURS = frozenset({
    BounceReason.POLICY, BounceReason.SPAM, BounceReason.CONTENT, BounceReason.SIZE, BounceReason.AUTHENTICATION,
    BounceReason.REPUTATION, BounceReason.RATE, BounceReason.GREYLISTED, BounceReason.RELAY_DENIED,
    BounceReason.SENDER,
})  # fmt: skip


def gives_up(
    bounces: Iterable[datetime], alive: datetime | None, now: datetime, limits: SoftBounces, zone: ZoneInfo
) -> bool:
    """Whether the address is not written to any more.

    `bounces`: when soft ones that count came. `alive`: the last sign that mail arrives there; what was before it does
    not count.
    """
    counted = [at for at in bounces if now - limits.span <= at <= now and (alive is None or at > alive)]
    days = {at.astimezone(zone).date() for at in counted}
    return len(counted) >= limits.count and len(days) >= min(limits.days, limits.count)
