"""What runs, what waits, and what of it does not hold: the same looks as every minute, taken now."""

import contextlib
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from sqlalchemy.exc import SQLAlchemyError

from nurture.bootstrap import build, is_prepared
from nurture.cli.examinations import Place
from nurture.cli.words import LANGUAGE
from nurture.engine import health, health_store, health_words
from nurture.engine.invariants import LEAST_SPACE, SPACE, Grade, Invariant, Seen, judge
from nurture.engine.presence import is_writable
from nurture.kernel.errors import NurtureError
from nurture.kernel.findings import Finding, Level, Section
from nurture.kernel.i18n import N_

_S = Section("running")
_DISK = Section("disk")
# What is found by samples, or takes long to look at.
_SAMPLED = frozenset(
    {Invariant.STATES.value, Invariant.SCORES.value, Invariant.BROADCASTS.value, Invariant.PARTITIONS.value}
)
_LAGS = {
    Invariant.MAIL: N_("The oldest email that is due has waited for %(span)s"),
    Invariant.HITS: N_("The oldest open or click to be judged has waited for %(span)s"),
    Invariant.REACTIONS: N_("The oldest activity to be reacted to has waited for %(span)s"),
    Invariant.CALLS: N_("The oldest webhook or text message that is due has waited for %(span)s"),
}


def examine(place: Place) -> Iterator[Finding]:
    """All of it; nothing when the database does not answer, which is said there."""
    try:
        if not is_prepared(place.settings):
            yield _S.ok(N_("Nothing has run here yet"))
            return
        ctx = build(place.settings)
    except (SQLAlchemyError, NurtureError, OSError) as error:
        yield _S.warning(N_("It cannot be seen what runs (%(error)s)"), N_("mend what stands above, then try again"),
                         error=type(error).__name__)  # fmt: skip
        return
    with contextlib.closing(ctx.database), ctx.database.snapshot() as conn:
        at = health.times(ctx, conn)
        seen = health.measure(ctx, conn, at)
        count, seconds = health_store.orphans(conn, at)
        kept = health.findings(conn)
    if not seen.processes and (seen.ticked is None or seen.ticked > 60):
        yield _S.warning(N_("Nothing runs"), N_("start it: nurture up; or nurture web, clock and worker"))
    else:
        yield from _processes(seen)
        yield from _wrong(seen, count, seconds, kept)
    for kind, text in _LAGS.items():
        if kind in seen.lags:
            yield _S.ok(text, span=health_words.span(seen.lags[kind], LANGUAGE))


def _processes(seen: Seen) -> Iterator[Finding]:
    for one in seen.processes:
        roles = " ".join(sorted(one.roles))
        yield _S.ok(N_("%(place)s runs: %(roles)s (nurture %(version)s)"), one.place, place=one.place, roles=roles,
                    version=one.version)  # fmt: skip
    if len({one.version for one in seen.processes}) > 1:
        yield _S.warning(N_("Processes of several versions run side by side"), N_("bring the others up to date soon"))


def _wrong(seen: Seen, orphans: int, orphaned: float, kept: Sequence[health.Finding]) -> Iterator[Finding]:
    """As of now; then what the clock has found in its samples and nobody has found over."""
    found = judge(replace(seen, orphans=orphans, orphaned=orphaned))
    known = {(one.invariant.value, one.subject) for one in found}
    for one in found:
        yield _said(one.invariant.value, one.subject, one.detail, one.grade)
    for old in kept:
        if old.key in _SAMPLED and (old.key, old.subject) not in known:
            yield _said(old.key, old.subject, old.detail, Grade.WRONG)


def _said(key: str, subject: str, detail: Mapping[str, float], grade: Grade) -> Finding:
    level = Level.WRONG if grade is Grade.WRONG else Level.WARNING
    params = {
        "said": health_words.broken(key, subject, detail, LANGUAGE), "mend": health_words.mend(key, LANGUAGE),
    }  # fmt: skip
    return Finding(_S.key, level, "%(said)s", subject, "%(mend)s", params)


def disk(place: Place) -> Iterator[Finding]:
    """Room beside the data, and whether journals can be written."""
    folder = place.settings.data_dir
    if not folder.is_dir():
        yield _DISK.ok(N_("There is no data folder yet: %(folder)s"), str(folder), folder=folder)
        return
    if not is_writable(folder):
        yield _DISK.wrong(
            N_("%(folder)s cannot be written: no journal, no mail"),
            N_("let the user that runs nurture write there; is the disk full or read-only?"), str(folder),
            folder=folder,
        )  # fmt: skip
    free = shutil.disk_usage(folder).free
    text, params = N_("%(size)s free at %(folder)s"), {"size": health_words.size(free, LANGUAGE), "folder": folder}
    if free >= SPACE:
        yield _DISK.ok(text, str(folder), **params)
        return
    make = _DISK.wrong if free < LEAST_SPACE else _DISK.warning
    yield make(text, N_("make room, or move the data; when the disk is full nothing is sent"), str(folder), **params)
