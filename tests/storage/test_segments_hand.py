"""Segments kept by hand: members by people and steps only, usable like all others."""

import pytest
import sqlalchemy as sa

from nurture.activities.model import Kind
from nurture.engine.react import react
from nurture.engine.tick import tick
from nurture.kernel.context import Context
from nurture.kernel.errors import ConflictError, DefinitionError, NotFoundError
from nurture.segments import hand, service, store
from nurture.segments.load import load
from nurture.segments.tables import memberships
from tests.storage.performing.ground import lines
from tests.storage.ticking import add_leads, apply, places, rows

TEXT = """
guests: {name: Guests, by_hand: true}
warm_guests: {name: Warm guests, when: {all: [{segment: guests}, {temperature: warm}]}}
ruled: {name: Ruled, when: {tag: vip}}
"""
ENTRY = "key: hello\nname: H\nentry: {segment: guests, existing: enroll}\nsteps:\n  - {id: a, wait: 1 day}\n"


def _add(context: Context, key: str, ids: list[int]) -> list[int]:
    with context.database.write() as conn:
        now, real = context.clock.engine(), context.clock.real()
        return hand.add(conn, key, ids, now=now, real=real, actor="user:4")


def _remove(context: Context, key: str, ids: list[int]) -> list[int]:
    with context.database.write() as conn:
        now, real = context.clock.engine(), context.clock.real()
        return hand.remove(conn, key, ids, now=now, real=real, actor="user:4")


def _members(context: Context, key: str) -> list[int]:
    with context.database.read() as conn:
        return store.members(conn, key)


def test_people_put_leads_in_and_take_them_out(context: Context) -> None:
    """Each stay is kept with who began and who ended it; a second time changes nothing."""
    first, second = add_leads(context, 2)
    apply(context, ENTRY, segments=TEXT)
    assert sorted(_add(context, "guests", [first, second])) == [first, second]
    assert _add(context, "guests", [first]) == []
    assert _remove(context, "guests", [first]) == [first]
    assert _remove(context, "guests", [first]) == []
    assert _members(context, "guests") == [second]
    m = memberships.c
    assert rows(context, sa.select(m.lead_id, m.cause, m.left_cause).order_by(m.lead_id)) == [
        (first, "user:4", "user:4"),
        (second, "user:4", None),
    ]
    kinds = [(lead, kind) for lead, kind, *_ in lines(context, Kind.SEGMENT_JOINED, Kind.SEGMENT_LEFT)]
    assert kinds == [(first, "segment_joined"), (second, "segment_joined"), (first, "segment_left")]


def test_a_refresh_never_touches_them(context: Context) -> None:
    """Of all leads, and of a lead that something happened to."""
    (lead,) = add_leads(context, 1)
    apply(context, ENTRY, segments=TEXT)
    _add(context, "guests", [lead])
    react(context)
    tick(context, refresh=True)
    with context.database.write() as conn:
        service.refresh(conn, context.clock.engine(), context.clock.real(), store.facts(conn))
    assert _members(context, "guests") == [lead]


def test_rules_ask_for_them_and_follow(context: Context) -> None:
    """A segment of segments takes the lead in with the reaction to its joining."""
    (lead,) = add_leads(context, 1, temperature="warm", engagement=40)
    apply(context, ENTRY, segments=TEXT)
    tick(context, refresh=True)
    assert _members(context, "warm_guests") == []
    _add(context, "guests", [lead])
    react(context)
    assert _members(context, "warm_guests") == [lead]


def test_who_joins_enters_the_campaign(context: Context) -> None:
    """As with a segment that a rule keeps."""
    (lead,) = add_leads(context, 1)
    apply(context, ENTRY, segments=TEXT)
    tick(context)
    _add(context, "guests", [lead])
    tick(context)
    assert places(context, "lead_id", "state") == [(lead, "active")]


def test_a_segment_of_a_rule_takes_nobody_by_hand(context: Context) -> None:
    """Nor does one that there is not."""
    (lead,) = add_leads(context, 1)
    apply(context, ENTRY, segments=TEXT)
    with pytest.raises(ConflictError):
        _add(context, "ruled", [lead])
    with pytest.raises(NotFoundError):
        _add(context, "gone", [lead])


def test_its_condition_is_being_in_it(context: Context) -> None:
    """So that why and preview answer as for others."""
    first, second = add_leads(context, 2)
    apply(context, ENTRY, segments=TEXT)
    _add(context, "guests", [second])
    with context.database.read() as conn:
        facts, now = store.facts(conn), context.clock.engine()
        rule = service.rule_of(conn, "guests", facts)
        assert rule is not None
        assert service.preview(conn, rule, now).lead_ids == (second,)
        traces = [service.explain(conn, rule, lead, now, facts) for lead in (first, second)]
    assert [trace.holds for trace in traces if trace is not None] == [False, True]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        pytest.param("a: {name: A}", "no_rule", id="neither"),
        pytest.param("a: {name: A, by_hand: true, when: {tag: x}}", "two_ways", id="both"),
        pytest.param("a: {name: A, by_hand: false}", "two_ways", id="not by hand, and no rule"),
    ],
)
def test_a_segment_has_a_rule_or_is_kept_by_hand(text: str, code: str) -> None:
    """One of the two."""
    with pytest.raises(DefinitionError) as caught:
        load(text, store.built_in())
    assert [problem.code for problem in caught.value.problems] == [code]
