"""Reads emails as people write them: `templates_email/<email>/<language>/`, `_layout/`, `_parts/`.

A folder holds subject.txt, preheader.txt (may be absent), body.html or body.md, and body.txt if the text part is
written by hand. Reads files; decides nothing about what stands in them.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from nurture.kernel.errors import DefinitionError, Problem
from nurture.kernel.i18n import LANGUAGES, N_
from nurture.kernel.text import is_key

LARGEST_FILE = 200_000  # bytes
_BODIES = ("body.html", "body.md")
_FILES = ("subject.txt", "preheader.txt", *_BODIES, "body.txt")


@dataclass(frozen=True, slots=True)
class Source:
    """One email in one language as written. `body_kind` is `html` or `md`; `text` is None when not hand-written."""

    key: str
    language: str
    subject: str
    preheader: str
    body: str
    body_kind: str
    text: str | None = None
    folder: str = ""  # for messages about it

    def file(self, name: str) -> str:
        """How a file of it is named in findings."""
        return f"{self.folder}/{name}" if self.folder else name

    def to_json(self) -> dict[str, Any]:
        """As plain data, without where it was found."""
        return {name: value for name, value in asdict(self).items() if name != "folder"}


@dataclass(frozen=True, slots=True)
class Shared:
    """Layouts and parts by file name: `default.html`, `button.html`, `unsubscribe.vi.html`, `default.txt`."""

    layouts: Mapping[str, str] = field(default_factory=dict)
    parts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Library:
    """Everything of one templates_email folder."""

    sources: tuple[Source, ...]
    shared: Shared


def read_library(root: Path) -> Library:
    """All emails of the folder. DefinitionError names every problem at once."""
    problems: list[Problem] = []
    shared = Shared(_shared(root / "_layout", problems), _shared(root / "_parts", problems))
    sources = [
        source
        for email in sorted(p for p in root.iterdir() if p.is_dir() and not p.name.startswith(("_", ".")))
        for source in _email(email, root, problems)
    ]
    if problems:
        raise DefinitionError(problems)
    return Library(tuple(sources), shared)


def _shared(folder: Path, problems: list[Problem]) -> dict[str, str]:
    if not folder.is_dir():
        return {}
    files = sorted(p for p in folder.iterdir() if p.suffix in {".html", ".txt"})
    return {path.name: _read(path, f"{folder.name}/{path.name}", problems) for path in files}


def _email(folder: Path, root: Path, problems: list[Problem]) -> list[Source]:
    shown = folder.relative_to(root).as_posix()
    if not is_key(folder.name):
        problems.append(Problem("bad_key", N_("The folder’s name cannot be the key of an email"), _KEY_MEND, shown))
        return []
    languages = sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))
    if not languages:
        mend = N_("Add a folder for each language: vi, en")
        problems.append(Problem("no_language", N_("The email has no language"), mend, shown))
    found = [_language(one, f"{shown}/{one.name}", folder.name, problems) for one in languages]
    return [source for source in found if source is not None]


_KEY_MEND = N_("Use a-z, 0-9, _ and -")


def _language(folder: Path, shown: str, key: str, problems: list[Problem]) -> Source | None:
    before = len(problems)
    if folder.name not in LANGUAGES:
        names = (("languages", ", ".join(LANGUAGES)),)
        message = N_("The folder is named for no language we write")
        problems.append(Problem("bad_language", message, N_("One of %(languages)s"), shown, params=names))
        return None
    problems += [
        Problem(
            "unknown_file", N_("This file belongs to no email"), N_("Remove it, or mend its name"), f"{shown}/{p.name}"
        )
        for p in sorted(folder.iterdir())
        if p.name not in _FILES and not p.name.startswith(".")
    ]
    bodies = [name for name in _BODIES if (folder / name).is_file()]
    if len(bodies) != 1:
        message = N_("There is no body") if not bodies else N_("There are two bodies")
        problems.append(Problem("body", message, N_("Keep one of body.html and body.md"), shown))
    if not (folder / "subject.txt").is_file():
        problems.append(Problem("no_subject", N_("There is no subject"), N_("Write it into subject.txt"), shown))
    texts = {name: _read(folder / name, f"{shown}/{name}", problems) for name in _FILES if (folder / name).is_file()}
    if len(problems) > before:
        return None
    return Source(
        key,
        folder.name,
        texts["subject.txt"].strip(),
        texts.get("preheader.txt", "").strip(),
        texts[bodies[0]],
        bodies[0].removeprefix("body."),
        texts.get("body.txt"),
        shown,
    )


def _read(path: Path, shown: str, problems: list[Problem]) -> str:
    try:
        raw = path.read_bytes()
        if len(raw) > LARGEST_FILE:
            raise ValueError(f"{len(raw)} bytes; {LARGEST_FILE} are allowed")
        return raw.decode("utf-8-sig").replace("\r\n", "\n")
    except (OSError, ValueError) as error:
        params = (("error", str(error)),)
        problems.append(
            Problem("unreadable", N_("The email’s file cannot be read: %(error)s"), "", shown, params=params)
        )
        return ""
