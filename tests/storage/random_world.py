"""A house to which things happen at random, and what must be true of it whatever happened."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import sqlalchemy as sa

from nurture.activities.model import Kind
from nurture.campaigns import service as campaign_service
from nurture.campaigns import store as campaign_store
from nurture.campaigns.definition import from_revision
from nurture.campaigns.landing import UnderWay
from nurture.campaigns.load import Folder, Loaded, load
from nurture.campaigns.model import CampaignState
from nurture.campaigns.tables import campaign_revisions, campaigns
from nurture.consents.model import Method
from nurture.consents.service import Said, unsubscribe
from nurture.engine import doctor
from nurture.engine.leave import take_out
from nurture.engine.merging import merge
from nurture.engine.moving import settle_under_way
from nurture.engine.tick import tick
from nurture.enrollments import service as enrollment_service
from nurture.enrollments.entry import MOST, WITHIN
from nurture.enrollments.tables import enrollments, passages
from nurture.kernel.context import Context
from nurture.kernel.database import Database
from nurture.kernel.errors import NurtureError
from nurture.kernel.identity import public_id
from nurture.kernel.reasons import Reason
from nurture.leads import service as lead_service
from nurture.leads.replies import looked, replied
from nurture.leads.tables import leads
from nurture.messages.model import ENDED, MessageState
from nurture.messages.store import account
from nurture.messages.tables import messages
from nurture.opportunities.tables import opportunities
from nurture.segments import store as segment_store
from nurture.tasks import service as task_service
from nurture.tasks.tables import tasks
from nurture.users.model import Person, Role
from tests.journeys.playing import House, add_leads, keep_house, leave, publish_emails
from tests.storage.random_campaigns import EMAILS, HOUSE, SEGMENTS
from tests.storage.tasking import hand
from tests.storage.ticking import act, clock, rows

BY = {"actor": "user:1", "cause": "user:1"}
_LOOK = timedelta(days=3)
_GONE = (MessageState.SENT.value, MessageState.SENDING.value, MessageState.UNKNOWN.value)
_NAMED = frozenset(one.value for one in Reason)


class Killed(BaseException):
    """The process ends here, between two statements."""


def read_all(context: Context, *data: Mapping[str, Any]) -> Loaded:
    """These campaigns, read; JSON is YAML."""
    folder = Folder(
        {f"{one['key']}.yaml": json.dumps(one) for one in data}, {"segments": ("_shared/segments.yaml", SEGMENTS)}
    )
    with context.database.read() as conn:
        return load(folder, segment_store.facts(conn))


@dataclass(slots=True)
class World:
    """The house with what was told of it."""

    context: Context
    drafts: Sequence[Mapping[str, Any]]
    house: House = field(init=False)
    ids: list[int] = field(default_factory=list)
    refused: dict[int, datetime] = field(default_factory=dict)
    moved: bool = False
    united: set[int] = field(default_factory=set)  # leads into which others were merged

    @property
    def now(self) -> datetime:
        """Engine time."""
        return self.context.clock.engine()

    def begin(self, people: Sequence[Mapping[str, Any]], *, limited: bool) -> None:
        """Leads, emails, the policy of the house, and the campaigns live."""
        context = self.context
        self.house = House(context, _LOOK)
        publish_emails(context, *EMAILS, "staff_notify")
        for one in people:
            facts = {"zone": one["zone"] or None, "language": one["language"]}
            self.ids += add_leads(context, 1, agreed=one["agreed"], **facts)
        if limited:
            keep_house(context, HOUSE)
        self._publish(*self.drafts)

    def _publish(self, *data: Mapping[str, Any]) -> None:
        loaded = read_all(self.context, *data)
        now, real = self.now, self.context.clock.real()
        with self.context.database.write() as conn:
            campaign_service.apply(conn, loaded, now=now, real=real, actor="cli")

    def befall(self, event: Sequence[Any]) -> None:
        """One thing happens. What the product refuses to do is not done."""
        kind, *parts = event
        try:
            getattr(self, f"_{kind}")(*parts)
        except NurtureError:
            return

    def _lead(self, number: int) -> int:
        return self.ids[number % len(self.ids)]

    # -- time --

    def _run(self, hours: int) -> None:
        self.house.on(timedelta(hours=hours))

    def _stand_still(self, hours: int) -> None:
        clock(self.context).advance(timedelta(hours=hours))

    def _tick(self, hours: int) -> None:
        clock(self.context).advance(timedelta(hours=hours))
        tick(self.context)

    def _kill(self, statement: int) -> None:
        clock(self.context).advance(timedelta(hours=5))
        with self._killed_at(statement):
            tick(self.context)

    def _kill_relay(self, statement: int) -> None:
        with self._killed_at(statement):
            self.house.relay.hand_over()

    @contextmanager
    def _killed_at(self, statement: int) -> Iterator[None]:
        count, engine = 0, self.context.database.engine

        def die(*_args: object) -> None:
            nonlocal count
            count += 1
            if count == statement:
                raise Killed

        sa.event.listen(engine, "before_cursor_execute", die)
        try:
            yield
        except Killed:
            pass
        finally:
            sa.event.remove(engine, "before_cursor_execute", die)

    def _restart(self, _nothing: int) -> None:
        """Another process: it remembers nothing."""
        url = self.context.database.url.render_as_string(hide_password=False)
        self.context.database.close()
        self.context = replace(self.context, database=Database(url))
        self.house = House(self.context, _LOOK)

    # -- what people do --

    def _click(self, lead: int, email: str) -> None:
        act(self.context, self._lead(lead), Kind.CLICKED, email_key=email, url="https://a.example/bang-gia")

    def _open(self, lead: int, email: str) -> None:
        act(self.context, self._lead(lead), Kind.OPENED, email_key=email)

    def _tag(self, lead: int, label: str) -> None:
        with self.context.database.write() as conn:
            lead_service.tag(conn, self._lead(lead), label, now=self.now, real=self.context.clock.real(), **BY)

    def _untag(self, lead: int, label: str) -> None:
        with self.context.database.write() as conn:
            lead_service.untag(conn, self._lead(lead), label, now=self.now, real=self.context.clock.real(), **BY)

    def _unsubscribe(self, lead: int) -> None:
        number, now = self._lead(lead), self.now
        with self.context.database.write() as conn:
            address = conn.execute(sa.select(leads.c.email).where(leads.c.id == number)).scalar()
            if address is None:
                return
            said = Said(Method.FORM, "unsubscribe", "lead", "test", now, self.context.clock.real())
            unsubscribe(conn, self.context.keys, number, address, said)
        self.refused.setdefault(number, now)

    def _stop_mail(self, lead: int) -> None:
        with self.context.database.write() as conn:
            now, real = self.now, self.context.clock.real()
            lead_service.pause_mail(conn, self._lead(lead), "so", now=now, real=real, actor="user:1", cause="user:1")

    def _resume_mail(self, lead: int) -> None:
        with self.context.database.write() as conn:
            lead_service.resume_mail(conn, self._lead(lead), now=self.now, real=self.context.clock.real(), **BY)

    def _reply(self, lead: int) -> None:
        with self.context.database.write() as conn:
            replied(conn, self._lead(lead), now=self.now, real=self.context.clock.real(), actor="lead", cause="hit:1")

    def _look(self, lead: int) -> None:
        with self.context.database.write() as conn:
            looked(conn, self._lead(lead), now=self.now, real=self.context.clock.real(), **BY)

    def _deal(self, lead: int) -> None:
        number, now = self._lead(lead), self.now
        row = {
            "public_id": public_id(), "lead_id": number, "pipeline": "sales", "name": "A deal",
            "stage": "new", "state": "open", "automatic": False, "criteria": [], "cause": "test", "opened_at": now,
            "stage_since": now,
        }  # fmt: skip
        with self.context.database.write() as conn:
            conn.execute(opportunities.insert().values(row))
            self._told(conn, number)

    def _deal_lost(self, lead: int) -> None:
        number = self._lead(lead)
        with self.context.database.write() as conn:
            lost = opportunities.update().where(opportunities.c.lead_id == number)
            conn.execute(lost.values(state="lost"))
            self._told(conn, number)

    def _told(self, conn: sa.Connection, lead: int) -> None:
        leave(conn, [lead], now=self.now, real=self.context.clock.real())

    def _task(self, number: int, said: str) -> None:
        waiting = rows(self.context, sa.select(tasks.c.id).where(tasks.c.state == "open").order_by(tasks.c.id))
        if waiting:
            boss = Person(1, "Lan", "lan@anphat.example", Role.ADMIN)
            with self.context.database.write() as conn:
                task_service.finish(conn, hand(self.context, boss), waiting[number % len(waiting)][0], said)

    def _enroll(self, lead: int, campaign: str) -> None:
        now, real = self.now, self.context.clock.real()
        with self.context.database.write() as conn:
            enrollment_service.enroll(conn, campaign, [self._lead(lead)], cause="user:1", now=now, real=real)

    def _take_out(self, lead: int, campaign: str) -> None:
        query = (
            sa.select(enrollments.c.id)
            .join(campaigns, campaigns.c.id == enrollments.c.campaign_id)
            .where(campaigns.c.key == campaign, enrollments.c.lead_id == self._lead(lead))
        )
        ids = [number for (number,) in rows(self.context, query)]
        with self.context.database.write() as conn:
            take_out(conn, ids, now=self.now, real=self.context.clock.real())

    def _merge(self, lead: int, into: int) -> None:
        loser, winner = self._lead(lead), self._lead(into)
        now, real = self.now, self.context.clock.real()
        with self.context.database.write() as conn:
            done = merge(conn, self.context.keys, loser, winner, now=now, real=real, actor="cli")
        if not done.already:
            self.united.add(winner)
            if winner in self.refused:  # what the other lead got before is the winner's now
                self.refused[winner] = self.now

    def _steer(self, campaign: str, verb: str) -> None:
        now, real = self.now, self.context.clock.real()
        with self.context.database.write() as conn:
            campaign_service.act(conn, campaign, verb, now=now, real=real, actor="cli")

    def _edit(self, campaign: str, choice: str) -> None:
        """The second step goes away, or the last one comes twice."""
        draft = dict(next(one for one in self.drafts if one["key"] == campaign))
        draft["steps"] = [{"id": "new", "wait": "3 hours"}, *draft["steps"]]
        self._publish(draft)
        with self.context.database.write() as conn:
            facts = segment_store.facts(conn)
            stored = campaign_store.get(conn, campaign)
            assert stored is not None
            after = from_revision(stored.definition, facts)
            times = {"now": self.now, "real": self.context.clock.real()}
            settle_under_way(conn, campaign, after, UnderWay(choice), facts, **times)
        self.moved = self.moved or choice == "move"

    # -- what must be true --

    def check(self) -> None:
        """Everything that must be true once this instant has come to rest."""
        with self.context.database.read() as conn:
            ill = doctor.examine(conn, now=self.now, zone="Asia/Ho_Chi_Minh")
        assert ill == [], [one.to_json() for one in ill]
        self._check_enrollments()
        self._check_entries()
        self._check_messages()
        self._check_passages()

    def _check_enrollments(self) -> None:
        e = enrollments.c
        joined = sa.select(enrollments, campaigns.c.state.label("running"), messages.c.state.label("mail"))
        joined = joined.select_from(
            enrollments.join(campaigns, campaigns.c.id == e.campaign_id).outerjoin(
                messages, messages.c.id == e.waits_for
            )
        )
        found = rows(self.context, joined)
        ended = {one.value for one in ENDED}
        active = Counter((one.campaign_id, one.lead_id) for one in found if one.state == "active")
        assert all(count == 1 for count in active.values()), "in two steps of one campaign at once"
        for one in found:
            assert one.entered_at <= one.planned_at or one.state != "active" or one.held, one
            if one.state != "active":
                assert one.state in {"completed", "exited"}, one
                assert one.reason in _NAMED, one
                assert one.ended_at is not None, one
                continue
            assert one.running != CampaignState.ARCHIVED.value, "left behind in a campaign put away"
            assert one.arrived_at <= one.planned_at, one
            assert one.held is None or one.held in _NAMED, one
            if one.waits_for is not None:
                assert one.mail is not None, one
                assert one.mail not in ended, one
            else:
                assert one.due_at is not None, one
                assert one.due_at > self.now or one.running == CampaignState.PAUSED.value, "due, and forgotten"

    def _check_entries(self) -> None:
        """Nobody comes into a campaign by itself more often than a lead may."""
        e = enrollments.c
        query = sa.select(e.campaign_id, e.lead_id, e.entered_at, e.cause).order_by(e.id)
        before: dict[tuple[int, int], list[datetime]] = {}
        for campaign, lead, at, cause in rows(self.context, query):
            came = before.setdefault((campaign, lead), [])
            lately = sum(one > at - WITHIN for one in came)
            is_free = lead in self.united or cause.startswith(("user:", "revision:"))
            assert lately < MOST or is_free, "round and round"
            came.append(at)

    def _check_messages(self) -> None:
        found = rows(self.context, sa.select(messages).where(messages.c.purpose == "campaign"))
        places = Counter((one.enrollment_id, one.step, one.occurrence) for one in found)
        assert all(count == 1 for count in places.values()), "two messages of one step"
        states = {one.value for one in MessageState}
        for one in found:
            assert one.state in states, one
            assert one.state != MessageState.SENDING.value, one
            if one.state in {"skipped", "canceled"}:
                assert one.reason in _NAMED, "a no without a reason"
            if one.state == "queued":
                assert (
                    one.not_before > self.now or one.reason == Reason.CAMPAIGN_PAUSED.value or self._is_paused(one)
                ), one
            if one.state in _GONE:
                assert one.planned_at <= one.gone_at, "sent before it was planned"
                assert one.gone_at <= self.refused.get(one.lead_id, one.gone_at), "sent after the lead said no"
        with self.context.database.read() as conn:
            told = account(conn)
        assert told["audience"] == sum(told["states"].values())
        assert told["audience"] >= len(found)

    def _is_paused(self, message: Any) -> bool:
        query = sa.select(campaigns.c.state).where(campaigns.c.id == message.campaign_id)
        return rows(self.context, query) == [(CampaignState.PAUSED.value,)]

    def _check_passages(self) -> None:
        """Each way is one that the definition has; rounds are counted by jumps; planned instants never go back."""
        with self.context.database.read() as conn:
            facts = segment_store.facts(conn)
            revisions = {
                row.id: from_revision(row.definition, facts) for row in conn.execute(sa.select(campaign_revisions))
            }
            ways: dict[int, list[Any]] = {}
            for row in conn.execute(sa.select(passages).order_by(passages.c.id)):
                ways.setdefault(row.enrollment_id, []).append(row)
            begun = {row.id: row for row in conn.execute(sa.select(enrollments))}
        for number, way in ways.items():
            self._check_way(begun[number], way, revisions)
        mailed = sa.select(messages.c.enrollment_id, messages.c.step, messages.c.occurrence, messages.c.planned_at)
        passed = {(one.enrollment_id, one.step, one.occurrence): one.planned_at for way in ways.values() for one in way}
        for enrollment, step, occurrence, planned in rows(self.context, mailed.where(messages.c.purpose == "campaign")):
            assert passed[enrollment, step, occurrence] == planned, "a message that no passage tells of"

    def _check_way(self, enrollment: Any, way: Sequence[Any], revisions: Mapping[int, Any]) -> None:
        assert way[0].planned_at >= enrollment.entered_at, way
        instants = [one.planned_at for one in way]
        assert instants == sorted(instants), "planned before the arrival"
        assert all(one.planned_at <= one.at for one in way), "passed before it was due"
        again = sum(one.outcome == "again" for one in way)
        assert enrollment.occurrence == 1 + again
        assert [one.occurrence for one in way] == sorted(one.occurrence for one in way)
        if self.moved:
            return
        steps = revisions[enrollment.revision_id].steps
        assert way[0].step == revisions[enrollment.revision_id].first
        for before, after in pairwise(way):
            step = steps[before.step]
            assert after.step in {step.next, *step.ways.values(), *step.jumps.values()}, "a way that there is not"
