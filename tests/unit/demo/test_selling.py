"""What a made-up salesperson does next: the same for the same lead, at a believable pace, to some end."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

from nurture.demo.people import made_up
from nurture.demo.selling import Held, What, deed, due
from tests.conftest import START

NEW = Held("a@example.com", 1, accepted=False, stage=0, last=3, since=START, next_at=None, value=None)
LEADS = [replace(NEW, email=one.email) for one in made_up(200)]


def _played(one: Held) -> list[tuple[Held, What]]:
    """An opportunity from its hand-off to its end, each deed done as soon as it is due."""
    found = []
    for _ in range(60):
        at, todo = due(one), deed(one)
        found.append((one, todo.what))
        if todo.what in {What.WIN, What.LOSE, What.REFUSE}:
            return found
        stage = one.stage + (todo.what is What.ADVANCE)
        next_at = at + todo.again if todo.again else one.next_at
        one = Held(one.email, one.version + 1, True, stage, one.last, at, next_at, todo.value or one.value)
    raise AssertionError(f"{one.email} comes to no end")


def test_the_same_lead_goes_the_same_way() -> None:
    """Another run of the demo sells the same."""
    assert [(due(one), deed(one)) for one in LEADS] == [(due(one), deed(one)) for one in LEADS]
    assert len({due(one) for one in LEADS}) > 150


def test_nothing_happens_before_its_time() -> None:
    """A hand-off rests for an hour at least; a promised step is never done early."""
    assert all(timedelta(hours=1) <= due(one) - START <= timedelta(hours=14) for one in LEADS)
    promised = [replace(one, accepted=True, next_at=START + timedelta(days=2)) for one in LEADS]
    assert all(due(one) >= START + timedelta(days=2) for one in promised)


def test_every_opportunity_ends_and_some_are_won() -> None:
    """Won, lost, or no fit; none walks for ever, none skips a stage."""
    ends = Counter(_played(one)[-1][1] for one in LEADS)
    assert ends[What.WIN] > 40
    assert ends[What.LOSE] > 40
    assert 5 < ends[What.REFUSE] < 50


def test_who_is_never_reached_is_lost() -> None:
    """After a few calls without an answer."""
    calls = [sum(what is What.CALL and held.stage == 0 for held, what in _played(one)) for one in LEADS]
    assert 1 <= max(calls) <= 4


def test_a_win_has_a_value_and_a_loss_a_reason() -> None:
    """In whole hundred thousands of đồng, out of what was quoted."""
    last = [replace(one, accepted=True, stage=3, version=9, value=24_500_000) for one in LEADS]
    for todo in map(deed, last):
        if todo.what is What.WIN:
            assert todo.value is not None
            assert (todo.value % 100_000, 20_000_000 < todo.value <= 24_500_000) == (0, True)
        elif todo.what is What.LOSE:
            assert todo.reason in {"price", "competitor"}
        else:
            assert (todo.what, bool(todo.step), todo.again > timedelta(0)) == (What.CALL, True, True)
