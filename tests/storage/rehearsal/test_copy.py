"""The stage takes what a rehearsal needs, and says of every table what becomes of it."""

from nurture.rehearsal import copy
from nurture.schema import metadata


def test_every_table_is_copied_whole_or_by_lead_or_left_out() -> None:
    """A new table is in one of the lists, and in one only; no list names what there is not."""
    kept = [set(copy.WHOLE), {one.name for one in copy.by_lead()}, {"leads"}, set(copy.THROUGH), copy.LEFT_OUT]
    assert sum(len(one) for one in kept) == len(set().union(*kept))
    assert set().union(*kept) == metadata.tables.keys()
