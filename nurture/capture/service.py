"""Importing a file: read it whole, then fold it in part by part, each part and its counts in one transaction.

Killed at any moment and run again with the same options, an import goes on where its last commit was.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy.engine import Connection, RowMapping
from sqlalchemy.exc import IntegrityError

from nurture.capture import headers, store
from nurture.capture.drafts import Drafter, definitions_of
from nurture.capture.fold import Ahead, Part, fold_part
from nurture.capture.model import BatchState, Column, Draft, Options, Reading, Refused, Result, Row
from nurture.capture.pace import LEAST, MANY_WRITERS, ONE_WRITER, Pace
from nurture.capture.refused import table_of, write_refused
from nurture.capture.sheet import Sheet, need_contact, open_sheet, read_sheet
from nurture.capture.store import Author
from nurture.consents.model import Channel
from nurture.kernel import leases
from nurture.kernel.bulk import make_room
from nurture.kernel.context import Context
from nurture.kernel.errors import ConflictError
from nurture.kernel.garbage import unsearched
from nurture.kernel.i18n import N_
from nurture.kernel.identity import public_id
from nurture.kernel.text import clean
from nurture.leads import store as leads_store
from nurture.leads.contacts import winners_of
from nurture.leads.model import FieldType

_SHOWN = 100
_TRIES = 3
_LONGEST_STATEMENT = 4_000

Progress = Callable[[int, int], None]  # rows done, rows in all
Stop = Callable[[], bool]


def reading(ctx: Context, path: Path | str, mapping: Mapping[str, str] | None = None) -> Reading:
    """How the file would be read, nothing written. InputError when it cannot be."""
    return _read(ctx, open_sheet(Path(path)), mapping or {})


def _read(ctx: Context, sheet: Sheet, mapping: Mapping[str, str]) -> Reading:
    with ctx.database.read() as conn:
        kept = store.kept_mappings(conn)
        definitions = leads_store.field_definitions_of(conn)
    found = read_sheet(sheet, mapping, kept, definitions)
    need_contact(found)
    return found


def import_file(
    ctx: Context,
    path: Path | str,
    options: Options,
    progress: Progress | None = None,
    stop: Stop | None = None,
    *,
    chunk: int | None = None,
) -> Result:
    """Import a CSV or XLSX file; the result gives the totals of the whole batch.

    Each part has `chunk` rows, or as many as others can wait for. `progress` hears of every part; when `stop` says so
    the import ends after the part at hand and can go on later.
    InputError when the file cannot be read: then nothing was written.
    """
    options = replace(options, consent=clean(options.consent, _LONGEST_STATEMENT))
    sheet = open_sheet(Path(path))
    if options.dry_run:
        found = _read(ctx, sheet, options.mapping)
        return _dry_run(ctx, sheet, found, options, progress or _silent, chunk or LEAST)
    with ctx.database.read() as conn:
        batch = store.running(conn, sheet.file_hash, _hash(options))
    resumed = batch is not None
    if batch is None:
        batch = _begin(ctx, sheet, options)
    plan = _plan(batch, sheet)
    calls = (progress or _silent, stop or _never)
    if not _go_through(ctx, sheet, plan, options, batch, *calls, chunk):
        return _result(ctx, batch["id"], "stopped", None, resumed=resumed)
    with ctx.database.write() as conn:
        store.finish(conn, batch["id"], ctx.clock.engine())
    ctx.wake.reactions.set()
    return _result(ctx, batch["id"], BatchState.DONE.value, _refused_file(ctx, batch, sheet, plan), resumed=resumed)


def _silent(_done: int, _rows: int) -> None:
    return None


def _never() -> bool:
    return False


def _hash(options: Options) -> str:
    return hashlib.sha256(json.dumps(options.as_json(), sort_keys=True).encode()).hexdigest()


def _begin(ctx: Context, sheet: Sheet, options: Options) -> RowMapping:
    """Write the batch with its reading, the mapping chosen, and the fields it brings."""
    found = _read(ctx, sheet, options.mapping)
    now = ctx.clock.engine()
    with ctx.database.write() as conn:
        store.keep_mappings(conn, options.mapping, now)
        store.keep_definitions(conn, definitions_of(found).values(), now)
        return store.add_batch(
            conn,
            {
                "public_id": public_id(),
                "file_name": found.file_name,
                "file_hash": sheet.file_hash,
                "options_hash": _hash(options),
                "options": {"asked": options.as_json(), "reading": _as_json(found)},
                "state": BatchState.RUNNING.value,
                "actor": options.actor,
                "started_at": now,
            },
        )


def _as_json(found: Reading) -> dict[str, Any]:
    columns = [
        [one.index, one.header, one.target, one.type.value if one.type else None, list(one.choices)]
        for one in found.columns
    ]
    return {"header_line": found.header_line, "rows": found.rows, "columns": columns}


def _plan(batch: RowMapping, sheet: Sheet) -> Reading:
    """The reading that the batch began with."""
    kept = batch["options"]["reading"]
    columns = tuple(
        Column(index, header, target, FieldType(kind) if kind else None, tuple(choices), known=True)
        for index, header, target, kind, choices in kept["columns"]
    )
    return Reading(
        batch["file_name"], sheet.file_hash, sheet.format, sheet.encoding, sheet.delimiter,
        kept["header_line"], columns, (), kept["rows"],
    )  # fmt: skip


def _go_through(
    ctx: Context, sheet: Sheet, plan: Reading, options: Options, batch: RowMapping, progress: Progress, stop: Stop,
    chunk: int | None,
) -> bool:  # fmt: skip
    """Fold in what is left of the file; False when it was stopped before its end."""
    drafter = Drafter(plan, options)
    rows = sheet.rows()
    position: int = batch["position"]
    seen = _contacts(drafter, islice(rows, position))
    progress(position, plan.rows)
    pace = Pace(chunk, ONE_WRITER if ctx.database.is_sqlite else MANY_WRITERS)
    with ThreadPoolExecutor(1, "import-reader") as reader:
        coming = _Coming(lambda: reader.submit(_next, drafter, rows, pace.size))
        while coming.part.rows:
            if stop():
                return False
            position = _fold_in(ctx, coming, seen, options, batch, position, pace)
            progress(position, plan.rows)
    return True


@dataclass(frozen=True, slots=True)
class _Read:
    """A part of the file, read."""

    rows: int
    drafts: list[Draft]
    refused: list[Refused]


class _Coming:
    """The part at hand, while the one after it is being read."""

    def __init__(self, read: Callable[[], Future[_Read]]) -> None:
        self._read = read
        self.part = read().result()
        self._after = read()

    def forward(self) -> None:
        """On to the part after it."""
        self.part = self._after.result()
        self._after = self._read()


def _next(drafter: Drafter, rows: Iterator[Row], size: int) -> _Read:
    """The next rows of the file; none at its end. Read while the database is busy with those before."""
    with unsearched():
        part = list(islice(rows, size))
        read = drafter.read_all(part)
        drafts = [one for one in read if isinstance(one, Draft)]
        return _Read(len(part), drafts, [one for one in read if isinstance(one, Refused)])


def _contacts(drafter: Drafter, rows: Iterator[Row]) -> set[str]:
    """Of the rows that were folded in before the import was interrupted."""
    seen: set[str] = set()
    while (read := _next(drafter, rows, LEAST)).rows:
        seen.update(draft.contact for draft in read.drafts)
    return seen


def _fold_in(
    ctx: Context, coming: _Coming, seen: set[str], options: Options, batch: RowMapping, position: int, pace: Pace,
    tries: int = _TRIES,
) -> int:  # fmt: skip
    """One transaction: the part at hand, and those after it while nobody waits. Gives how far the batch has come."""
    now, real = ctx.clock.engine(), ctx.clock.real()
    author = Author(batch["public_id"], batch["actor"], now, real)
    first, at, shared = coming.part, position, False
    try:
        with unsearched(), ctx.database.write() as conn:
            began = ctx.clock.monotonic()
            make_room(conn)
            while coming.part.rows:
                part = _fold_one(ctx, conn, coming.part, seen, options, batch, author, at)
                at += coming.part.rows
                shared = ctx.database.is_awaited or leases.any_held(conn, ctx.database)
                if not pace.goes_on(ctx.clock.monotonic() - began, shared=shared):
                    break
                seen.update(part.contacts)
                coming.forward()
    except IntegrityError:
        # on PostgreSQL a form may bring the same address at the same moment
        if tries == 1 or coming.part is not first:
            raise
        return _fold_in(ctx, coming, seen, options, batch, position, pace, tries - 1)
    pace.took(at - position, ctx.clock.monotonic() - began, shared=shared)
    if coming.part.rows:
        seen.update(part.contacts)
        coming.forward()
    return at


def _fold_one(
    ctx: Context, conn: Connection, read: _Read, seen: set[str], options: Options, batch: RowMapping, author: Author,
    at: int,
) -> Part:  # fmt: skip
    """Write what a part changes, what of it is refused, and that the batch has come past it."""
    part = _part(ctx, conn, read.drafts, seen, options)
    store.write(conn, ctx.keys, author, part.changes)
    store.add_refusals(conn, batch["id"], read.refused)
    if not store.advance(conn, batch["id"], at, read.rows, part, len(read.refused)):
        raise ConflictError(N_("The same file is being imported by somebody else"))
    return part


def _part(
    ctx: Context, conn: Connection, drafts: list[Draft], seen: set[str], options: Options, ahead: Ahead | None = None
) -> Part:  # fmt: skip
    drafts = _of_winners(conn, drafts)
    emails = list({draft.email for draft in drafts if draft.email})
    phones = list({draft.contact for draft in drafts if not draft.email})
    known = store.leads_with(conn, emails, phones)
    if ahead is not None:
        known = ahead.over(known, emails)
    refusing = {draft.contact: draft for draft in drafts if draft.refuses}
    numbers = {draft.facts["phone"] for draft in drafts if draft.refuses and "phone" in draft.facts}
    numbers |= {number for contact in refusing if contact in known and (number := known[contact].facts["phone"])}
    asked = {Channel.EMAIL: emails, Channel.CALL: numbers, Channel.SMS: numbers}
    blocked = store.blocked(conn, ctx.keys, asked)
    if ahead is None:
        return fold_part(drafts, known, blocked, seen, options)
    part = fold_part(drafts, known, blocked | ahead.blocked, seen, options)
    ahead.add(part)
    return part


def _of_winners(conn: Connection, drafts: list[Draft]) -> list[Draft]:
    """Rows with the address of a lead that was merged are about the one it was merged into."""
    present = winners_of(conn, sorted({draft.email for draft in drafts if draft.email}))
    if not present:
        return drafts
    return [draft._replace(email=present.get(draft.email or "", draft.email)) for draft in drafts]


def _dry_run(
    ctx: Context, sheet: Sheet, plan: Reading, options: Options, progress: Progress, chunk: int
) -> Result:  # fmt: skip
    """Everything but the writing."""
    drafter = Drafter(plan, options)
    total, ahead, refused = Part(), Ahead(), []
    seen: set[str] = set()
    rows, done = sheet.rows(), 0
    while (read := _next(drafter, rows, chunk)).rows:
        refused += read.refused
        with ctx.database.read() as conn:
            part = _part(ctx, conn, read.drafts, seen, options, ahead)
        seen.update(part.contacts)
        total.created += part.created
        total.updated += part.updated
        total.unchanged += part.unchanged
        total.duplicates += part.duplicates
        total.without_consent += part.without_consent
        total.dropped_values += part.dropped_values
        done += read.rows
        progress(done, plan.rows)
    counts = (total.created, total.updated, total.unchanged, total.duplicates, len(refused))
    more_counts = (total.without_consent, total.dropped_values)
    return Result("", "dry_run", False, done, *counts, *more_counts, None, tuple(refused[:_SHOWN]))  # noqa: FBT003


def _refused_file(ctx: Context, batch: RowMapping, sheet: Sheet, plan: Reading) -> Path | None:
    """The rows that were refused, as they stand in the file, to be mended and imported again."""
    with ctx.database.read() as conn:
        refused = store.refusals(conn, batch["id"])
        kept = store.kept_mappings(conn)
    if not refused:
        return None
    path = ctx.settings.data_dir / "imports" / f"{batch['public_id']}-refused.csv"
    names = headers.names_to_write(plan.columns, kept)
    return write_refused(path, table_of(sheet.rows(), names, refused, ctx.settings.language), sheet.delimiter)


def _result(ctx: Context, batch_id: int, state: str, file: Path | None, *, resumed: bool) -> Result:
    with ctx.database.read() as conn:
        batch = store.batch(conn, batch_id)
        refused = store.refusals(conn, batch_id, _SHOWN)
    return Result(
        batch["public_id"], state, resumed, batch["position"], batch["created"], batch["updated"], batch["unchanged"],
        batch["duplicates"], batch["refused"], batch["without_consent"], batch["dropped_values"], file, tuple(refused),
    )  # fmt: skip
