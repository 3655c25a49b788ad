"""Leads: taken in, changed, listed; every change stands in the timeline."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.activities.tables import activities
from nurture.kernel.context import Context
from nurture.kernel.errors import ConflictError, InputError, NotFoundError
from nurture.leads import many, service, store
from nurture.leads.model import Filters, Lead, Lifecycle, NewLead, Sort
from nurture.leads.tables import field_definitions, lead_conflicts, leads
from nurture.segments.tables import memberships, segments
from nurture.users.model import Person, Role
from nurture.users.tables import users

MARKETER = Person(1, "Lan", "lan@example.com", Role.MARKETER)


def _said(context: Context, cause: str = "user:1") -> dict[str, Any]:
    return {"now": context.clock.engine(), "real": context.clock.real(), "actor": "user:1", "cause": cause}


def _add(context: Context, conn: Connection, **facts: Any) -> Lead:
    return service.add(conn, NewLead(**facts), **_said(context))


def _kinds(conn: Connection, lead_id: int) -> list[str]:
    query = sa.select(activities.c.kind).where(activities.c.lead_id == lead_id).order_by(activities.c.id)
    return list(conn.execute(query).scalars())


def _user(context: Context, conn: Connection, name: str) -> int:
    values = {
        "email": f"{name}@example.com", "name": name, "role": "sales", "working_hours": {},
        "created_at": context.clock.real(),
    }  # fmt: skip
    return int(conn.execute(users.insert().values(values).returning(users.c.id)).scalar_one())


def test_a_lead_is_normalized_on_its_way_in(context: Context) -> None:
    """Address, number and name take the form they are compared in, and the timeline begins."""
    with context.database.write() as conn:
        lead = _add(
            context, conn, email=" Minh.Nguyen@Example.COM ", phone="0901 234 567", name="Nguyễn  Văn Minh",
            honorific="Anh", company="An Phát", city="Hà Nội", source="Google", tags=("Khách VIP",),
        )  # fmt: skip
        kinds = _kinds(conn, lead.id)
    assert (lead.email, lead.phone, lead.name) == ("minh.nguyen@example.com", "+84901234567", "Nguyễn Văn Minh")
    assert (lead.given_name, lead.honorific, lead.company) == ("Minh", "anh", "An Phát")
    assert (lead.source, lead.first_source, lead.tags) == ("google", "google", ("khach_vip",))
    assert kinds == ["created", "tagged"]


def test_every_bad_fact_is_named_at_once(context: Context) -> None:
    """Nobody mends one field only to hear of the next."""
    with context.database.write() as conn, pytest.raises(InputError) as caught:
        _add(context, conn, email="nobody at example.com", phone="12", language="fr")
    assert {problem.path for problem in caught.value.problems} == {"email", "phone", "language"}


def test_a_lead_needs_a_way_to_be_reached(context: Context) -> None:
    """A name alone is no lead."""
    with context.database.write() as conn, pytest.raises(InputError):
        _add(context, conn, name="Minh")


def test_a_known_address_is_a_conflict(context: Context) -> None:
    """One address is one lead, however it is written."""
    with context.database.write() as conn:
        _add(context, conn, email="a@example.com")
        with pytest.raises(ConflictError):
            _add(context, conn, email="A@EXAMPLE.com")


def test_many_are_taken_in_as_one_is(context: Context) -> None:
    """Facts, tags and the begin of the timeline, in the order in which they were given."""
    people = [
        NewLead(email=" B@Example.com", name="Lê Bình", company="An Phát"),
        NewLead(phone="0901 234 567", city="Huế", tags=("Khách VIP",)),
        NewLead(email="c@example.com"),
    ]
    with context.database.write() as conn:
        alone = [service.add(conn, replace(one, email=one.email and f"1{one.email.strip()}"), **_said(context))
                 for one in people]  # fmt: skip
        found = many.add(conn, {f"made{n}": one for n, one in enumerate(people)}, **_said(context))
        together = [store.get(conn, number) for number, _ in found]
        kinds = [_kinds(conn, number) for number, _ in found]
    assert [address for _, address in found] == ["b@example.com", None, "c@example.com"]
    same: dict[str, Any] = {"id": 0, "public_id": "", "email": None}
    assert [replace(one, **same) for one in together if one] == [replace(one, **same) for one in _again(context, alone)]
    assert [one.public_id for one in together if one] == ["made0", "made1", "made2"]
    assert kinds == [["created"], ["created", "tagged"], ["created"]]


def _again(context: Context, some: list[Lead]) -> list[Lead]:
    with context.database.read() as conn:
        return [one for lead in some if (one := store.get(conn, lead.id))]


@pytest.mark.parametrize("second", ["a@example.com", "known@example.com"])
def test_a_known_address_among_many_is_a_conflict(context: Context, second: str) -> None:
    """Whether another of them has it or somebody else."""
    people = {"made1": NewLead(email="a@example.com"), "made2": NewLead(email=second)}
    with context.database.write() as conn:
        _add(context, conn, email="known@example.com")
        with pytest.raises(ConflictError):
            many.add(conn, people, **_said(context))


def test_a_change_says_what_was_there_before(context: Context) -> None:
    """Fields that stay the same leave no trace; the search text follows."""
    with context.database.write() as conn:
        conn.execute(field_definitions.insert().values(
            key="size", label="Size", type="number", choices=[], position=1, created_at=context.clock.engine()
        ))  # fmt: skip
        lead = _add(context, conn, email="a@example.com", name="Lê Đức", city="Huế")
        changed = service.change(
            conn, lead.id, {"name": "Lê Đức Anh", "city": "Huế", "phone": "0901234567", "fields": {"size": "12"}},
            **_said(context),
        )  # fmt: skip
        same = service.change(conn, lead.id, {"city": "Huế"}, **_said(context))
        detail = conn.execute(sa.select(activities.c.detail).where(activities.c.kind == "updated")).scalars().all()
        found = store.page(conn, MARKETER, Filters(text="0901.234.567")).leads
    assert changed.given_name == "Anh"
    assert changed == same
    assert changed.fields == {"size": 12}
    assert [sorted(one["fields"]) for one in detail] == [["fields.size", "given_name", "name", "phone"]]
    assert detail[0]["fields"]["name"] == ["Lê Đức", "Lê Đức Anh"]
    assert [one.id for one in found] == [lead.id]


def test_the_last_way_to_reach_a_lead_cannot_be_taken(context: Context) -> None:
    """An address may go while there is a number, and not otherwise."""
    with context.database.write() as conn:
        lead = _add(context, conn, email="a@example.com", phone="0901234567")
        service.change(conn, lead.id, {"email": ""}, **_said(context))
        with pytest.raises(InputError):
            service.change(conn, lead.id, {"phone": ""}, **_said(context))


def test_acts_write_one_line_each_and_repeat_none(context: Context) -> None:
    """Doing it again changes nothing and says so."""
    with context.database.write() as conn:
        lead = _add(context, conn, email="a@example.com")
        owner = _user(context, conn, "sale")
        said = _said(context)
        acts = [
            [service.tag(conn, lead.id, "nóng", **said) for _ in range(2)],
            [service.untag(conn, lead.id, "nóng", **said) for _ in range(2)],
            [service.set_owner(conn, lead.id, owner, **said) for _ in range(2)],
            [service.set_lifecycle(conn, lead.id, Lifecycle.CUSTOMER, **said) for _ in range(2)],
            [service.pause_mail(conn, lead.id, "asked by phone", **said) for _ in range(2)],
            [service.resume_mail(conn, lead.id, **said) for _ in range(2)],
        ]
        kinds = _kinds(conn, lead.id)
    assert acts == [[True, False]] * 6
    assert kinds == [
        "created", "tagged", "untagged", "owner_changed", "lifecycle_changed", "mail_paused", "mail_resumed",
    ]  # fmt: skip


def test_a_person_decides_a_conflict_once(context: Context) -> None:
    """The other number takes the place of the first, and the conflict is gone."""
    with context.database.write() as conn:
        lead = _add(context, conn, email="a@example.com", phone="0901234567")
        conn.execute(lead_conflicts.insert().values(
            lead_id=lead.id, field="phone", value="+84907654321", origin="import:x line 3", at=lead.created_at
        ))  # fmt: skip
        conflict = store.conflicts_of(conn, lead.id)[0]
        service.resolve_conflict(conn, conflict["id"], keep_other=True, **_said(context))
        with pytest.raises(ConflictError):
            service.resolve_conflict(conn, conflict["id"], keep_other=True, **_said(context))
        after = store.get(conn, lead.id)
        left = store.conflicts_of(conn, lead.id)
    assert after is not None
    assert after.phone == "+84907654321"
    assert left == []


def test_sales_see_their_own_leads_and_the_unassigned(context: Context) -> None:
    """The check is in the query, so that no page can forget it."""
    with context.database.write() as conn:
        mine, other = _user(context, conn, "mine"), _user(context, conn, "other")
        free = _add(context, conn, email="free@example.com")
        own = _add(context, conn, email="own@example.com", owner_id=mine)
        foreign = _add(context, conn, email="foreign@example.com", owner_id=other)
        person = Person(mine, "Mai", "mine@example.com", Role.SALES)
        seen = {lead.id for lead in store.page(conn, person, Filters()).leads}
        with pytest.raises(NotFoundError):
            store.by_public_id(conn, foreign.public_id, person)
        assert store.by_public_id(conn, foreign.public_id, MARKETER).id == foreign.id
        counted = store.count(conn, person, Filters())
    assert seen == {free.id, own.id}
    assert (counted.number, counted.more) == (2, False)


@pytest.mark.parametrize("sort", list(Sort))
def test_pages_give_every_lead_once_in_order(context: Context, sort: Sort) -> None:
    """Equal values and missing ones do not make a lead appear twice or vanish."""
    now = context.clock.engine()
    with context.database.write() as conn:
        rows = [
            {
                "public_id": f"p{n}", "email": f"p{n}@example.com", "fields": {}, "engagement": n % 3,
                "name_folded": f"n{n % 4}", "created_at": now + timedelta(hours=n % 5), "updated_at": now,
                "last_activity_at": None if n % 4 == 0 else now + timedelta(microseconds=n % 6),
            }
            for n in range(23)
        ]  # fmt: skip
        conn.execute(leads.insert(), rows)
        filters = Filters(sort=sort)
        whole = store.page(conn, MARKETER, filters, limit=100)
        parts: list[int] = []
        after: str | None = None
        while True:
            part = store.page(conn, MARKETER, filters, after, limit=4)
            parts += [lead.id for lead in part.leads]
            after = part.after
            if after is None:
                break
    assert whole.after is None
    assert parts == [lead.id for lead in whole.leads]
    assert len(set(parts)) == 23


def test_a_forged_cursor_is_refused(context: Context) -> None:
    """Neither another order's cursor nor rubbish reaches the query."""
    with context.database.read() as conn:
        for cursor in ("rubbish", "", "W10", "WyJuYW1lIiwgImEiLCAxXQ", "WyJlbmdhZ2VtZW50IiwgIngiLCAxXQ"):
            if cursor:
                with pytest.raises(InputError):
                    store.page(conn, MARKETER, Filters(sort=Sort.ENGAGEMENT), cursor)


@pytest.mark.parametrize("text", ["nguyen", "Nguyễn", "NGUYEN minh", "an phat", "0901234567", "+84 901 234 567"])
def test_search_finds_without_accents(context: Context, text: str) -> None:
    """Names, companies and numbers are found as people type them."""
    with context.database.write() as conn:
        lead = _add(
            context, conn, email="a@example.com", name="Nguyễn Minh", phone="0901234567", company="Công ty An Phát"
        )
        _add(context, conn, email="b@example.com", name="100% _Trần")
        found = store.page(conn, MARKETER, Filters(text=text)).leads
        special = store.page(conn, MARKETER, Filters(text="0% _")).leads
    assert [one.id for one in found] == [lead.id]
    assert [one.email for one in special] == ["b@example.com"]


def test_filters_narrow_together(context: Context) -> None:
    """Tag, owner, source, stage and segment each leave the leads that have them."""
    now = context.clock.engine()
    with context.database.write() as conn:
        owner = _user(context, conn, "sale")
        a = _add(context, conn, email="a@example.com", source="Google", tags=("vip",), owner_id=owner)
        b = _add(context, conn, email="b@example.com", source="google", lifecycle=Lifecycle.CUSTOMER)
        key = conn.execute(
            segments.insert().values(key="fresh", name={}, rule={}, hash="", created_at=now, updated_at=now)
            .returning(segments.c.id)
        ).scalar_one()  # fmt: skip
        conn.execute(memberships.insert().values(segment_id=key, lead_id=a.id, joined_at=now))
        conn.execute(memberships.insert().values(segment_id=key, lead_id=b.id, joined_at=now, left_at=now))
        asked = {
            Filters(source="google"): {a.id, b.id},
            Filters(source="google", tag="vip"): {a.id},
            Filters(owner=owner): {a.id},
            Filters(without_owner=True): {b.id},
            Filters(lifecycle="customer"): {b.id},
            Filters(segment="fresh"): {a.id},
            Filters(temperature="hot"): set(),
        }
        found = {filters: {lead.id for lead in store.page(conn, MARKETER, filters).leads} for filters in asked}
        words = store.sources(conn)
    assert found == asked
    assert words == ["google"]


@pytest.mark.parametrize("sort", list(Sort))
@pytest.mark.parametrize("person", [MARKETER, Person(7, "Mai", "mai@example.com", Role.SALES)], ids=["all", "own"])
def test_few_leads_and_many_are_listed_alike(context: Context, sort: Sort, person: Person) -> None:
    """Whether they are sorted here or found along an index: same order, same pages, same number."""
    with context.database.write() as conn:
        for n in range(9):
            lead = _add(context, conn, email=f"c{n}@example.com", name="An" if n % 2 else "Bình")
            values = {"engagement": n % 3, "last_activity_at": context.clock.engine() if n % 3 else None}
            conn.execute(leads.update().where(leads.c.id == lead.id).values(**values))

        def listed(few: int) -> list[tuple[list[str], int]]:
            found, after = [], ""
            while after is not None:
                filters = Filters(text="example", sort=sort)
                page, count = store.counted(conn, person, filters, after or None, limit=2, few=few)
                found.append(([lead.public_id for lead in page.leads], count.number))
                after = page.after
            return found

        assert listed(few=100) == listed(few=3)
        assert sum(len(ids) for ids, _ in listed(few=100)) == 9


def test_counting_stops_at_its_bound(context: Context) -> None:
    """A list of a million is not counted to the end."""
    with context.database.write() as conn:
        for n in range(4):
            _add(context, conn, email=f"c{n}@example.com")
        assert store.count(conn, MARKETER, Filters(), at_most=4) == store.Count(4, more=False)
        assert store.count(conn, MARKETER, Filters(), at_most=3) == store.Count(3, more=True)
