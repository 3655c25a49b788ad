"""From hits to activities: what a person did counts once, what a machine did is taken back."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from nurture.activities.tables import activities, decisions, reactions
from nurture.campaigns.tables import campaigns
from nurture.kernel.clock import ManualClock
from nurture.kernel.context import Context
from nurture.leads.tables import leads
from nurture.messages.tables import attempts, template_revisions
from nurture.tracking import store
from nurture.tracking.service import ingest
from nurture.tracking.tables import hits
from nurture.tracking.verdict import VERSION
from tests.storage.tracking_ground import GMAIL, SCANNER, add_hit, add_lead, add_message, rows


@pytest.fixture
def lead(context: Context) -> int:
    """Somebody who got mail."""
    return add_lead(context)


@pytest.fixture
def message(context: Context, lead: int) -> int:
    """What they got."""
    return add_message(context, lead)


def react(context: Context) -> None:
    """The engine has reacted to everything."""
    with context.database.write() as conn:
        conn.execute(reactions.delete())


def standing(context: Context) -> list[tuple[str, bool]]:
    """Kind of each activity, and whether it counts."""
    return [(row.kind, row.withdrawn_at is None) for row in rows(context, activities)]


def test_a_lone_plausible_click_counts_at_once(context: Context, lead: int) -> None:
    """With all that a rule may ask of it, and the engine is told."""
    now = context.clock.engine()
    names = {"key": "welcome", "name": {}, "state": "live", "created_at": now}
    with context.database.write() as conn:
        campaign = conn.execute(campaigns.insert().values(names).returning(campaigns.c.id)).scalar_one()
    message = add_message(context, lead, campaign_id=campaign)
    add_hit(context, message, link=3)
    assert ingest(context) == 1
    (hit,) = rows(context, hits)
    (activity,) = rows(context, activities)
    assert (hit.verdict, hit.reasons, hit.version, hit.settled) == ("human", ["plausible"], VERSION, False)
    assert hit.activity_id == activity.id
    assert (activity.lead_id, activity.kind, activity.actor, activity.cause) == (
        lead,
        "clicked",
        "lead",
        f"hit:{hit.id}",
    )
    assert (activity.message_id, activity.campaign_key, activity.email_key) == (
        message,
        "welcome",
        "welcome_series_hello",
    )
    assert (activity.url, activity.detail) == ("https://anphat.example/bang-gia", {"verdict": "human", "link": 3})
    assert activity.occurred_at == hit.engine_at
    assert [row.activity_id for row in rows(context, reactions)] == [activity.id]
    assert context.wake.reactions.is_set()


def test_judging_again_changes_nothing(context: Context, clock: ManualClock, message: int) -> None:
    """Until the settling time is over, when the verdict is settled once."""
    add_hit(context, message)
    assert [ingest(context), ingest(context)] == [1, 0]
    clock.advance(timedelta(seconds=20))
    assert [ingest(context), ingest(context)] == [1, 0]
    assert [row.settled for row in rows(context, hits)] == [True]
    assert standing(context) == [("clicked", True)]


def test_a_machines_hits_leave_one_decision_for_each_message(context: Context, message: int) -> None:
    """And no activity."""
    add_hit(context, message, agent=SCANNER)
    ingest(context)
    add_hit(context, message, method="HEAD", after=5)
    add_hit(context, message, "open", agent=SCANNER)
    ingest(context)
    (decision,) = rows(context, decisions)
    assert standing(context) == []
    assert (decision.kind, decision.outcome, decision.reason) == ("score", "no", "machine_hit")
    assert (decision.subject, decision.detail) == (f"message:{message}", {"reasons": ["scanner:Barracuda"]})


def test_a_burst_takes_back_the_click_that_began_it(context: Context, clock: ManualClock, message: int) -> None:
    """The engine hears of it again, so that points, opportunity and alert go too."""
    add_hit(context, message, link=0)
    ingest(context)
    react(context)
    add_hit(context, message, link=1, after=2, ip="198.51.100.0/24")
    clock.advance(timedelta(seconds=2))
    ingest(context)
    (activity,) = rows(context, activities)
    assert [row.verdict for row in rows(context, hits)] == ["machine", "machine"]
    assert [row.activity_id for row in rows(context, hits)] == [None, None]
    assert activity.withdrawn_at == clock.engine()
    assert [row.activity_id for row in rows(context, reactions)] == [activity.id]
    assert [row.reason for row in rows(context, decisions)] == ["machine_hit"]


def test_a_withdrawn_click_may_be_followed_by_a_real_one(context: Context, clock: ManualClock, message: int) -> None:
    """The new one counts, the old stays withdrawn."""
    for link in (0, 1):
        add_hit(context, message, link=link)
    ingest(context)
    clock.advance(timedelta(seconds=30))
    add_hit(context, message, link=0)
    ingest(context)
    assert standing(context) == [("clicked", True)]
    assert [row.verdict for row in rows(context, hits)] == ["machine", "machine", "human"]


def test_the_same_link_within_a_minute_counts_once(context: Context, clock: ManualClock, message: int) -> None:
    """A minute from the click that counted, whenever the hits are judged."""
    for seconds in (0, 1, 40, 60, 61, 100, 122):
        add_hit(context, message, after=seconds)
    add_hit(context, message, after=300, link=5)
    ingest(context, limit=3)
    clock.advance(timedelta(minutes=10))
    while ingest(context, limit=3):
        continue
    counted = [row.activity_id for row in rows(context, hits)]
    assert standing(context) == [("clicked", True)] * 4
    assert counted[0] == counted[1] == counted[2] == counted[3]
    assert counted[4] == counted[5]
    assert len(set(counted)) == 4


def test_a_scanner_beside_a_person_on_the_same_link_counts_once(context: Context, message: int) -> None:
    """As the person's."""
    add_hit(context, message, agent=SCANNER, ip="198.51.100.0/24")
    add_hit(context, message, after=0.005)
    ingest(context)
    assert [row.verdict for row in rows(context, hits)] == ["machine", "human"]
    assert standing(context) == [("clicked", True)]


def test_a_mail_opened_again_does_not_count_again(context: Context, clock: ManualClock, message: int) -> None:
    """A reader after an image proxy does, once."""
    for agent in (GMAIL, GMAIL, None, None):
        add_hit(context, message, "open", **({} if agent is None else {"agent": agent}))
        ingest(context)
        clock.advance(timedelta(days=1))
    assert [row.detail for row in rows(context, activities)] == [{"verdict": "proxy"}, {"verdict": "human"}]
    assert all(row.activity_id for row in rows(context, hits))


def test_a_suspect_click_counts_when_it_is_cleared(context: Context, clock: ManualClock, lead: int) -> None:
    """Not before the settling time is over."""
    message = add_message(context, lead, sent=False)
    line = {"number": 1, "at": clock.real(), "route": "mailbox", "phase": "answered", "outcome": "sent"}
    with context.database.write() as conn:
        conn.execute(attempts.insert().values(message_id=message, **line))
    add_hit(context, message, after=0.5, headers={"accept-language": "yes"})
    ingest(context)
    assert [row.verdict for row in rows(context, hits)] == ["suspect"]
    assert standing(context) == []
    clock.advance(timedelta(seconds=21))
    ingest(context)
    assert [row.verdict for row in rows(context, hits)] == ["human"]
    assert standing(context) == [("clicked", True)]


@pytest.mark.parametrize(
    ("pace", "reason", "counted"), [(3.1, "sweep:10", 0), (10.0, "plausible", 4)], ids=["a-sweep", "a-reader"]
)
def test_how_fast_every_link_was_followed_decides(
    context: Context, clock: ManualClock, lead: int, pace: float, reason: str, counted: int
) -> None:
    """The template says how many links there are; whoever reads on is a person, also once all is settled."""
    now = context.clock.engine()
    compiled = {"links": ["https://a.example/", "https://b.example/", "https://c.example/", "https://d.example/"]}
    values = {"key": "k", "language": "vi", "hash": "h", "source": {}, "compiled": compiled, "created_at": now}
    with context.database.write() as conn:
        query = template_revisions.insert().values(values).returning(template_revisions.c.id)
        revision = conn.execute(query).scalar_one()
    message = add_message(context, lead, template_revision_id=revision)
    for link in range(4):
        add_hit(context, message, link=link, after=link * pace)
    ingest(context)
    clock.advance(timedelta(minutes=2))
    ingest(context)
    assert [row.reasons for row in rows(context, hits)] == [[reason]] * 4
    assert standing(context) == [("clicked", True)] * counted


def test_a_hit_without_message_or_lead_gets_a_verdict_only(context: Context) -> None:
    """Mail to staff, and mail whose row is gone."""
    add_hit(context, add_message(context, None))
    add_hit(context, 999)
    assert ingest(context) == 2
    assert [row.verdict for row in rows(context, hits)] == ["human", "human"]
    assert standing(context) == []


def test_a_merged_leads_click_is_the_survivors(context: Context, message: int, lead: int) -> None:
    """Through any number of merges."""
    last = add_lead(context, "last@anphat.example")
    middle = add_lead(context, None, merged_into=last)
    with context.database.write() as conn:
        conn.execute(leads.update().where(leads.c.id == lead).values(merged_into=middle))
    add_hit(context, message)
    ingest(context)
    assert [row.lead_id for row in rows(context, activities)] == [last]


def test_several_processes_count_each_click_once(context: Context, lead: int) -> None:
    """They share the work and never wait for each other crosswise."""
    others = [lead, *(add_lead(context, f"{number}@anphat.example") for number in range(4))]
    mails = [add_message(context, others[number % 5]) for number in range(20)]
    for message in mails:
        add_hit(context, message)
        add_hit(context, message, after=1)
    with ThreadPoolExecutor(4) as crowd:
        done = list(crowd.map(lambda _: ingest(context, 25), range(8)))
    while ingest(context):
        continue
    assert sum(done) <= 40  # none is judged twice
    assert all(row.verdict == "human" for row in rows(context, hits))
    assert sorted(row.message_id for row in rows(context, activities)) == sorted(mails)


def test_hits_that_another_process_judges_are_left_to_it(context: Context, message: int) -> None:
    """On SQLite there is one writer; on PostgreSQL a lock for each message."""
    if context.database.is_sqlite:
        with context.database.write() as conn:
            assert store.claim(conn, {message}) == {message}
        return
    add_hit(context, message)
    other = add_message(context, None)
    with context.database.write() as conn:
        assert store.claim(conn, {message, other}) == {message, other}
        assert ingest(context) == 0
    assert ingest(context) == 1


def test_a_hammered_link_costs_no_more_than_its_share(context: Context, message: int) -> None:
    """Thousands of hits on one link are judged in bounded rounds and count once."""
    hit = add_hit(context, message)
    with context.database.write() as conn:
        values = {
            "kind": hit.kind, "message_id": message, "link": 0, "url": hit.url, "engine_at": hit.at, "method": "GET",
            "agent": hit.agent, "ip": hit.ip, "headers": {},
        }  # fmt: skip
        at = hit.at
        conn.execute(
            hits.insert(), [{**values, "key": f"h{n}", "at": at + timedelta(milliseconds=n)} for n in range(1500)]
        )
    total = 0
    while done := ingest(context):
        total += done
    assert total == 1501
    assert standing(context) == [("clicked", True)]
