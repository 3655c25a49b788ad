"""How many rows make one transaction."""

from nurture.capture.pace import LEAST, MANY_WRITERS, MOST, ONE_WRITER, Pace


def _after(*took: tuple[float, bool]) -> int:
    """The size after parts that took so long for each thousand rows, shared with others or not."""
    pace = Pace()
    for seconds, shared in took:
        pace.took(pace.size, seconds * pace.size / 1000, shared=shared)
    return pace.size


def test_parts_grow_where_nobody_waits() -> None:
    """Not beyond what memory bears; nor are they very small, however slow the disk is."""
    assert _after((0.01, False)) == 5_000
    assert _after(*[(0.01, False)] * 20) == MOST
    assert _after(*[(0.125, False)] * 20) == 8_000
    assert _after(*[(9.0, False)] * 20) == 5_000


def test_parts_are_short_where_others_are_at_work() -> None:
    """A writer beside it waits for a twentieth of a second at most."""
    assert _after(*[(0.1, True)] * 10) == 500
    assert _after(*[(0.5, True)] * 10) == 100
    assert _after(*[(0.01, False)] * 20, (0.1, True)) == 500


def test_many_writers_wait_for_some_rows_only() -> None:
    """So that parts may take longer there."""
    one, many = Pace(longest=ONE_WRITER), Pace(longest=MANY_WRITERS)
    for pace in (one, many):
        pace.took(500, 0.05, shared=True)
    assert (one.size, many.size) == (500, 1_000)


def test_a_last_part_says_nothing() -> None:
    """It has fewer rows than it might have had."""
    pace = Pace()
    pace.took(3, 0.5, shared=False)
    assert pace.size == LEAST


def test_a_size_that_was_asked_for_stays() -> None:
    """However long a part takes."""
    pace = Pace(7)
    pace.took(7, 60, shared=True)
    assert pace.size == 7


def test_a_transaction_takes_parts_in_while_nobody_else_is_at_work() -> None:
    """For a second at most, on a database with one writer, and only where no size was asked for."""
    alone = Pace()
    assert alone.goes_on(0.5, shared=False)
    assert not alone.goes_on(0.5, shared=True)
    assert not alone.goes_on(1.0, shared=False)
    assert not Pace(longest=MANY_WRITERS).goes_on(0.5, shared=False)
    assert not Pace(7).goes_on(0.5, shared=False)
