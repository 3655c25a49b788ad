"""The one tree of errors. A decision ("not enrolled, because …") is a value, never an error.

NurtureError
├── InputError            what somebody gave is wrong: file, form, argument, YAML
│   ├── SettingsError     NURTURE_* variables that cannot be used, all at once
│   └── DefinitionError   a campaign, segment, template or shared file that cannot be used, all findings at once
├── NotFoundError         there is no such thing (or this person may not know of it)
├── ForbiddenError        this person may not do this
├── ConflictError         somebody else changed it, or its state does not allow it
├── GuardError            a guard of the installation says no (restored copy, loopback links, time-lapse)
└── OutsideError          the world outside failed: relay, disk, database
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding: what is wrong, where, and how to mend it.

    `code` is stable and English; `message` and `mend` are English message ids of the catalog with
    `params` for their %(name)s places. `line` and `column` count from 1; 0 means the whole file.
    """

    code: str
    message: str
    mend: str = ""
    file: str = ""
    line: int = 0
    column: int = 0
    path: str = ""
    severity: str = "error"
    params: tuple[tuple[str, str], ...] = ()

    def place(self) -> str:
        """`file:line:column`, without the parts that are not known."""
        parts = [self.file] if self.file else []
        parts += [str(number) for number in (self.line, self.column) if number]
        return ":".join(parts)

    def text(self) -> str:
        """The finding in one line of English: place, message, mend."""
        values = dict(self.params)
        message = self.message % values if values else self.message
        mend = (self.mend % values if values else self.mend) if self.mend else ""
        place = self.place()
        return (f"{place}: " if place else "") + message + (f" ({mend})" if mend else "")


class NurtureError(Exception):
    """Base of all errors that nurture raises on purpose: a message id of the catalog and what fills its places."""

    def __init__(self, message: str = "", **params: object) -> None:
        self.message = message
        self.params = params
        super().__init__(message % params if params else message)


class InputError(NurtureError):
    """What somebody gave is wrong; `problems` says all of it."""

    def __init__(self, problems: Sequence[Problem] | str) -> None:
        self.problems: tuple[Problem, ...] = (
            (Problem("input", problems),) if isinstance(problems, str) else tuple(problems)
        )
        super().__init__("\n".join(problem.text() for problem in self.problems))


class SettingsError(InputError):
    """Settings that cannot be used."""


class DefinitionError(InputError):
    """A definition (campaign, segment, template, shared file) that cannot be used."""


class NotFoundError(NurtureError):
    """There is no such thing, or this person may not know of it."""


class ForbiddenError(NurtureError):
    """This person may not do this."""


class ConflictError(NurtureError):
    """Somebody else changed it, or its state does not allow it."""


class GuardError(NurtureError):
    """A guard of the installation says no."""


class OutsideError(NurtureError):
    """The world outside failed: relay, disk, database."""
