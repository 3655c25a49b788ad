"""Pairs that look alike: by number, by name and company, of those a person may see, each once, in order."""

from pathlib import Path

import sqlalchemy as sa

from nurture.capture.model import Options
from nurture.capture.service import import_file
from nurture.engine.merging import merge
from nurture.kernel.context import Context
from nurture.leads import service, uniting
from nurture.leads.duplicates import MOST_SHARING, Pair, pairs, shared
from nurture.leads.model import NewLead
from nurture.leads.tables import leads
from nurture.users.model import Person, Role
from tests.storage import selling
from tests.storage.imports import write
from tests.storage.ticking import add_leads, rows


def _add(context: Context, word: str, **facts: object) -> int:
    now = context.clock.engine()
    new = NewLead(email=f"{word}@example.vn", **facts)  # type: ignore[arg-type]
    with context.database.write() as conn:
        return service.add(conn, new, now=now, real=now, actor="cli", cause="cli").id


def _pairs(context: Context, person: Person | None = None, **more: object) -> list[Pair]:
    with context.database.read() as conn:
        return pairs(conn, person, **more)  # type: ignore[arg-type]


def _merge(context: Context, loser: int, winner: int) -> None:
    now = context.clock.engine()
    with context.database.write() as conn:
        merge(conn, context.keys, loser, winner, now=now, real=now, actor="cli")


def test_the_same_number_or_the_same_name_at_the_same_company_makes_a_pair(context: Context) -> None:
    """However it was written; a pair that shares both is one."""
    one = _add(context, "one", phone="0901234567", name="Nguyễn Mai", company="An Phát")
    two = _add(context, "two", phone="+84 901 234 567", name="NGUYEN MAI", company="an phát")
    three = _add(context, "three", name="Nguyễn Mai", company="An Phát")
    _add(context, "four", name="Nguyễn Mai", company="Hoa Sen")
    _add(context, "five", name="Nguyễn Mai")
    _add(context, "six", name="", company="An Phát")
    _add(context, "seven", name="", company="An Phát")
    assert _pairs(context) == [
        Pair(one, two, phone=True, name=True),
        Pair(one, three, phone=False, name=True),
        Pair(two, three, phone=False, name=True),
    ]


def test_the_list_goes_on_after_a_place(context: Context) -> None:
    """Nothing is left out, nothing comes twice."""
    for word in "abcd":
        _add(context, word, phone="0901234567")
    every = _pairs(context)
    assert len(every) == 6
    found: list[Pair] = []
    place = None
    while part := _pairs(context, after=place, limit=2):
        found += part
        place = (part[-1].first, part[-1].second)
    assert found == every


def test_what_many_share_is_nobodys_own(context: Context) -> None:
    """A switchboard's number makes no pairs."""
    ids = add_leads(context, MOST_SHARING, phone="+84901234567")
    assert len(_pairs(context, limit=1000)) == len(ids) * (len(ids) - 1) // 2
    add_leads(context, 1, phone="+84901234567")
    assert _pairs(context) == []


def test_what_is_shared_is_looked_for_once_and_pairs_are_made_anew(context: Context) -> None:
    """The same pairs as without; one that is no pair any more is none, one that came since is found the next time."""
    one = _add(context, "one", phone="0901234567", name="Nguyễn Mai", company="An Phát")
    two = _add(context, "two", phone="0901234567", name="Lê Hà", company="An Phát")
    three = _add(context, "three", name="Nguyễn Mai", company="An Phát")
    with context.database.read() as conn:
        found = shared(conn)
    assert found.phones == {"+84901234567"}
    assert [name for _, name in found.names] == ["nguyen mai"]
    assert _pairs(context, within=found) == _pairs(context)
    assert [(pair.first, pair.second) for pair in _pairs(context)] == [(one, two), (one, three)]
    _merge(context, three, one)
    for word in ("four", "five"):
        _add(context, word, phone="0907654321")
    assert [(pair.first, pair.second) for pair in _pairs(context, within=found)] == [(one, two)]
    assert len(_pairs(context)) == 2


def test_a_pair_that_is_two_is_not_shown(context: Context) -> None:
    """Whichever way it was said; nor once one of them was merged: the winner is as different as the loser was."""
    one, two, three = (_add(context, word, phone="0901234567") for word in ("one", "two", "three"))
    now = context.clock.engine()
    with context.database.write() as conn:
        uniting.tell_apart(conn, two, one, actor="cli", at=now)
        uniting.tell_apart(conn, one, two, actor="cli", at=now)
    assert [(pair.first, pair.second) for pair in _pairs(context)] == [(one, three), (two, three)]
    _merge(context, one, three)
    assert _pairs(context) == []
    with context.database.write() as conn:
        assert uniting.take_back(conn, three, two)
    assert [(pair.first, pair.second) for pair in _pairs(context)] == [(two, three)]


def test_a_salesperson_sees_pairs_of_their_own_leads_and_the_free_ones(context: Context) -> None:
    """A pair with somebody else's lead is not shown to them."""
    mine, other = selling.person(context, name="An"), selling.person(context, name="Binh")
    ids = [_add(context, word, phone="0901234567") for word in ("one", "two", "three")]
    with context.database.write() as conn:
        for lead, owner in zip(ids, (mine.id, None, other.id), strict=True):
            conn.execute(leads.update().where(leads.c.id == lead).values(owner_id=owner))
    assert [(pair.first, pair.second) for pair in _pairs(context, mine)] == [(ids[0], ids[1])]
    assert len(_pairs(context, selling.person(context, Role.VIEWER, "Xem"))) == 3


def test_an_import_with_the_address_of_a_merged_lead_is_about_the_winner(context: Context, tmp_path: Path) -> None:
    """Beside a row with the winner's own address, too: both are one lead, and no new one comes in."""
    winner = _add(context, "one", name="Mai")
    loser = _add(context, "two", name="Mai")
    _merge(context, loser, winner)
    text = "Email,Name,City,Phone\ntwo@example.vn,Hoa,Huế,\none@example.vn,Hoa,,0901234567\n"
    result = import_file(context, write(tmp_path / "x.csv", text), Options())
    assert (result.created, result.updated, result.duplicates) == (0, 1, 1)
    found = sa.select(leads.c.id, leads.c.email, leads.c.city, leads.c.phone).order_by(leads.c.id)
    assert rows(context, found) == [
        (winner, "one@example.vn", "Huế", "+84901234567"),
        (loser, "two@example.vn", "", None),
    ]
    ((search,),) = rows(context, sa.select(leads.c.search_text).where(leads.c.id == winner))
    assert "one@example.vn" in search
