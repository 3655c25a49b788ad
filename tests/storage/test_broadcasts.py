"""One email to one segment: a snapshot, an exact account, at once held and stopped."""

import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from datetime import timedelta

import pytest
import sqlalchemy as sa

from nurture.activities.tables import decisions
from nurture.broadcasts import service
from nurture.broadcasts.model import BroadcastState as State
from nurture.broadcasts.progress import progress
from nurture.broadcasts.tables import broadcasts
from nurture.delivery import store as delivery
from nurture.delivery.go import go
from nurture.engine.tick import tick
from nurture.kernel.context import Context
from nurture.kernel.errors import ConflictError, ForbiddenError
from nurture.kernel.yamlfile import Source
from nurture.leads.service import tag
from nurture.leads.tables import leads
from nurture.messages.model import MessageState
from nurture.messages.service import set_state
from nurture.messages.tables import messages
from nurture.users.model import Person, Role
from tests.storage.casting import PLAIN, draft, ground, launch, let_go, look, refuse, run, sends, steer, stored
from tests.storage.ticking import HOUR, add_leads, clock, hand_over, rows


def _leave(context: Context, lead_id: int) -> None:
    """Take a lead out of `everyone`."""
    now = context.clock.engine()
    with context.database.write() as conn:
        tag(conn, lead_id, "nobody", now=now, real=context.clock.real(), actor="cli", cause="cli")


def test_everybody_in_the_segment_has_one_message_with_its_state(context: Context) -> None:
    """Those who may not get it are there too, skipped with the reason: the states add up to the audience."""
    ground(context)
    add_leads(context, 5)
    add_leads(context, 2, agreed=False)
    refuse(context, "lead2@example.vn")
    with context.database.write() as conn:
        conn.execute(leads.update().where(leads.c.id == 3).values(email=None, phone="+84901234567"))
        conn.execute(leads.update().where(leads.c.id == 4).values(paused_at=context.clock.engine()))
    draft(context)
    launch(context)
    run(context)
    assert sends(context, "lead_id", "state", "reason", "step", "priority") == [
        (1, "queued", "", "a", 8),
        (2, "skipped", "unsubscribed", "a", 8),
        (3, "skipped", "no_address", "a", 8),
        (4, "skipped", "paused_by_hand", "a", 8),
        (5, "queued", "", "a", 8),
        (6, "skipped", "no_consent", "a", 8),
        (7, "skipped", "no_consent", "a", 8),
    ]
    kept = rows(
        context, sa.select(decisions.c.lead_id, decisions.c.reason).where(decisions.c.subject == "broadcast:tet")
    )
    assert {row.lead_id: row.reason for row in kept}.keys() == {2, 3, 4, 6, 7}
    hand_over(context)
    run(context)
    assert stored(context).state is State.DONE


def test_the_audience_is_who_was_there_at_the_start(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who comes later is not meant, who leaves while it is written still is."""
    monkeypatch.setattr("nurture.broadcasts.progress.CHUNK", 2)
    ground(context)
    first = add_leads(context, 6)
    draft(context)
    launch(context)
    progress(context, most=2)
    assert stored(context).written_at is None
    clock(context).advance(timedelta(minutes=2))
    _leave(context, first[0])
    _leave(context, first[5])
    late = add_leads(context, 2)
    tick(context, refresh=True)
    run(context)
    found = [lead for (lead,) in sends(context, "lead_id")]
    assert found == first
    assert not set(found) & set(late)


def test_a_draft_does_nothing_and_a_schedule_waits_for_its_time(context: Context) -> None:
    """Until it is launched, and until the house's clocks show its hour."""
    ground(context)
    add_leads(context, 1)
    draft(context, when={"at": "2026-11-02 10:00"})
    run(context)
    assert stored(context).state is State.DRAFT
    launch(context)
    run(context)
    assert (stored(context).state, sends(context, "id")) == (State.SCHEDULED, [])
    clock(context).advance(HOUR)
    run(context)
    assert stored(context).state is State.SENDING
    assert len(sends(context, "id")) == 1


def test_each_lead_gets_it_at_the_hour_of_their_own_zone(context: Context) -> None:
    """Those without a zone at the house's; where the hour is over, a day later."""
    ground(context)
    add_leads(context, 1)
    add_leads(context, 1, zone="Europe/Paris")
    add_leads(context, 1, zone="Pacific/Auckland")
    draft(context, when={"local": "2026-11-02 12:00"})
    launch(context)
    run(context)
    clock(context).advance(HOUR)
    run(context)
    found = dict(sends(context, "lead_id", "not_before"))
    assert [found[lead].isoformat() for lead in sorted(found)] == [
        "2026-11-02T05:00:00+00:00",  # 12:00 in Saigon
        "2026-11-02T11:00:00+00:00",  # 12:00 in Paris
        "2026-11-02T23:00:00+00:00",  # 12:00 in Auckland, on the third: it was three in the afternoon there
    ]


@pytest.mark.parametrize("last", [1, 3, 5])
def test_killed_at_any_commit_nothing_is_lost_and_nothing_doubled(context: Context, last: int) -> None:
    """Audience, chunks, the end: whichever commit does not come, the next process goes on from the one before."""
    ground(context)
    ids = add_leads(context, 11)
    draft(context)
    launch(context)
    url = context.database.url.render_as_string(hide_password=False)
    here = (str(context.settings.data_dir), url, context.clock.engine().isoformat())
    command = [sys.executable, "-m", "tests.storage.broadcast_runner", *here, str(last), "3"]
    ended = subprocess.run(command, check=False, capture_output=True, timeout=60)
    assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()
    run(context)
    assert sends(context, "lead_id", "state") == [(lead, "queued") for lead in ids]
    assert len(rows(context, sa.select(messages.c.header_id).distinct())) == 11


def test_paused_nothing_goes_and_resumed_all_of_it(context: Context) -> None:
    """At once: the next go lets nothing out, what was reserved stays queued."""
    ground(context)
    add_leads(context, 6)
    draft(context)
    launch(context)
    run(context)
    with context.database.write() as conn:
        at = context.database.now(conn)
        times = {"now": context.clock.engine(), "real": context.clock.real(), "at": at}
        ids = delivery.reserve(conn, "s1", 3, lease=timedelta(seconds=60), **times)
    steer(context, "pause")
    with context.database.write() as conn:
        assert go(conn, context, "s1", ids, at=context.database.now(conn)) == []
    assert let_go(context) == []
    assert Counter(sends(context, "state", "reason")) == {("queued", ""): 3, ("queued", "broadcast_paused"): 3}
    run(context)
    assert stored(context).state is State.PAUSED
    steer(context, "resume")
    assert stored(context).state is State.SENDING
    assert len(let_go(context)) == 6


def test_stopped_what_has_not_gone_is_taken_back(context: Context) -> None:
    """What is on its way is left to its sender and waited for; the account stays whole."""
    ground(context)
    add_leads(context, 6)
    draft(context)
    launch(context)
    run(context)
    assert len(let_go(context, 2)) == 2
    steer(context, "stop")
    assert let_go(context) == []
    run(context)
    assert Counter(sends(context, "state", "reason")) == {("sending", ""): 2, ("canceled", "broadcast_stopped"): 4}
    assert stored(context).ended_at is None
    under_way = [number for number, state in sends(context, "id", "state") if state == "sending"]
    with context.database.write() as conn:
        now = context.clock.engine()
        set_state(conn, under_way, MessageState.SENT, now=now, only_from=(MessageState.SENDING,))
    run(context)
    assert (stored(context).state, stored(context).ended_at) == (State.STOPPED, context.clock.engine())


def test_stopped_half_written_the_rest_is_written_as_taken_back(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that everybody who was meant is in the account."""
    monkeypatch.setattr("nurture.broadcasts.progress.CHUNK", 2)
    ground(context)
    add_leads(context, 7)
    draft(context)
    launch(context)
    progress(context, most=2)
    assert 0 < len(sends(context, "id")) < 7
    steer(context, "stop")
    run(context)
    assert sends(context, "state", "reason") == [("canceled", "broadcast_stopped")] * 7
    assert stored(context).ended_at is not None


@pytest.mark.parametrize("verb", ["pause", "stop"])
def test_a_go_beside_a_pause_or_stop_lets_nothing_out_after_it(context: Context, verb: str) -> None:
    """One thread lets go without rest; from the commit of the pause on, no go that begins finds anything.

    Half of the mail is kept back until the pause is committed, however slowly that comes.
    """
    ground(context)
    add_leads(context, 200)
    draft(context)
    launch(context)
    run(context)
    enough, steered, over = threading.Event(), threading.Event(), threading.Event()
    gone: list[int] = []

    def work() -> None:
        while not over.is_set():
            if len(gone) >= 100:
                steered.wait(30)
            gone.extend(let_go(context, 4))
            if len(gone) >= 20:
                enough.set()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        assert enough.wait(30)
        steer(context, verb)
        with context.database.read() as conn:
            query = sa.select(sa.func.count()).where(messages.c.state == "sending")
            after = conn.execute(query).scalar_one()
        steered.set()
        time.sleep(0.05)  # what an unheeded pause would let out shows
    finally:
        steered.set()
        over.set()
        thread.join(30)
    run(context)
    found = Counter(state for (state,) in sends(context, "state"))
    assert found["sending"] == len(gone) < 200
    assert len(gone) - after <= 4  # the go that was under way when the pause was committed
    assert found[{"pause": "queued", "stop": "canceled"}[verb]] == 200 - len(gone)


def test_what_passes_the_cap_only_later_is_left_out(context: Context) -> None:
    """At the go: a one-time email does not wait for a slot."""
    ground(context)
    add_leads(context, 2)
    with context.database.write() as conn:
        row = {"purpose": "campaign", "lead_id": 1, "template_key": "hello", "language": "vi", "class_": "advertising",
               "policy": {}, "state": "sent", "planned_at": context.clock.engine(), "header_id": "x",
               "not_before": context.clock.engine(), "created_at": context.clock.real(), "unique_key": "x",
               "gone_at": context.clock.engine()}  # fmt: skip
        conn.execute(messages.insert().values(row))
    draft(context, sending={"cap": "1 in 7 days"})
    launch(context)
    run(context)
    assert let_go(context) == [2]
    assert sends(context, "state", "reason") == [("skipped", "capped"), ("sending", "")]


def test_who_did_not_get_it_gets_another_and_nobody_twice(context: Context) -> None:
    """Passing reasons only; those whom a later one of the family reached are not asked again."""
    ground(context)
    add_leads(context, 8)
    draft(context)
    launch(context)
    run(context)
    ends = [
        ("sent", ""), ("unknown", "handover_unsure"), ("rejected", "expired"), ("bounced", "hard_bounce"),
        ("bounced", ""), ("skipped", "capped"), ("skipped", "unsubscribed"), ("canceled", "merged"),
    ]  # fmt: skip
    with context.database.write() as conn:
        for lead, (state, reason) in enumerate(ends, 1):
            conn.execute(messages.update().where(messages.c.lead_id == lead).values(state=state, reason=reason))
    run(context)
    now, real = context.clock.engine(), context.clock.real()
    with context.database.write() as conn:
        again = service.again(conn, "tet", name="Tết, lần nữa", by=None, now=now, real=real)
        more = service.again(conn, "tet", name="Tết, lần ba", by=None, now=now, real=real)
    assert (again.key, more.key) == ("tet_again", "tet_again_2")
    assert again.root_id == stored(context).id
    launch(context, "tet_again")
    run(context)
    assert [lead for (lead,) in sends(context, "lead_id", key="tet_again")] == [3, 5, 6]
    assert look(context, "tet_again_2").audience == 0
    with pytest.raises(ConflictError, match="Nobody is in the audience"):
        launch(context, "tet_again_2")


def test_it_is_not_sent_again_before_its_end(context: Context) -> None:
    """While something waits it may still come."""
    ground(context)
    add_leads(context, 1)
    draft(context)
    launch(context)
    run(context)
    with context.database.write() as conn, pytest.raises(ConflictError):
        service.again(conn, "tet", name="x", by=None, now=context.clock.engine(), real=context.clock.real())


@pytest.mark.parametrize(
    ("verbs", "wrong"),
    [
        ([], "pause"), ([], "resume"), ([], "stop"), ([], "edit"), (["launch"], "archive"), (["launch"], "resume"),
        (["launch", "pause"], "pause"), (["launch", "stop"], "resume"), (["archive"], "pause"),
        (["archive"], "archive"),
    ],
)  # fmt: skip
def test_a_state_that_does_not_allow_it_says_so(context: Context, verbs: list[str], wrong: str) -> None:
    """ConflictError, and nothing changes."""
    ground(context)
    add_leads(context, 1)
    draft(context)
    for verb in verbs:
        launch(context) if verb == "launch" else steer(context, verb)
    before = stored(context)
    with pytest.raises(ConflictError):
        steer(context, wrong)
    assert stored(context) == before


def test_a_schedule_can_be_taken_back_into_a_draft(context: Context) -> None:
    """And is launched anew; once it has begun it is too late."""
    ground(context)
    add_leads(context, 1)
    draft(context, when={"at": "2026-11-05 10:00"})
    launch(context)
    assert steer(context, "edit").state is State.DRAFT
    draft(context, name="Anew")
    launch(context)
    run(context)
    with pytest.raises(ConflictError):
        steer(context, "edit")


@pytest.mark.parametrize("role", [Role.SALES, Role.VIEWER])
def test_only_who_defines_does_any_of_it(context: Context, role: Role) -> None:
    """Sales and viewers neither write nor launch nor steer."""
    ground(context)
    add_leads(context, 1)
    draft(context)
    person = Person(1, "X", "x@example.com", role)
    now, real = context.clock.engine(), context.clock.real()
    seen = look(context)
    with context.database.write() as conn:
        with pytest.raises(ForbiddenError):
            service.save(conn, Source("", "", PLAIN, {}), by=person, now=now, real=real)
        with pytest.raises(ForbiddenError):
            service.launch(conn, "tet", seen, by=person, house=context.settings.local_zone, now=now, real=real)
        for verb in service.VERBS:
            with pytest.raises(ForbiddenError):
                service.steer(conn, "tet", verb, by=person, now=now, real=real)
        with pytest.raises(ForbiddenError):
            service.again(conn, "tet", name="x", by=person, now=now, real=real)
        with pytest.raises(ForbiddenError):
            service.choose(conn, "tet", "a", by=person, now=now, real=real)
    assert stored(context).state is State.DRAFT


def test_one_that_no_longer_reads_blocks_no_other(context: Context) -> None:
    """Its error is logged, the next one goes."""
    ground(context)
    add_leads(context, 1)
    draft(context)
    draft(context, key="other")
    launch(context)
    launch(context, "other")
    with context.database.write() as conn:
        conn.execute(broadcasts.update().where(broadcasts.c.key == "tet").values(definition={"key": "tet"}))
    progress(context)
    assert stored(context, "other").state is State.SENDING


def test_more_leads_in_a_chunk_take_no_more_statements(context: Context) -> None:
    """However many there are."""
    ground(context)
    counts: list[int] = [0]

    @sa.event.listens_for(context.database.engine, "before_cursor_execute")
    def _count(*_: object) -> None:
        counts[-1] += 1

    for key, more in (("few", 20), ("many", 200)):
        add_leads(context, more)
        draft(context, key=key)
        launch(context, key)
        counts.append(0)
        progress(context, most=2)  # it begins, and writes its first chunk
        assert len(sends(context, "id", key=key)) >= more
        counts.append(0)
        steer(context, "pause", key)
    few, many = counts[1], counts[3]
    assert few == many
