"""Ways of a split are compared by what their leads do; a winner is kept with its figures, whoever names it."""

import pytest
import sqlalchemy as sa

from nurture.activities.model import Kind
from nurture.activities.service import Activity, record_set
from nurture.activities.tables import decisions
from nurture.engine import comparing
from nurture.engine.tick import tick
from nurture.enrollments import experiments
from nurture.enrollments.tables import enrollments, passages
from nurture.enrollments.tables import experiments as table
from nurture.kernel.context import Context
from nurture.kernel.errors import ForbiddenError, InputError, NotFoundError
from nurture.messages.tables import messages
from nurture.segments import store as segments
from nurture.users.model import Person, Role
from nurture.users.tables import audit
from tests.storage.ticking import (
    DAY,
    HOUR,
    add_leads,
    apply,
    clock,
    hand_over,
    passed,
    publish_emails,
    rows,
)

COMPARING = """
key: comparing
name: Comparing
entry: {segment: everyone, existing: enroll}
goal: {tag: won}
steps:
  - id: ab
    split:
      ways:
        a: {weight: 1, steps: [{id: one, send_email: hello}]}
        b: {weight: 1, steps: [{id: other, send_email: again}]}
      winner: {by: clicks, after: 7 days, least: 20}
  - {id: breathe, wait: 30 days}
"""
HELD = """
key: comparing
name: Held
entry: {segment: everyone, existing: enroll}
goal: {tag: won}
steps:
  - {id: control, holdout: 50%}
  - {id: ab, split: {ways: {a: {weight: 1}, b: {weight: 1}}}}
  - {id: one, send_email: hello}
  - {id: breathe, wait: 30 days}
"""


@pytest.fixture
def ready(context: Context) -> Context:
    """A context with the emails that the tests name."""
    publish_emails(context, "hello", "again")
    return context


def _went(context: Context) -> dict[str, list[int]]:
    """The leads of each way."""
    query = sa.select(passages.c.outcome, enrollments.c.lead_id).join(enrollments)
    found: dict[str, list[int]] = {}
    for way, lead in rows(context, query.where(passages.c.step == "ab").order_by(passages.c.id)):
        found.setdefault(way, []).append(lead)
    return found


def _click(context: Context, leads: list[int]) -> None:
    now = context.clock.engine()
    lines = [Activity(one, Kind.CLICKED, now, "lead", f"hit:{one}", None, None, "comparing", "hello") for one in leads]
    with context.database.write() as conn:
        record_set(conn, lines, real=context.clock.real())


def _look(context: Context) -> int:
    with context.database.read() as conn:
        facts = segments.facts(conn)
    return comparing.look(context, facts, always=True)


def _decided(context: Context) -> list[tuple[str, str]]:
    query = sa.select(decisions.c.outcome, decisions.c.reason).where(decisions.c.kind == "compare")
    return [tuple(row) for row in rows(context, query.order_by(decisions.c.id))]


def _begin(context: Context, count: int = 80, campaign: str = COMPARING) -> None:
    add_leads(context, count)
    apply(context, campaign)
    tick(context)
    hand_over(context)
    tick(context)
    clock(context).advance(HOUR)


def _choose(context: Context, way: str, step: str = "ab", key: str = "comparing") -> None:
    with context.database.write() as conn:
        now, real = context.clock.engine(), context.clock.real()
        experiments.choose(conn, key, step, way, segments.facts(conn), now=now, real=real, actor="cli")


def test_the_better_way_is_taken_when_the_time_is_over(ready: Context) -> None:
    """Once, with its figures; newcomers go that way, and those before went theirs."""
    _begin(ready)
    went = _went(ready)
    assert min(map(len, went.values())) >= 25
    _click(ready, [*went["a"][:20], *went["b"][:2]])
    assert _look(ready) == 0  # a week is not over
    clock(ready).advance(7 * DAY)
    assert (_look(ready), _look(ready)) == (1, 0)
    (kept,) = rows(ready, sa.select(table))
    assert (kept.winner, kept.reason, kept.decided_by) == ("a", "way_won", "engine")
    assert kept.detail["figures"] == {"a": [20, len(went["a"])], "b": [2, len(went["b"])]}
    assert _decided(ready) == [("a", "way_won")]
    new = add_leads(ready, 20)
    clock(ready).advance(HOUR)
    tick(ready, refresh=True)
    tick(ready)
    assert set(new) <= set(_went(ready)["a"])
    assert _went(ready)["b"] == went["b"]


def test_no_winner_is_named_on_noise(ready: Context) -> None:
    """It is said once, and leads go both ways on."""
    _begin(ready)
    went = _went(ready)
    _click(ready, [*went["a"][:9], *went["b"][:8]])
    clock(ready).advance(7 * DAY)
    assert (_look(ready), _look(ready)) == (1, 0)
    assert _decided(ready) == [("no", "no_clear_winner")]
    with ready.database.read() as conn:
        assert experiments.winners(conn, [1]) == {}


def test_too_little_is_said_until_there_is_enough(ready: Context) -> None:
    """First few leads, then enough of them with a clear answer."""
    _begin(ready, 20)
    clock(ready).advance(7 * DAY)
    assert (_look(ready), _look(ready)) == (1, 0)
    add_leads(ready, 80)
    tick(ready, refresh=True)
    tick(ready)
    clock(ready).advance(HOUR)
    _click(ready, _went(ready)["b"][:35])
    assert _look(ready) == 1
    assert _decided(ready) == [("no", "not_enough_data"), ("b", "way_won")]


def test_clicks_before_the_split_and_of_machines_do_not_count(ready: Context) -> None:
    """Nor those that were withdrawn."""
    add_leads(ready, 40)
    _click(ready, list(range(1, 41)))
    clock(ready).advance(HOUR)
    _begin(ready, 1)
    with ready.database.read() as conn:
        found = experiments.told(conn, 1, "comparing", ["ab"], []).counts
    assert sum(found["ab"].leads.values()) == 41
    assert sum(found["ab"].clicks.values()) == 0


def test_a_person_chooses_and_lets_it_be_split_again(ready: Context) -> None:
    """Each time with a line of the audit; who came before the second time no longer counts."""
    _begin(ready)
    _choose(ready, "b")
    _choose(ready, "b")
    clock(ready).advance(7 * DAY)
    assert _look(ready) == 0  # decided already
    assert add_leads(ready, 10)
    tick(ready, refresh=True)
    tick(ready)
    assert len(_went(ready)["b"]) >= 35
    _choose(ready, "")
    assert _decided(ready) == [("b", "chosen_by_hand"), ("no", "split_again")]
    noted = rows(ready, sa.select(audit.c.actor, audit.c.detail).where(audit.c.action == "campaign.winner"))
    assert [tuple(row) for row in noted] == [("cli", {"step": "ab", "way": "b"}), ("cli", {"step": "ab", "way": ""})]
    clock(ready).advance(HOUR)
    with ready.database.read() as conn:
        assert experiments.told(conn, 1, "comparing", ["ab"], []).counts == {}


def test_a_person_who_chooses_meanwhile_is_not_overruled(ready: Context) -> None:
    """What was looked at before their choice is not kept."""
    _begin(ready)
    went = _went(ready)
    _click(ready, [*went["a"][:20], *went["b"][:2]])
    clock(ready).advance(7 * DAY)
    with ready.database.read() as conn:
        (decided,) = comparing.decide(conn, segments.facts(conn), ready.clock.engine())
    assert decided.news["ab"].winner == "a"
    _choose(ready, "b")
    with ready.database.write() as conn:
        assert comparing.keep(conn, decided) == 0
    assert _decided(ready) == [("b", "chosen_by_hand")]


def test_only_what_there_is_can_be_chosen_and_only_by_those_who_may(ready: Context) -> None:
    """A campaign, a split, a way."""
    _begin(ready, 2)
    with pytest.raises(NotFoundError):
        _choose(ready, "a", key="other")
    with pytest.raises(NotFoundError):
        _choose(ready, "a", step="breathe")
    with pytest.raises(InputError):
        _choose(ready, "c")
    viewer = Person(1, "Ngô Xem", "xem@example.vn", Role.VIEWER)
    with ready.database.write() as conn, pytest.raises(ForbiddenError):
        now = ready.clock.engine()
        experiments.choose_as(conn, viewer, "comparing", "ab", "a", segments.facts(conn), now=now, real=now)


def test_who_is_held_out_is_never_mailed_and_counts_apart(ready: Context) -> None:
    """Their mails are skipped with the reason; splits leave them out; the goal is compared."""
    _begin(ready, 40, HELD)
    states = dict(rows(ready, sa.select(messages.c.state, sa.func.count()).group_by(messages.c.state)))
    drawn = sum(outcome == "holdout" for step, outcome in passed(ready) if step == "control")
    assert 5 < drawn < 35
    assert states == {"sent": 40 - drawn, "skipped": drawn}
    assert {row[0] for row in rows(ready, sa.select(messages.c.reason).where(messages.c.state == "skipped"))} == {
        "holdout"
    }
    with ready.database.read() as conn:
        found = experiments.told(conn, 1, "comparing", ["ab"], ["control"]).counts
    assert sum(found["ab"].leads.values()) == 40 - drawn
    mailed, held = found["control"].groups
    assert (mailed.trials, held.trials) == (40 - drawn, drawn)
