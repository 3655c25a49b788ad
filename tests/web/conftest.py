"""A filled house behind a Flask client, on SQLite. Each test has its own copy."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from flask import Flask

from nurture.kernel.clock import ManualClock
from nurture.kernel.context import Context
from nurture.kernel.database import Database
from nurture.kernel.settings import read_settings
from nurture.kernel.signing import KeyRing, new_ring
from nurture.schema import metadata
from nurture.web.app import create_app
from tests.conftest import START
from tests.web.client import Client
from tests.web.filled import Filled, fill


@pytest.fixture(scope="session")
def _house(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Filled, ManualClock, KeyRing]:
    folder = tmp_path_factory.mktemp("house")
    clock, keys = ManualClock(START), new_ring()
    settings = read_settings({"NURTURE_DATA_DIR": str(folder)})
    with closing(Database(f"sqlite:///{folder / 'house.db'}")) as database:
        metadata.create_all(database.engine)
        house = fill(Context(settings, database, clock, keys), clock)
        with database.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    return folder / "house.db", house, clock, keys


@pytest.fixture
def house(_house: tuple[Path, Filled, ManualClock, KeyRing]) -> Filled:
    """Ids of what the house has."""
    return _house[1]


@pytest.fixture
def ctx(_house: tuple[Path, Filled, ManualClock, KeyRing], tmp_path: Path) -> Iterator[Context]:
    """A context on a copy of the filled house; its clock stands where the house does."""
    shutil.copy(_house[0], tmp_path / "nurture.db")
    shutil.copytree(_house[0].parent / "rehearsals", tmp_path / "rehearsals")
    settings = read_settings({"NURTURE_DATA_DIR": str(tmp_path), "NURTURE_SECRET_KEY": "for tests only"})
    database = Database(settings.database_url)
    yield Context(settings, database, ManualClock(_house[2].engine()), _house[3])
    database.close()


@pytest.fixture
def app(ctx: Context) -> Flask:
    """The web application."""
    return create_app(ctx)


@pytest.fixture
def client(app: Flask) -> Client:
    """A browser without script, not signed in."""
    return Client(app)


@pytest.fixture
def sales(app: Flask) -> Client:
    """Signed in as the salesperson."""
    return Client(app).sign_in("sales")


@pytest.fixture
def marketer(app: Flask) -> Client:
    """Signed in as the marketer."""
    return Client(app).sign_in("marketer")


@pytest.fixture
def viewer(app: Flask) -> Client:
    """Signed in as the viewer."""
    return Client(app).sign_in("viewer")
