"""How commands speak: to people in lines and tables, to scripts in JSON, and in exit statuses.

0 done; 1 done with refusals or findings (rows refused, errors in definition files whichever command meets them, a no to
its question); 2 wrong use (of an option, argument or setting); 3 failed.
"""

import json
import sys
import unicodedata
from collections.abc import Sequence
from datetime import date, datetime
from enum import IntEnum
from typing import Any
from zoneinfo import ZoneInfo

import click

from nurture.cli.words import LANGUAGE, _
from nurture.kernel.errors import DefinitionError, InputError, NurtureError, Problem
from nurture.kernel.i18n import translate
from nurture.kernel.spans import in_words
from nurture.kernel.text import fold

_YES = frozenset({"y", "yes", "c", "co"})  # in either language, whichever is asked in


class Status(IntEnum):
    """What a command's exit status says."""

    DONE = 0
    FINDINGS = 1
    WRONG_USE = 2
    FAILED = 3


def say(text: str = "", *, err: bool = False) -> None:
    """One line for a person."""
    click.echo(text, err=err)


def report(data: Any, lines: Sequence[str], *, as_json: bool) -> None:
    """The same result for a script or for a person."""
    if as_json:
        click.echo(json.dumps(data, ensure_ascii=False, default=str))
    else:
        for line in lines:
            click.echo(line)


def _width(text: str) -> int:
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    """Rows in columns as wide as their longest cell; numbers to the right."""
    cells = [[str(cell) for cell in row] for row in rows]
    widths = [max([_width(head), *(_width(row[i]) for row in cells)]) for i, head in enumerate(header)]
    numbers = [bool(rows) and all(isinstance(row[i], int | float) for row in rows) for i in range(len(header))]

    def line(row: Sequence[str]) -> str:
        parts = [
            " " * (width - _width(cell)) + cell if number else cell + " " * (width - _width(cell))
            for cell, width, number in zip(row, widths, numbers, strict=True)
        ]
        return "  ".join(parts).rstrip()

    return [line(list(header)), line(["-" * width for width in widths]), *(line(row) for row in cells)]


def day(one: date) -> str:
    """`23/11/2026` or `2026-11-23`."""
    return f"{one:{'%d/%m/%Y' if LANGUAGE == 'vi' else '%Y-%m-%d'}}"


def instant(at: datetime, zone: ZoneInfo) -> str:
    """`23/11/2026 08:00` or `2026-11-23 08:00`, in the house's zone."""
    return f"{at.astimezone(zone):{'%d/%m/%Y %H:%M' if LANGUAGE == 'vi' else '%Y-%m-%d %H:%M'}}"


def due(at: datetime, now: datetime, zone: ZoneInfo) -> str:
    """`2026-11-23 08:00, in 3 hours 20 minutes`; what is due already is due now."""
    if at <= now:
        return _("now")
    return _("%(at)s, in %(span)s", at=instant(at, zone), span=in_words(at - now, LANGUAGE))


def problem_line(problem: Problem) -> str:
    """A finding in the terminal's language: place, message, mend."""
    params = dict(problem.params)
    message = translate(LANGUAGE, problem.message, **params)
    mend = translate(LANGUAGE, problem.mend, **params) if problem.mend else ""
    place = problem.place()
    return (f"{place}: " if place else "") + message + (f"\n    → {mend}" if mend else "")


def problem_data(problem: Problem) -> dict[str, object]:
    """A finding for a script."""
    return {
        "code": problem.code,
        "severity": problem.severity,
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
        "path": problem.path,
        "message": problem.text(),
        "mend": problem.mend % dict(problem.params) if problem.params and problem.mend else problem.mend,
    }


def fail(error: NurtureError) -> Status:
    """Say what went wrong on stderr; gives the exit status."""
    if isinstance(error, InputError):
        for problem in error.problems:
            say(problem_line(problem), err=True)
        return Status.FINDINGS if isinstance(error, DefinitionError) else Status.WRONG_USE
    say(_("Error: %(error)s", error=_(error.message, **error.params)), err=True)
    return Status.FAILED


def interactive() -> bool:
    """Whether a person sits at the other end."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def confirm(question: str, undone: str) -> None:
    """Go on only after a yes; `undone` says what a no leaves undone.

    InputError where nobody can be asked. The command must take --yes.
    """
    ctx = click.get_current_context()
    if not interactive():
        nobody = _("This is no terminal, so nobody can be asked.")
        mend = _("type the command with --yes: %(command)s --yes", command=ctx.command_path)
        raise InputError([Problem("nobody_to_ask", f"{undone} {nobody}", mend)])
    try:
        said = click.prompt(f"{question} [{_('y/N')}]", default="", show_default=False, err=True)
    except click.Abort:
        said = ""
    if fold(said) not in _YES:
        say(undone, err=True)
        ctx.exit(Status.FINDINGS)
