"""Which month an instant is in, what the parts of a table are called, and what is told of them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from nurture.kernel.partitions import _part, is_part, month_after, month_of

DECEMBER = datetime(2026, 12, 1, tzinfo=UTC)


def test_a_month_is_one_of_utc() -> None:
    """Wherever the instant was written down."""
    assert month_of(datetime(2027, 1, 1, 3, tzinfo=timezone(timedelta(hours=7)))) == DECEMBER
    assert month_after(DECEMBER) == datetime(2027, 1, 1, tzinfo=UTC)
    assert month_after(month_after(DECEMBER)) == datetime(2027, 2, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("hits_y2026m11", True),
        ("hits_rest", True),
        ("hits_before", True),
        ("hits", False),
        ("hit_days", False),
        ("leads_rest", False),
    ],
)
def test_parts_are_known_by_their_names(name: str, is_one: bool) -> None:
    """Of those tables that are cut, and of no other."""
    assert is_part(name, ["hits", "activities"]) is is_one


@pytest.mark.parametrize(
    ("bound", "since", "until"),
    [
        ("FOR VALUES FROM ('2026-12-01 00:00:00+00') TO ('2027-01-01 00:00:00+00')", DECEMBER, month_after(DECEMBER)),
        ("FOR VALUES FROM (MINVALUE) TO ('2026-12-01 07:00:00+07')", None, DECEMBER),
        ("DEFAULT", None, None),
    ],
)
def test_bounds_are_read_as_postgresql_writes_them(bound: str, since: object, until: object) -> None:
    """In whatever zone the session is."""
    part = _part("hits_x", bound)
    assert (part.since, part.until, part.is_rest) == (since, until, bound == "DEFAULT")
