"""Ground of the storage tests: the database that has more than one writer."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from nurture.kernel.clock import ManualClock
from nurture.kernel.context import Context
from nurture.kernel.database import Database
from nurture.kernel.settings import read_settings
from nurture.kernel.signing import new_ring


@pytest.fixture
def several(postgres_url: str, clock: ManualClock, tmp_path: Path) -> Iterator[Context]:
    """A context on PostgreSQL, for what only happens where several write at once."""
    database = Database(postgres_url)
    settings = read_settings({"NURTURE_DATA_DIR": str(tmp_path), "NURTURE_DATABASE_URL": postgres_url})
    yield Context(settings, database, clock, new_ring())
    database.close()
