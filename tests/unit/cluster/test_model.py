"""What is due is cut into chunks that many hands can share."""

import pytest

from nurture.cluster.model import FRESH, LARGEST, MOST_OUT, QUEUE_OF, Task, by_lead, cut, fresh


@pytest.mark.parametrize(
    ("due", "sizes"),
    [
        (0, []),
        (1, [1]),
        (100, [100]),
        (250, [100, 100, 50]),
        (1_600, [200] * 8),
        (4_000, [500] * 8),
        (4_001, [501 - 1] * 8 + [1]),
        (100_000, [LARGEST] * MOST_OUT),
    ],
    ids=["nothing", "one", "the smallest", "a few", "eight hands", "the largest", "one more", "too many"],
)
def test_a_backlog_is_cut_into_chunks_of_100_to_500(due: int, sizes: list[int]) -> None:
    """In its order, each row once, and never more than may be out."""
    chunks = cut(Task.ADVANCE, range(due))
    assert [len(one.ids) for one in chunks] == sizes
    assert [number for one in chunks for number in one.ids] == list(range(sum(sizes)))


def test_where_there_is_no_room_nothing_is_cut() -> None:
    """What is out already counts."""
    assert cut(Task.REACT, range(900), 0) == []
    assert cut(Task.REACT, range(900), -3) == []
    assert len(cut(Task.REACT, range(900), 2)) == 2


def test_what_is_fresh_goes_before_every_backlog() -> None:
    """Even that of hits, whose judging may make a lead hot."""
    backlogs = [one.priority for task in Task for one in cut(task, [1])]
    news = [fresh(task, range(1_000)) for task in Task]
    assert min(one.priority for one in news) >= max(backlogs)
    assert {len(one.ids) for one in news} == {FRESH}


def test_the_rows_of_a_lead_stand_side_by_side() -> None:
    """So that they are worked on together."""
    assert by_lead([(1, 7), (2, 8), (3, 7), (4, 9), (5, 8)]) == [1, 3, 2, 5, 4]


def test_every_task_has_a_queue() -> None:
    """Else nobody would take it."""
    assert set(QUEUE_OF) == set(Task)
