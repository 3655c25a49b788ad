"""The policy of the house is read with every finding at once, and held against campaigns."""

import json
from datetime import date, timedelta
from pathlib import Path

import pytest

from nurture.campaigns.definition import read_campaign
from nurture.campaigns.house import KEYS, conflicts, load, schema
from nurture.kernel.errors import DefinitionError
from nurture.policy.caps import Cap
from nurture.policy.days import Calendar, During, OwnDays, Tet
from nurture.policy.house import OPEN, House
from nurture.policy.windows import read_window
from tests.unit.campaigns.ground import EMAILS, FACTS, source

ROOT = Path(__file__).resolve().parents[3]
FULL = """
quiet_hours: {from: "21:30", to: "07:00"}
holidays: {country: VN, own: [2026-12-31, {from: 2027-07-01, to: 2027-07-05, name: {vi: Nghỉ hè, en: Summer}}]}
tet: {before: 3, after: 4, during: drop}
cap: 2 in 5 days
gap: 12 hours
late_start: 3 hours
classes: [advertising, care]
"""


def test_everything_that_can_be_said_is_read() -> None:
    """Quiet hours are the rest of the day as a window."""
    own = (
        OwnDays(date(2026, 12, 31), date(2026, 12, 31)),
        OwnDays(date(2027, 7, 1), date(2027, 7, 5), (("vi", "Nghỉ hè"), ("en", "Summer"))),
    )
    assert load(FULL) == House(
        read_window({"from": "07:00", "to": "21:30"}),
        Calendar("VN", own, Tet(3, 4, During.DROP)),
        Cap(2, timedelta(days=5)),
        timedelta(hours=12),
        timedelta(hours=3),
        frozenset({"advertising", "care"}),
    )


@pytest.mark.parametrize("text", ["", "{}", "tet: off", "tet: false", "holidays: {country: none}"])
def test_what_is_not_said_allows_everything(text: str) -> None:
    """An empty file is a policy too."""
    assert load(text) == OPEN


@pytest.mark.parametrize(
    ("text", "window"),
    [
        ('quiet_hours: {from: "00:00", to: "07:00"}', {"from": "07:00", "to": "00:00"}),
        ('quiet_hours: {from: "22:00", to: "24:00"}', {"from": "00:00", "to": "22:00"}),
        ('window: {days: mon-fri, from: "09:00", to: "17:00"}', {"days": "mon-fri", "from": "09:00", "to": "17:00"}),
    ],
)
def test_hours_are_told_as_quiet_ones_or_as_a_window(text: str, window: dict[str, str]) -> None:
    """Up to midnight and from midnight too."""
    assert load(text).window == read_window(window)


@pytest.mark.parametrize(
    ("text", "code", "path"),
    [
        ("caps: 3 in 7 days", "unknown_key", "caps"),
        ('quiet_hours: {from: "8am", to: "20:00"}', "bad_time", "quiet_hours.from"),
        ('quiet_hours: {from: "08:00"}', "missing_key", "quiet_hours"),
        ('{quiet_hours: {from: "20:00", to: "08:00"}, window: {from: "08:00", to: "20:00"}}', "two_windows", "window"),
        ("holidays: {country: Vietnam}", "unknown_country", "holidays.country"),
        ("holidays: {own: [tomorrow]}", "bad_date", "holidays.own[0].date"),
        ("holidays: {own: [{from: 2027-01-05, to: 2027-01-01}]}", "bad_days", "holidays.own[0].to"),
        ("holidays: {own: [{from: 2027-01-05}]}", "missing_key", "holidays.own[0]"),
        ("holidays: {own: 2027-01-05}", "not_a_list", "holidays.own"),
        ("tet: {before: 90}", "not_a_number", "tet.before"),
        ("tet: {during: sleep}", "unknown_value", "tet.during"),
        ("tet: on", "not_a_mapping", "tet"),
        ("cap: often", "bad_cap", "cap"),
        ("gap: some", "bad_span", "gap"),
        ("late_start: 0 hours", "bad_span", "late_start"),
        ("classes: [transactional]", "unknown_value", "classes[0]"),
        ("- a list", "not_a_mapping", ""),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, code: str, path: str) -> None:
    """And forbids using the file."""
    with pytest.raises(DefinitionError) as refused:
        load(text)
    assert (code, path) in [(one.code, one.path) for one in refused.value.problems]


def test_everything_wrong_is_said_at_once() -> None:
    """Not the first finding only."""
    with pytest.raises(DefinitionError) as refused:
        load("cap: x\ngap: y\ntet: z\n")
    assert [one.line for one in refused.value.problems] == [3, 1, 2]


def test_a_campaign_that_could_never_send_is_refused() -> None:
    """Its window and the hours of the house share no minute."""
    text = "key: a\nname: A\nentry: {by_hand: true}\nsending: {window: {from: '21:00', to: '23:00'}}\nsteps: []\n"
    file = source(text.replace("steps: []", "steps: [{id: one, send_email: hello}]"))
    campaign, problems = read_campaign(file, FACTS, EMAILS)
    assert campaign is not None, problems
    house = load('quiet_hours: {from: "20:00", to: "08:00"}')
    assert [(one.code, one.path, one.severity) for one in conflicts(house, campaign, file)] == [
        ("windows_never_meet", "sending.window", "error")
    ]
    assert conflicts(load('quiet_hours: {from: "22:30", to: "08:00"}'), campaign, file) == []


def test_the_gallery_has_a_policy_that_a_small_company_can_keep() -> None:
    """Quiet nights, public holidays, a stop over Tết, three in seven days, twenty hours apart."""
    house = load((ROOT / "campaigns" / "_shared" / "policy.yaml").read_text("utf-8"))
    assert house == House(
        read_window({"from": "08:00", "to": "20:00"}), Calendar("VN", (), Tet()), Cap(3, timedelta(days=7)),
        timedelta(hours=20), timedelta(hours=6), topics=house.topics,
    )  # fmt: skip
    assert [one.key for one in house.topics] == ["offers", "guides", "events"]


def test_the_schema_is_the_one_in_the_folder_and_has_every_key() -> None:
    """An editor completes by it."""
    kept = (ROOT / "campaigns" / "_schema" / "policy.schema.json").read_text("utf-8")
    assert json.loads(kept) == schema()
    assert tuple(schema()["properties"]) == KEYS
