"""Looks from time to time at what the splits of live campaigns came to (opens its own transactions).

A clear winner is taken; what is not clear is said, and the leads go on being split.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from weakref import WeakKeyDictionary

from sqlalchemy.engine import Connection

from nurture.campaigns import store as campaign_store
from nurture.campaigns.model import Campaign, CampaignState
from nurture.campaigns.steps.split import Split, Winner
from nurture.engine import revisions
from nurture.enrollments import experiments
from nurture.enrollments.experiment import Looks, Said, Verdict, judge
from nurture.enrollments.experiments import AUTOMATIC, Counts, Kept
from nurture.kernel.context import Context
from nurture.kernel.database import Database
from nurture.kernel.reasons import Reason
from nurture.kernel.significance import CONFIDENCE
from nurture.rules.facts import Facts

_EVERY = timedelta(minutes=10)  # engine time
_looked: "WeakKeyDictionary[Database, datetime]" = WeakKeyDictionary()
_REASONS = {
    Said.FEW: Reason.NOT_ENOUGH_DATA,
    Said.UNCLEAR: Reason.NO_CLEAR_WINNER,
    Said.WON: Reason.WAY_WON,
}


@dataclass(frozen=True, slots=True)
class Decided:
    """What is newly known of a campaign's splits, and what was known before, by step."""

    campaign_id: int
    key: str
    news: Mapping[str, Kept]
    before: Mapping[str, Kept]


def look(ctx: Context, facts: Facts, *, always: bool = False) -> int:
    """Decide about splits whose time has come, every ten minutes; gives how many decisions were written."""
    now, last = ctx.clock.engine(), _looked.get(ctx.database)
    if not always and last is not None and timedelta(0) <= now - last < _EVERY:
        return 0
    _looked[ctx.database] = now
    with ctx.database.read() as conn:
        decided = decide(conn, facts, now)
    written = 0
    for one in decided:
        with ctx.database.write() as conn:
            written += keep(conn, one)
    return written


def decide(conn: Connection, facts: Facts, now: datetime) -> list[Decided]:
    """What is newly known, of each campaign of whose splits something is. Reads only."""
    looked = [_decide(conn, one, key, campaign, now) for one, key, campaign in _comparing(conn, facts)]
    return [one for one in looked if one.news]


def _comparing(conn: Connection, facts: Facts) -> list[tuple[int, str, Campaign]]:
    """Live campaigns with a split that finds its winner by itself."""
    live = campaign_store.bare(conn, [CampaignState.LIVE])
    ready = revisions.load(conn, [one.revision_id for one in live if one.revision_id is not None], facts)
    found = []
    for one in live:
        campaign = ready[one.revision_id].campaign if one.revision_id is not None else None
        if campaign is not None and any(_winner(campaign, step) for step in campaign.steps):
            found.append((one.id, one.key, campaign))
    return found


def _winner(campaign: Campaign, step: str) -> Winner | None:
    config = campaign.steps[step].config
    return config.winner if isinstance(config, Split) else None


def keep(conn: Connection, decided: Decided) -> int:
    """Keep what is new, unless another clock or a person has decided meanwhile."""
    stored = campaign_store.lock(conn, decided.key)
    if stored is None or stored.state is not CampaignState.LIVE:
        return 0
    now_kept = experiments.kept(conn, decided.campaign_id)
    news = {step: one for step, one in decided.news.items() if now_kept.get(step) == decided.before.get(step)}
    for step, one in news.items():
        experiments.keep(conn, decided.campaign_id, decided.key, step, one)
    return len(news)


def _decide(conn: Connection, campaign_id: int, key: str, campaign: Campaign, now: datetime) -> Decided:
    """What is newly known of each split."""
    splits, holdouts = experiments.compared(campaign.steps)
    if not _is_open(conn, campaign_id, campaign, splits, now):
        return Decided(campaign_id, key, {}, {})
    told = experiments.told(conn, campaign_id, key, splits, holdouts)
    found = {}
    for step in splits:
        winner, before = _winner(campaign, step), told.kept.get(step)
        if winner is None or (before is not None and before.winner is not None):
            continue
        one = _said(campaign.steps[step].config, winner, told.counts.get(step, Counts()), before, now)
        if one is not None:
            found[step] = one
    return Decided(campaign_id, key, found, told.kept)


def _is_open(conn: Connection, campaign_id: int, campaign: Campaign, splits: Sequence[str], now: datetime) -> bool:
    """Whether there can be anything to say: a split without a winner, whose time is over."""
    finding = {step: winner for step in splits if (winner := _winner(campaign, step)) is not None}
    until = now - min(one.after for one in finding.values())
    if not experiments.is_begun(conn, campaign_id, finding, until):
        return False
    before = experiments.kept(conn, campaign_id)
    return any(step not in before or before[step].winner is None for step in finding)


def _said(config: Split, winner: Winner, counts: Counts, before: Kept | None, now: datetime) -> Kept | None:
    """A decision to be kept; None when nothing new is to be said."""
    ways = counts.of(config.weights, winner.by)
    tests = before.tests if before is not None else Looks()
    verdict = judge(winner, ways, counts.begun, now, tests)
    if verdict.said is Said.EARLY:
        return None
    reason = _REASONS[verdict.said]
    if before is not None and before.reason is reason and not verdict.tested:
        return None
    if verdict.tested:
        tests = Looks(tests.count + 1, min(one.trials for one in ways))
    detail = _detail(config, winner, counts, verdict)
    since = before.since if before is not None else None
    return Kept(verdict.winner or None, reason, detail, AUTOMATIC, now, tests, since)


def _detail(config: Split, winner: Winner, counts: Counts, verdict: Verdict) -> dict[str, object]:
    """The figures as they were, and what the sentence needs of them."""
    ways = sorted(
        counts.of(config.weights, winner.by), key=lambda one: (one.key != verdict.winner, -one.share, one.key)
    )
    figures = {one.key: [one.successes, one.trials] for one in ways}
    return {
        "way": ways[0].key,
        "share": round(100 * ways[0].share, 1),
        "other": round(100 * ways[1].share, 1),
        "leads": sum(one.trials for one in ways),
        "successes": sum(one.successes for one in ways),
        "confidence": round(100 * CONFIDENCE),
        "by": winner.by.value,
        "figures": figures,
    }
