"""From hits to an alert, and back again: a verdict that changes takes back all that followed, also when judged anew."""

from datetime import timedelta

import pytest

from nurture.activities.model import LATE, Kind
from nurture.activities.tables import activities, reactions
from nurture.alerts.tables import alerts
from nurture.engine.react import react
from nurture.engine.reclassifying import Tally, outdated_hits, reclassify
from nurture.kernel.clock import ManualClock
from nurture.kernel.context import Context
from nurture.messages.links import TRAP
from nurture.opportunities.tables import opportunities
from nurture.scoring.tables import score_entries
from nurture.tracking.model import Verdict
from nurture.tracking.service import ingest
from nurture.tracking.tables import hits
from nurture.tracking.verdict import VERSION
from tests.storage import selling
from tests.storage.tracking_ground import CHROME, SCANNER, add_hit, add_message, rows

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148"
ANDROID = (
    "Mozilla/5.0 (Linux; Android 15; SM-A556E) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Mobile Safari/537.36"
)
OFFICE, HOME, AWAY = "203.0.113.0/24", "198.51.100.0/24", "192.0.2.0/24"
READER = {"accept-language": "yes"}


@pytest.fixture
def lead(context: Context) -> int:
    """A lead who fits, with an owner to be had."""
    selling.publish(context)
    selling.person(context)
    lead = selling.lead(context, phone="+84901234567", city="Hà Nội", city_folded="ha noi")
    selling.happen(context, lead, Kind.CREATED, actor="engine")
    return lead


def settle(context: Context) -> None:
    """Judge and react until nothing is left."""
    while ingest(context) or react(context):
        continue


def click(context: Context, message: int, link: int = 0, after: float = 0, **more: object) -> None:
    """A click on a price list."""
    add_hit(context, message, link=link, after=after, url=selling.PRICES, **more)


def test_a_scanners_sweep_takes_back_points_opportunity_and_alert(
    context: Context, clock: ManualClock, lead: int
) -> None:
    """Three clicks that looked like a person's made a lead hot; the hidden link says that one program made them."""
    mails = [add_message(context, lead) for _ in range(3)]
    for message in mails:
        click(context, message)
    settle(context)
    assert (selling.row(context, lead).temperature, len(rows(context, alerts))) == ("hot", 1)
    assert [row.state for row in rows(context, opportunities)] == ["open"]
    clock.advance(timedelta(minutes=3))  # settled long ago
    settle(context)
    for message in mails:
        click(context, message, TRAP)
    settle(context)
    row = selling.row(context, lead)
    assert (row.engagement, row.temperature, row.lifecycle, row.owner_id) == (0, "cold", "lead", None)
    assert [(one.state, one.reason) for one in rows(context, opportunities)] == [("withdrawn", "verdict_changed")]
    assert [(one.state, one.ended_reason) for one in rows(context, alerts)] == [("withdrawn", "verdict_changed")]
    assert {one.verdict for one in rows(context, hits)} == {"machine"}
    clicked = [one for one in rows(context, hits) if one.link != TRAP]
    assert [(one.reasons, one.activity_id) for one in clicked] == [(["trapped"], None)] * 3
    lines = [one for one in rows(context, score_entries) if one.axis == "engagement"]
    given = {one.id: one.points for one in lines if one.reverses is None}
    assert {one.reverses: -one.points for one in lines if one.reverses is not None} == given
    assert {one.reason for one in lines if one.reverses is not None} == {"verdict_changed"}


def test_a_program_in_the_readers_house_does_not_condemn_the_reader(context: Context, clock: ManualClock) -> None:
    """Their mail app follows everything ahead; their own browser comes later, from the same network."""
    message = add_message(context, selling.lead(context))
    for link in (0, 1, TRAP):
        click(context, message, link, agent="MailApp/3.1 CFNetwork/1410 Darwin/22.6", ip=HOME)
    click(context, message, after=40, agent=IPHONE, ip=HOME, headers=READER)
    clock.advance(timedelta(minutes=2))
    settle(context)
    assert [row.verdict for row in rows(context, hits)] == ["machine"] * 3 + ["human"]


def test_a_hidden_link_condemns_opens_too_and_nobody_elses(context: Context) -> None:
    """The same agent from the same network in the same languages, on the same message."""
    mine, other = (add_message(context, selling.lead(context, name)) for name in ("Mai", "Nam"))
    click(context, mine, TRAP)
    add_hit(context, mine, "open")
    add_hit(context, mine, "open", ip=HOME)
    add_hit(context, mine, "open", headers=READER)
    add_hit(context, other, "open")
    settle(context)
    assert [row.verdict for row in rows(context, hits)] == ["machine", "machine", "human", "human", "human"]


@pytest.mark.parametrize(
    ("agent", "ip", "after", "verdict"),
    [
        (IPHONE, AWAY, 3600, "suspect"),
        (IPHONE, OFFICE, 3600, "human"),  # in the same place
        (CHROME, AWAY, 3600, "human"),  # the same kind of device, elsewhere: a laptop goes along
        (IPHONE, AWAY, 20, "human"),  # nobody passes a mail on so fast
    ],
    ids=["another-device-elsewhere", "another-device", "another-place", "at-once"],
)
def test_a_link_followed_by_another_device_in_another_place_is_suspect(
    context: Context, clock: ManualClock, lead: int, agent: str, ip: str, after: float, verdict: str
) -> None:
    """It was perhaps passed on: it does not count for the lead, and stays so when all is settled."""
    message = add_message(context, lead)
    click(context, message, ip=OFFICE)
    click(context, message, after=after, agent=agent, ip=ip, headers=READER)
    clock.advance(timedelta(hours=2))
    settle(context)
    first, second = rows(context, hits)
    assert (first.verdict, second.verdict) == ("human", verdict)
    assert (second.activity_id is None) == (verdict == "suspect")
    assert second.settled
    assert second.reasons == (["forwarded:iPhone"] if verdict == "suspect" else ["plausible"])


def test_a_second_device_of_the_leads_own_is_no_suspect(context: Context, clock: ManualClock, lead: int) -> None:
    """The phone that followed another mail of theirs, or opened this one first, is theirs wherever it is."""
    earlier, message, opened = (add_message(context, lead) for _ in range(3))
    click(context, earlier, agent=IPHONE, ip=HOME)
    click(context, message, ip=OFFICE)
    click(context, message, after=3600, agent=IPHONE, ip=AWAY)
    add_hit(context, opened, "open", agent=ANDROID, ip=AWAY)
    click(context, opened, after=60, ip=OFFICE)
    click(context, opened, after=3600, agent=ANDROID, ip=HOME)
    clock.advance(timedelta(hours=2))
    settle(context)
    assert {row.verdict for row in rows(context, hits)} == {"human"}


def test_a_link_followed_from_four_networks_within_an_hour_is_suspect(
    context: Context, clock: ManualClock, lead: int
) -> None:
    """Home, office and a phone on its way are three."""
    message = add_message(context, lead)
    for number in range(5):
        click(context, message, after=number * 600, ip=f"10.0.{number}.0/24")
    clock.advance(timedelta(hours=2))
    settle(context)
    assert [row.verdict for row in rows(context, hits)] == ["human"] * 3 + ["suspect"] * 2
    assert rows(context, hits)[3].reasons == ["many_places:4"]


def _as_judged_before(context: Context) -> None:
    """All hits are of an older version, which took scanners in a browser's dress for people."""
    with context.database.write() as conn:
        conn.execute(hits.update().values(version=2))


def _hot_by_a_program(context: Context, clock: ManualClock, lead: int) -> list[int]:
    """Three mails whose links a program followed that an older version did not know."""
    mails = [add_message(context, lead) for _ in range(3)]
    for message in mails:
        click(context, message)
    settle(context)
    clock.advance(timedelta(minutes=3))
    settle(context)
    with context.database.write() as conn:
        conn.execute(hits.update().values(version=2, agent=f"{CHROME} LinkChecker/2.0 (+https://checker.example)"))
    return mails


def _again(context: Context, **how: object) -> Tally:
    tally = Tally()
    reclassify(context, tally, **how)  # type: ignore[arg-type]
    return tally


def test_judging_anew_takes_back_what_followed(context: Context, clock: ManualClock, lead: int) -> None:
    """And says how much before and after; tried out, it says the same and changes nothing."""
    _hot_by_a_program(context, clock, lead)
    tried = _again(context, dry_run=True)
    assert (selling.row(context, lead).temperature, outdated_hits(context)) == ("hot", 3)
    assert rows(context, reactions) == []
    done = _again(context)
    assert done == tried
    assert done.moved == {(Verdict.HUMAN, Verdict.MACHINE): 3}
    assert (done.hits, done.changed, done.leads, done.withdrawn, done.added) == (3, 3, {lead}, 3, 0)
    assert (done.points_withdrawn, done.points_added, done.opportunities, done.alerts) == (75, 0, 1, 1)
    assert selling.row(context, lead).temperature == "cold"
    settle(context)
    assert [row.state for row in rows(context, opportunities)] == ["withdrawn"]
    assert [row.state for row in rows(context, alerts)] == ["withdrawn"]
    assert (_again(context).hits, outdated_hits(context)) == (0, 0)


def test_judging_anew_goes_on_where_it_was_stopped(context: Context, clock: ManualClock) -> None:
    """What was done stands in the hits."""
    for _ in range(15):
        click(context, add_message(context, None))
    clock.advance(timedelta(minutes=3))
    settle(context)
    _as_judged_before(context)

    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        reclassify(context, Tally(), told=stop)
    assert outdated_hits(context) == 5
    assert _again(context).hits == 5
    assert {row.version for row in rows(context, hits)} == {VERSION}


def test_what_counts_long_after_gives_its_points_and_calls_nobody(
    context: Context, clock: ManualClock, lead: int
) -> None:
    """At the time it happened; the next sign of life raises the alert."""
    for _ in range(3):
        click(context, add_message(context, lead), agent=SCANNER)
    clock.advance(timedelta(minutes=3))
    settle(context)
    happened = rows(context, hits)[0].engine_at
    with context.database.write() as conn:
        conn.execute(hits.update().values(version=2, agent=CHROME))
    clock.advance(timedelta(days=3))
    done = _again(context)
    settle(context)
    assert (done.added, done.points_added, done.withdrawn) == (3, 75, 0)
    clicked = [row for row in rows(context, activities) if row.kind == "clicked"]
    assert [(row.occurred_at, row.detail[LATE]) for row in clicked] == [(happened, True)] * 3
    assert {row.at for row in rows(context, score_entries) if row.rule == "clicked_pricing"} == {happened}
    assert selling.row(context, lead).temperature == "hot"
    assert rows(context, alerts) == []
    click(context, add_message(context, lead))
    settle(context)
    assert [row.state for row in rows(context, alerts)] == ["open"]


def test_judging_anew_from_a_day_on_leaves_the_earlier_alone(context: Context, clock: ManualClock, lead: int) -> None:
    """Hits of before keep the verdict of their version."""
    click(context, add_message(context, lead))
    click(context, add_message(context, lead), after=3 * 86400)
    clock.advance(timedelta(days=4))
    settle(context)
    _as_judged_before(context)
    since = clock.real() - timedelta(days=2)
    assert outdated_hits(context, since) == 1
    assert _again(context, since=since).hits == 1
    assert [row.version for row in rows(context, hits)] == [2, VERSION]
