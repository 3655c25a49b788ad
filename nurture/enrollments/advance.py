"""Where an enrollment goes from here: through every step that is due, until one waits. Pure.

Instants are planned ones: each step counts from the planned instant of the one before, after policy, however late the
tick that finds it. Policy itself is asked about the real `now`.

An enrollment that is looked at before its planned instant was nudged: something relevant happened. Goal and exit are
looked at, and its step only when it waits for such a thing, or is held for a reason that may have gone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, NamedTuple, TypeGuard, assert_never
from zoneinfo import ZoneInfo

from nurture.campaigns.effects import Effect, Go, Hold, IfHeld, Leave, Moment, Outcome, SendSms, WriteMessage
from nurture.campaigns.model import Campaign, OpportunityOpened, Step
from nurture.campaigns.steps import is_blind, kinds, listens
from nurture.enrollments.model import Deed, EnrollmentState, Move, Passage, Place
from nurture.kernel.reasons import Reason
from nurture.policy.decide import Decision, Defer, Keep, Send, Skip, decide
from nurture.policy.hours import Span, is_late
from nurture.policy.house import OPEN, House
from nurture.policy.silence import PASSING
from nurture.rules.describe import describe
from nurture.rules.facts import Facts, View
from nurture.rules.quick import holds
from nurture.rules.titles import UNTITLED, Titles

MOST_AT_ONCE = 100
MOST_ATTEMPTS = 5
_FIRST_PAUSE = timedelta(minutes=1)
HOLDOUT = "holdout"  # what the memory of an enrollment says when the lead gets no mail, for comparison
DROPPED = "dropped"  # what it says of a late mail that a person has dropped: `step/round`


_NOTHING: Mapping[str, str] = MappingProxyType({})


class Around(NamedTuple):
    """What an advance knows of the lead and the time, besides the enrollment."""

    now: datetime
    view: View
    facts: Facts
    zone: ZoneInfo
    language: str = "vi"  # of sentences kept with a reason
    titles: Titles = UNTITLED  # of what the exit condition names
    mailed: datetime | None = None  # when the last mail of this enrollment went
    gone: Sequence[datetime] = ()  # the lead's mails that count against a cap
    refusal: tuple[Reason, Mapping[str, Any]] | None = None  # why the lead is not to be mailed at all
    opened: datetime | None = None  # when the lead last became an opportunity
    merged: bool = False  # into another lead
    lead_key: str = ""  # public id
    answer: Mapping[str, Any] | None = None  # what came of what the present step has asked for
    chosen: Mapping[str, str] = _NOTHING  # the winning way, by step, of steps that compare ways
    emails: Mapping[str, Sequence[str]] | None = None  # languages of each published email; None: not looked at
    house: House = OPEN  # the policy of the house
    held: tuple[Reason, Mapping[str, Any]] | None = None  # why the lead's mail waits for somebody to do something
    outages: Sequence[Span] = ()  # when nothing ran
    resumed: datetime | None = None  # when a person last let the campaign go on
    no_sms: tuple[Reason, Mapping[str, Any]] | None = None  # why the lead is not to be sent text messages


def advance(campaign: Campaign, place: Place, around: Around) -> Move:
    """The move of this enrollment now."""
    leave = ends(campaign, place, around)
    walk = _Walk(campaign, around, place)
    if leave is not None:
        return _left(walk, leave)
    if walk.early and not is_nudged(campaign, place):
        return replace(_standing(walk, place.planned_at), held=place.held, held_detail=place.held_detail)
    return walk.go()


def is_nudged(campaign: Campaign, place: Place) -> bool:
    """Whether the present step is worth a look before its planned instant when something has happened."""
    if place.step is None:
        return False
    return place.held in PASSING or listens(campaign.steps[place.step].kind)


def ends(campaign: Campaign, place: Place, around: Around) -> Leave | None:
    """Whether the goal is reached or the exit condition holds; the goal is looked at first."""
    if around.merged:
        return Leave(Reason.MERGED)
    goal = campaign.goal
    if isinstance(goal, OpportunityOpened):
        if around.opened is not None and around.opened >= place.entered_at:
            return Leave(Reason.GOAL_REACHED)
    elif goal is not None and holds(goal, around.view, around.now, around.facts):
        return Leave(Reason.GOAL_REACHED)
    rule = campaign.exit_when
    if rule is not None and holds(rule, around.view, around.now, around.facts):
        return Leave(Reason.EXIT_CONDITION, {"condition": describe(rule, around.language, titles=around.titles)})
    return None


def failed(place: Place, now: datetime, error: str) -> Move:
    """The move after a step that raised: put off, longer each time; given up after the fifth."""
    attempts = place.attempts + 1
    stay = Move(
        EnrollmentState.ACTIVE,
        place.step,
        place.occurrence,
        place.planned_at,
        place.arrived_at,
        now + _FIRST_PAUSE * 4**place.attempts,
        held=Reason.STEP_FAILED,
        held_detail={"error": error},
        attempts=attempts,
        error=error,
        memory=place.memory,
    )
    if attempts < MOST_ATTEMPTS:
        return stay
    return replace(
        stay, state=EnrollmentState.FAILED, due_at=None, reason=Reason.STEP_FAILED, detail={"error": error}, held=None
    )


@dataclass(slots=True)
class _Walk:
    """One enrollment on its way; `planned` and `arrived` go with it."""

    campaign: Campaign
    around: Around
    place: Place
    step: str | None = field(init=False)
    occurrence: int = field(init=False)
    planned: datetime = field(init=False)
    arrived: datetime = field(init=False)
    early: bool = field(init=False)  # of the step it stands at; those that follow come in their time
    memory: dict[str, Any] = field(init=False)
    passages: list[Passage] = field(default_factory=list)
    deeds: list[Deed] = field(default_factory=list)
    rests: bool = False  # what was done must be in the database before the next step looks
    waits: bool = False

    def __post_init__(self) -> None:
        self.step, self.occurrence = self.place.step, self.place.occurrence
        self.planned, self.arrived = self.place.planned_at, self.place.arrived_at
        self.early = self.planned > self.around.now
        self.memory = dict(self.place.memory)
        if self.place.held in PASSING:  # what held it may be over: as if it had come due now
            self.planned, self.early = max(self.arrived, self.around.now), False

    def go(self) -> Move:
        for _ in range(MOST_AT_ONCE):
            if self.step is None or self.waits:
                break
            step = self.campaign.steps[self.step]
            if self.rests and not is_blind(step.kind):
                break
            match self.ask(step):
                case Go() as outcome:
                    held = self.act(step, outcome)
                    if held is not None:
                        return _held(self, held)
                case Hold() as outcome:
                    self.deeds += [Deed(step.id, self.occurrence, one, self.planned) for one in outcome.effects]
                    if outcome.reason is not None or outcome.until > self.around.now:
                        return _held(self, outcome)
                    self.planned = outcome.until
                case Leave() as outcome:
                    self.passed(step, "exit")
                    return _left(self, outcome)
                case unknown:
                    assert_never(unknown)
        if self.step is None and not self.waits:
            return _ended(self, EnrollmentState.COMPLETED, Reason.DONE, {})
        return _standing(self, self.planned)

    def ask(self, step: Step) -> Outcome:
        around = self.around
        moment = Moment(
            around.now,
            min(self.planned, around.now),
            self.arrived,
            around.mailed,
            around.view,
            around.facts,
            step.id,
            self.occurrence,
            around.lead_key,
            around.zone,
            self.memory,
            around.answer if around.answer is not None and self.is_where_it_stood(step) else None,
            around.chosen.get(step.id, ""),
            self.early,
            self.place.entered_at,
        )
        return kinds()[step.kind].act(step.config, moment)

    def is_where_it_stood(self, step: Step) -> bool:
        return (step.id, self.occurrence) == (self.place.step, self.place.occurrence)

    def act(self, step: Step, outcome: Go) -> Hold | None:
        """Note the effects and go on; a Hold when policy says that the step must wait. Then nothing is done."""
        at = self.around.now if self.early and outcome.at is None else outcome.at
        if at is not None:
            self.planned = max(self.arrived, min(at, self.around.now))
        skip: Skip | None = None
        for mail in filter(_mails, outcome.effects):
            match self.policy(mail):
                case Defer(_, reason, detail) if mail.if_held is IfHeld.SKIP:
                    skip = Skip(reason, detail)
                case Defer(until, reason, detail):
                    return Hold(until, reason, detail)
                case Keep(reason, detail) if mail.if_held is IfHeld.SKIP:
                    skip = Skip(reason, detail)
                case Keep(reason, detail):
                    return Hold(self.planned, reason, detail)
                case Skip() as skip:
                    pass
                case Send():
                    pass
        for effect in outcome.effects:
            self.deeds.append(Deed(step.id, self.occurrence, effect, self.planned, skip if _mails(effect) else None))
            self.rests = self.rests or (effect.RESTS and not (_mails(effect) and skip is not None))
            self.waits = self.waits or (isinstance(effect, WriteMessage) and skip is None)
        self.passed(step, outcome.outcome if skip is None else "skipped", "" if skip is None else skip.reason.value)
        self.memory.update(outcome.remember)
        self.step, self.arrived, self.early = step.after(outcome.way), self.planned, False
        self.occurrence += outcome.again
        return None

    def policy(self, mail: WriteMessage | SendSms) -> Decision:
        around, policy = self.around, self.campaign.sending.policy
        at, house = max(around.now, self.planned), around.house.of(self.campaign.sending.class_)
        since = self.planned if around.resumed is None else max(self.planned, around.resumed)
        late = is_late(policy, house, around.zone, since, at, around.outages)
        refusal = self.refusal(mail)
        gone = around.gone if isinstance(mail, WriteMessage) else ()  # caps count emails
        return decide(policy, around.zone, at, house=house, gone=gone, refusal=refusal, held=around.held, late=late)

    def refusal(self, mail: WriteMessage | SendSms) -> tuple[Reason, Mapping[str, Any]] | None:
        around = self.around
        if self.memory.get(HOLDOUT):
            return Reason.HOLDOUT, {}
        refusal = around.refusal if isinstance(mail, WriteMessage) else around.no_sms
        if refusal is not None:
            return refusal
        if isinstance(mail, WriteMessage) and around.emails is not None and not around.emails.get(mail.email):
            return Reason.NO_TEMPLATE, {"email": mail.email}
        return (Reason.LATE_DROPPED, {}) if self.memory.get(DROPPED) == f"{self.step}/{self.occurrence}" else None

    def passed(self, step: Step, outcome: str, reason: str = "") -> None:
        self.passages.append(Passage(step.id, self.occurrence, outcome, self.planned, reason))


def _mails(effect: Effect) -> TypeGuard[WriteMessage | SendSms]:
    return isinstance(effect, WriteMessage | SendSms)


def _standing(walk: _Walk, due: datetime | None, *, planned: datetime | None = None, hold: Hold | None = None) -> Move:
    return Move(
        EnrollmentState.ACTIVE,
        walk.step,
        walk.occurrence,
        planned or walk.planned,
        walk.arrived,
        due,
        held=hold.reason if hold is not None else None,
        held_detail=hold.detail if hold is not None else {},
        passages=tuple(walk.passages),
        deeds=tuple(walk.deeds),
        waits=walk.waits,
        memory=walk.memory,
    )


def _held(walk: _Walk, hold: Hold) -> Move:
    """It waits until then; for a person, where it is late."""
    due = None if hold.reason is Reason.HELD_LATE else hold.until
    return _standing(walk, due, planned=hold.until, hold=hold)


def _left(walk: _Walk, leave: Leave) -> Move:
    return _ended(walk, EnrollmentState.EXITED, leave.reason, leave.detail)


def _ended(walk: _Walk, state: EnrollmentState, reason: Reason, detail: Mapping[str, Any]) -> Move:
    return replace(_standing(walk, walk.planned), state=state, due_at=None, reason=reason, detail=dict(detail))
