"""Who asks to come into a campaign now, by what stands in the database: memberships, dates, schedules (queries).

It only looks; `service.take_in` decides, in a transaction of its own. An occasion that was missed still counts when it
is less than a day old; later it is decided with the reason.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.engine import Connection

from nurture.campaigns import entries
from nurture.campaigns.entries import date as days
from nurture.campaigns.model import Campaign, Entrance, Existing
from nurture.campaigns.signals import Occasion
from nurture.campaigns.store import Stored
from nurture.enrollments import candidates
from nurture.enrollments.candidates import Mark, Watched
from nurture.enrollments.entry import Asked
from nurture.kernel.reasons import Reason
from nurture.policy.windows import zone_of
from nurture.rules.facts import Facts

CHUNK = 500
GRACE = timedelta(days=1)  # so long an occasion still counts after its time
# How far back a segment is looked at again: a membership may be committed after a later one was seen.
_OVERLAP = timedelta(days=1)  # with each new hour
_LATELY = timedelta(minutes=10)  # in between: else a large import is read through at every look of a day
# How often it is noted how far was looked, while nobody comes.
_NOTED_EVERY = timedelta(minutes=5)
_QUARTER = timedelta(minutes=15)  # the clocks of all zones differ by quarters of an hour
_FARTHEST = timedelta(days=366)
_CALLED = frozenset({"api", "by_hand"})


@dataclass(frozen=True, slots=True)
class Found:
    """Who asks, and how far was looked once they are decided about. `more`: not all of them yet."""

    asked: tuple[Asked, ...] = ()
    marks: tuple[Mark, ...] = ()
    passed: tuple[tuple[str, Occasion], ...] = ()  # segments whose occasion is too old, for all of them at once
    more: bool = False
    after: Mapping[str, Any] = field(default_factory=dict)  # whom to look behind, if it is looked on at once
    stale: bool = False  # there are marks of entrances that the campaign no longer has

    @property
    def matters(self) -> bool:
        """Whether there is anything to write."""
        return bool(self.asked or self.marks)

    @property
    def only_marks(self) -> bool:
        """Whether nobody has to be decided about."""
        return not (self.asked or self.passed or self.more or self.stale)


@dataclass(frozen=True, slots=True)
class Ground:
    """What looks at several campaigns begin with: their marks by id and entrance, the segments by key."""

    marks: Mapping[int, dict[str, Mark]]
    segments: Mapping[str, Watched]


def survey(conn: Connection, campaign_ids: Collection[int]) -> Ground:
    """The ground for looks at these campaigns; two queries."""
    return Ground(candidates.marks_of(conn, campaign_ids), candidates.watched(conn))


def begun_at(stored: Stored, kept: dict[str, Mark], entrance: Entrance, now: datetime) -> datetime:
    """Since when an entrance is open: the first publish, or now if it was changed after that."""
    mark = kept.get(entrance.id)
    if mark is not None:
        return mark.begun_at
    return now if kept or stored.published_at is None else stored.published_at


def look(
    conn: Connection,
    stored: Stored,
    campaign: Campaign,
    facts: Facts,
    now: datetime,
    after: Mapping[str, Any] | None = None,
    ground: Ground | None = None,
) -> Found:
    """Those who ask now, at most CHUNK of each entrance. Reads only.

    `after` is that of the look before, when its leads have just been decided about: they are not read through again.
    """
    ground = ground or survey(conn, [stored.id])
    kept = ground.marks[stored.id]
    looked = _Look(conn, stored, facts, now, dict(after or {}), ground.segments)
    for entrance in campaign.entry.entrances:
        if entrance.kind not in _CALLED:
            mark = kept.get(entrance.id) or looked.begin(Mark(entrance.id, begun_at(stored, kept, entrance, now)))
            looked.at(entrance, mark)
    stale = not kept.keys() <= {one.id for one in campaign.entry.entrances}
    return Found(tuple(looked.asked), tuple(looked.marks), tuple(looked.passed), looked.more, looked.after, stale)


def is_quiet(
    conn: Connection, campaign: Campaign, marks: Mapping[str, Mark], facts: Facts, now: datetime, until: datetime
) -> bool:
    """Whether nobody's day and no occasion comes after now and until then, where all was looked at up to now."""
    return all(
        _is_quiet(conn, entrance, marks.get(entrance.id), facts, now, until)
        for entrance in campaign.entry.entrances
        if entrance.kind not in _CALLED
    )


def _is_quiet(
    conn: Connection, entrance: Entrance, mark: Mark | None, facts: Facts, now: datetime, until: datetime
) -> bool:
    if mark is None or mark.until is None:
        return False
    config = entrance.config
    if entries.is_dated(entrance):
        return not candidates.dated(conn, config.field, days.days(config, now, until), facts)
    return not (entries.is_scheduled(entrance) and entries.occasions(entrance, now, until, facts.zone))


class _Look:
    """One look at all entrances of a campaign."""

    def __init__(
        self,
        conn: Connection,
        stored: Stored,
        facts: Facts,
        now: datetime,
        after: dict[str, Any],
        segments: Mapping[str, Watched],
    ) -> None:
        self.conn, self.stored, self.facts, self.now, self.after = conn, stored, facts, now, after
        self.segments = segments
        self.asked: list[Asked] = []
        self.marks: list[Mark] = []
        self.passed: list[tuple[str, Occasion]] = []
        self.more = False

    def begin(self, mark: Mark) -> Mark:
        """Keep since when a new entrance is open, however far it is looked at now."""
        self.marks.append(mark)
        return mark

    def at(self, entrance: Entrance, mark: Mark) -> None:
        if entrance.kind == "segment":
            self.segment(entrance, mark)
        elif entries.is_dated(entrance):
            self.dated(entrance, mark)
        elif entries.is_scheduled(entrance):
            self.scheduled(entrance, mark)
        elif mark.until is None:
            self.standing(entrance, mark)

    def through(self, mark: Mark, found: Sequence[Any], *, always: bool = False) -> bool:
        """Note that all up to now was looked at, unless there may be more; not at every look while nobody comes."""
        if len(found) >= CHUNK:
            self.more = True
            return False
        is_old = mark.until is None or not timedelta(0) <= self.now - mark.until < _NOTED_EVERY
        if found or always or is_old:
            self.marks.append(Mark(mark.entrance, mark.begun_at, self.now))
        return True

    def segment(self, entrance: Entrance, mark: Mark) -> None:
        """Who has joined; those who were in it before are enrolled or skipped as the entry says."""
        key = entrance.config.key
        is_hour = mark.until is None or _hour(mark.until) != _hour(self.now)
        since = None if mark.until is None else mark.until - (_OVERLAP if is_hour else _LATELY)
        begun = self.before(key, mark)
        if begun is None:
            return
        latest = self.segments[key].joined_at
        found = (
            candidates.joined(self.conn, self.stored, key, since, CHUNK, self.after.get(entrance.id))
            if latest is not None and (since is None or latest >= since)
            else []
        )
        if found:
            self.after[entrance.id] = found[-1]
        old = _of_existing(entrance)
        self.asked += [Asked(one.lead_id, one.cause, old if one.joined_at <= begun else None) for one in found]
        self.through(mark, found, always=is_hour)

    def before(self, key: str, mark: Mark) -> datetime | None:
        """Who joined up to then was there when the entrance was opened; None while the segment was never looked at.

        Of a segment whose rule came with the campaign that is whoever its first look has found, though it came later.
        """
        one = self.segments.get(key)
        if one is None or one.evaluated_at is None:
            return None
        is_same = one.updated_at <= mark.begun_at
        return max(mark.begun_at, one.evaluated_at) if is_same else mark.begun_at

    def standing(self, entrance: Entrance, mark: Mark) -> None:
        """Once: those who have what it asks for already."""
        rule = entries.standing(entrance)
        cause = f"existing:{entrance.id}"
        found = (
            candidates.standing(
                self.conn, self.stored, rule, cause, self.now, self.facts, CHUNK, self.after.get(cause, 0)
            )
            if rule is not None
            else []
        )
        if found:
            self.after[cause] = found[-1]
        self.asked += [Asked(lead_id, cause, _of_existing(entrance)) for lead_id in found]
        self.through(mark, found)

    def scheduled(self, entrance: Entrance, mark: Mark) -> None:
        """Whoever was in the segment at an occasion."""
        config, since = entrance.config, mark.until or mark.begun_at
        due = entries.occasions(entrance, max(since, self.now - _FARTHEST), self.now, self.facts.zone)
        asked: list[Asked] = []
        for one in due:
            if one.at > self.now - GRACE and len(asked) < CHUNK:
                cause, room = f"schedule:{one.name}", CHUNK - len(asked)
                last = self.after.get(f"{entrance.id}/{cause}", 0)
                ids = candidates.members_at(self.conn, self.stored, config.segment, one.at, cause, room, last)
                if ids:
                    self.after[f"{entrance.id}/{cause}"] = ids[-1]
                asked += [Asked(lead_id, cause) for lead_id in ids]
        self.asked += asked
        if self.through(mark, asked, always=bool(due)):
            self.passed += [(config.segment, one) for one in due if one.at <= self.now - GRACE]

    def dated(self, entrance: Entrance, mark: Mark) -> None:
        """Whose day has come, where they are. Who got the date meanwhile comes in as long as the day is young."""
        config, since = entrance.config, mark.until or mark.begun_at
        if mark.until is not None and not _may_be_due(config, mark.until, self.now):
            return
        start = max(mark.begun_at, min(since, self.now - GRACE), self.now - _FARTHEST)
        rows = candidates.dated(self.conn, config.field, days.days(config, start, self.now), self.facts)
        ids = [row.lead_id for row in rows]
        decided = candidates.causes(self.conn, self.stored, ids)
        enrolled = candidates.causes(self.conn, self.stored, ids, enrolled_only=True) if config.yearly else {}
        asked: list[Asked] = []
        for row in rows:
            zone = zone_of(row.zone, self.facts.zone.key)
            for one in days.occasions_of(config, row.value, start, self.now, zone):
                cause = f"{_prefix(config)}{one.name}"
                missed = one.at <= self.now - GRACE
                if cause in decided.get(row.lead_id, ()) or (missed and one.at <= since):
                    continue
                refused = _occasion(config, one, enrolled.get(row.lead_id, set()), missed=missed)
                asked.append(Asked(row.lead_id, cause, refused))
        self.asked += asked[:CHUNK]
        self.through(mark, asked[:CHUNK], always=True)


def _hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


def _of_existing(entrance: Entrance) -> tuple[Reason, dict[str, Any]] | None:
    """Why those who were there before do not come in, if they do not."""
    return (Reason.EXISTING_SKIPPED, {}) if entrance.existing is Existing.SKIP else None


def _prefix(config: days.Day) -> str:
    return f"date:{config.field}:"


def _occasion(
    config: days.Day, one: Occasion, causes: set[str], *, missed: bool
) -> tuple[Reason, dict[str, Any]] | None:
    """Why an occasion does not take the lead in."""
    prefix = _prefix(config)
    earlier = sorted(cause.removeprefix(prefix) for cause in causes if cause.startswith(prefix))
    before = days.taken_before(config, one.name, earlier)
    if before is not None:
        return Reason.SAME_OCCASION, {"date": before}
    return (Reason.OCCASION_PASSED, {"time": one.at.isoformat(timespec="minutes")}) if missed else None


def _may_be_due(config: days.Day, since: datetime, now: datetime) -> bool:
    """Whether it became that time of day in some zone meanwhile."""
    phase = timedelta(minutes=config.at.minute) % _QUARTER
    epoch = since.replace(hour=0, minute=0, second=0, microsecond=0)
    return now < since or (now - phase - epoch) // _QUARTER > (since - phase - epoch) // _QUARTER
