"""Whatever campaigns, leads and events: nobody is in two steps, nothing due is forgotten, all waiting has a name.

`RANDOM_CAMPAIGNS=500` asks for that many examples, others each time.
"""

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from nurture.kernel.clock import ManualClock
from nurture.kernel.context import Context
from nurture.kernel.database import Database
from nurture.kernel.settings import read_settings
from nurture.kernel.signing import new_ring
from tests.conftest import START, empty_postgres
from tests.storage.random_campaigns import campaigns, events, people
from tests.storage.random_world import World, read_all

MORE = int(os.environ.get("RANDOM_CAMPAIGNS", "0"))
Opened = Callable[[], Context]


def _play(
    context: Context,
    drafts: Sequence[dict[str, Any]],
    leads: Sequence[dict[str, Any]],
    happens: Sequence[Any],
    *,
    limited: bool,
) -> None:
    world = World(context, drafts)
    assume(not read_all(context, *drafts).errors)
    try:
        world.begin(leads, limited=limited)
        for event in happens:
            world.befall(event)
        world.house.settle()
        world.check()
        world.befall(("run", 24 * 30))
        world.check()
    finally:
        world.context.database.close()


def _profile(examples: int) -> Callable[[Any], Any]:
    return settings(
        max_examples=MORE or examples,
        deadline=None,
        derandomize=not MORE,
        suppress_health_check=list(HealthCheck),
        database=None,
        phases=(Phase.generate,),  # a smaller example of a failure would take minutes to find
    )


_given = given(
    drafts=st.tuples(campaigns("one"), campaigns("two")),
    leads=people,
    happens=st.lists(events, min_size=3, max_size=14),
    limited=st.booleans(),
)


def _context(url: str, folder: str) -> Context:
    given_settings = read_settings({"NURTURE_DATA_DIR": folder, "NURTURE_DATABASE_URL": url})
    return Context(given_settings, Database(url), ManualClock(START), new_ring())


@pytest.mark.timeout(600 if not MORE else 36_000)
def test_nobody_is_lost_on_random_ways(_sqlite_template: Path) -> None:
    """On SQLite."""

    @_profile(25)
    @_given
    def play(drafts: Any, leads: Any, happens: Any, *, limited: bool) -> None:
        with TemporaryDirectory() as folder:
            shutil.copy(_sqlite_template, f"{folder}/test.db")
            _play(_context(f"sqlite:///{folder}/test.db", folder), drafts, leads, happens, limited=limited)

    play()


@contextmanager
def _emptied(url: str) -> Iterator[Context]:
    engine = sa.create_engine(sa.make_url(url).set(drivername="postgresql+psycopg"))
    with engine.begin() as conn:
        empty_postgres(conn)
    engine.dispose()
    with TemporaryDirectory() as folder:
        yield _context(url, folder)


@pytest.mark.postgres
@pytest.mark.timeout(600 if not MORE else 36_000)
def test_nobody_is_lost_on_random_ways_on_postgres(postgres_url: str) -> None:
    """Fewer examples, the same must be true."""

    @_profile(6)
    @_given
    def play(drafts: Any, leads: Any, happens: Any, *, limited: bool) -> None:
        with _emptied(postgres_url) as context:
            _play(context, drafts, leads, happens, limited=limited)

    play()


def test_a_house_is_looked_at_in_earnest(context: Context) -> None:
    """What is forgotten, or ends without a name, is found by these very checks."""
    draft = {
        "key": "one", "name": "one", "entry": {"segment": "everyone", "existing": "enroll"},
        "steps": [{"id": "s1", "send_email": "hello"}, {"id": "s2", "wait": "2 days"}],
    }  # fmt: skip
    world = World(context, [draft])
    world.begin([{"zone": "", "language": "vi", "agreed": True}], limited=False)
    world.befall(("run", 26))
    world.check()
    context.clock.advance(timedelta(days=3))  # type: ignore[attr-defined]
    with pytest.raises(AssertionError):
        world.check()
