"""`nurture bench`: what this installation's machine and this version can do, measured on made-up data."""

import time
from pathlib import Path

import click
from sqlalchemy.exc import SQLAlchemyError

from nurture.bench.growth import SIZES, draw, growth, too_steep
from nurture.bench.kinds import kinds
from nurture.bench.machine import engine_of, machine
from nurture.bench.model import Size
from nurture.bench.place import EMBEDDED, place, server
from nurture.bench.report import Run, header, machine_line, markdown, rows
from nurture.cli.main import main
from nurture.cli.options import json_option
from nurture.cli.output import Status, report, say, table
from nurture.cli.words import LANGUAGE, _
from nurture.kernel.database import Database
from nurture.kernel.errors import NurtureError
from nurture.kernel.i18n import translate

_SQLITE = "sqlite"
_ALL, _GROWTH = "all", "growth"


@main.command(epilog=_("WHAT: %(kinds)s or all.", kinds=", ".join(kinds())))
@click.argument("what", metavar=_("WHAT"), nargs=-1, required=True, type=click.Choice([*kinds(), _GROWTH, _ALL]))
@click.option(
    "--db", "urls", metavar="URL", multiple=True, default=(_SQLITE,), show_default=True,
    help=_("Where to measure, also more than once: sqlite, the address of a PostgreSQL server, on which a database is "
           "made and dropped, or embedded, a server that the tests' environment brings."),
)  # fmt: skip
@click.option("--scale", type=click.FloatRange(0, 10, min_open=True), default=1.0, show_default=True,
              help=_("How large: 1 is what the aims are for, 0.01 a hundredth."))  # fmt: skip
@click.option("--markdown", "page", type=click.Path(dir_okay=False, path_type=Path),
              help=_("Write the tables into this file, too."))  # fmt: skip
@click.option("--svg", "drawn", type=click.Path(file_okay=False, path_type=Path), default=Path(),
              help=_("Of growth: the folder to draw into."))  # fmt: skip
@click.option("--at", "sizes", type=click.IntRange(100, 10_000_000), multiple=True, default=SIZES,
              help=_("Of growth: how many leads, enrollments or mails; also more than once."))  # fmt: skip
@json_option
def bench(
    what: tuple[str, ...], urls: tuple[str, ...], scale: float, page: Path | None, drawn: Path, sizes: tuple[int, ...],
    *, as_json: bool,
) -> None:  # fmt: skip
    """Measure."""
    chosen = list(kinds()) if _ALL in what else [one for one in dict.fromkeys(what) if one != _GROWTH]
    here, runs, failed = machine(), list[Run](), list[str]()
    if not as_json:
        say(machine_line(here, LANGUAGE))
    for url in urls:
        with server("" if url == _SQLITE else url) as address:
            for kind in chosen:
                try:
                    runs.append(_run(kind, address, Size(scale)))
                except (
                    NurtureError,
                    SQLAlchemyError,
                    OSError,
                ) as error:  # the others are worth their time all the same
                    failed.append(kind)
                    say(_("%(kind)s failed: %(error)s", kind=kind, error=str(error)[:1000]), err=True)
                    continue
                if not as_json:
                    _show(runs[-1])
            if _GROWTH in what:
                _grow(url, address, drawn, sizes)
    if page is not None:
        page.write_text(markdown(runs, here, _command(what, urls, scale)), "utf-8")
    report({"machine": here, "scale": scale, "runs": [one.to_json() for one in runs]}, [], as_json=as_json)
    if failed:
        click.get_current_context().exit(Status.FAILED)


def _grow(url: str, address: str, folder: Path, sizes: tuple[int, ...]) -> None:
    engine = "SQLite" if url == _SQLITE else "PostgreSQL"
    curves = growth(address, sorted(set(sizes)), say=lambda line: say(line, err=True))
    for kind, one in curves.items():
        slope = "–" if one.slope is None else f"{one.slope:.2f}"
        say(_("%(kind)s grows with the slope %(slope)s", kind=kind, slope=slope))
    steep = too_steep(curves)
    if steep:
        say(_("Faster than its work grows: %(kinds)s", kinds=", ".join(steep)))
    say(str(draw(curves, folder / f"growth-{engine.lower()}.svg", engine, LANGUAGE)))


def _run(kind: str, address: str, size: Size) -> Run:
    module = kinds()[kind]
    say(_("%(kind)s …", kind=kind), err=True)
    began = time.monotonic()
    with place(address) as here:
        figures = tuple(module.run(here, size))
        database = Database(here.url)
        try:
            name = engine_of(database)
        finally:
            database.close()
    return Run(kind, module.TITLE, name, time.monotonic() - began, figures)


def _show(run: Run) -> None:
    say("")
    say(f"{run.kind} · {run.engine} · {translate(LANGUAGE, run.title)}")
    for line in table(header(LANGUAGE), rows(run.figures, LANGUAGE)):
        say(line)


def _command(what: tuple[str, ...], urls: tuple[str, ...], scale: float) -> str:
    shown = " ".join(f"--db {url if url in {_SQLITE, EMBEDDED} else 'postgresql://…'}" for url in urls)
    return f"nurture bench {' '.join(what)} {shown}{'' if scale == 1 else f' --scale {scale:g}'}"
