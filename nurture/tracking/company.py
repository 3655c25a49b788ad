"""In which company a hit came: the other hits on its message, and who has followed the lead's links before. Pure.

A click that is a machine's by itself speaks against another only if it came from the same network or by the same agent:
a scanner at work beside the reader does not make the reader one.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from nurture.messages.links import TRAP
from nurture.tracking.agent import device_of
from nurture.tracking.model import Hit

# To follow another link a person looks at the page, goes back, finds the next one: hardly ever under three seconds. Of
# four links the last then comes after nine, so four within ten are a program's that waits between them, or the
# stragglers of a burst.
BURST = timedelta(seconds=3)
SWEEP = timedelta(seconds=10)  # from the first to the last
SWEEP_LINKS = 4  # fewer at this pace are a person's; and they are more than half of the mail's
# Who passes a mail on takes a while; what comes sooner on the same link is a scanner beside its reader.
PASSING_ON = timedelta(minutes=1)
SHORTLY = timedelta(hours=1)
MANY_PLACES = 4  # networks on one link within `SHORTLY`: home, office and a phone on its way are three


def hand(hit: Hit) -> tuple[str, str, bool]:
    """What the same program in the same place shows again: a gateway in a reader's dress speaks no language."""
    return hit.ip, hit.agent, bool(hit.headers.get("accept-language"))


class Neighbors:
    """The hits on one message, ordered so that a question about one of them costs little.

    `is_machine` says whether a click is a machine's by itself.
    """

    def __init__(self, hits: Iterable[Hit] = (), *, is_machine: Callable[[Hit], bool]) -> None:
        # side -> link -> times; a side is everybody plausible, one network, or one agent
        self._times: dict[tuple[str, str], dict[int | None, list[datetime]]] = defaultdict(lambda: defaultdict(list))
        self._hands: set[tuple[str, str, bool]] = set()
        for hit in sorted((one for one in hits if one.kind == "click"), key=lambda one: one.at):
            if hit.link == TRAP:
                self._hands.add(hand(hit))
                continue
            for side in self._sides(hit, is_machine):
                self._times[side][hit.link].append(hit.at)

    @staticmethod
    def _sides(hit: Hit, is_machine: Callable[[Hit], bool]) -> tuple[tuple[str, str], ...]:
        return (("network", hit.ip), ("agent", hit.agent)) if is_machine(hit) else (("all", ""),)

    def trapped(self, hit: Hit) -> bool:
        """Whether the same program in the same place followed the hidden link."""
        return bool(hit.ip) and hand(hit) in self._hands

    def speak_against(self, hit: Hit, links: int | None) -> str:
        """The reason why this click is a machine's in its company, or empty."""
        near = self._near(hit, SWEEP)
        if any(link != hit.link and abs(at - hit.at) <= BURST for at, link in near):
            return f"burst:{int(BURST.total_seconds())}"
        if links is not None and _most([*near, (hit.at, hit.link)], hit.at) >= max(SWEEP_LINKS, links // 2 + 1):
            return f"sweep:{int(SWEEP.total_seconds())}"
        return ""

    def _near(self, hit: Hit, span: timedelta) -> list[tuple[datetime, int | None]]:
        """When which links were followed within `span` of the hit, before or after."""
        sides = (("all", ""), ("network", hit.ip), ("agent", hit.agent))
        return [
            (at, link)
            for side in sides
            if side == ("all", "") or side[1]
            for link, times in self._times.get(side, {}).items()
            for at in times[bisect_left(times, hit.at - span) : bisect_right(times, hit.at + span)]
        ]


def _most(near: list[tuple[datetime, int | None]], at: datetime) -> int:
    """How many links were followed within any one sweep that this instant is in."""
    starts = {start for start, _ in near if at - SWEEP <= start <= at}
    return max(len({link for when, link in near if start <= when <= start + SWEEP}) for start in starts)


@dataclass(frozen=True, slots=True)
class Seen:
    """A person's hit of before: on which message and link (None: an open), by which device, from which network."""

    message_id: int
    link: int | None
    device: str
    network: str
    at: datetime

    @classmethod
    def of(cls, hit: Hit) -> "Seen":
        """As a hit tells it."""
        return cls(hit.message_id, hit.link, device_of(hit.agent), hit.ip, hit.at)


class Readers:
    """Who has followed a lead's links so far: the lead, on one device or two, and perhaps others.

    Two devices are a person's like any: one that was seen on another mail of the lead, or opened this one before its
    links were followed, is the lead's. What is left, from another device and another place on a link that was followed
    before, may be somebody's to whom the mail was passed on.
    """

    def __init__(self, seen: Iterable[Seen] = ()) -> None:
        self._on_link: dict[tuple[int, int | None], list[Seen]] = defaultdict(list)
        self._seen: set[Seen] = set()
        self._all: set[tuple[int, str, str]] = set()
        for one in seen:
            self.add(one)

    def add(self, one: Seen) -> None:
        """One more hit of a person's."""
        if one in self._seen:
            return
        self._seen.add(one)
        self._on_link[one.message_id, one.link].append(one)
        self._all.add((one.message_id, one.device, one.network))

    def passed_on(self, hit: Hit) -> str:
        """The reason why this click may be somebody else's, or empty."""
        device = device_of(hit.agent)
        before = [one for one in self._on_link.get((hit.message_id, hit.link), ()) if one.at <= hit.at - PASSING_ON]
        if not device or not before:
            return ""
        if any(one.network == hit.ip for one in before) or self._is_known(hit, device, before):
            return ""
        if all(one.device not in {device, ""} for one in before):
            return f"forwarded:{device}"
        places = {one.network for one in before if one.at >= hit.at - SHORTLY} | {hit.ip}
        return f"many_places:{len(places)}" if len(places) >= MANY_PLACES else ""

    def _is_known(self, hit: Hit, device: str, before: list[Seen]) -> bool:
        """Whether the lead is known by this device in this place, or anywhere if it is one more of theirs."""
        first = min(one.at for one in before)
        opened = self._on_link.get((hit.message_id, None), ())
        if any(one.device == device and one.at <= first for one in opened):
            return True
        elsewhere = [one for one in self._all if one[0] != hit.message_id]
        if any(network == hit.ip for _, _, network in elsewhere):
            return True
        return any(known == device for _, known, _ in elsewhere) and all(one.device != device for one in before)


NOBODY = Readers()
