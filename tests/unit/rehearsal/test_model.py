"""What may be asked of a rehearsal."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nurture.kernel.errors import DefinitionError, InputError
from nurture.rehearsal.behavior import Draw, at_work, awake, deeds
from nurture.rehearsal.model import Act, Behavior, Does, Request, read_behavior
from nurture.rehearsal.script import read_script

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
SENT = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
LINKS = ("https://a.example", "https://b.example")


def test_behavior_is_read_as_it_is_written() -> None:
    """What is not named does not happen."""
    assert read_behavior("opens=35%, clicks=8%,replies=1%") == Behavior(0.35, 0.08, 0.01, 0.0, 0.0)
    assert str(read_behavior(str(Behavior()))) == str(Behavior())


@pytest.mark.parametrize("text", ["", "opens", "opens=-1%", "opens=101%", "reads=5%", "opens=5%;clicks=1%"])
def test_what_is_no_behavior_is_refused(text: str) -> None:
    """With the form that it should have."""
    with pytest.raises(InputError, match="share"):
        read_behavior(text)


def test_more_clicks_than_opens_are_refused() -> None:
    """Who clicks has opened."""
    with pytest.raises(InputError, match="clicked"):
        read_behavior("opens=5%,clicks=8%")


@pytest.mark.parametrize(
    "request_",
    [
        Request("x"),
        Request("x", segment="a", sample=5),
        Request("x", sample=5, days=0),
        Request("x", sample=5, days=10_000),
        Request("x", sample=1_000_000),
    ],
)
def test_a_request_says_with_whom_and_within_bounds(request_: Request) -> None:
    """Neither nobody nor two answers, neither no time nor for ever."""
    with pytest.raises(InputError):
        request_.checked()


def test_a_request_survives_being_kept() -> None:
    """As JSON and back."""
    asked = Request("x", segment="a", days=30, behavior=Behavior(0.5, 0.1, 0.0, 0.0), seed=7)
    assert Request.from_json(asked.to_json()) == asked


def test_the_same_seed_draws_the_same_deeds() -> None:
    """And another seed others."""
    behavior = Behavior(0.9, 0.5, 0.2, 0.1)

    def drawn(seed: int) -> list[object]:
        return [deeds(behavior, Draw(seed, str(n)), SENT, HANOI, LINKS) for n in range(50)]

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)


def test_shares_are_kept() -> None:
    """Of 20,000 emails as many are opened and clicked in as was asked, by one in a hundred."""
    behavior = Behavior(0.35, 0.08, 0.01, 0.0)
    all_of_them = [{one.does for one in deeds(behavior, Draw(1, str(n)), SENT, HANOI, LINKS)} for n in range(20_000)]
    assert sum(Does.OPENS in one for one in all_of_them) / 20_000 == pytest.approx(0.357, abs=0.01)
    assert sum(Does.CLICKS in one for one in all_of_them) / 20_000 == pytest.approx(0.08, abs=0.01)


def test_nobody_clicks_where_there_is_no_link() -> None:
    """An email without links is only opened."""
    found = [deeds(Behavior(1.0, 1.0, 0, 0), Draw(1, str(n)), SENT, HANOI, ()) for n in range(20)]
    assert {one.does for day in found for one in day} <= {Does.OPENS}


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)),  # noqa: DTZ001 - made aware below
    st.sampled_from(["Asia/Ho_Chi_Minh", "America/New_York", "Australia/Lord_Howe", "Europe/Dublin"]),
)
def test_leads_do_things_while_they_are_awake(at: datetime, name: str) -> None:
    """On a full ten minutes between seven and ten, never before the instant itself, within a day."""
    instant, zone = at.replace(tzinfo=UTC), ZoneInfo(name)
    found = awake(instant, zone)
    assert instant <= found <= instant + timedelta(hours=26)
    assert 7 <= found.astimezone(zone).hour < 22
    assert found.timestamp() % 600 == 0


def test_a_script_is_read_line_by_line() -> None:
    """When, who, what, with which email and link."""
    text = """
- {after: 1 day, lead: AN@example.com, does: opens}
- {after: 26 hours, lead: an@example.com, does: clicks, email: hello, link: /bang-gia}
"""
    first, second = read_script(text)
    assert first == Act(timedelta(days=1), "an@example.com", Does.OPENS)
    assert second == Act(timedelta(hours=26), "an@example.com", Does.CLICKS, "hello", "/bang-gia")


def test_a_script_tells_all_that_is_wrong_with_its_line() -> None:
    """A wrong key, a wrong deed, no span, no address: each on its line."""
    text = """
- {after: 1 day, lead: an@example.com, does: opens, who: me}
- {after: 1 day, lead: an@example.com, does: reads}
- {after: soon, lead: an@example.com, does: opens}
- {after: 1 day, lead: nobody, does: opens}
"""
    with pytest.raises(DefinitionError) as caught:
        read_script(text, "who.yaml")
    assert [one.line for one in caught.value.problems] == [2, 3, 4, 5]


def test_staff_work_from_nine_to_five_on_weekdays() -> None:
    """Half a working day from Friday at three is Monday at eleven; asked at night it counts from nine."""
    friday = datetime(2026, 11, 27, 15, tzinfo=HANOI).astimezone(UTC)
    assert at_work(friday, HANOI, 0.5).astimezone(HANOI) == datetime(2026, 11, 30, 11, tzinfo=HANOI)
    night = datetime(2026, 11, 23, 3, tzinfo=HANOI).astimezone(UTC)
    assert at_work(night, HANOI, 0.0).astimezone(HANOI) == datetime(2026, 11, 23, 9, tzinfo=HANOI)


def test_a_script_may_say_what_came_of_a_task() -> None:
    """Done, where it says nothing."""
    text = """
    - {after: 1 day, lead: an@example.com, does: finishes_task}
    - {after: 2 days, lead: an@example.com, does: finishes_task, outcome: no_answer}
    """
    assert [(one.does, one.outcome) for one in read_script(text)] == [
        (Does.FINISHES_TASK, "done"), (Does.FINISHES_TASK, "no_answer"),
    ]  # fmt: skip
