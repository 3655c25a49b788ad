"""What must hold while it runs: decided over figures."""

from dataclasses import replace

import pytest

from nurture.engine import health_words
from nurture.engine.invariants import (
    HANGS,
    MINUTES,
    SAYINGS,
    SPACE,
    TICKED,
    Grade,
    Invariant,
    Process,
    Seen,
    Sum,
    judge,
)  # fmt: skip
from nurture.engine.presence import Figures
from nurture.kernel.i18n import LANGUAGES

ONE = Process("p", "may-1", 7, frozenset({"web", "clock", "worker"}), 1.0, Figures(disk_free=9 * SPACE), up=1000.0)
WELL = Seen(ticked=1.0, ticks=60, processes=(ONE,), senders=2)


def _keys(seen: Seen) -> list[Invariant]:
    return [one.invariant for one in judge(seen)]


def _machine(**figures: object) -> Seen:
    return replace(WELL, processes=(replace(ONE, figures=replace(ONE.figures, **figures)),))  # type: ignore[arg-type]


def test_a_house_in_which_all_runs_has_nothing_wrong() -> None:
    """Also while much waits and goes."""
    assert judge(WELL) == []
    assert judge(replace(WELL, lags={Invariant.MAIL: 9_000.0}, goes=True)) == []


@pytest.mark.parametrize(
    ("seen", "wrong"),
    [
        (replace(WELL, is_copy=True), [Invariant.COPY]),
        (replace(WELL, ticked=None), [Invariant.CLOCK]),
        (replace(WELL, ticked=TICKED + 1), [Invariant.CLOCK]),
        # the lease is renewed beside a tick that hangs
        (replace(WELL, ticks=0), [Invariant.CLOCK]),
        (replace(WELL, ticks=0, processes=(replace(ONE, up=HANGS - 1),)), []),
        (replace(WELL, processes=()), [Invariant.WORKERS]),
        (replace(WELL, senders=0), []),  # nothing waits
        (replace(WELL, senders=0, lags={Invariant.MAIL: 200.0}), [Invariant.SENDERS]),
        (replace(WELL, lags={Invariant.MAIL: 60.0 * 15}), []),
        (replace(WELL, lags={Invariant.MAIL: 60.0 * 15 + 1}), [Invariant.MAIL]),
        (replace(WELL, lags={Invariant.MAIL: 9_000.0}, shut=1), []),  # the mail server is paused, which is said
        (replace(WELL, lags={Invariant.MAIL: 9_000.0}, shut=1, routes=2), [Invariant.MAIL]),
        # an urgent one waits though others go
        (replace(WELL, lags={Invariant.MAIL: 400.0, Invariant.ALERTS: 400.0}, goes=True), [Invariant.ALERTS]),
        (replace(WELL, lags={Invariant.HITS: 301.0}), [Invariant.HITS]),
        (replace(WELL, lags={Invariant.REACTIONS: 301.0}), [Invariant.REACTIONS]),
        (replace(WELL, lags={Invariant.CALLS: 901.0}), [Invariant.CALLS]),
        (replace(WELL, steps={"a": 901.0, "b": 899.0}), [Invariant.STEPS]),
        (replace(WELL, half={"a": 901.0}), [Invariant.BROADCASTS]),
        (replace(WELL, sums=(Sum("a", 5, 5), Sum("b", 5, 4))), [Invariant.STATES]),
        (replace(WELL, orphans=3, orphaned=200.0), []),  # recovery is given its time
        (replace(WELL, orphans=3, orphaned=301.0), [Invariant.ORPHANS]),
        (replace(WELL, scores=1), [Invariant.SCORES]),
        (replace(WELL, missing=("2027-01",)), [Invariant.PARTITIONS]),
        (_machine(spool=9, spool_files=1, spool_age=301.0), [Invariant.SPOOL]),
        (_machine(spool=9, spool_files=1, spool_age=1.0), []),
        (_machine(skew=-6.0), [Invariant.SKEW]),
        (_machine(writable=False), [Invariant.FOLDER]),
        (_machine(disk_free=SPACE - 1), [Invariant.DISK]),
        (_machine(disk_free=-1), []),  # it cannot be told
    ],
)
def test_what_does_not_hold_is_found(seen: Seen, wrong: list[Invariant]) -> None:
    """Each by itself, and nothing else with it."""
    assert _keys(seen) == wrong


def test_what_is_wrong_stands_before_what_only_will_be() -> None:
    """A disk that fills is to be watched; a full one is wrong, and a machine is named once."""
    second = replace(ONE, id="q", pid=8)
    seen = replace(_machine(disk_free=SPACE // 2), is_copy=True)
    seen = replace(seen, processes=(*seen.processes, replace(second, figures=seen.processes[0].figures)))
    assert [(one.invariant, one.grade) for one in judge(seen)] == [
        (Invariant.COPY, Grade.WRONG),
        (Invariant.DISK, Grade.WATCH),
    ]
    assert [one.grade for one in judge(_machine(disk_free=10))] == [Grade.WRONG]


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_that_must_hold_has_its_words(language: str) -> None:
    """What holds, what it means when it does not, what to do; no place is left open, whatever a row has."""
    assert set(SAYINGS) == set(Invariant)
    for one in Invariant:
        text = health_words.broken(
            one.value, "100 % <b>", {"seconds": 3700.0, "bytes": 1536.0, "count": 5412}, language
        )
        assert "%(" not in text
        assert health_words.broken(one.value, "", {}, language)
        assert health_words.mend(one.value, language)


def test_a_check_of_another_version_does_not_break_the_page() -> None:
    """Machines are brought up to date one after another."""
    assert health_words.broken("tomorrow", "", {}, "en") == "a check of another version of nurture"
    assert health_words.mend("tomorrow", "vi") == ""


def test_figures_are_written_as_the_language_has_them() -> None:
    """With its commas and points."""
    assert health_words.size(1.5 * 1024**3, "vi") == "1,5 GB"
    assert health_words.size(734003200, "en") == "700 MB"
    assert "5.412" in health_words.broken("scores", "", {"count": 5412}, "vi")
    assert "5,412" in health_words.broken("scores", "", {"count": 5412}, "en")


def test_figures_of_a_process_of_another_version_are_read() -> None:
    """What it does not say is as usual; what it says besides is passed over."""
    assert Figures.read({"skew": 2.0, "of_tomorrow": 4}) == Figures(skew=2.0)


def test_what_has_a_bound_in_minutes_is_what_waits() -> None:
    """Bounds are for lags, and each is of minutes."""
    assert all(1 <= minutes <= 60 for minutes in MINUTES.values())
