"""Rehearsals in a team's own tests: files in, an answer out; no database and no settings are needed.

def test_the_reminder_reaches_those_who_did_not_click() -> None:
    with rehearsal("campaigns", "templates_email", "welcome_series", people(20)) as played:
        assert played.report.sent == 60
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from nurture.capture.store import keep_definitions
from nurture.engine import definitions
from nurture.kernel.clock import ManualClock
from nurture.kernel.context import Context
from nurture.kernel.database import Database
from nurture.kernel.errors import DefinitionError
from nurture.kernel.settings import read_settings
from nurture.kernel.signing import new_ring
from nurture.kernel.tables import installation
from nurture.leads.model import FieldDefinition, NewLead
from nurture.rehearsal.model import Act, Behavior, Request
from nurture.rehearsal.service import Rehearsed, rehearse
from nurture.schema import metadata

START = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)  # a Monday, eight in the morning in Hanoi


def people(count: int, *, language: str = "vi", source: str = "website") -> tuple[NewLead, ...]:
    """Made-up leads, the same each time: `lead1@example.com` and so on."""
    return tuple(
        NewLead(email=f"lead{n}@example.com", name=f"Nguyễn Văn {n}", source=source, language=language)
        for n in range(1, count + 1)
    )


@contextmanager
def house(
    campaigns_at: Path | str,
    templates_at: Path | str,
    *,
    start: datetime = START,
    zone: str = "Asia/Ho_Chi_Minh",
    fields: Sequence[FieldDefinition] = (),
) -> Iterator[tuple[Context, definitions.Definitions]]:
    """An empty installation in a temporary folder, and what two folders define. DefinitionError when they err."""
    with tempfile.TemporaryDirectory(prefix="nurture-") as name:
        settings = read_settings({"NURTURE_DATA_DIR": name, "NURTURE_ZONE": zone})
        database = Database(settings.database_url, scratch=True)
        metadata.create_all(database.engine)
        with database.write() as conn:
            row = {"id": 1, "instance": "rehearsal", "place": name, "created_at": start, "mail_domain": "example.com"}
            conn.execute(installation.insert().values(row))
            keep_definitions(conn, fields, start)
        with database.read() as conn:
            found = definitions.read(Path(campaigns_at), Path(templates_at), definitions.facts_of(conn))
        try:
            if found.errors:
                raise DefinitionError(found.errors)
            yield Context(settings, database, ManualClock(start), new_ring()), found
        finally:
            database.close()


@contextmanager
def rehearsal(
    campaigns_at: Path | str,
    templates_at: Path | str,
    campaign: str,
    leads: Sequence[NewLead],
    *,
    days: int = 60,
    behavior: Behavior | None = None,
    script: Sequence[Act] = (),
    seed: int = 1,
    look: timedelta = timedelta(hours=1),
    enters: bool | None = None,
    start: datetime = START,
    zone: str = "Asia/Ho_Chi_Minh",
    fields: Sequence[FieldDefinition] = (),
) -> Iterator[Rehearsed]:
    """Play a campaign of these folders with these leads; without `behavior` only the script acts.

    They come in at the begin, or on their day where the campaign takes people in only so; `enters` says which. With a
    longer `look` it is faster, and segments, scores and dates of leads are looked at as rarely.
    """
    request = Request(
        campaign, people=tuple(leads), days=days, behavior=behavior, script=tuple(script), seed=seed, look=look,
        enters=enters,
    )  # fmt: skip
    with house(campaigns_at, templates_at, start=start, zone=zone, fields=fields) as (ctx, found):
        played = rehearse(ctx, request, ctx.settings.data_dir / "stage.db", definitions=found, start=start)
        try:
            yield played
        finally:
            played.close()
