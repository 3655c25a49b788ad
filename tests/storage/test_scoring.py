"""The score is a ledger: append only, nothing counts twice, every number unfolds, machines are taken back."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from nurture.activities.model import Decided, Kind
from nurture.activities.tables import activities, decisions
from nurture.kernel.context import Context
from nurture.kernel.errors import InputError
from nurture.leads.model import Temperature
from nurture.leads.tables import leads
from nurture.scoring import service as scoring
from nurture.scoring.batch import score_each
from nurture.scoring.model import Axis, Change
from nurture.scoring.published import live, publish
from nurture.scoring.rating import rate
from nurture.scoring.store import standings
from nurture.scoring.sweep import decay_sweep, rate_sweep, sweep_due
from nurture.scoring.tables import score_entries
from nurture.segments.store import built_in
from nurture.segments.view import view
from tests.storage import selling
from tests.storage.selling import PRICES

RULES = """
fields: {occupation: text}
decay: {quiet: 7 days, half_life: 30 days}
rules:
  - {key: opened, name: Opened, axis: engagement, points: 5, on: {opened: {}}, limit: {per: message}}
  - {key: clicked, name: Clicked, axis: engagement, points: 15, on: {clicked: {}}, limit: {times: 2, in: 1 day}}
  - {key: wrong, name: Wrong number, axis: fit, points: -10, on: {called: {outcome: wrong_number}}}
  - {key: phone, name: Phone, axis: fit, points: 10, when: {field: phone, empty: false}}
  - {key: student, name: Student, axis: fit, points: -25, when: {field: occupation, contains: student}}
"""


def _rules(context: Context, text: str = RULES) -> Any:
    with context.database.write() as conn:
        publish(conn, text, built_in(), context.clock.engine())
        return live(conn, built_in())


def _score(context: Context, rules: Any, activity_id: int, rated: bool = False) -> Change:
    now, real = context.clock.engine(), context.clock.real()
    with context.database.write() as conn:
        one = selling.happened(conn, activity_id)
        if rated:
            rate(conn, [(one, view(conn, [one.lead_id], rules.facts)[one.lead_id])], rules, now=now, real=real)
        if one.withdrawn_at is not None:
            return scoring.reverse_activity(conn, one, rules, now=now, real=real)
        return scoring.score_activity(conn, one, rules, now=now, real=real)


def _sums(context: Context, lead_id: int) -> tuple[int, int, str]:
    row = selling.row(context, lead_id)
    return row.engagement, row.fit, row.temperature


def _proven(context: Context) -> None:
    """The cached sums are what the ledger adds up to, for every lead."""
    entry = score_entries.c
    added = [
        sa.select(sa.func.coalesce(sa.func.sum(entry.points), 0))
        .where(entry.lead_id == leads.c.id, entry.axis == axis.value)
        .scalar_subquery()
        for axis in Axis
    ]
    with context.database.read() as conn:
        rows = conn.execute(sa.select(leads.c.engagement, leads.c.fit, *added)).all()
    assert rows
    assert [row for row in rows if tuple(row[:2]) != tuple(row[2:])] == []


def test_an_activity_counts_once_however_often_it_is_scored(context: Context) -> None:
    """A crash between two transactions doubles nothing."""
    rules, lead = _rules(context), selling.lead(context)
    click = selling.happen(context, lead)
    first, second = _score(context, rules, click), _score(context, rules, click)
    assert len(first.lines) == 1
    assert second.lines == ()
    assert _sums(context, lead) == (15, 0, "cold")
    _proven(context)


def test_many_leads_at_once_count_as_one_by_one(context: Context) -> None:
    """Lines, limits, numbers and temperatures of each are its own."""
    rules = _rules(context)
    alone = [selling.lead(context, f"A{n}") for n in range(3)]
    together = [selling.lead(context, f"B{n}") for n in range(3)]
    now, real = context.clock.engine(), context.clock.real()
    for kind in (Kind.CLICKED, Kind.OPENED, Kind.CLICKED, Kind.CLICKED):
        for one in alone[1:]:
            _score(context, rules, selling.happen(context, one, kind))
        causes = [selling.happen(context, one, kind) for one in together[1:]]
        with context.database.write() as conn:
            batch = [selling.happened(conn, cause) for cause in causes]
            changes = score_each(conn, batch, rules, standings(conn, together), now=now, real=real)
        assert sorted(changes) == sorted(causes)
    assert [_sums(context, one) for one in together] == [_sums(context, one) for one in alone]
    assert _sums(context, together[0]) == (0, 0, "cold")
    assert _sums(context, together[1])[0] == 35
    _proven(context)


def test_two_activities_of_one_lead_are_not_counted_at_once(context: Context) -> None:
    """What the first does counts for the second."""
    rules, lead = _rules(context), selling.lead(context)
    causes = [selling.happen(context, lead) for _ in range(2)]
    now, real = context.clock.engine(), context.clock.real()
    with context.database.write() as conn:
        batch = [selling.happened(conn, cause) for cause in causes]
        before = standings(conn, [lead])
        with pytest.raises(ValueError, match="one activity of a lead"):
            score_each(conn, batch, rules, before, now=now, real=real)


def test_the_database_refuses_a_second_line_of_one_cause(context: Context) -> None:
    """Unique by (rule, lead, cause, sequence)."""
    rules, lead = _rules(context), selling.lead(context)
    _score(context, rules, selling.happen(context, lead))
    with context.database.read() as conn:
        line = dict(conn.execute(sa.select(score_entries)).mappings().one())
    line.pop("id")
    with pytest.raises(IntegrityError), context.database.write() as conn:
        conn.execute(score_entries.insert().values(line))


def test_temperature_moves_with_a_reason_in_the_timeline(context: Context) -> None:
    """Two clicks make a lead warm."""
    rules, lead = _rules(context), selling.lead(context)
    for _ in range(2):
        change = _score(context, rules, selling.happen(context, lead))
    assert change.after.temperature is Temperature.WARM
    with context.database.read() as conn:
        said = conn.execute(
            sa.select(activities.c.detail).where(activities.c.kind == Kind.TEMPERATURE_CHANGED.value)
        ).scalar_one()
    assert said == {"before": "cold", "after": "warm", "reason": "score", "engagement": 30}


def test_a_rule_over_its_limit_leaves_a_reason(context: Context) -> None:
    """The third click of a day gives nothing, and says why."""
    rules, lead = _rules(context), selling.lead(context)
    changes = [_score(context, rules, selling.happen(context, lead)) for _ in range(3)]
    assert [len(change.lines) for change in changes] == [1, 1, 0]
    with context.database.read() as conn:
        (no,) = conn.execute(sa.select(decisions).where(decisions.c.kind == Decided.SCORE.value)).all()
    assert (no.outcome, no.reason, no.detail) == ("no", "rule_limit", {"rule": "clicked"})


def test_a_limit_counts_anew_after_its_span(context: Context) -> None:
    """Tomorrow clicks count again."""
    rules, lead = _rules(context), selling.lead(context)
    for _ in range(3):
        _score(context, rules, selling.happen(context, lead))
    context.clock.advance(timedelta(hours=25))
    assert _score(context, rules, selling.happen(context, lead)).lines


def test_a_limit_for_each_message_counts_each_message(context: Context) -> None:
    """Opening one email three times counts once, opening another counts too."""
    rules, lead = _rules(context), selling.lead(context)
    for message in (1, 1, 1, 2):
        _score(context, rules, selling.happen(context, lead, Kind.OPENED, message_id=message))
    assert _sums(context, lead)[0] == 10


def test_what_a_machine_gave_is_taken_back(context: Context) -> None:
    """The reversal names the line it takes back; the temperature is what the rest leads to."""
    rules, lead = _rules(context), selling.lead(context)
    first, second = (selling.happen(context, lead) for _ in range(2))
    for one in (first, second):
        _score(context, rules, one)
    selling.turn_out_machine(context, second)
    change = _score(context, rules, second)
    again = _score(context, rules, second)
    assert change.after.temperature is Temperature.COLD
    assert again.lines == ()
    assert _sums(context, lead) == (15, 0, "cold")
    with context.database.read() as conn:
        (taken,) = conn.execute(sa.select(score_entries).where(score_entries.c.reverses.is_not(None))).all()
        named = conn.execute(sa.select(score_entries).where(score_entries.c.id == taken.reverses)).one()
    assert (taken.points, named.cause, taken.reason) == (-15, f"activity:{second}", "verdict_changed")
    _proven(context)


def test_a_verdict_may_change_back(context: Context) -> None:
    """A reclassified click counts again, on a line of its own."""
    rules, lead = _rules(context), selling.lead(context)
    click = selling.happen(context, lead)
    _score(context, rules, click)
    selling.turn_out_machine(context, click)
    _score(context, rules, click)
    with context.database.write() as conn:
        conn.execute(activities.update().values(withdrawn_at=None))
    _score(context, rules, click)
    assert _sums(context, lead)[0] == 15
    _proven(context)


def test_what_a_machine_kept_from_counting_counts_afterwards(context: Context) -> None:
    """A scanner's two clicks used up the limit; the person's click behind them gets its points."""
    rules, lead = _rules(context), selling.lead(context)
    scanner = [selling.happen(context, lead) for _ in range(2)]
    human = selling.happen(context, lead)
    for one in (*scanner, human):
        _score(context, rules, one)
    for one in scanner:
        selling.turn_out_machine(context, one)
    for one in scanner:
        _score(context, rules, one)
    with context.database.read() as conn:
        standing = [line for line in scoring.unfold(conn, lead, rules) if not line.reverses and not line.reversed_by]
    assert [(line.cause, line.points) for line in standing] == [(f"activity:{human}", 15)]
    assert _sums(context, lead)[0] == 15


def test_taking_back_what_decay_has_eaten_does_not_go_below_nothing(context: Context) -> None:
    """Decay's newest lines are taken back with it."""
    rules, lead = _rules(context), selling.lead(context)
    click = selling.happen(context, lead)
    _score(context, rules, click)
    _sweep_days(context, rules, 20)
    assert 0 < _sums(context, lead)[0] < 15
    selling.turn_out_machine(context, click)
    _score(context, rules, click)
    assert _sums(context, lead)[0] == 0
    _proven(context)


def test_facts_are_rated_and_taken_back_when_they_change(context: Context) -> None:
    """A student with a phone is a poor fit; one who has finished is none the worse."""
    rules = _rules(context)
    lead = selling.lead(context, phone="+84901234567", fields={"occupation": "Student"})
    _score(context, rules, selling.happen(context, lead, Kind.CREATED), rated=True)
    assert _sums(context, lead)[1] == -15
    with context.database.write() as conn:
        conn.execute(leads.update().values(fields={"occupation": "Working Professional"}))
    _score(context, rules, selling.happen(context, lead, Kind.UPDATED), rated=True)
    assert _sums(context, lead)[1] == 10
    _proven(context)


def test_rating_facts_leaves_lines_of_activities_alone(context: Context) -> None:
    """A wrong number stays a wrong number."""
    rules, lead = _rules(context), selling.lead(context)
    _score(context, rules, selling.happen(context, lead, Kind.CALLED, detail={"outcome": "wrong_number"}))
    _score(context, rules, selling.happen(context, lead, Kind.UPDATED), rated=True)
    assert _sums(context, lead)[1] == -10


@pytest.mark.parametrize("wanted", [Temperature.HOT, Temperature.WARM])
def test_a_temperature_set_by_hand_is_a_line_with_author_and_reason(context: Context, wanted: Temperature) -> None:
    """It moves engagement to the middle of the band and waits to be reacted to."""
    rules, lead = _rules(context), selling.lead(context)
    now = context.clock.engine()
    with context.database.write() as conn:
        change = scoring.set_temperature(conn, "user:4", lead, wanted, " met at the fair ", rules, now=now, real=now)
        (line,) = scoring.unfold(conn, lead, rules)
    assert change.after.temperature is wanted
    assert (line.rule, line.actor, line.reason, line.running) == (
        "by_hand", "user:4", "met at the fair", change.after.engagement,
    )  # fmt: skip
    assert line.name["vi"] != line.name["en"]
    _proven(context)


def test_a_temperature_set_by_hand_needs_a_reason_and_a_difference(context: Context) -> None:
    """Setting what is so already writes nothing."""
    rules, lead = _rules(context), selling.lead(context)
    now = context.clock.engine()
    with context.database.write() as conn:
        same = scoring.set_temperature(conn, "user:4", lead, Temperature.COLD, "as it is", rules, now=now, real=now)
        assert same.lines == ()
        with pytest.raises(InputError):
            scoring.set_temperature(conn, "user:4", lead, Temperature.HOT, "  ", rules, now=now, real=now)


def test_unfolding_ends_at_the_header_and_names_the_activities(context: Context) -> None:
    """Each axis runs to the lead's own figure; the past can be read again."""
    rules = _rules(context)
    lead = selling.lead(context, phone="+84901234567")
    began = context.clock.engine()
    _score(context, rules, selling.happen(context, lead, Kind.CREATED), rated=True)
    context.clock.advance(timedelta(days=1))
    click = selling.happen(context, lead, url=PRICES)
    _score(context, rules, click)
    with context.database.read() as conn:
        lines = scoring.unfold(conn, lead, rules)
        then = scoring.unfold(conn, lead, rules, at=began)
    last = {line.axis: line.running for line in lines}
    assert (last[Axis.ENGAGEMENT], last[Axis.FIT]) == _sums(context, lead)[:2]
    assert [line.activity.url for line in lines if line.activity and line.axis is Axis.ENGAGEMENT] == [PRICES]
    assert [line.rule for line in then] == ["phone"]


# sweeps


def _sweep_days(context: Context, rules: Any, days: int, part: int = 2000) -> int:
    """Decay, a day at a time; gives how many parts it took."""
    parts = 0
    for _ in range(days + 1):
        for _ in range(50):
            with context.database.write() as conn:
                zone = context.settings.local_zone
                now, real = context.clock.engine(), context.clock.real()
                if not decay_sweep(conn, rules, now=now, real=real, zone=zone, part=part):
                    break
            parts += 1
        context.clock.advance(timedelta(days=1))
    return parts


def test_engagement_halves_in_its_half_life_after_the_quiet_days(context: Context) -> None:
    """100 points, 7 quiet days, 30 days: about 50, and the ledger says each day."""
    rules, lead = _rules(context), selling.lead(context, engagement=0)
    now = context.clock.engine()
    with context.database.write() as conn:
        scoring.set_temperature(conn, "user:4", lead, Temperature.HOT, "met", rules, now=now, real=now)
    before = _sums(context, lead)[0]
    _sweep_days(context, rules, 7)
    assert _sums(context, lead)[0] == before
    _sweep_days(context, rules, 30)
    engagement, _, temperature = _sums(context, lead)
    assert abs(engagement - before / 2) <= 3
    assert temperature == "warm"
    _proven(context)
    with context.database.read() as conn:
        causes = [line.cause for line in scoring.unfold(conn, lead, rules) if line.rule == "decay"]
    assert len(causes) == len(set(causes)) == 31


def test_cooling_down_is_no_sign_of_life(context: Context) -> None:
    """The lead's last activity stays what the lead did last; what waits is the reaction to the temperature."""
    rules, lead = _rules(context), selling.lead(context)
    for _ in range(2):
        _score(context, rules, selling.happen(context, lead))
    last = selling.row(context, lead).last_activity_at
    _sweep_days(context, rules, 40)
    assert selling.row(context, lead).temperature == "cold"
    assert selling.row(context, lead).last_activity_at == last


def test_decay_ends_at_zero(context: Context) -> None:
    """At least a point a day, never more than there is."""
    rules, lead = _rules(context), selling.lead(context)
    _score(context, rules, selling.happen(context, lead))
    _sweep_days(context, rules, 40)
    assert _sums(context, lead) == (0, 0, "cold")


def test_a_day_is_swept_once_in_parts_and_missed_days_are_made_up_for(context: Context) -> None:
    """Stopped for three days and swept in parts of two, each lead loses three days, each once."""
    rules = _rules(context)
    people = [selling.lead(context, name) for name in ("Ba", "Be", "Bi", "Bo", "Bu")]
    for one in people:
        for _ in range(2):
            _score(context, rules, selling.happen(context, one))
    _sweep_days(context, rules, 0)
    context.clock.advance(timedelta(days=9))
    _sweep_days(context, rules, 0, part=2)
    with context.database.read() as conn:
        counts = conn.execute(
            sa.select(score_entries.c.lead_id, sa.func.count())
            .where(score_entries.c.rule == "decay")
            .group_by(score_entries.c.lead_id)
        ).all()
    assert [count for _, count in counts] == [3] * 5
    _proven(context)


def test_a_new_text_of_rules_rates_every_lead_once(context: Context) -> None:
    """Facts of leads that were there before; what the new text no longer says is taken back."""
    people = [
        selling.lead(context, "An", phone="+84901234567"),
        selling.lead(context, "Binh", fields={"occupation": "Student"}),
    ]
    rules = _rules(context)
    _rate_all(context, rules)
    assert [_sums(context, one)[1] for one in people] == [10, -25]
    changed = _rules(context, RULES.replace("points: 10", "points: 12").replace("contains: student", "contains: chef"))
    _rate_all(context, changed)
    _rate_all(context, changed)
    assert [_sums(context, one)[1] for one in people] == [12, 0]
    _proven(context)
    with context.database.read() as conn:
        lines = scoring.unfold(conn, people[0], changed)
    assert [line.points for line in lines] == [10, -10, 12]


def _rate_all(context: Context, rules: Any) -> None:
    for _ in range(10):
        with context.database.write() as conn:
            now, real = context.clock.engine(), context.clock.real()
            if not rate_sweep(conn, rules, now=now, real=real, part=1):
                return
    raise AssertionError("the sweep does not end")


def test_nothing_is_due_once_both_sweeps_are_done(context: Context) -> None:
    """A tick that has nothing to do only looks."""
    rules = _rules(context)
    zone, now = context.settings.local_zone, context.clock.engine()
    with context.database.read() as conn:
        assert sweep_due(conn, rules, now, zone)
    with context.database.write() as conn:
        decay_sweep(conn, rules, now=now, real=now, zone=zone)
        rate_sweep(conn, rules, now=now, real=now)
        assert not sweep_due(conn, rules, now, zone)
        assert sweep_due(conn, rules, now + timedelta(days=1), zone)
