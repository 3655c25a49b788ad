"""Merging facts: filled over empty, the winner's else, the loser's where chosen, and every no."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from nurture.kernel.errors import InputError
from nurture.leads.merge import better, unite
from nurture.leads.model import Lead, Lifecycle, Temperature

AT = datetime(2026, 11, 20, 8, tzinfo=UTC)
LATER = datetime(2026, 11, 21, 8, tzinfo=UTC)
BARE = Lead(
    id=1, public_id="one", email=None, phone=None, name="", given_name="", honorific="", company_id=None, company="",
    address="", city="", first_source="", source="", owner_id=None, temperature=Temperature.COLD, engagement=0, fit=0,
    lifecycle=Lifecycle.LEAD, zone=None, language=None, fields={}, merged_into=None, paused_at=None, paused_reason=None,
    created_at=AT, updated_at=AT, last_activity_at=None,
)  # fmt: skip


def _lead(**facts: Any) -> Lead:
    return replace(BARE, **facts)


def test_what_is_filled_stays_over_what_is_empty() -> None:
    """The winner gets what it has not, and nothing of what it has."""
    union = unite(_lead(name="Mai", city=""), _lead(name="Nguyễn Mai", city="Huế", email="mai@example.vn", owner_id=4))
    assert (union.value("name"), union.value("city"), union.value("owner_id")) == ("Mai", "Huế", 4)
    assert union.taken == ("email", "city", "owner_id")
    assert union.changed["city"] == ["", "Huế"]


def test_a_person_may_choose_the_losers() -> None:
    """A name takes its given name along."""
    ours, theirs = _lead(name="Mai", given_name="Mai", phone="+8491"), _lead(name="Hoa", given_name="Hoa", phone="+84")
    union = unite(ours, theirs, ["name"])
    assert (union.value("name"), union.given_name, union.value("phone")) == ("Hoa", "Hoa", "+8491")


def test_a_name_kept_keeps_its_given_name() -> None:
    """The loser's is one for the same name only."""
    theirs = _lead(name="Hoa", given_name="Hoa")
    assert unite(_lead(name="Mai", given_name="Mai"), theirs).given_name == "Mai"
    assert unite(_lead(name="Mai"), theirs).given_name == ""
    assert unite(_lead(name="Hoa"), theirs).given_name == "Hoa"


@pytest.mark.parametrize("key", ["phone", "fields.size", "unheard_of"])
def test_nothing_can_be_taken_where_there_is_nothing(key: str) -> None:
    """Each such fact is named."""
    with pytest.raises(InputError) as raised:
        unite(_lead(phone="+84"), _lead(), [key])
    assert dict(raised.value.problems[0].params) == {"key": key}


def test_owner_is_taken_by_the_word_that_people_use() -> None:
    """`owner` is the key of a person."""
    assert unite(_lead(owner_id=1), _lead(owner_id=2), ["owner"]).value("owner_id") == 2


def test_own_fields_are_united() -> None:
    """A no or a nought is filled."""
    union = unite(_lead(fields={"a": False, "b": "x"}), _lead(fields={"a": True, "b": "y", "c": 0}), ["fields.b"])
    assert union.fields == {"a": False, "b": "y", "c": 0}


def test_tags_are_united_and_the_furthest_stage_wins() -> None:
    """Only the tags that are new are told."""
    ours, theirs = _lead(tags=("a", "b")), _lead(tags=("b", "c"), lifecycle=Lifecycle.CUSTOMER)
    union = unite(ours, theirs)
    assert (union.new_tags, union.lifecycle) == (("c",), Lifecycle.CUSTOMER)
    assert unite(theirs, ours).lifecycle is Lifecycle.CUSTOMER


def test_a_stop_by_either_stays() -> None:
    """The winner's own before the loser's; a reply waits since the first of both."""
    stopped = _lead(paused_at=AT, paused_reason="asked", replied_at=LATER, last_activity_at=AT)
    free = _lead(replied_at=AT, last_activity_at=LATER)
    for union in (unite(stopped, free), unite(free, stopped)):
        assert (union.paused_at, union.paused_reason) == (AT, "asked")
        assert (union.replied_at, union.last_activity_at) == (AT, LATER)
    assert unite(free, free).paused_at is None


def test_there_is_a_choice_only_where_both_have_something_else() -> None:
    """The same, or nothing, is no question."""
    union = unite(_lead(name="Mai", city="Huế"), _lead(name="Hoa", city="Huế", phone="+84"))
    assert [one.key for one in union.choices if one.differs] == ["name"]


def test_the_better_known_one_is_proposed_to_stay() -> None:
    """An address outweighs all; among equals the older one stays."""
    known, warm = _lead(id=2, email="a@example.vn"), _lead(id=1, engagement=50)
    assert better(warm, known) == (known, warm)
    older, newer = _lead(id=1), _lead(id=2)
    assert better(newer, older) == (older, newer)
