"""A rehearsal from its first instant to its last (I/O on the stage): the real tick, go, calls and reactions in turn.

Time jumps from one thing that is due to the next, at most so far ahead as is asked, an hour as a rule, so that what is
found by looking is found. Of many leads looks and deeds fall on the same instants.
"""

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.activities.model import Kind
from nurture.activities.service import Activity, record_set
from nurture.campaigns.tables import campaigns
from nurture.consents import service as consents
from nurture.consents.model import Method
from nurture.consents.service import Said
from nurture.delivery.letter import Letter
from nurture.delivery.store import WAITING
from nurture.engine.calm import is_calm
from nurture.engine.leave import examine
from nurture.engine.react import react
from nurture.engine.tick import tick
from nurture.engine.upkeep import upkeep
from nurture.enrollments.tables import enrollments
from nurture.kernel.clock import ManualClock
from nurture.kernel.context import Context
from nurture.kernel.database import Instant
from nurture.kernel.garbage import unsearched
from nurture.leads.replies import replied
from nurture.leads.tables import leads
from nurture.messages.model import Purposes
from nurture.messages.tables import messages
from nurture.outbound.store import QUEUED
from nurture.outbound.tables import outbox
from nurture.policy.tables import runs
from nurture.policy.windows import zone_of
from nurture.rehearsal import staff
from nurture.rehearsal.behavior import GRID, GRID_OF_MANY, Deed, Draw, at_work, deeds
from nurture.rehearsal.calls import Taker
from nurture.rehearsal.model import Act, Does, Request
from nurture.rehearsal.transport import Recorder

CAUSE = "rehearsal"
_FINE, _COARSE = 1, 60  # seconds to which instants are rounded up: of a few leads, of many
MANY = 500
_CALM = (timedelta(days=1), timedelta(hours=6))  # how far ahead it is asked whether time alone changes anything
_ROUNDS = 50  # at one instant
_REACTIONS = 100_000
_TO_LEADS = (Purposes.CAMPAIGN.value, Purposes.BROADCAST.value)
_READS = {Does.OPENS: Kind.OPENED, Does.CLICKS: Kind.CLICKED}
_OF_STAFF = (Does.FINISHES_TASK, Does.LOOKS)


def _ahead() -> Iterator[sa.Select[Any]]:
    """The first instant after now at which an enrollment, a mail or a call is due, one query each."""
    now: sa.BindParameter[datetime] = sa.bindparam("now")
    # states as they stand in the conditions of the indexes
    idle = sa.text("enrollments.state = 'active' AND enrollments.waits_for IS NULL")
    first = sa.select(sa.func.min(enrollments.c.due_at, type_=Instant))
    first = first.where(enrollments.c.campaign_id == campaigns.c.id, idle)
    each = first.correlate(campaigns).scalar_subquery()
    yield sa.select(sa.func.min(each, type_=Instant)).where(campaigns.c.state == "live")
    yield sa.select(sa.func.min(messages.c.not_before)).where(WAITING, messages.c.not_before > now)
    yield sa.select(sa.func.min(outbox.c.not_before)).where(QUEUED, outbox.c.not_before > now)


_AHEAD = tuple(_ahead())
Progress = Callable[[float], None]  # the share that is done, from 0 to 1


@dataclass(frozen=True, slots=True, order=True)
class _Planned:
    """Something that will be done about a message, a task or a lead."""

    at: datetime
    number: int
    about: int = field(compare=False)  # its id
    deed: Deed = field(compare=False)


@dataclass(slots=True)
class Stage:
    """A rehearsal under way."""

    ctx: Context  # its clock is a ManualClock
    request: Request
    many: bool
    clock: ManualClock = field(init=False)
    recorder: Recorder = field(init=False)
    taker: Taker = field(init=False)
    begun: datetime = field(init=False)
    _ahead: list[_Planned] = field(default_factory=list)
    _script: list[tuple[datetime, int, Act]] = field(default_factory=list)
    _count: int = 0
    _last_task: int = 0
    _calm_until: datetime | None = None  # up to then no tick finds anybody by looking, unless something is written
    _ask_again: datetime = field(init=False)

    def __post_init__(self) -> None:
        if not isinstance(self.ctx.clock, ManualClock):
            raise TypeError("a rehearsal moves its clock by itself")
        self.clock = self.ctx.clock
        self.recorder = Recorder(self.ctx)
        self.taker = Taker(self.ctx)
        self.begun = self._ask_again = self.clock.engine()
        for number, act in enumerate(self.request.script):
            heapq.heappush(self._script, (self.begun + act.after, number, act))

    def run(self, progress: Progress | None = None, stop: Callable[[], bool] | None = None) -> bool:
        """Play it to the end; False when it was stopped before."""
        end = self.begun + timedelta(days=self.request.days)
        while True:
            with unsearched():
                self._moment()
            if progress is not None:
                progress(min(1.0, (self.clock.engine() - self.begun) / (end - self.begun)))
            if stop is not None and stop():
                return False
            following = self._next()
            if following > end:
                self.clock.engine_at = end
                return True
            self.clock.engine_at = following

    def _moment(self) -> None:
        """Everything that belongs to this instant, until nothing is left."""
        acted, reacted = self._act(), self._react()
        with self.ctx.database.write() as conn:  # time jumps, but nothing stood still meanwhile
            conn.execute(runs.update().values(seen_at=self.clock.engine()))
        if upkeep(self.ctx) or acted or reacted:
            self._calm_until = None
        for _ in range(_ROUNDS):
            now = self.clock.engine()
            report = tick(self.ctx, looks=self._calm_until is None or now > self._calm_until)
            letters = self.recorder.hand_over()
            called = self.taker.hand_over()
            self._plan(letters)
            tasks = self._plan_tasks()
            done = self._react() or letters or called or report.advanced or report.looked_at
            if done or tasks or report.joined or report.left or report.stopped:
                self._calm_until = None
            else:
                self._calm()
            if not done:
                break

    def _calm(self) -> None:
        """After an instant at which nothing was to be done: how long time alone changes nothing."""
        now = self.clock.engine()
        if (self._calm_until is not None and now <= self._calm_until) or now < self._ask_again:
            return
        self._calm_until = next((now + span for span in _CALM if is_calm(self.ctx, now + span)), None)
        self._ask_again = now + _CALM[-1]

    def _react(self) -> int:
        zone, language = self.ctx.settings.zone, self.ctx.settings.language

        def leave(conn: Connection, lead_ids: list[int], *, now: datetime, real: datetime) -> None:
            examine(conn, lead_ids, now, real, zone=zone, language=language)

        return react(self.ctx, _REACTIONS, after=(leave,))

    def _next(self) -> datetime:
        """The next instant at which there is something to do."""
        now = self.clock.engine()
        due = [self._look_after(now)]
        with self.ctx.database.read() as conn:
            due += [one for query in _AHEAD if (one := conn.execute(query, {"now": now}).scalar()) is not None]
        due += [self._ahead[0].at] if self._ahead else []
        due += [self._script[0][0]] if self._script else []
        grid = _COARSE if self.many else _FINE
        seconds = -int(-max(min(due), now + timedelta(seconds=1)).timestamp() // grid) * grid
        return datetime.fromtimestamp(seconds, now.tzinfo)

    def _look_after(self, now: datetime) -> datetime:
        """When to look at the latest: of many leads on the hour, at which they do what they do."""
        if not self.many:
            return now + self.request.look
        seconds = self.request.look.total_seconds()
        return datetime.fromtimestamp((now.timestamp() // seconds + 1) * seconds, now.tzinfo)

    @property
    def _grid(self) -> timedelta:
        return GRID_OF_MANY if self.many else GRID

    # -- what leads and staff do --

    def _plan(self, letters: list[Letter]) -> None:
        """Draw what becomes of each letter."""
        behavior = self.request.behavior
        to_leads = [one for one in letters if one.lead_id]
        if behavior is None or not to_leads:
            return
        with self.ctx.database.read() as conn:
            about = _about(conn, [one.message_id for one in to_leads])
        now, house = self.clock.engine(), self.ctx.settings.zone
        for one in to_leads:
            row = about[one.message_id]
            draw = Draw(self.request.seed, f"{row.lead_key}/{row.template_key}/{row.step}/{row.occurrence}")
            links = self.recorder.links.get(one.template, ())
            for deed in deeds(behavior, draw, now, zone_of(row.zone, house), links, self._grid):
                self._later(one.message_id, deed)

    def _later(self, about: int, deed: Deed) -> None:
        self._count += 1
        heapq.heappush(self._ahead, _Planned(deed.at, self._count, about, deed))

    def _plan_tasks(self) -> int:
        """Draw which of the new tasks are done, when, and which of its outcomes comes of each, all alike; gives how
        many are new."""
        behavior = self.request.behavior
        if behavior is None:
            return 0
        with self.ctx.database.read() as conn:
            self._last_task, found = staff.given(conn, self._last_task)
        now, zone = self.clock.engine(), self.ctx.settings.local_zone
        for one in found:
            draw = Draw(self.request.seed, one.name)
            if draw("calls") < behavior.calls:
                outcome = one.outcomes[int(draw("outcome") * len(one.outcomes))]
                self._later(
                    one.id, Deed(at_work(now, zone, draw("when"), self._grid), Does.FINISHES_TASK, outcome=outcome)
                )
        return len(found)

    def _act(self) -> int:
        """Do what is planned for now, and what the script says; gives how many deeds."""
        now = self.clock.engine()
        due = []
        while self._ahead and self._ahead[0].at <= now:
            one = heapq.heappop(self._ahead)
            due.append((one.about, one.deed))
        with self.ctx.database.read() as conn:
            while self._script and self._script[0][0] <= now:
                due += self._scripted(conn, heapq.heappop(self._script)[2])
            about = _about(conn, [number for number, deed in due if deed.does not in _OF_STAFF])
        if not due:
            return 0
        with self.ctx.database.write() as conn:
            lines = [self._line(about[number], deed) for number, deed in due if deed.does in _READS]
            record_set(conn, lines, real=self.clock.real())
            for number, deed in due:
                self._do(conn, number, about, deed)
        return len(due)

    def _do(self, conn: Connection, number: int, about: dict[int, sa.Row[Any]], deed: Deed) -> None:
        times = {"now": self.clock.engine(), "real": self.clock.real()}
        match deed.does:
            case Does.REPLIES:
                self._reply(conn, about[number])
            case Does.UNSUBSCRIBES:
                self._refuse(conn, about[number])
            case Does.FINISHES_TASK:
                staff.finish(conn, number, deed.outcome, **times)
            case Does.LOOKS:
                staff.look(conn, number, cause=CAUSE, **times)

    def _scripted(self, conn: Connection, act: Act) -> list[tuple[int, Deed]]:
        """The deed of a line of the script: on the latest email that it means, on the task that is due first, on the
        lead. Nothing when there is none."""
        deed = Deed(self.clock.engine(), act.does, outcome=act.outcome)
        if act.does is Does.FINISHES_TASK:
            task = staff.first_of(conn, act.lead)
            return [(task, deed)] if task is not None else []
        if act.does is Does.LOOKS:
            lead = conn.execute(sa.select(leads.c.id).where(leads.c.email == act.lead)).scalar()
            return [(lead, deed)] if lead is not None else []
        query = (
            sa.select(messages.c.id, messages.c.template_revision_id)
            .join(leads, leads.c.id == messages.c.lead_id)
            .where(leads.c.email == act.lead, messages.c.purpose.in_(_TO_LEADS), messages.c.gone_at.is_not(None))
            .order_by(messages.c.gone_at.desc(), messages.c.id.desc())
        )
        if act.email:
            query = query.where(messages.c.template_key == act.email)
        row = conn.execute(query.limit(1)).first()
        if row is None:
            return []
        links = self.recorder.links.get(row.template_revision_id, ())
        link = next((number for number, target in enumerate(links) if act.link in target), 0)
        return [(row.id, replace(deed, link=link))]

    def _line(self, row: sa.Row[Any], deed: Deed) -> Activity:
        links = self.recorder.links.get(row.template_revision_id, ())
        clicked = deed.does is Does.CLICKS and deed.link < len(links)
        return Activity(
            row.lead_id,
            _READS[deed.does],
            deed.at,
            "lead",
            CAUSE,
            cause_key=f"{CAUSE}:{row.id}:{deed.does}:{deed.link}:{deed.at.isoformat()}",
            message_id=row.id,
            campaign_key=row.campaign_key,
            email_key=row.template_key,
            url=links[deed.link] if clicked else None,
            detail={"verdict": "human"} | ({"link": deed.link} if clicked else {}),
        )

    def _reply(self, conn: Connection, row: sa.Row[Any]) -> None:
        """Automatic mail waits; by a behavior the owner looks within a working day."""
        now, real = self.clock.engine(), self.clock.real()
        key = f"{CAUSE}:{row.id}:{Does.REPLIES}:{now.isoformat()}"
        replied(
            conn, row.lead_id, now=now, real=real, actor="lead", cause=CAUSE, cause_key=key, message_id=row.id
        )  # fmt: skip
        if self.request.behavior is not None:
            share = Draw(self.request.seed, f"{row.lead_key}/looks/{row.template_key}/{row.occurrence}")("when")
            self._later(row.lead_id, Deed(at_work(now, self.ctx.settings.local_zone, share, self._grid), Does.LOOKS))

    def _refuse(self, conn: Connection, row: sa.Row[Any]) -> None:
        said = Said(Method.FORM, CAUSE, "lead", CAUSE, self.clock.engine(), self.clock.real())
        consents.unsubscribe(
            conn, self.ctx.keys, row.lead_id, row.address, said,
            message_id=row.id, campaign_key=row.campaign_key, email_key=row.template_key,
        )  # fmt: skip


def _about(conn: Connection, message_ids: list[int]) -> dict[int, sa.Row[Any]]:
    """What is known of these messages and of their leads."""
    query = (
        sa.select(
            messages.c.id, messages.c.lead_id, messages.c.template_key, messages.c.template_revision_id,
            messages.c.step, messages.c.occurrence, messages.c.address, leads.c.public_id.label("lead_key"),
            leads.c.zone, campaigns.c.key.label("campaign_key"),
        )
        .join(leads, leads.c.id == messages.c.lead_id)
        .outerjoin(campaigns, campaigns.c.id == messages.c.campaign_id)
    )  # fmt: skip
    found: dict[int, sa.Row[Any]] = {}
    for start in range(0, len(message_ids), 500):
        part = message_ids[start : start + 500]
        found.update({row.id: row for row in conn.execute(query.where(messages.c.id.in_(part)))})
    return found
