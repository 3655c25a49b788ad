"""The step wait_for goes on at the instant at which something came to hold, or when the time is over."""

from datetime import datetime, timedelta

import pytest

from nurture.campaigns.effects import Go, Hold
from nurture.campaigns.steps import wait_for
from nurture.rules.facts import View
from tests.unit.campaigns.ground import DAY, NOW, moment, reading, view

HOUR = timedelta(hours=1)
CLICK = {"clicked": {"email": "hello"}}
OVER = NOW + 3 * DAY


def _config(when: object = None, **more: object) -> wait_for.WaitFor:
    one = reading()
    config = wait_for.read(one, {"when": when or CLICK, "within": "3 days", **more}, "w")
    assert one.problems == []
    return config


def _act(lead: View, now: datetime, *, early: bool = False, when: object = None, **more: object) -> Go | Hold:
    planned = min(OVER, now) if early or now >= OVER else NOW
    given = {key: more.pop(key) for key in ("since",) if key in more}
    return wait_for.act(_config(when, **given), moment(planned=planned, view=lead, now=now, early=early, **more))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("clicks", "now", "early", "answer"),
    [
        pytest.param((), NOW, False, Hold(OVER), id="it begins to listen"),
        pytest.param((NOW + HOUR,), NOW + HOUR, True, Go("then", "then", at=NOW + HOUR), id="a click"),
        pytest.param((NOW + HOUR,), NOW + 2 * HOUR, True, Go("then", "then", at=NOW + HOUR), id="seen an hour later"),
        pytest.param((NOW + HOUR,), OVER + DAY, False, Go("then", "then", at=NOW + HOUR), id="seen days later"),
        pytest.param((NOW - HOUR,), NOW + HOUR, True, Hold(OVER), id="a click before the arrival"),
        pytest.param((NOW,), NOW, False, Hold(OVER), id="the click that led here"),
        pytest.param((), OVER, False, Go("else", "else"), id="the time is over"),
        pytest.param((OVER + HOUR,), OVER + 2 * HOUR, False, Go("else", "else"), id="a click after the time"),
        pytest.param((OVER,), OVER, False, Go("then", "then", at=OVER), id="a click in the last instant"),
        pytest.param(
            (NOW + 2 * HOUR, NOW + HOUR), NOW + 3 * HOUR, True, Go("then", "then", at=NOW + HOUR), id="the first"
        ),
    ],
)
def test_activities_count_from_the_arrival_to_the_end(
    clicks: tuple[datetime, ...], now: datetime, early: bool, answer: object
) -> None:
    """However late the look."""
    assert _act(view(clicked=clicks), now, early=early) == answer


def test_after_a_mail_that_went_very_late_the_time_counts_from_the_mail() -> None:
    """Else the email behind `else` would arrive together with it, and nobody could have clicked in time."""
    late = OVER + DAY
    waits = moment(planned=OVER, now=late, mailed=late)
    assert wait_for.act(_config(), waits) == Hold(late + 3 * DAY)
    clicks = moment(planned=OVER, now=late + HOUR, mailed=late, view=view(clicked=(late + HOUR,)), early=True)
    assert wait_for.act(_config(), clicks) == Go("then", "then", at=late + HOUR)
    assert wait_for.act(_config(), moment(planned=OVER, now=OVER, mailed=NOW + DAY)) == Go("else", "else")


def test_since_the_entry_activities_before_the_step_count() -> None:
    """A click between the entry and here is enough, at once."""
    clicked = view(clicked=(NOW - HOUR,))
    assert _act(clicked, NOW, since="entry", entered=NOW - DAY) == Go("then", "then", at=NOW)
    assert _act(clicked, NOW, since="entry", entered=NOW - HOUR / 2) == Hold(OVER)


def test_a_span_of_its_own_looks_back() -> None:
    """A click of yesterday counts, where the rule says so."""
    back = {"clicked": {"within": "2 days"}}
    assert _act(view(clicked=(NOW - DAY,)), NOW, when=back) == Go("then", "then", at=NOW)
    assert _act(view(clicked=(NOW - 3 * DAY,)), NOW, when=back) == Hold(OVER)


def test_so_many_times_within_a_span_is_seen_even_if_it_is_over() -> None:
    """Two clicks within an hour, looked at a day later: they held at the second."""
    often = {"clicked": {"times": 2, "within": "1 hour"}}
    clicks = (NOW + HOUR, NOW + 1.5 * HOUR)
    assert _act(view(clicked=clicks), NOW + DAY, early=True, when=often) == Go("then", "then", at=NOW + 1.5 * HOUR)


def test_what_has_not_happened_for_a_while_is_looked_at_when_the_while_is_over() -> None:
    """Quiet for a day: looked at a day after the last click."""
    quiet = {"none": [{"clicked": {"within": "1 day"}}]}
    assert _act(view(clicked=(NOW - HOUR,)), NOW, when=quiet) == Hold(NOW + 23 * HOUR)
    found = wait_for.act(
        _config(quiet), moment(planned=NOW + 23 * HOUR, view=view(clicked=(NOW - HOUR,)), now=NOW + DAY)
    )
    assert found == Go("then", "then", at=NOW + 23 * HOUR)


@pytest.mark.parametrize(
    ("now", "early", "answer"),
    [
        pytest.param(NOW, False, Go("then", "then", at=NOW), id="it holds already"),
        pytest.param(NOW + 5 * HOUR, False, Go("then", "then", at=NOW), id="it holds already, looked at late"),
        pytest.param(NOW + HOUR, True, Go("then", "then", at=NOW + HOUR), id="it came to hold"),
        pytest.param(OVER + DAY, False, Go("then", "then", at=OVER), id="it holds at the end, looked at late"),
    ],
)
def test_a_state_counts_as_it_is_when_looked_at(now: datetime, early: bool, answer: object) -> None:
    """A tag has no instant of its own; no instant after the end is named."""
    assert _act(view(tags=frozenset({"vip"})), now, early=early, when={"tag": "vip"}) == answer


def test_what_time_alone_can_change_is_looked_at_each_hour() -> None:
    """A segment is kept by a sweep, a date by the calendar; the end comes first where it is nearer."""
    assert _act(view(), NOW, when={"segment": "vips"}) == Hold(NOW + HOUR)
    assert _act(view(), OVER - HOUR / 2, early=True, when={"field": "created_at", "before": "9 days ago"}) == Hold(OVER)
    assert _act(view(), NOW, when={"tag": "vip"}) == Hold(OVER)


def test_findings_have_their_paths() -> None:
    """Each with its own."""
    one = reading()
    wait_for.read(one, {"when": {"clickt": {}}, "within": "soon", "since": "ever", "until": 1}, "w")
    wait_for.read(one, {}, "v")
    assert [(problem.code, problem.path) for problem in one.problems] == [
        ("unknown_key", "w.until"),
        ("unknown_condition", "w.when.clickt"),
        ("bad_span", "w.within"),
        ("unknown_value", "w.since"),
        ("missing_key", "v"),
        ("missing_key", "v"),
    ]


def test_it_says_itself_and_its_ways() -> None:
    """What it waits for, and how long."""
    config = _config()
    assert wait_for.describe(config, "en").startswith("Wait, at most 3 days, until: Clicked a link")
    assert wait_for.ways({"when": CLICK, "then": ["x"]}) == {"then": ["x"], "else": []}
    assert [wait_for.label(config, way, "en") for way in ("then", "else")] == [
        "As soon as it is so",
        "Not within 3 days",
    ]
