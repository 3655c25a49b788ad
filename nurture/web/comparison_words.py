"""What came of the ways of a split and of a group without mail, as people read it. No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nurture.campaigns.model import Campaign
from nurture.campaigns.spans import spoken
from nurture.campaigns.steps import label_of
from nurture.campaigns.steps.holdout import Holdout
from nurture.campaigns.steps.split import By, Split
from nurture.enrollments.experiment import lift
from nurture.enrollments.experiments import Counts, Kept, compared
from nurture.kernel.significance import CONFIDENCE, Finding, Variant, compare
from nurture.web import formats
from nurture.web.language import say

_SURE = round(100 * CONFIDENCE)


@dataclass(frozen=True, slots=True)
class Row:
    """One way, or one of the two groups, with its figures."""

    way: str
    label: str
    leads: int
    clicks: str  # with their share; nothing where they are not counted
    goals: str
    wins: bool = False


@dataclass(frozen=True, slots=True)
class Comparison:
    """A split, or a group without mail beside the others. `reason` with its detail says what was last decided."""

    step: str
    title: str
    rows: tuple[Row, ...]
    sentence: str = ""  # what the figures say, where nothing was decided
    reason: str = ""
    detail: Mapping[str, Any] | None = None
    at: datetime | None = None
    winner: str = ""
    may_choose: bool = False


def splits(
    campaign: Campaign, counts: Mapping[str, Counts], known: Mapping[str, Kept], language: str
) -> tuple[Comparison, ...]:
    """Every split with its figures and what was decided."""
    return tuple(
        _split(campaign, key, campaign.steps[key].config, counts.get(key, Counts()), known.get(key), language)
        for key in compared(campaign.steps)[0]
    )


def _split(campaign: Campaign, key: str, config: Split, counts: Counts, kept: Kept | None, language: str) -> Comparison:
    step = campaign.steps[key]
    winner = kept.winner or "" if kept is not None else ""
    pairs = zip(counts.of(config.weights, By.CLICKS), counts.of(config.weights, By.GOAL), strict=True)
    has_goal = campaign.goal is not None
    rows = tuple(
        Row(
            clicks.key,
            label_of(step.kind, config, clicks.key, language),
            clicks.trials,
            shown(clicks, language),
            shown(goals, language) if has_goal else "",
            clicks.key == winner,
        )
        for clicks, goals in pairs
    )
    title = say("Ways at “%(step)s”", step=key)
    if kept is None or (config.winner is None and kept.winner is None):
        return Comparison(key, title, rows, _outlook(config, counts, has_goal, language), may_choose=True)
    return Comparison(key, title, rows, "", kept.reason.value, kept.detail, kept.decided_at, winner, may_choose=True)


def _outlook(config: Split, counts: Counts, has_goal: bool, language: str) -> str:  # noqa: FBT001 - a fact of the campaign
    """When the winner is looked for; where a person chooses, what may be said now."""
    if config.winner is not None:
        span = spoken(config.winner.after, language)
        text = "The winner is looked for %(span)s after the first lead, once each way has %(least)s leads."
        return say(text, span=span, least=formats.number(config.winner.least, language))
    found = compare(counts.of(config.weights, By.GOAL if has_goal else By.CLICKS))
    match found.finding:
        case Finding.WINNER:
            return say("“%(way)s” is better, sure to %(sure)s%%. A person chooses.", way=found.leader or "", sure=_SURE)
        case Finding.NO_DIFFERENCE:
            return say("The difference may be chance. A person chooses.")
        case Finding.NOT_ENOUGH:
            return say("Not enough data to say which way is better. A person chooses.")


def holdouts(campaign: Campaign, counts: Mapping[str, Counts], language: str) -> tuple[Comparison, ...]:
    """Every group without mail beside those with."""
    found = []
    for key in compared(campaign.steps)[1]:
        config: Holdout = campaign.steps[key].config
        mailed, held = counts.get(key, Counts()).groups
        rows = (
            Row(mailed.key, say("With email"), mailed.trials, "", shown(mailed, language)),
            Row(
                held.key,
                say("Without email (%(percent)s%%)", percent=config.percent),
                held.trials,
                "",
                shown(held, language),
            ),
        )
        sentence = (
            _lift(mailed, held, language) if campaign.goal is not None else say("Without a goal nothing compares.")
        )
        found.append(Comparison(key, say("With and without email"), rows, sentence))
    return tuple(found)


def _lift(mailed: Variant, held: Variant, language: str) -> str:
    """How much the emails bring, and how sure that is."""
    found = lift(mailed, held)
    if found is None:
        return say("Not enough data to say what the emails bring.")
    by, low, high = (formats.number(round(100 * part, 1), language) for part in (found.by, found.low, found.high))
    if not found.is_clear:
        return say(
            "The difference is %(by)s points and may be chance: with %(sure)s%% it lies between %(low)s and %(high)s.",
            by=by,
            low=low,
            high=high,
            sure=_SURE,
        )
    return say(
        "The emails change the share by %(by)s points: with %(sure)s%% it lies between %(low)s and %(high)s.",
        by=by,
        low=low,
        high=high,
        sure=_SURE,
    )


def shown(one: Variant, language: str) -> str:
    """`12 (24%)`; nobody has no share."""
    count = formats.number(one.successes, language)
    sign = "\u00a0%" if language == "vi" else "%"
    return f"{count} ({formats.number(round(100 * one.share, 1), language)}{sign})" if one.trials else count
