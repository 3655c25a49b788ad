"""How leads come into a campaign is read as it is written."""

from datetime import timedelta

import pytest

from nurture.campaigns.definition import content_hash, read_campaign
from nurture.campaigns.model import Again, Campaign, Existing
from nurture.kernel.errors import Problem
from tests.unit.campaigns.ground import EMAILS, FACTS, source

FILE = "key: a\nname: A\nentry: {entry}\nsteps:\n  - {{id: one, wait: 1 day}}\n"


def _try(entry: str) -> tuple[Campaign | None, list[Problem]]:
    return read_campaign(source(FILE.format(entry=entry)), FACTS, EMAILS)


def _read(entry: str) -> Campaign:
    found, problems = _try(entry)
    assert found is not None, [one.text() for one in problems]
    return found


@pytest.mark.parametrize(
    ("entry", "kinds", "again"),
    [
        pytest.param("{segment: vips, existing: enroll}", ["segment"], Again.NEVER, id="a segment"),
        pytest.param("{segment: vips, existing: skip, by_hand: true}", ["segment"], Again.NEVER, id="and by hand"),
        pytest.param("{tag: vip, again: after_exit}", ["tag"], Again.AFTER_EXIT, id="a tag"),
        pytest.param("{crossed: {fit: 7}, again: {after: 30 days}}", ["crossed"], timedelta(days=30), id="points"),
        pytest.param("{schedule: {segment: vips, days: mon}}", ["schedule"], Again.AFTER_EXIT, id="it recurs"),
        pytest.param("{schedule: {segment: vips, days: mon}, again: never}", ["schedule"], Again.NEVER, id="said"),
        pytest.param("{any: [{tag: vip}, {tag: gold}, {temperature: hot}]}", ["tag", "tag", "temperature"], Again.NEVER,
                     id="any of several"),
        pytest.param("{by_hand: true}", ["by_hand"], Again.NEVER, id="by hand"),
    ],
)  # fmt: skip
def test_one_entrance_or_any_of_several(entry: str, kinds: list[str], again: Again | timedelta) -> None:
    """With what they share."""
    found = _read(entry).entry
    assert ([one.kind for one in found.entrances], found.again) == (kinds, again)
    assert len({one.id for one in found.entrances}) == len(kinds)


def test_each_entrance_says_what_becomes_of_those_before() -> None:
    """A tag skips them unless it says so."""
    found = _read("{any: [{tag: vip, existing: enroll}, {temperature: hot}], when: {tag: agreed}}").entry
    assert [one.existing for one in found.entrances] == [Existing.ENROLL, Existing.SKIP]
    assert found.when is not None


@pytest.mark.parametrize(
    ("entry", "code", "path"),
    [
        pytest.param("{}", "no_entry", "entry", id="nothing"),
        pytest.param("{segment: vips}", "no_existing", "entry", id="those in the segment"),
        pytest.param("{segment: vips, tag: x, existing: skip}", "several_entries", "entry", id="and, or or?"),
        pytest.param("{any: [{tag: x}], tag: y}", "beside_any", "entry.tag", id="beside the list"),
        pytest.param("{any: []}", "not_entries", "entry.any", id="an empty list"),
        pytest.param("{any: [{tag: x}, {tag: x}]}", "same_entry", "entry.any[1]", id="twice"),
        pytest.param("{any: [{tag: x, again: never}]}", "unknown_key", "entry.any[0].again", id="shared, not of one"),
        pytest.param("{form: contact, existing: skip}", "stray_existing", "entry.existing", id="nobody was before"),
        pytest.param(
            "{any: [{segment: nope, existing: skip}]}", "unknown_segment", "entry.any[0].segment", id="within"
        ),
        pytest.param("{tagg: x}", "unknown_key", "entry.tagg", id="an unknown kind"),
    ],
)
def test_what_cannot_be_used_is_found_where_it_stands(entry: str, code: str, path: str) -> None:
    """With the path that leads to its line."""
    found, problems = _try(entry)
    assert found is None
    assert (code, path) in [(one.code, one.path) for one in problems]


def test_the_hash_covers_the_segments_that_an_entry_names() -> None:
    """Of a schedule and of the condition too."""
    for entry in ("{schedule: {segment: vips, days: mon}}", "{tag: x, when: {segment: vips}}"):
        one = _read(entry)
        assert content_hash(one, {"vips": {"tag": "a"}}) != content_hash(one, {"vips": {"tag": "b"}})


def test_the_same_value_is_the_same_entrance() -> None:
    """However its keys are ordered; another value is another one."""
    first = _read("{schedule: {segment: vips, days: mon}}").entry.entrances[0]
    again = _read("{schedule: {days: mon, segment: vips}}").entry.entrances[0]
    other = _read("{schedule: {days: tue, segment: vips}}").entry.entrances[0]
    assert first.id == again.id != other.id
