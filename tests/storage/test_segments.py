"""Memberships: joins and leaves as the rule says, recorded once, over all leads or over those touched."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from nurture.activities.model import Kind
from nurture.activities.service import Activity, record
from nurture.activities.tables import activities
from nurture.kernel.context import Context
from nurture.kernel.errors import DefinitionError
from nurture.leads.tables import field_definitions, lead_tags, leads, tags
from nurture.rules.parse import parse
from nurture.segments import service, store
from nurture.segments.load import load
from nurture.segments.model import Counts
from nurture.segments.tables import memberships
from nurture.segments.upkeep import keep
from nurture.users.tables import audit

DAY = timedelta(days=1)


def _leads(context: Context, count: int, **values: Any) -> list[int]:
    now = context.clock.engine()
    with context.database.write() as conn:
        known = conn.execute(sa.select(sa.func.count()).select_from(leads)).scalar_one()
        rows = [
            {"public_id": f"p{n}", "email": f"a{n}@example.com", "fields": {}, "created_at": now, "updated_at": now}
            for n in range(known, known + count)
        ]
        insert = leads.insert().returning(leads.c.id)
        return [conn.execute(insert.values({**row, **values})).scalar_one() for row in rows]


def _define(context: Context, text: str) -> list[str]:
    now = context.clock.engine()
    with context.database.write() as conn:
        return service.apply(conn, load(text, store.facts(conn)), now=now, real=now, actor="cli")


def _refresh(context: Context, **chosen: Any) -> list[Counts]:
    now = context.clock.engine()
    with context.database.write() as conn:
        return service.refresh(conn, now, context.clock.real(), store.facts(conn), **chosen)


def _members(context: Context, key: str) -> list[int]:
    with context.database.read() as conn:
        return store.members(conn, key)


def _click(context: Context, lead: int, **values: Any) -> None:
    now = context.clock.engine()
    with context.database.write() as conn:
        record(conn, Activity(lead, Kind.CLICKED, now, "lead", "hit:1", **values), real=now)


def test_joins_and_leaves_are_recorded(context: Context) -> None:
    """A stay has a beginning and an end; who comes back begins a new one."""
    one, two = _leads(context, 2, temperature="hot")
    _define(context, "hot: {when: {temperature: hot}}")
    assert _refresh(context) == [Counts("hot", 2, 0)]
    assert _refresh(context) == [Counts("hot", 0, 0)]
    for temperature, expected in (("warm", Counts("hot", 0, 1)), ("hot", Counts("hot", 1, 0))):
        context.clock.advance(DAY)  # type: ignore[attr-defined]
        with context.database.write() as conn:
            conn.execute(leads.update().where(leads.c.id == one).values(temperature=temperature))
        assert _refresh(context) == [expected]
    assert _members(context, "hot") == [one, two]
    with context.database.read() as conn:
        stays = store.of_lead(conn, one, now_only=False)
        assert [(stay.left_at is None, stay.key) for stay in stays] == [(True, "hot"), (False, "hot")]
        assert stays[1].left_at == stays[1].joined_at + DAY
        assert store.size(conn, "hot") == 2


def test_a_merged_lead_leaves_every_segment(context: Context) -> None:
    """Even one whose rule asks for nothing it has lost."""
    one, two = _leads(context, 2)
    _define(context, "all: {when: {none: [{tag: x}]}}")
    _refresh(context)
    with context.database.write() as conn:
        conn.execute(leads.update().where(leads.c.id == two).values(merged_into=one))
    assert _refresh(context) == [Counts("all", 0, 1)]
    with context.database.read() as conn:
        assert service.explain(conn, parse({"temperature": "cold"}, store.facts(conn)), two, context.clock.engine(),
                               store.facts(conn)) is None  # fmt: skip


def test_a_withdrawn_activity_does_not_count(context: Context) -> None:
    """The click of a machine takes the lead out again."""
    (lead,) = _leads(context, 1)
    _define(context, "clicked: {when: {clicked: {}}}")
    _click(context, lead)
    assert _refresh(context) == [Counts("clicked", 1, 0)]
    with context.database.write() as conn:
        conn.execute(activities.update().values(withdrawn_at=context.clock.engine()))
    assert _refresh(context) == [Counts("clicked", 0, 1)]


def test_time_alone_takes_a_lead_out(context: Context) -> None:
    """A rule with a span is looked at again as time passes."""
    (lead,) = _leads(context, 1)
    _define(context, "lately: {when: {clicked: {within: 7 days}}}")
    _click(context, lead)
    _refresh(context)
    context.clock.advance(7 * DAY)  # type: ignore[attr-defined]
    assert _refresh(context) == [Counts("lately", 0, 1)]


def test_the_first_evaluation_is_kept(context: Context) -> None:
    """Later ones move only the time of the last look."""
    _leads(context, 1)
    _define(context, "all: {when: {none: [{tag: x}]}}")
    first = context.clock.engine()
    for _ in range(2):
        _refresh(context)
        context.clock.advance(DAY)  # type: ignore[attr-defined]
    with context.database.read() as conn:
        segment = store.get(conn, "all")
    assert segment is not None
    assert segment.evaluated_at == first
    assert segment.refreshed_at == first + DAY


def test_only_what_an_activity_moves_is_looked_at_again(context: Context) -> None:
    """Only the lead it touched, only segments that read its kind, and the segments that name those."""
    one, two = _leads(context, 2, temperature="hot")
    _define(
        context,
        """
        clicked: {when: {clicked: {}}}
        active: {when: {field: last_activity_at, in_last: 1 day}}
        both: {when: {all: [{segment: clicked}, {none: [{tag: x}]}]}}
        hot: {when: {temperature: hot}}
        """,
    )
    for lead in (one, two):
        _click(context, lead)
    now = context.clock.engine()
    with context.database.write() as conn:
        found = service.touched(conn, [one], [Kind.CLICKED], now, store.facts(conn))
    assert sorted(counts.key for counts in found) == ["active", "both", "clicked"]
    assert all((counts.joined, counts.left) == (1, 0) for counts in found)
    assert [_members(context, key) for key in ("clicked", "active", "both", "hot")] == [[one], [one], [one], []]


def test_a_change_of_facts_may_move_any_segment(context: Context) -> None:
    """After an update every rule is looked at for that lead; named facts move their own readers."""
    one, two = _leads(context, 2, temperature="hot")
    _define(context, "hot: {when: {temperature: hot}}\nvip: {when: {tag: vip}}")
    now = context.clock.engine()
    with context.database.write() as conn:
        facts = store.facts(conn)
        conn.execute(tags.insert().values(key="vip", label="VIP"))
        conn.execute(lead_tags.insert().values(lead_id=two, tag="vip", at=now))
        assert service.touched(conn, [one], [Kind.UPDATED], now, facts) == [Counts("hot", 1, 0)]
        assert service.touched(conn, [two], ["tag"], now, facts) == [Counts("vip", 1, 0)]
    assert _members(context, "hot") == [one]


def test_segments_follow_those_they_name_in_one_refresh(context: Context) -> None:
    """Whatever the order of their keys."""
    _leads(context, 1, temperature="hot")
    _define(context, "a: {when: {segment: b}}\nb: {when: {segment: c}}\nc: {when: {temperature: hot}}")
    assert _refresh(context) == [Counts("c", 1, 0), Counts("b", 1, 0), Counts("a", 1, 0)]


def test_a_circle_through_a_stored_segment_is_refused(context: Context) -> None:
    """The one that closes it is refused, and nothing is stored."""
    _define(context, "a: {when: {tag: x}}\nb: {when: {segment: a}}")
    now = context.clock.engine()
    with context.database.write() as conn:
        closing = load("a: {when: {segment: b}}", store.facts(conn).knowing(segment=["a", "b"]))
        with pytest.raises(DefinitionError, match="circle"):
            service.apply(conn, closing, now=now, real=now, actor="cli")
    with context.database.read() as conn:
        segment = store.get(conn, "a")
    assert segment is not None
    assert segment.when == {"tag": "x"}


def test_only_changes_are_applied_and_each_has_its_audit_line(context: Context) -> None:
    """The same text again changes nothing; segments that are not named stay."""
    text = "a: {name: {vi: Một, en: One}, when: {tag: x}}\nb: {when: {tag: y}}"
    assert _define(context, text) == ["a", "b"]
    assert _define(context, text) == []
    assert _define(context, "b: {when: {tag: z}}") == ["b"]
    with context.database.read() as conn:
        assert [one.key for one in store.every(conn)] == ["a", "b"]
        assert conn.execute(sa.select(sa.func.count()).select_from(audit)).scalar_one() == 3


def test_a_segment_whose_field_is_gone_keeps_its_members_and_says_so(context: Context) -> None:
    """The others are refreshed all the same."""
    now = context.clock.engine()
    with context.database.write() as conn:
        row = {"key": "trade", "label": "Ngành", "type": "text", "choices": [], "position": 0, "created_at": now}
        conn.execute(field_definitions.insert().values(row))
    _leads(context, 1, fields={"trade": "Bất động sản"})
    _define(context, "trade: {when: {field: trade, is: bat dong san}}\nall: {when: {none: [{tag: x}]}}")
    assert [counts.joined for counts in _refresh(context)] == [1, 1]
    with context.database.write() as conn:
        conn.execute(field_definitions.delete())
    good, broken = _refresh(context)
    assert good == Counts("all", 0, 0)
    assert "trade" in broken.problem
    assert len(_members(context, "trade")) == 1


def test_upkeep_settles_what_a_reading_look_found(context: Context) -> None:
    """In short writes, dependents included; a second round finds nothing."""
    ids = _leads(context, 5, temperature="hot")
    _define(context, "a: {when: {segment: hot}}\nhot: {when: {temperature: hot}}\nnobody: {when: {tag: x}}")
    now, real = context.clock.engine(), context.clock.real()
    with context.database.read() as conn:
        facts = store.facts(conn)
        assert service.differences(conn, now, facts) == {"hot": ids}
    assert keep(context.database, now, real, facts) == [Counts("hot", 5, 0), Counts("a", 5, 0)]
    assert keep(context.database, now, real, facts) == []
    with context.database.read() as conn:
        assert [one.evaluated_at for one in store.every(conn)] == [now, now, now]


def test_an_archived_segment_has_no_members_and_is_no_condition(context: Context) -> None:
    """Its members leave when it is put away."""
    _leads(context, 1, temperature="hot")
    _define(context, "hot: {when: {temperature: hot}}")
    _refresh(context)
    with context.database.write() as conn:
        service.archive(conn, "hot", now=context.clock.engine())
    with context.database.read() as conn:
        assert store.members(conn, "hot") == []
        assert store.every(conn) == []
        rule = parse({"segment": "hot"}, store.facts(conn))
        assert service.preview(conn, rule, context.clock.engine()).count == 0


def test_a_preview_writes_nothing(context: Context) -> None:
    """It counts, and names the newest."""
    ids = _leads(context, 25, temperature="hot")
    now = context.clock.engine()
    with context.database.read() as conn:
        found = service.preview(conn, parse({"temperature": "hot"}, store.facts(conn)), now)
        assert conn.execute(sa.select(sa.func.count()).select_from(memberships)).scalar_one() == 0
    assert found.count == 25
    assert found.lead_ids == tuple(reversed(ids))[:20]
