"""The measurement of imports does what it counts."""

import csv
from itertools import islice
from pathlib import Path

from nurture.bench import people
from nurture.bench.kinds import import_
from nurture.bench.model import Size
from nurture.bench.place import place
from nurture.leads.normalize import email_of


def test_every_row_of_the_file_is_accounted_for() -> None:
    """Those without an address are refused, those that repeat one are no second lead; the run itself looks."""
    with place() as here:
        figures = {one.what: one for one in import_.run(here, Size(0.001))}
    assert set(figures) == {"import", "import.memory", "import.again", "import.react"}
    assert figures["import"].of.startswith("1,000 rows")
    assert figures["import"].naive
    assert all(one.value > 0 for one in figures.values())


def test_the_file_is_what_it_says(tmp_path: Path) -> None:
    """Rows repeat addresses, and some have none that can be used."""
    told = people.write(tmp_path / "people.csv", 1_000)
    with (tmp_path / "people.csv").open(encoding="utf-8-sig") as file:
        found = [email_of(row[1]) for row in islice(csv.reader(file), 1, None)]
    assert len(found) == told.rows
    assert found.count(None) == told.wrong > 5
    assert len(set(found) - {None}) == told.addresses < told.rows - told.wrong
