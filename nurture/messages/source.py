"""Reads emails as people write them: `templates_email/<email>/<language>/`, `_layout/`, `_parts/`, `_assets/`.

A folder holds subject.txt, preheader.txt (may be absent), one body (body.html, body.mjml or body.md; body.txt alone is
an email of text), body.txt if the text part is written by hand, and `attachments/`. Or the language is one file,
`<email>/<language>.md`, with its subject and the rest in front matter. Reads files; decides nothing about what stands
in them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from nurture.kernel.errors import DefinitionError, Problem
from nurture.kernel.i18n import LANGUAGES, N_
from nurture.kernel.text import is_key
from nurture.messages import files
from nurture.messages.front_matter import Front, read_front
from nurture.messages.model import Attachment

LARGEST_FILE = 200_000  # bytes
LARGEST_ASSETS = 100_000_000  # bytes of all images of a house
_BODIES = ("body.html", "body.mjml", "body.md")
_FILES = ("subject.txt", "preheader.txt", *_BODIES, "body.txt")
ATTACHMENTS = "attachments"
_SHARED_KINDS = {".html", ".mjml", ".txt"}
_NOT_STORED = {"folder", "single", "lines", "attachments", "assets"}


@dataclass(frozen=True, slots=True)
class Source:
    """One email in one language as written. `body_kind` is `html`, `mjml`, `md` or `txt` (text only).

    `text` is the text part when it was written by hand. `layout` is named in front matter, else in the body.
    """

    key: str
    language: str
    subject: str
    preheader: str
    body: str
    body_kind: str
    text: str | None = None
    folder: str = ""  # for messages about it; the file itself, when it is one
    layout: str = ""
    single: bool = False  # one file with front matter
    lines: Mapping[str, int] = field(default_factory=dict)  # how many lines stand above a part of one file
    attachments: tuple[Attachment, ...] = ()
    assets: tuple[Attachment, ...] = ()  # the images it shows, known when it is compiled

    def file(self, name: str) -> str:
        """How a file of it is named in findings."""
        if self.single:
            return self.folder
        return f"{self.folder}/{name}" if self.folder else name

    @property
    def body_file(self) -> str:
        """The file that holds the body."""
        return self.file(f"body.{self.body_kind}")

    def to_json(self) -> dict[str, Any]:
        """As plain data, without where it was found; of attachments what names their bytes."""
        plain = {name: getattr(self, name) for name in self.__slots__ if name not in _NOT_STORED}
        return {**plain, "attachments": [asdict(one.ref) for one in self.attachments]}


@dataclass(frozen=True, slots=True)
class Shared:
    """Layouts and parts by file name: `default.html`, `button.html`, `unsubscribe.vi.html`, `default.txt`.

    Images by their name, or what is wrong with them, which matters to emails that show them.
    """

    layouts: Mapping[str, str] = field(default_factory=dict)
    parts: Mapping[str, str] = field(default_factory=dict)
    assets: Mapping[str, Attachment | Problem] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Library:
    """Everything of one templates_email folder."""

    sources: tuple[Source, ...]
    shared: Shared


def read_library(root: Path) -> Library:
    """All emails of the folder. DefinitionError names every problem at once."""
    problems: list[Problem] = []
    shared = Shared(
        _shared(root / "_layout", problems), _shared(root / "_parts", problems), _assets(root / "_assets", problems)
    )
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
    found = sorted(p for p in folder.iterdir() if p.suffix in _SHARED_KINDS)
    return {path.name: _read(path, f"{folder.name}/{path.name}", problems) for path in found}


def _assets(folder: Path, problems: list[Problem]) -> dict[str, Attachment | Problem]:
    """The images by name."""
    found: dict[str, Attachment | Problem] = {}
    room = LARGEST_ASSETS
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.is_file() and not path.name.startswith("."):
            data = _bytes(path, files.LARGEST_ASSET)
            room -= len(data)
            found[path.name] = files.asset(path.name, data, f"{folder.name}/{path.name}")
    if room < 0:
        params = (("largest", str(LARGEST_ASSETS)),)
        message = N_("The images are more than %(largest)s bytes together")
        problems.append(Problem("large_assets", message, N_("Remove some"), folder.name, params=params))
    return found


def _bytes(path: Path, largest: int) -> bytes:
    """The file, cut behind what is too large."""
    try:
        with path.open("rb") as file:
            return file.read(largest + 1)
    except OSError:
        return b""  # which is no image


def _email(folder: Path, root: Path, problems: list[Problem]) -> list[Source]:
    shown = folder.relative_to(root).as_posix()
    if not is_key(folder.name):
        problems.append(Problem("bad_key", N_("The folder’s name cannot be the key of an email"), _KEY_MEND, shown))
        return []
    entries = sorted(p for p in folder.iterdir() if not p.name.startswith("."))
    languages = [p for p in entries if (p.is_dir() and p.name != ATTACHMENTS) or p.suffix == ".md"]
    problems += [_unknown(f"{shown}/{p.name}") for p in entries if p.is_file() and p.suffix != ".md"]
    if not languages:
        mend = N_("Add a folder for each language: vi, en")
        problems.append(Problem("no_language", N_("The email has no language"), mend, shown))
    found = [_language(one, shown, folder.name, problems) for one in languages]
    return [source for source in found if source is not None]


_KEY_MEND = N_("Use a-z, 0-9, _ and -")


def _unknown(shown: str) -> Problem:
    return Problem("unknown_file", N_("This file belongs to no email"), N_("Remove it, or mend its name"), shown)


def _language(place: Path, email: str, key: str, problems: list[Problem]) -> Source | None:
    shown, name = f"{email}/{place.name}", place.name if place.is_dir() else place.stem
    if name not in LANGUAGES:
        names = (("languages", ", ".join(LANGUAGES)),)
        message = N_("The folder is named for no language we write")
        problems.append(Problem("bad_language", message, N_("One of %(languages)s"), shown, params=names))
        return None
    before = len(problems)
    if place.is_file():
        source = _one_file(place, shown, key, problems)
    else:
        if place.with_suffix(".md").is_file():
            message = N_("The language is there twice, as a folder and as a file")
            problems.append(Problem("body", message, N_("Keep one of them"), shown))
        source = _folder(place, shown, key, problems)
    return source if len(problems) == before else None


def _one_file(path: Path, shown: str, key: str, problems: list[Problem]) -> Source | None:
    """An email that is one file with front matter."""
    before = len(problems)
    text = _read(path, shown, problems)
    front = read_front(text, shown, problems) if len(problems) == before else Front()
    held = path.parent / ATTACHMENTS
    attached = _attached([held / name for name in front.attachments], f"{path.parent.name}/{ATTACHMENTS}", problems)
    return Source(
        key, path.stem, front.subject, front.preheader, front.body, "md", None, shown, front.layout,
        single=True, lines=front.lines, attachments=attached,
    )  # fmt: skip


def _folder(folder: Path, shown: str, key: str, problems: list[Problem]) -> Source | None:
    """An email that is a folder of files."""
    before = len(problems)
    problems += [
        _unknown(f"{shown}/{p.name}")
        for p in sorted(folder.iterdir())
        if p.name not in _FILES and not p.name.startswith(".") and not (p.name == ATTACHMENTS and p.is_dir())
    ]
    bodies = [name for name in _BODIES if (folder / name).is_file()]
    if len(bodies) > 1 or (not bodies and not (folder / "body.txt").is_file()):
        message = N_("There is no body") if not bodies else N_("There are two bodies")
        mend = N_("Keep one of body.html, body.mjml, body.md and, for an email of text only, body.txt")
        problems.append(Problem("body", message, mend, shown))
    if not (folder / "subject.txt").is_file():
        problems.append(Problem("no_subject", N_("There is no subject"), N_("Write it into subject.txt"), shown))
    texts = {name: _read(folder / name, f"{shown}/{name}", problems) for name in _FILES if (folder / name).is_file()}
    held = folder / ATTACHMENTS
    paths = sorted(p for p in held.iterdir() if not p.name.startswith(".")) if held.is_dir() else []
    attached = _attached(paths, f"{shown}/{ATTACHMENTS}", problems)
    if len(problems) > before:
        return None
    body = bodies[0] if bodies else "body.txt"
    return Source(
        key, folder.name, texts["subject.txt"].strip(), texts.get("preheader.txt", "").strip(), texts[body],
        body.removeprefix("body."), texts.get("body.txt") if bodies else None, shown, attachments=attached,
    )  # fmt: skip


def _attached(paths: Sequence[Path], shown: str, problems: list[Problem]) -> tuple[Attachment, ...]:
    """These files, as what goes with an email."""
    found: list[Attachment] = []
    for path in paths[: files.MOST_ATTACHMENTS + 1]:
        file = f"{shown}/{path.name}"
        if not path.is_file():
            problems.append(Problem("no_attachment", N_("There is no such file"), N_("Put it there"), file))
            continue
        one = files.attachment(path.name, _bytes(path, files.LARGEST_ATTACHMENT), file)
        if isinstance(one, Problem):
            problems.append(one)
        else:
            found.append(one)
    large = files.too_much(found, shown)
    if large is not None:
        problems.append(large)
    return tuple(found)


def _read(path: Path, shown: str, problems: list[Problem]) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST_FILE + 1)
        if len(raw) > LARGEST_FILE:
            raise ValueError(f"{len(raw)} bytes; {LARGEST_FILE} are allowed")
        if b"\0" in raw:
            raise ValueError("NUL has no place in text")
        return raw.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except (OSError, ValueError) as error:
        params = (("error", str(error)),)
        problems.append(
            Problem("unreadable", N_("The email’s file cannot be read: %(error)s"), "", shown, params=params)
        )
        return ""
