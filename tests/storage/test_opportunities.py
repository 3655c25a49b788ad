"""Opening, assigning, working on and ending opportunities, and how board and list show them."""

from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from nurture.activities.model import Kind
from nurture.activities.tables import activities
from nurture.alerts.tables import alerts
from nurture.engine.react import react
from nurture.kernel.context import Context
from nurture.kernel.errors import ConflictError, DefinitionError, ForbiddenError, InputError, NotFoundError
from nurture.leads.tables import companies
from nurture.opportunities import service as deals
from nurture.opportunities import store
from nurture.opportunities.assign import assign, draw
from nurture.opportunities.model import NewOpportunity, Opportunity, OpportunityState, Pipeline
from nurture.opportunities.published import publish
from nurture.opportunities.tables import opportunities
from nurture.segments.store import built_in
from nurture.users.model import Person, Role
from nurture.users.tables import away, users
from tests.storage import selling
from tests.storage.selling import SHARED


def _open(context: Context, lead: int, automatic: bool = False, **more: Any) -> Opportunity | None:
    _, pipeline = selling.publish(context)
    now, real = context.clock.engine(), context.clock.real()
    new = NewOpportunity(lead, automatic=automatic, **more)
    with context.database.write() as conn:
        return deals.open_(
            conn, new, pipeline, actor="engine", cause="activity:1", now=now, real=real,
            zone=context.settings.local_zone,
        )  # fmt: skip


def _opened(context: Context, lead: int, **more: Any) -> Opportunity:
    opened = _open(context, lead, **more)
    assert opened is not None
    return opened


def _times(context: Context) -> dict[str, Any]:
    return {"now": context.clock.engine(), "real": context.clock.real()}


def _pipeline(context: Context) -> Pipeline:
    return selling.publish(context)[1]


# opening


def test_the_automatic_one_opens_once_while_it_is_open(context: Context) -> None:
    """The second is silently none; after the first is lost another may open."""
    owner = selling.person(context)
    lead = selling.lead(context)
    first = _open(context, lead, automatic=True)
    assert first is not None
    assert _open(context, lead, automatic=True) is None
    with context.database.write() as conn:
        deals.lose(conn, owner, first.id, "price", 1, **_times(context))
    assert _open(context, lead, automatic=True) is not None


def test_the_database_itself_guards_the_automatic_one(context: Context) -> None:
    """A unique index on what is open and automatic."""
    lead = selling.lead(context)
    _open(context, lead, automatic=True)
    with context.database.read() as conn:
        row = dict(conn.execute(sa.select(opportunities)).mappings().one())
    with pytest.raises(IntegrityError), context.database.write() as conn:
        conn.execute(opportunities.insert().values({**row, "id": row["id"] + 1, "public_id": "another"}))


def test_by_hand_any_number_is_opened(context: Context) -> None:
    """In one click; the salesperson who opens it has it."""
    me = selling.person(context)
    lead = selling.lead(context)
    pipeline = _pipeline(context)
    with context.database.write() as conn:
        for _ in range(2):
            new = NewOpportunity(lead, value=12_500_000)
            one = deals.open_by_hand(conn, me, new, pipeline, zone=context.settings.local_zone, **_times(context))
    assert (one.owner_id, one.value, one.automatic, one.name) == (me.id, 12_500_000, False, "Mai")
    row = selling.row(context, lead)
    assert (row.owner_id, row.lifecycle) == (me.id, "opportunity")


def test_who_opens_one_for_themselves_has_accepted_it(context: Context) -> None:
    """Nothing waits for a yes, and nobody is alerted to what they did; one for a colleague waits for that one."""
    me, boss = selling.person(context), selling.person(context, Role.MARKETER, "Boss")
    pipeline, zone = _pipeline(context), context.settings.local_zone
    lead = selling.lead(context)
    with context.database.write() as conn:
        mine = deals.open_by_hand(conn, me, NewOpportunity(lead), pipeline, zone=zone, **_times(context))
        given = deals.open_by_hand(conn, boss, NewOpportunity(lead), pipeline, zone=zone, **_times(context))
    assert (mine.owner_id, mine.accepted_at, mine.version) == (me.id, mine.opened_at, 1)
    assert (given.owner_id, given.accepted_at) == (me.id, None)
    react(context)
    with context.database.read() as conn:
        assert conn.execute(sa.select(sa.func.count()).select_from(alerts)).scalar_one() == 0


def test_nobody_opens_one_for_a_lead_they_may_not_see_or_change(context: Context) -> None:
    """Another's lead is not there; a viewer may look."""
    owner = selling.person(context)
    other = selling.person(context, name="Binh")
    viewer = selling.person(context, Role.VIEWER, "Guest")
    lead = selling.lead(context, owner_id=owner.id)
    pipeline = _pipeline(context)
    for somebody, error in ((other, NotFoundError), (viewer, ForbiddenError)):
        with pytest.raises(error), context.database.write() as conn:
            deals.open_by_hand(
                conn, somebody, NewOpportunity(lead), pipeline, zone=context.settings.local_zone, **_times(context)
            )


def test_an_opening_stands_in_the_timeline(context: Context) -> None:
    """With its public id, as every later change."""
    lead = selling.lead(context)
    one = _opened(context, lead)
    with context.database.read() as conn:
        kinds = conn.execute(
            sa.select(activities.c.kind, activities.c.detail).where(activities.c.lead_id == lead)
        ).all()
    opened = [row.detail for row in kinds if row.kind == Kind.OPPORTUNITY_OPENED.value]
    assert [detail["opportunity"] for detail in opened] == [one.public_id]


# assigning


def _company(context: Context, owner_id: int | None) -> int:
    now = context.clock.engine()
    values = {"public_id": "c", "name": "An Phát", "name_folded": "an phat", "owner_id": owner_id, "created_at": now}
    with context.database.write() as conn:
        return int(conn.execute(companies.insert().values(values).returning(companies.c.id)).scalar_one())


def test_the_leads_owner_comes_first_then_the_companys_then_the_next_in_turn(context: Context) -> None:
    """Those who are disabled or viewers are passed over."""
    mine, firms, third = (selling.person(context, name=name) for name in ("An", "Binh", "Chi"))
    company = _company(context, firms.id)
    lead = selling.lead(context, owner_id=mine.id, company_id=company)
    zone, now = context.settings.local_zone, context.clock.engine()
    with context.database.write() as conn:
        assert assign(conn, lead, "sales", now, zone) == mine.id
        conn.execute(users.update().where(users.c.id == mine.id).values(disabled_at=now))
        assert assign(conn, lead, "sales", now, zone) == firms.id
        conn.execute(users.update().where(users.c.id == firms.id).values(role="viewer"))
        drawn = assign(conn, lead, "sales", now, zone)
    assert drawn == third.id


def test_the_turn_goes_around(context: Context) -> None:
    """One after the other, whoever was last."""
    people = [selling.person(context, name=name).id for name in ("An", "Binh", "Chi")]
    selling.person(context, Role.MARKETER, "Dung")
    zone, now = context.settings.local_zone, context.clock.engine()
    with context.database.write() as conn:
        drawn = [draw(conn, "sales", now, zone) for _ in range(4)]
    assert drawn == [*people, people[0]]


def test_who_is_away_today_is_passed_over(context: Context) -> None:
    """Today is the day where they are: in Auckland it is Tuesday already."""
    at_home = selling.person(context, name="An")
    abroad = selling.person(context, name="Binh", zone="Pacific/Auckland")
    now = context.clock.engine() + timedelta(hours=10)  # Monday 19:00 at home, Tuesday 01:00 in Auckland
    zone = context.settings.local_zone
    with context.database.write() as conn:
        for one in (at_home, abroad):
            conn.execute(away.insert().values(user_id=one.id, first_day=date(2026, 11, 3), last_day=date(2026, 11, 3)))
        drawn = [draw(conn, "sales", now, zone) for _ in range(2)]
        nobody = draw(conn, "sales", now + timedelta(hours=12), zone)
    assert drawn == [at_home.id, at_home.id]
    assert nobody is None


def test_without_a_salesperson_it_is_nobodys(context: Context) -> None:
    """It opens all the same."""
    opened = _open(context, selling.lead(context), automatic=True)
    assert opened is not None
    assert opened.owner_id is None


# working on one


def test_each_change_is_a_line_and_a_new_version(context: Context) -> None:
    """Accepted, moved, valued, with a next step, won."""
    me = selling.person(context)
    lead = selling.lead(context)
    one = _opened(context, lead)
    pipeline, times = _pipeline(context), _times(context)
    with context.database.write() as conn:
        one = deals.accept(conn, me, one.id, one.version, **times)
        one = deals.move(conn, me, one.id, "quoted", one.version, pipeline, **times)
        one = deals.set_value(conn, me, one.id, 9_000_000, one.version, **times)
        one = deals.set_next_step(conn, me, one.id, "Gọi lại", times["now"], one.version, **times)
        one = deals.win(conn, me, one.id, one.version, **times)
        lines = store.changes(conn, one.id)
    assert (one.state, one.stage, one.value, one.version) == (OpportunityState.WON, "quoted", 9_000_000, 6)
    assert [line.field for line in lines] == ["state", "next_step", "value", "stage", "accepted", "state"]
    assert selling.row(context, lead).lifecycle == "customer"


def test_a_stale_version_is_a_conflict(context: Context) -> None:
    """Two people at one card: the second is told."""
    me, other = selling.person(context), selling.person(context, Role.MARKETER, "Binh")
    one = _opened(context, selling.lead(context))
    pipeline = _pipeline(context)
    with context.database.write() as conn:
        deals.move(conn, me, one.id, "quoted", one.version, pipeline, **_times(context))
    with pytest.raises(ConflictError), context.database.write() as conn:
        deals.lose(conn, other, one.id, "price", one.version, **_times(context))


def test_losing_needs_a_reason_and_gives_the_lead_to_marketing(context: Context) -> None:
    """It is an MQL again, and its owner keeps it."""
    me = selling.person(context)
    lead = selling.lead(context)
    one = _opened(context, lead)
    with context.database.write() as conn:
        with pytest.raises(InputError):
            deals.lose(conn, me, one.id, " ", one.version, **_times(context))
        lost = deals.lose(conn, me, one.id, "price", one.version, **_times(context))
    row = selling.row(context, lead)
    assert (lost.state, lost.reason, lost.closed_at) == (OpportunityState.LOST, "price", context.clock.engine())
    assert (row.lifecycle, row.owner_id) == ("mql", me.id)


def test_giving_back_frees_the_lead(context: Context) -> None:
    """It is nobody's, so that the next one is drawn anew."""
    me = selling.person(context)
    lead = selling.lead(context)
    one = _opened(context, lead)
    with context.database.write() as conn:
        back = deals.give_back(conn, me, one.id, "too_early", one.version, **_times(context))
    row = selling.row(context, lead)
    assert back.state is OpportunityState.RETURNED
    assert (row.lifecycle, row.owner_id) == ("mql", None)


def test_a_lead_with_another_open_one_stays_at_its_stage(context: Context) -> None:
    """One lost of two."""
    me = selling.person(context)
    lead = selling.lead(context)
    one, _ = _opened(context, lead), _opened(context, lead)
    with context.database.write() as conn:
        deals.lose(conn, me, one.id, "price", one.version, **_times(context))
    assert selling.row(context, lead).lifecycle == "opportunity"


def test_a_closed_one_is_not_changed(context: Context) -> None:
    """Nor is it won twice."""
    me = selling.person(context)
    one = _opened(context, selling.lead(context))
    with context.database.write() as conn:
        won = deals.win(conn, me, one.id, one.version, **_times(context))
    with pytest.raises(ConflictError), context.database.write() as conn:
        deals.win(conn, me, one.id, won.version, **_times(context))


def test_handing_it_on_takes_the_lead_along_and_waits_to_be_accepted(context: Context) -> None:
    """The new owner has not accepted yet."""
    me, other = selling.person(context), selling.person(context, name="Binh")
    lead = selling.lead(context)
    one = _opened(context, lead)
    with context.database.write() as conn:
        one = deals.accept(conn, me, one.id, one.version, **_times(context))
        one = deals.set_owner(conn, me, one.id, other.id, one.version, **_times(context))
    assert (one.owner_id, one.accepted_at) == (other.id, None)
    assert selling.row(context, lead).owner_id == other.id


def test_who_accepts_one_without_an_owner_has_it(context: Context) -> None:
    """And its lead."""
    lead = selling.lead(context)
    one = _opened(context, lead, automatic=True)
    me = selling.person(context)
    with context.database.write() as conn:
        taken = deals.accept(conn, me, one.id, one.version, **_times(context))
    assert taken.owner_id == selling.row(context, lead).owner_id == me.id


@pytest.mark.parametrize("stage", ["nowhere", ""])
def test_there_is_no_stage_of_that_name(context: Context, stage: str) -> None:
    """Said as a finding of the form."""
    me = selling.person(context)
    one = _opened(context, selling.lead(context))
    pipeline = _pipeline(context)
    with pytest.raises(InputError), context.database.write() as conn:
        deals.move(conn, me, one.id, stage, one.version, pipeline, **_times(context))


@pytest.mark.parametrize("value", [-1, 10**15 + 1])
def test_a_value_out_of_bounds_is_refused(context: Context, value: int) -> None:
    """Before the database has to."""
    me = selling.person(context)
    one = _opened(context, selling.lead(context))
    with pytest.raises(InputError), context.database.write() as conn:
        deals.set_value(conn, me, one.id, value, one.version, **_times(context))


def test_only_an_untouched_automatic_one_is_withdrawn(context: Context) -> None:
    """What people work on is theirs."""
    one = _opened(context, selling.lead(context))
    with pytest.raises(ConflictError), context.database.write() as conn:
        deals.withdraw(conn, one, **_times(context))


# looking


def _board(context: Context, person: Person) -> dict[str, tuple[int, dict[str, int]]]:
    pipeline = _pipeline(context)
    with context.database.read() as conn:
        columns = store.board(conn, person, "sales", [stage.key for stage in pipeline.stages])
    return {column.stage: (column.count, dict(column.value)) for column in columns}


def test_the_board_counts_and_sums_what_a_person_may_see(context: Context) -> None:
    """Sales see their own and nobody's, marketers all."""
    me, other = selling.person(context), selling.person(context, name="Binh")
    marketer = selling.person(context, Role.MARKETER, "Chi")
    for name, owner, value in (("A", me.id, 100), ("B", other.id, 200), ("C", other.id, None)):
        _opened(context, selling.lead(context, name), owner_id=owner, value=value)
    assert _board(context, me)["new"] == (1, {"VND": 100})
    assert _board(context, marketer)["new"] == (3, {"VND": 300})
    assert _board(context, marketer)["quoted"] == (0, {})


def test_every_column_begins_with_those_longest_in_it(context: Context) -> None:
    """At most so many of each, at once for all stages; of what the person may see."""
    me, other = selling.person(context), selling.person(context, name="Binh")
    ids = [_opened(context, selling.lead(context, f"L{number}"), owner_id=me.id).id for number in range(3)]
    _opened(context, selling.lead(context, "theirs"), owner_id=other.id)
    context.clock.advance(timedelta(hours=1))
    pipeline = _pipeline(context)
    with context.database.write() as conn:
        deals.move(conn, me, ids[0], "quoted", 1, pipeline, **_times(context))
    late = _opened(context, selling.lead(context, "late"), owner_id=me.id).id
    with context.database.read() as conn:
        every = store.top_cards(conn, me, "sales")
        first = store.top_cards(conn, me, "sales", limit=1)
    assert {stage: [card.id for card in cards] for stage, cards in every.items()} == {
        "new": [ids[1], ids[2], late], "quoted": [ids[0]],
    }  # fmt: skip
    assert {stage: [card.id for card in cards] for stage, cards in first.items()} == {
        "new": [ids[1]], "quoted": [ids[0]],
    }  # fmt: skip


def test_the_list_is_read_in_parts_without_gaps_or_doubles(context: Context) -> None:
    """The newest first, from the cursor on."""
    me = selling.person(context)
    ids = []
    for number in range(5):
        ids.append(_opened(context, selling.lead(context, f"L{number}"), owner_id=me.id).id)
        if number % 2:
            context.clock.advance(timedelta(hours=1))
    with context.database.read() as conn:
        listed = store.table(conn, me, "sales", limit=3)
        rest = store.table(conn, me, "sales", after=listed.after, limit=3)
    assert [card.id for card in (*listed.cards, *rest.cards)] == ids[::-1]


def test_filters_narrow_board_and_list(context: Context) -> None:
    """By owner, by none, by state, by lead."""
    marketer = selling.person(context, Role.MARKETER, "Chi")
    lead = selling.lead(context, "B")
    _opened(context, selling.lead(context, "A"), automatic=True)
    owner = selling.person(context)
    mine = _opened(context, lead, owner_id=owner.id)
    with context.database.write() as conn:
        deals.lose(conn, owner, mine.id, "price", 1, **_times(context))
        counts = [
            len(store.table(conn, marketer, "sales", filters).cards)
            for filters in (
                store.Filters(owner=owner.id), store.Filters(without_owner=True), store.Filters(lead=lead),
                store.Filters(state=OpportunityState.LOST), store.Filters(state=OpportunityState.WON), None,
            )
        ]  # fmt: skip
    assert counts == [1, 1, 1, 1, 0, 2]


def test_one_that_is_not_theirs_is_not_there(context: Context) -> None:
    """NotFoundError, as for one that does not exist."""
    me, other = selling.person(context), selling.person(context, name="Binh")
    one = _opened(context, selling.lead(context), owner_id=other.id)
    with context.database.read() as conn:
        assert store.by_public_id(conn, one.public_id, other).id == one.id
        for public_id in (one.public_id, "nothing"):
            with pytest.raises(NotFoundError):
                store.by_public_id(conn, public_id, me)


def test_hostile_names_are_one_line_of_text(context: Context) -> None:
    """A line break goes, markup is kept as text for the page to escape."""
    one = _opened(context, selling.lead(context), name="<script>\r\nBcc: x@evil.test" + "x" * 10_000)
    assert one.name.startswith("<script> Bcc: x@evil.test")
    assert len(one.name) == 200


# definitions


def test_a_stage_in_use_cannot_be_dropped(context: Context) -> None:
    """Its opportunities would be nowhere on the board."""
    _opened(context, selling.lead(context))
    text = (SHARED / "pipeline.yaml").read_text("utf-8").replace("key: new,", "key: fresh,")
    with pytest.raises(DefinitionError, match="stages that are gone: new"), context.database.write() as conn:
        publish(conn, text, built_in(), context.clock.engine())


def test_publishing_the_same_text_changes_nothing(context: Context) -> None:
    """By its hash."""
    selling.publish(context)
    text = (SHARED / "pipeline.yaml").read_text("utf-8")
    with context.database.write() as conn:
        assert publish(conn, text, built_in(), context.clock.engine()) is False
