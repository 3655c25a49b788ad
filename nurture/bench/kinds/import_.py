"""Import of a file: read, checked, deduplicated, written with its timeline, every index kept.

The naive way checks each row anew, asks for its address, writes it and commits.
"""

import os
import time
from itertools import islice

import phonenumbers
import sqlalchemy as sa
from email_validator import EmailNotValidError, validate_email

from nurture.activities.model import Kind
from nurture.activities.tables import activities, reactions
from nurture.bench import people
from nurture.bench.failures import certain
from nurture.bench.model import Figure, Size
from nurture.bench.place import Place
from nurture.bench.processes import Watch
from nurture.bootstrap import gallery
from nurture.capture.model import Options
from nurture.capture.service import import_file
from nurture.engine import definitions
from nurture.engine.react import react
from nurture.kernel.context import Context
from nurture.kernel.i18n import N_
from nurture.leads import service as leads_service
from nurture.leads.model import NewLead
from nurture.leads.tables import leads

TITLE = N_("Import: 1,000,000 rows, checked, deduplicated, indexed")
ROWS = 1_000_000
_NAIVE, _REACTED = 1_000, 4_000


def run(place: Place, size: Size) -> list[Figure]:
    """Rows a second, the peak of memory, the same file once more, and reacting to those who came in."""
    path = place.folder / "people.csv"
    told = people.write(path, size.of(ROWS, 500))
    with place.context() as ctx:
        _publish(ctx)
        naive = _naive(ctx, size.of(_NAIVE, 20))
        known = _count(ctx, leads)
        watch = Watch({"import": os.getpid()})
        began = time.perf_counter()
        result = import_file(ctx, path, Options(source="bench"))
        took = time.perf_counter() - began
        parts = watch.parts()
        certain("refused", result.refused, told.wrong)
        certain("leads", _count(ctx, leads) - known, told.addresses)
        certain("first lines", _count(ctx, activities, activities.c.kind == Kind.CREATED), told.addresses + known)
        certain("waiting reactions", _count(ctx, reactions), _count(ctx, activities))
        of = f"{told.rows:,} rows of 7 columns"
        peak = max(one.peak for one in parts)
        notes = {"CPU of a row": f"{sum(one.cpu for one in parts) / told.rows * 1e6:.1f} us"}
        return [
            Figure("import", round(told.rows / took), "/s", of, 60_000, round(naive), parts=parts, notes=notes),
            Figure("import.memory", round(peak), "MB", of, 450),
            _again(ctx, path, told),
            _reacting(ctx, size.of(_REACTED, 40)),
        ]


def _publish(ctx: Context) -> None:
    """The gallery, so that reacting to those who come in has rules to ask."""
    campaigns_at, templates_at = gallery(ctx.settings)
    with ctx.database.read() as conn:
        found = definitions.read(campaigns_at, templates_at, definitions.facts_of(conn))
    with ctx.database.write() as conn:
        definitions.apply(conn, found, now=ctx.clock.engine(), real=ctx.clock.real(), actor="cli")


def _again(ctx: Context, path: os.PathLike[str], told: people.Told) -> Figure:
    """The same file under another name of its source: every lead is known by now, and nothing of most changes."""
    before = _count(ctx, leads)
    short = ctx.settings.data_dir / "again.csv"
    with open(path, encoding="utf-8-sig") as whole, short.open("w", encoding="utf-8") as out:  # noqa: PTH123
        out.writelines(islice(whole, told.rows // 10 + 1))
    began = time.perf_counter()
    result = import_file(ctx, short, Options(source="bench"))
    took = time.perf_counter() - began
    certain("created by the second import", result.created, 0)
    certain("leads after the second import", _count(ctx, leads), before)
    return Figure("import.again", round(result.rows / took), "/s", f"{result.rows:,} rows, every lead known")


def _reacting(ctx: Context, most: int) -> Figure:
    """What an import leaves to be done: one reaction for each lead."""
    waiting = _count(ctx, reactions)
    done = 0
    began = time.perf_counter()
    while done < most and (count := react(ctx, most - done)):
        done += count
    took = time.perf_counter() - began
    certain("reactions done", waiting - _count(ctx, reactions), done)
    return Figure("import.react", round(done / took), "/s", f"{done:,} reactions to leads that came in")


def _naive(ctx: Context, count: int) -> float:
    """Rows a second, one by one; their addresses are others than the file's."""
    began = time.perf_counter()
    for row, _ in islice(people.rows(), count):
        try:
            email = validate_email(f"naive.{row[1]}", check_deliverability=False, test_environment=True).normalized
        except EmailNotValidError:
            continue
        with ctx.database.write() as conn:
            if conn.execute(sa.select(leads.c.id).where(leads.c.email == email.lower())).first() is not None:
                continue
            new = NewLead(email=email, name=row[0], phone=_number(row[2]), city=row[3], source=row[4])
            leads_service.add(
                conn, new, now=ctx.clock.engine(), real=ctx.clock.real(), actor="cli", cause="import:naive"
            )
    return count / (time.perf_counter() - began)


def _number(text: str) -> str:
    try:
        found = phonenumbers.parse(text, "VN")
    except phonenumbers.NumberParseException:
        return ""
    possible = phonenumbers.is_possible_number(found)
    return phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164) if possible else ""


def _count(ctx: Context, table: sa.Table, *which: sa.ColumnElement[bool]) -> int:
    with ctx.database.read() as conn:
        return int(conn.execute(sa.select(sa.func.count()).select_from(table).where(*which)).scalar_one())
