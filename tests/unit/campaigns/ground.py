"""What tests of campaigns share: facts without a database, moments, and the reading of one step."""

from datetime import UTC, datetime, timedelta
from typing import Any

from nurture.campaigns.effects import Moment
from nurture.campaigns.reading import Reading
from nurture.kernel.yamlfile import Source, read
from nurture.rules.facts import Happening, View
from nurture.segments.store import built_in

FACTS = built_in().knowing(segment={"new_leads", "vips"}, email={"hello", "again"}, campaign={"welcome"})
EMAILS = {"hello": {"vi", "en"}, "again": {"vi"}}
NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def reading(data: Any = None) -> Reading:
    """A reading that knows the facts and emails above."""
    return Reading(Source("test.yaml", "", data, {}), FACTS, EMAILS)


def source(text: str) -> Source:
    """A file of this text."""
    return read(text, "test.yaml")


def moment(
    *,
    arrived: datetime = NOW,
    planned: datetime | None = None,
    mailed: datetime | None = None,
    view: View | None = None,
    now: datetime = NOW,
    **more: Any,
) -> Moment:
    """A moment at NOW; by default the lead has just arrived."""
    return Moment(now, planned or arrived, arrived, mailed, view or View(1), FACTS, **more)


def view(*, tags: frozenset[str] = frozenset(), clicked: tuple[datetime, ...] = (), temperature: str = "cold") -> View:
    """A lead with these tags and clicks."""
    happenings = {"clicked": tuple(Happening(at, email="hello") for at in clicked)}
    return View(1, {"temperature": temperature}, {"tag": tags, "segment": frozenset()}, happenings)
