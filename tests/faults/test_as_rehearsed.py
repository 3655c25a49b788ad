"""What a rehearsal foretells comes true: the same campaign, leads and deeds, by the real clock, go and relay.

The house is in time-lapse: a tick each half minute of engine time, idle spans left out.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from nurture.activities.model import Kind
from nurture.activities.service import Activity, record
from nurture.consents import service as consents
from nurture.consents.model import Method
from nurture.consents.service import Said
from nurture.delivery.conversation import Timeouts
from nurture.delivery.service import Dispatcher
from nurture.engine import definitions
from nurture.engine.react import react
from nurture.engine.tick import tick
from nurture.engine.upkeep import upkeep
from nurture.enrollments import service as enrollment_service
from nurture.enrollments.tables import enrollments
from nurture.kernel.clock import SystemClock
from nurture.kernel.context import Context
from nurture.kernel.settings import read_settings
from nurture.leads import service as lead_service
from nurture.leads.tables import leads
from nurture.messages.tables import messages
from nurture.rehearsal.model import Act, Does
from nurture.rehearsal.testing import START, people, rehearsal
from tests.faults.sink import Script, Sink
from tests.journeys.playing import leave
from tests.storage.rehearsal.ground import written
from tests.storage.ticking import rows

TICK = timedelta(seconds=30)
DAYS = 12
HOUR = timedelta(hours=1)
CAMPAIGN = """
key: tour
name: Tour
entry: {by_hand: true}
exit_when: {tag: stop}
sending: {class: advertising, window: {days: mon-sat, from: "08:00", to: "20:00"}, cap: 3 in 7 days}
steps:
  - {id: hello, send_email: tour_hello}
  - id: click
    wait_for:
      when: {clicked: {email: tour_hello}}
      within: 2 days
      then:
        - {id: mark, add_tag: engaged}
        - {id: night, wait: 15 hours}
        - {id: more, send_email: tour_again}
      else:
        - {id: again, send_email: tour_again}
  - {id: morning, wait_until: {days: mon-sun, time: "09:30"}}
  - id: compare
    split:
      ways:
        a: {weight: 1, steps: [{id: short, wait: 1 day}]}
        b: {weight: 1, steps: [{id: long, wait: 40 hours}]}
  - id: opened_any
    branch:
      when: {opened: {within: 5 days}}
      then: [{id: third, send_email: tour_hello}]
      else: [{id: left, exit: nothing opened}]
  - {id: once_more, jump: {to: compare, at_most: 1}}
"""
SCRIPT = (
    Act(3 * HOUR, "lead1@example.com", Does.OPENS, "tour_hello"),
    Act(5 * HOUR, "lead2@example.com", Does.CLICKS, "tour_hello", "/bang-gia"),
    Act(30 * HOUR, "lead3@example.com", Does.CLICKS, "tour_hello", "/bang-gia"),
    Act(31 * HOUR, "lead4@example.com", Does.UNSUBSCRIBES, "tour_hello"),
    Act(47.5 * HOUR, "lead5@example.com", Does.CLICKS, "tour_hello", "/bang-gia"),
    Act(60 * HOUR, "lead3@example.com", Does.OPENS, "tour_again"),
    Act(70 * HOUR, "lead6@example.com", Does.OPENS, "tour_again"),
    Act(100 * HOUR, "lead6@example.com", Does.UNSUBSCRIBES, "tour_again"),
    Act(110 * HOUR, "lead2@example.com", Does.OPENS, "tour_again"),
)
_KINDS = {Does.OPENS: Kind.OPENED, Does.CLICKS: Kind.CLICKED}


@dataclass(slots=True)
class Lapse:
    """Engine time goes on when told to, real time by itself."""

    engine_at: datetime

    def engine(self) -> datetime:
        """What time it is for campaigns."""
        return self.engine_at

    def real(self) -> datetime:
        """What time it is on the wall."""
        return SystemClock().real()

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return SystemClock().monotonic()


def _told(context: Context) -> dict[tuple[str, str, int], tuple[Any, ...]]:
    """Each message: when it was planned, what became of it, why, and when it went."""
    m = messages.c
    query = sa.select(leads.c.email, m.step, m.occurrence, m.planned_at, m.state, m.reason, m.gone_at)
    found = rows(context, query.join(leads, leads.c.id == m.lead_id).where(m.purpose == "campaign"))
    return {(one[0], one[1], one[2]): tuple(one[3:]) for one in found}


def _keys(context: Context) -> dict[str, str]:
    """Public ids by address: splits are drawn from them."""
    return {email: key for email, key in rows(context, sa.select(leads.c.email, leads.c.public_id))}  # noqa: C416


def _begin(context: Context, folders: tuple[Path, Path], keys: dict[str, str]) -> None:
    """The same campaign, emails and leads, in a house of its own."""
    now, real = context.clock.engine(), context.clock.real()
    with context.database.read() as conn:
        found = definitions.read(*folders, definitions.facts_of(conn))
    assert not found.errors
    with context.database.write() as conn:
        definitions.apply(conn, found, now=now, real=real, actor="cli")
        ids = []
        for one in people(len(keys)):
            lead = lead_service.add(conn, one, now=now, real=real, actor="cli", cause="test")
            said = Said(Method.FORM, "test", "lead", "test", now, real, proof="yes")
            consents.give(conn, context.keys, lead.id, lead.email, said)
            conn.execute(leads.update().where(leads.c.id == lead.id).values(public_id=keys[str(lead.email)]))
            ids.append(lead.id)
        enrollment_service.enroll(conn, "tour", ids, cause="test", now=now, real=real)


def _do(context: Context, act: Act) -> None:
    """What a lead does with the latest such email that went to it."""
    now, real = context.clock.engine(), context.clock.real()
    query = (
        sa.select(messages.c.id, messages.c.lead_id)
        .join(leads, leads.c.id == messages.c.lead_id)
        .where(leads.c.email == act.lead, messages.c.template_key == act.email, messages.c.gone_at.is_not(None))
        .order_by(messages.c.gone_at.desc())
    )
    found = rows(context, query)
    if not found:
        return
    message, lead = found[0]
    with context.database.write() as conn:
        if act.does is Does.UNSUBSCRIBES:
            said = Said(Method.FORM, "test", "lead", "test", now, real)
            consents.unsubscribe(conn, context.keys, lead, act.lead, said, message_id=message)
        else:
            more = {
                "message_id": message,
                "campaign_key": "tour",
                "email_key": act.email,
                "detail": {"verdict": "human"},
            }
            url = "https://shop.example/bang-gia" if act.does is Does.CLICKS else None
            record(conn, Activity(lead, _KINDS[act.does], now, "lead", "test", url=url, **more), real=real)


def _rest(context: Context) -> None:
    """Everything of this instant, until the relay has all that may go."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        reacted = react(context, 1_000, after=(leave,))
        upkeep(context)
        report = tick(context)
        waiting = sa.select(messages.c.id).where(
            sa.or_(
                sa.and_(messages.c.state == "queued", messages.c.not_before <= context.clock.engine()),
                messages.c.state == "sending",
            )
        )
        if rows(context, waiting):
            context.wake.messages.set()
            time.sleep(0.02)
        elif not (reacted or report.advanced or report.looked_at):
            return
    raise AssertionError("the relay does not take what is due")


def _next(context: Context, acts: Sequence[datetime]) -> datetime:
    """The tick at which something is due next: on the grid, and never the present one."""
    now = context.clock.engine()
    e, m = enrollments.c, messages.c
    due = sa.select(sa.func.min(e.due_at)).where(e.state == "active", e.waits_for.is_(None), e.due_at > now)
    mail = sa.select(sa.func.min(m.not_before)).where(m.state == "queued", m.not_before > now)
    found = [rows(context, one)[0][0] for one in (due, mail)]
    first = min([one for one in (*found, *acts) if one is not None], default=START + timedelta(days=DAYS))
    steps = -((START - first) // TICK)
    return max(START + steps * TICK, now + TICK)


def _play(context: Context) -> None:
    acts = sorted(SCRIPT, key=lambda one: one.after)
    assert isinstance(context.clock, Lapse)
    while context.clock.engine() <= START + timedelta(days=DAYS):
        while acts and START + acts[0].after <= context.clock.engine():
            _do(context, acts.pop(0))
        _rest(context)
        context.clock.engine_at = _next(context, [START + one.after for one in acts])


@pytest.mark.timeout(240)
def test_what_a_rehearsal_foretells_comes_true(context: Context, tmp_path: Path) -> None:
    """The same messages at the same planned instants, with the same fate; each has gone within one tick."""
    folders = written(tmp_path)
    (folders[0] / "tour.yaml").write_text(CAMPAIGN, "utf-8")
    with rehearsal(*folders, "tour", people(8), days=DAYS, script=SCRIPT) as played:
        foretold, keys = _told(played.stage), _keys(played.stage)
    with Sink(Script()) as sink:
        settings = read_settings(
            {
                "NURTURE_DATA_DIR": str(tmp_path),
                "NURTURE_DATABASE_URL": context.database.url.render_as_string(hide_password=False),
                "NURTURE_SMTP_URL": f"smtp://127.0.0.1:{sink.port}",
                "NURTURE_ZONE": "Asia/Ho_Chi_Minh",
            }
        )
        real = replace(context, settings=settings, clock=Lapse(START.astimezone(UTC)))
        _begin(real, folders, keys)
        dispatcher = Dispatcher(real, timeouts=Timeouts(connect=5, greeting=5, command=10, data=10, body=10, dot=10))
        dispatcher.start()
        try:
            _play(real)
        finally:
            dispatcher.stop()
        came = _told(real)
        assert len(sink.accepted) == sum(one[1] == "sent" for one in came.values())
    assert {key: one[:3] for key, one in came.items()} == {key: one[:3] for key, one in foretold.items()}
    for key, one in came.items():
        assert (one[3] is None) == (foretold[key][3] is None)
        assert one[3] is None or timedelta(0) <= one[3] - foretold[key][3] <= TICK
    assert {one[1] for one in came.values()} == {"sent", "skipped"}
    assert len({step for _, step, _ in came}) == 4
    assert {occurrence for _, _, occurrence in came} == {1, 2}
