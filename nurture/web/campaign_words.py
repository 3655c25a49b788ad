"""A campaign as people read it: its conditions as sentences, its steps as a tree with counts. No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from nurture.campaigns.entries import describe as describe_entrance
from nurture.campaigns.model import Again, Campaign, OpportunityOpened, Sender, Step
from nurture.campaigns.spans import spoken
from nurture.campaigns.steps import kinds, label_of
from nurture.campaigns.steps.wait import Wait
from nurture.campaigns.weekdays import named_days
from nurture.engine.whys import EARLY
from nurture.enrollments.store import StepCounts
from nurture.kernel.i18n import N_, translate_plural
from nurture.policy.windows import Window
from nurture.rules.describe import describe
from nurture.rules.titles import Titles
from nurture.web.language import say
from nurture.web.refusing import topics

CLASSES = {
    "advertising": N_("Advertising"),
    "care": N_("Care"),
    "deal": N_("About an open deal"),
    "transactional": N_("Transactional"),
}
_ICONS = {
    "send_email": "envelope",
    "wait": "clock",
    "wait_until": "calendar-event",
    "wait_for": "hourglass-split",
    "split": "signpost-split",
    "holdout": "slash-circle",
    "jump": "arrow-counterclockwise",
    "branch": "signpost-split",
    "add_tag": "tag",
    "remove_tag": "tag",
    "change_field": "pencil",
    "change_score": "thermometer-half",
    "assign_owner": "person",
    "open_opportunity": "trophy",
    "add_to_segment": "people",
    "remove_from_segment": "people",
    "enroll": "signpost-split",
    "unenroll": "box-arrow-right",
    "exit": "box-arrow-right",
    "notify_owner": "bell",
    "webhook": "link-45deg",
    "send_sms": "chat-left-text",
    "task": "telephone",
}
_EMAIL = "send_email"


@dataclass(frozen=True, slots=True)
class Arm:
    """One way of a branch: its label, who went there, its steps."""

    way: str
    label: str
    count: int
    share: int | None  # percent of those who passed the branch; None while nobody has
    nodes: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Node:
    """One step of the tree."""

    id: str
    icon: str
    text: str
    email: str  # key of the email it sends, or nothing
    counts: StepCounts
    arms: tuple[Arm, ...]
    depth: int


def entry(campaign: Campaign, titles: Titles, language: str) -> list[str]:
    """Who comes in, what became of those there before, and whether one may come again."""
    found = [sentence for one in campaign.entry.entrances for sentence in describe_entrance(one, language, titles)]
    if campaign.entry.when is not None:
        found.append(say("Only if: %(rule)s.", rule=describe(campaign.entry.when, language, titles=titles)))
    match campaign.entry.again:
        case Again.NEVER:
            found.append(say("Each lead goes through it once."))
        case Again.AFTER_EXIT:
            found.append(say("A lead may come again after leaving."))
        case timedelta() as span:
            found.append(say("A lead may come again %(span)s after leaving.", span=spoken(span, language)))
    return found


def step_words(step: Step, titles: Titles, language: str) -> str:
    """What a step does."""
    return kinds()[step.kind].describe(step.config, language, titles)


@dataclass(frozen=True, slots=True)
class Stay:
    """Where a lead is in a campaign."""

    step: str  # what the step does
    waits: str = ""  # how long it has to wait here; nothing unless the step is a wait
    then: str = ""  # what follows the wait; nothing when it is the last step
    asks: bool = False  # it may go on before the time is over


def stay(campaign: Campaign, step_id: str, titles: Titles, language: str) -> Stay | None:
    """Being at this step; None when the campaign has no such step (any more)."""
    step = campaign.steps.get(step_id)
    if step is None:
        return None
    following = campaign.steps.get(step.next or "")
    then = step_words(following, titles, language) if following else ""
    return Stay(step_words(step, titles, language), waiting(step, language), then, is_asking(step))


def waiting(step: Step, language: str) -> str:
    """How long a lead has to wait at this step; nothing unless it is a wait."""
    return spoken(step.config.span, language) if isinstance(step.config, Wait) else ""


def is_asking(step: Step) -> bool:
    """Whether a lead at this step waits for something that may come before its time is over."""
    return step.kind in EARLY


def goal(campaign: Campaign, language: str, titles: Titles) -> str:
    """When it has done its work for a lead; nothing when it has no goal."""
    if campaign.goal is None:
        return ""
    if isinstance(campaign.goal, OpportunityOpened):
        return say("An opportunity is opened")
    return describe(campaign.goal, language, titles=titles)


def leave(campaign: Campaign, language: str, titles: Titles) -> str:
    """When a lead leaves before the end; nothing when never."""
    return describe(campaign.exit_when, language, titles=titles) if campaign.exit_when is not None else ""


def sending(campaign: Campaign, language: str) -> list[str]:
    """How its mails go: kind and sender, when, how many at most."""
    owner = campaign.sending.sender is Sender.OWNER
    kind = say(CLASSES[campaign.sending.class_])
    found = [say("%(kind)s, in the name of the lead's owner.", kind=kind) if owner
             else say("%(kind)s, in the name of the house.", kind=kind)]  # fmt: skip
    policy = campaign.sending.policy
    if policy.topic:
        found.append(about(policy.topic))
    if policy.window is None:
        found.append(say("At any time of day."))
    else:
        found.append(window(policy.window, language))
    if policy.cap is not None:
        span = spoken(policy.cap.span, language)
        one, many = (
            "At most %(count)s email to one lead in %(span)s.",
            "At most %(count)s emails to one lead in %(span)s.",
        )
        found.append(translate_plural(language, one, many, policy.cap.limit, span=span))
    return found


def about(topic: str) -> str:
    """`About “Offers”; readers may refuse that alone.`"""
    return say("About “%(topic)s”; readers may refuse that alone.", topic=topics().get(topic, topic))


def window(one: Window, language: str) -> str:
    """`Monday to Saturday, 08:00 to 20:00, where the lead is.`"""
    start, end = (f"{minute // 60:02}:{minute % 60:02}" for minute in (one.start, one.end))
    return say(
        "%(days)s, %(start)s to %(end)s, where the lead is.", days=named_days(one.days, language), start=start, end=end
    )


def tree(campaign: Campaign, counts: Mapping[str, StepCounts], titles: Titles, language: str) -> tuple[Node, ...]:
    """The steps as they are nested, each with its counts; what they name goes by its title."""
    by_way: dict[str, list[Step]] = {}
    for step in campaign.steps.values():
        by_way.setdefault(step.way, []).append(step)

    def nodes(way: str) -> tuple[Node, ...]:
        return tuple(node(step) for step in by_way.get(way, ()))

    def node(step: Step) -> Node:
        mine = counts.get(step.id, StepCounts())
        arms = tuple(_arm(step, way, mine, nodes(f"{step.id}.{way}"), titles, language) for way in step.ways)
        icon = _ICONS.get(step.kind, "arrow-right")
        return Node(step.id, icon, step_words(step, titles, language), _email(step), mine, arms, step.depth)

    return nodes("")


def _arm(
    step: Step, way: str, counts: StepCounts, nodes: tuple[Node, ...], titles: Titles, language: str
) -> Arm:  # fmt: skip
    taken = counts.outcomes.get(way, 0)
    share = round(100 * taken / counts.passed) if counts.passed else None
    return Arm(way, label_of(step.kind, step.config, way, language, titles), taken, share, nodes)


def _email(step: Step) -> str:
    config: Any = step.config
    return str(config.email) if step.kind == _EMAIL else ""
