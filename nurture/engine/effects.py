"""What an activity leads to, up to the alert; or, once it was withdrawn, what is taken back. Uses the database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import InterfaceError, OperationalError

from nurture.activities.facts import moved
from nurture.activities.model import LATE, Decided, Kind
from nurture.activities.service import Decision, decide_many
from nurture.activities.tables import activities
from nurture.alerts import service as alerts
from nurture.alerts import store as alert_store
from nurture.alerts.model import Alert, House, Moment
from nurture.engine.known import titles
from nurture.kernel.reasons import Reason
from nurture.kernel.settings import Settings
from nurture.leads import service as lead_service
from nurture.leads.model import Lifecycle, Temperature
from nurture.leads.tables import leads
from nurture.opportunities import published as deal_rules
from nurture.opportunities import service as deals
from nurture.opportunities import store as deal_store
from nurture.opportunities.model import (
    Criterion,
    NewOpportunity,
    Opportunity,
    Pipeline,
    Qualification,
)
from nurture.opportunities.qualify import candidate_of, qualify
from nurture.rules.describe import describe
from nurture.rules.evaluate import evaluate
from nurture.rules.facts import Facts
from nurture.rules.model import reads
from nurture.rules.titles import named
from nurture.scoring import published as score_rules
from nurture.scoring import service as scoring
from nurture.scoring import store as scores
from nurture.scoring.batch import score_each
from nurture.scoring.model import Change, Happened, ScoringRules, Standing
from nurture.scoring.rating import rate
from nurture.segments.store import facts as facts_of
from nurture.segments.view import view

_SCORES = frozenset({"engagement", "fit", "score", "temperature"})
_BEFORE = ScoringRules("")  # before any were published: temperature alone


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one activity: keys of facts that moved besides the activity, and whether somebody was alerted."""

    moved: frozenset[str] = frozenset()
    alerted: bool = False


@dataclass(frozen=True, slots=True)
class Effects:
    """What is needed to react to the activities of one transaction."""

    conn: Connection
    facts: Facts
    rules: ScoringRules
    pipeline: Pipeline | None
    house: House
    zone: ZoneInfo
    now: datetime
    real: datetime
    before: Mapping[int, Standing]  # of the leads that are leads, as the transaction found them
    rated: Mapping[int, int]  # by how much the fit of each has changed since
    failed: Mapping[int, Exception]  # leads that could not be rated

    @classmethod
    def prepare(
        cls, conn: Connection, settings: Settings, batch: Sequence[Happened], now: datetime, real: datetime
    ) -> "Effects":
        """Read once what all of the batch need."""
        facts = facts_of(conn, settings.zone)
        rules = score_rules.live(conn, facts) or _BEFORE
        pipeline = deal_rules.live(conn, facts)
        before = scores.standings(conn, [one.lead_id for one in batch])
        kinds = {kind for kind in {one.kind for one in batch} if _asks_facts(rules, kind)}
        asking = [one for one in batch if one.lead_id in before and one.kind in kinds and one.withdrawn_at is None]
        rated, failed = _rate(conn, rules, asking, now, real)
        house = alerts.house_of(settings)
        return cls(conn, facts, rules, pipeline, house, settings.local_zone, now, real, before, rated, failed)

    @property
    def _times(self) -> dict[str, datetime]:
        return {"now": self.now, "real": self.real}

    def of(self, batch: Sequence[Happened]) -> dict[int, Outcome]:
        """The effects of these activities, by activity. A second run finds them done."""
        if len({one.lead_id for one in batch}) < len(batch):  # what one did counts for the next
            return {one.id: self.of([one])[one.id] for one in batch}
        known = [one for one in batch if one.lead_id in self.before]
        counting = [one for one in known if one.withdrawn_at is None]
        for one in counting:
            if one.lead_id in self.failed:
                raise self.failed[one.lead_id]
        standings = {one.lead_id: self._rated(one.lead_id) for one in counting}
        changes = score_each(self.conn, counting, self.rules, standings, **self._times)
        found = {one.id: self._forward(one, changes[one.id]) for one in counting}
        found |= {one.id: self._take_back(one) for one in known if one.withdrawn_at is not None}
        return {one.id: Outcome() for one in batch} | found

    def _rated(self, lead_id: int) -> Standing:
        before = self.before[lead_id]
        return replace(before, fit=before.fit + self.rated.get(lead_id, 0))

    def _forward(self, happened: Happened, scored: Change) -> Outcome:
        """What follows from the score of an activity that counts."""
        change = replace(scored, before=self.before[happened.lead_id])
        became_hot = change.became_hot or _said_hot(happened, change.after)
        alerted = not happened.detail.get(LATE) and self._sell(happened, change, became_hot=became_hot)
        return Outcome(_SCORES if change.after != change.before else frozenset(), alerted)

    # forward: lifecycle, opportunity, alert

    def _sell(self, happened: Happened, change: Change, *, became_hot: bool) -> bool:
        """Opportunity and alert, where the lead is warm enough for one; gives whether somebody was alerted."""
        if self.pipeline is None:
            return False
        needed = self.pipeline.qualifying
        if change.after.temperature is not Temperature.HOT and needed.temperature is not change.after.temperature:
            return False
        mine = deal_store.in_pipeline(self.conn, happened.lead_id, self.pipeline)
        verdict = self._qualify(change.after, self.pipeline, mine)
        opened = self._open(happened, verdict, self.pipeline) if verdict.holds else None
        if opened is None:
            self._note_fit(happened, change.after, self.pipeline)
            if not verdict.holds and (became_hot or change.before.fit < needed.fit <= change.after.fit):
                self._refuse(happened, verdict, self.pipeline)
        still_open = [one for one in mine if one.is_open]
        one = opened or (still_open[-1] if still_open else None)
        moment = Moment(
            happened.lead_id, happened.cause_of_effects, one.owner_id if one else None, one.id if one else None,
            opened=opened is not None, became_hot=became_hot, has_open=bool(still_open),
        )  # fmt: skip
        limits = self.pipeline.alerts
        return bool(alerts.raise_due(self.conn, moment, self.rules, limits, self.house, **self._times))

    def _qualify(self, standing: Standing, pipeline: Pipeline, mine: Sequence[Opportunity]) -> Qualification:
        rule = pipeline.qualifying.when
        seen = view(self.conn, [standing.lead_id], self.facts, [rule]).get(standing.lead_id) if rule else None
        trace = evaluate(rule, seen, self.now, self.facts) if rule and seen is not None else None
        candidate = candidate_of(standing, self._stage(standing.lead_id), pipeline.qualifying, trace, mine)
        return qualify(candidate, pipeline.qualifying, self.now)

    def _stage(self, lead_id: int) -> Lifecycle:
        return Lifecycle(self.conn.execute(sa.select(leads.c.lifecycle).where(leads.c.id == lead_id)).scalar_one())

    def _open(self, happened: Happened, verdict: Qualification, pipeline: Pipeline) -> Opportunity | None:
        new = NewOpportunity(happened.lead_id, automatic=True, criteria=verdict.criteria)
        return deals.open_(
            self.conn, new, pipeline, actor="engine", cause=happened.cause_of_effects, zone=self.zone, **self._times
        )

    def _note_fit(self, happened: Happened, standing: Standing, pipeline: Pipeline) -> None:
        """Hot and fit is qualified for marketing, also where no opportunity opens."""
        if standing.fit < pipeline.qualifying.fit:
            return
        if self._stage(standing.lead_id).rank < Lifecycle.MQL.rank:
            cause = happened.cause_of_effects
            lead_service.set_lifecycle(
                self.conn, standing.lead_id, Lifecycle.MQL, actor="engine", cause=cause, **self._times
            )

    def _refuse(self, happened: Happened, verdict: Qualification, pipeline: Pipeline) -> None:
        """A "no" that fell due, with its reason."""
        missing = verdict.missing
        if missing is None:
            return
        detail: dict[str, Any] = {
            "criteria": [one.plain() for one in verdict.criteria],
            **self._said(missing, pipeline),
        }
        subject = f"pipeline:{pipeline.key}"
        cause = happened.cause_of_effects
        no = Decision(Decided.QUALIFY, subject, "no", missing.reason, self.now, happened.lead_id, cause, detail)
        decide_many(self.conn, [no])

    def _said(self, missing: Criterion, pipeline: Pipeline) -> dict[str, Any]:
        """The places of the reason's sentence."""
        if missing.reason is Reason.NOT_FIT:
            return {"fit": missing.seen, "threshold": missing.needed}
        if missing.reason is Reason.CLOSED_LATELY:
            return {"date": missing.needed}
        if missing.reason is Reason.CRITERIA_NOT_MET and pipeline.qualifying.when is not None:
            rule, language = pipeline.qualifying.when, self.house.language
            return {"condition": describe(rule, language, titles=titles(self.conn, language, named([rule])))}
        return {}

    # back: what a machine's hit led to

    def _take_back(self, happened: Happened) -> Outcome:
        """Points, lifecycle, an automatic opportunity nobody has touched, its alert: withdrawn, with the reason."""
        change = scoring.reverse_activity(self.conn, happened, self.rules, **self._times)
        waiting = alert_store.waiting_of_lead(self.conn, happened.lead_id)
        gone = self._withdraw_deals(happened, change)
        cooled = change.after.temperature is not Temperature.HOT
        void = [one for one in waiting if _is_void(one, happened, gone, cooled=cooled)]
        alerts.withdraw(self.conn, void, **self._times)
        alerts.renew_reasons(self.conn, [one for one in waiting if one not in void], self.rules)
        if cooled:
            self._restore_lifecycle(happened)
        return Outcome(_SCORES if change.after != change.before else frozenset())

    def _withdraw_deals(self, happened: Happened, change: Change) -> frozenset[int]:
        """Those opened since then for which the lead would not qualify without it; gives their ids."""
        if self.pipeline is None:
            return frozenset()
        gone = set()
        mine = deal_store.in_pipeline(self.conn, happened.lead_id, self.pipeline)
        ended = [one for one in mine if not one.is_open]
        for one in mine:
            if not one.is_open or not one.automatic or one.opened_at < happened.occurred_at:
                continue
            if self._qualify(change.after, self.pipeline, ended).holds:
                continue
            if one.is_untouched:
                deals.withdraw(self.conn, one, **self._times)
                gone.add(one.id)
            else:
                self._keep(happened, one)
        return frozenset(gone)

    def _keep(self, happened: Happened, one: Opportunity) -> None:
        cause = happened.cause_of_effects
        subject = f"opportunity:{one.public_id}"
        kept = Decision(Decided.QUALIFY, subject, "kept", Reason.VERDICT_CHANGED, self.now, one.lead_id, cause)
        decide_many(self.conn, [kept])

    def _restore_lifecycle(self, happened: Happened) -> None:
        """The stage before the one that this activity led to, where the lead still stands there."""
        a = activities.c
        query = sa.select(a.detail).where(
            a.lead_id == happened.lead_id, a.kind == Kind.LIFECYCLE_CHANGED.value, a.actor == "engine",
            a.cause == happened.cause_of_effects,
        )  # fmt: skip
        led = self.conn.execute(query.order_by(a.id.desc()).limit(1)).scalar_one_or_none()
        if led is not None and led["after"] == self._stage(happened.lead_id).value:
            lead_service.set_lifecycle(
                self.conn, happened.lead_id, Lifecycle(led["before"]), actor="engine",
                cause=happened.cause_of_effects, **self._times,
            )  # fmt: skip


def _rate(
    conn: Connection, rules: ScoringRules, asking: Sequence[Happened], now: datetime, real: datetime
) -> tuple[dict[int, int], dict[int, Exception]]:
    """Rate the leads of a batch together, and one by one only when that fails."""
    asked = [rule.when for rule in rules.rules if rule.when is not None]
    if not asking or rules.facts is None:
        return {}, {}
    rated: dict[int, int] = {}
    failed: dict[int, Exception] = {}
    for part in (asking, *([one] for one in asking)):
        try:
            with conn.begin_nested():
                views = view(conn, [one.lead_id for one in part], rules.facts, asked)
                pairs = [(one, views[one.lead_id]) for one in part if one.lead_id in views]
                rated |= rate(conn, pairs, rules, now=now, real=real)
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:  # noqa: BLE001 - noted for the lead it belongs to
            failed |= {part[0].lead_id: error} if part is not asking else {}
        else:
            if part is asking:
                break
    return rated, failed


def _asks_facts(rules: ScoringRules, kind: Kind) -> bool:
    """Whether activities of this kind move a fact that a rule of fit reads."""
    what = moved([kind.value])
    asked = [rule.when for rule in rules.rules if rule.when is not None]
    return bool(asked) and (what is None or any(reads(rule) & what for rule in asked))


def _said_hot(happened: Happened, standing: Standing) -> bool:
    """Whether the activity itself is the lead's becoming hot (by hand), and it still is."""
    if happened.kind is not Kind.TEMPERATURE_CHANGED or standing.temperature is not Temperature.HOT:
        return False
    return bool(happened.detail.get("after") == Temperature.HOT.value)


def _is_void(alert: Alert, happened: Happened, gone: frozenset[int], *, cooled: bool) -> bool:
    if alert.opportunity_id in gone:
        return True
    return cooled and alert.cause == happened.cause_of_effects
