"""Circles of campaigns, by which a lead comes back to where it was. Pure.

They are closed by steps that enroll, by tags, by segments kept by hand, and by leaving a campaign. Only what the files
show; whatever closes a circle besides, no lead goes round without end: `enrollments/entry.py`.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from nurture.activities.model import Kind
from nurture.campaigns import entries
from nurture.campaigns.entries.activity import Activity
from nurture.campaigns.model import Again, Campaign, Entrance, Step
from nurture.campaigns.steps import add_tag, add_to_segment, remove_from_segment, remove_tag, waits
from nurture.campaigns.steps.enroll import Into
from nurture.campaigns.steps.send_email import SendEmail
from nurture.kernel.errors import Problem
from nurture.kernel.i18n import N_
from nurture.kernel.yamlfile import Source
from nurture.leads.normalize import tag_key

_Thing: TypeAlias = tuple[str, str]  # what one can have: (`tag`, key), (`segment`, key)
_LEFT, _LEFT_SO = ("left", ""), ("left", "?")  # any campaign; any in a certain way


@dataclass(frozen=True, slots=True)
class _Hop:
    """How a campaign leads into another: the step, none where leaving is enough, and what the lead gets by it."""

    into: str
    step: Step | None = None
    thing: _Thing | None = None


_Hops: TypeAlias = Mapping[str, Mapping[str, _Hop]]


def circles(loaded: Sequence[tuple[Campaign, Source]]) -> list[Problem]:
    """Each circle once, at the step that begins it: an error when nothing in it waits or asks, else a warning."""
    campaigns = {campaign.key: campaign for campaign, _ in loaded}
    sources = {campaign.key: source for campaign, source in loaded}
    hops = _all_hops(campaigns)
    found: list[Problem] = []
    told: set[frozenset[str]] = set()
    for start in sorted(hops):
        way = _way_back(start, hops)
        if not way or frozenset(way) in told:
            continue
        told.add(frozenset(way))
        around = [(campaigns[one], hops[one][other]) for one, other in zip(way, (*way[1:], start), strict=True)]
        found.append(
            sources[start].problem(
                "enroll_circle",
                N_("These campaigns lead into each other in a circle: %(keys)s"),
                path=_place(sources[start], around[0][1].step),
                mend=N_("put a condition or a wait between, or see to it that entry says again: never"),
                severity="error" if _never_ends(around) else "warning",
                keys=" → ".join((*way, start)),
            )
        )
    return found


def _all_hops(campaigns: Mapping[str, Campaign]) -> dict[str, dict[str, _Hop]]:
    """The ways from each campaign into others, by their keys; one each, a step that enrolls first."""
    doors = _doors(campaigns.values())
    found: dict[str, dict[str, _Hop]] = defaultdict(dict)
    for campaign in campaigns.values():
        for hop in sorted(_hops(campaign, doors), key=lambda one: one.thing is not None):
            found[campaign.key].setdefault(hop.into, hop)
    return found


def _doors(campaigns: Collection[Campaign]) -> dict[_Thing, list[str]]:
    """Into which campaigns one comes by getting something that is taken off again somewhere, or by leaving one."""
    lost = {thing for one in campaigns for step in one.steps.values() if (thing := _takes(step)) is not None}
    found: dict[_Thing, list[str]] = defaultdict(list)
    for campaign in campaigns:
        if campaign.entry.again is Again.NEVER:
            continue
        for thing in {thing for one in campaign.entry.entrances for thing in _waits_for(one)}:
            if thing in lost or thing[0] == "left":
                found[thing].append(campaign.key)
    return found


def _waits_for(entrance: Entrance) -> Iterator[_Thing]:
    config = entrance.config
    if entrance.kind in {"tag", "segment"}:
        yield entrance.kind, config.key
    if isinstance(config, Activity) and config.rule is not None and Kind.LEFT_CAMPAIGN in entries.hears(entrance):
        rule = config.rule
        yield from (("left", key) for key in rule.campaigns)
        if not rule.campaigns:
            yield _LEFT_SO if rule.about or rule.times > 1 else _LEFT


def _hops(campaign: Campaign, doors: Mapping[_Thing, Sequence[str]]) -> Iterator[_Hop]:
    for step in campaign.steps.values():
        if isinstance(step.config, Into):
            yield _Hop(step.config.campaign, step)
        thing = _gives(step)
        if thing is not None:
            yield from (_Hop(key, step, thing) for key in doors.get(thing, ()))
    for left in (_LEFT, _LEFT_SO, ("left", campaign.key)):
        yield from (_Hop(key, None, left) for key in doors.get(left, ()))


def _gives(step: Step) -> _Thing | None:
    match step.config:
        case add_tag.Tag(tag):
            return "tag", tag_key(tag)
        case add_to_segment.Join(segment):
            return "segment", segment
    return None


def _takes(step: Step) -> _Thing | None:
    match step.config:
        case remove_tag.Untag(tag):
            return "tag", tag_key(tag)
        case remove_from_segment.Leave(segment):
            return "segment", segment
    return None


def _way_back(start: str, hops: _Hops) -> tuple[str, ...]:
    """The shortest way from a campaign back to itself, without its end; empty when there is none."""
    ways: list[tuple[str, ...]] = [(start,)]
    seen: set[str] = set()
    for way in ways:
        for key in sorted(hops.get(way[-1], ())):
            if key == start:
                return way
            if key not in seen:
                seen.add(key)
                ways.append((*way, key))
    return ()


def _never_ends(around: Sequence[tuple[Campaign, _Hop]]) -> bool:
    """Whether every lead goes round again and again: what it gets is taken off on the way, and nothing waits or asks.

    That would write an enrollment for each lead with each beat of the clock.
    """
    runs = {campaign.key: _run(campaign) for campaign, _ in around}
    return all(_is_sure(hop, runs[campaign.key]) and _is_lost(campaign.key, hop, runs) for campaign, hop in around)


def _run(campaign: Campaign) -> list[Step]:
    """All its steps, if every lead comes in again and again and goes through them at once; else none."""
    if campaign.entry.again is not Again.AFTER_EXIT or campaign.entry.when is not None or campaign.may_end:
        return []
    found: list[Step] = []
    here: str | None = campaign.first
    while here is not None:
        step = campaign.steps[here]
        if step.ways or step.jumps or waits(step.kind):
            return []
        found.append(step)
        here = None if step.kind == "exit" else step.next
    return found


def _is_sure(hop: _Hop, run: Sequence[Step]) -> bool:
    """Whether it is gone by all, and the campaign is over when they come back."""
    if hop.step is None:
        return bool(run) and hop.thing == _LEFT
    if hop.step not in run:
        return False
    return not any(isinstance(one.config, SendEmail) for one in run[run.index(hop.step) :])


def _is_lost(key: str, hop: _Hop, runs: Mapping[str, Sequence[Step]]) -> bool:
    """Whether what the lead gets by it is taken off before, so that it is new each time."""
    if hop.thing is None or hop.step is None:
        return True
    own, place = list(map(_takes, runs[key])), runs[key].index(hop.step)
    others = [_takes(step) for other, run in runs.items() if other != key for step in run]
    return hop.thing in (*own[:place], *others) and hop.thing not in own[place:]


def _place(source: Source, step: Step | None) -> str:
    """Where a step stands in its file; the entry where there is none."""
    if step is None:
        return "entry"
    named = [path.removesuffix("id") for path in source.places if path.endswith("].id") and source.at(path) == step.id]
    return next((f"{path}{step.kind}" for path in named if f"{path}{step.kind}" in source.places), "")
