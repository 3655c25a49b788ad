"""Reading templates_email."""

from pathlib import Path

import pytest

from nurture.kernel.errors import DefinitionError
from nurture.messages.source import LARGEST_FILE, read_library


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with one good email, one layout and one part."""
    write(tmp_path, "hello/vi/subject.txt", "Chào\n")
    write(tmp_path, "hello/vi/body.md", "\ufeffNội dung\r\n")
    write(tmp_path, "_layout/default.html", "[[body]]")
    write(tmp_path, "_parts/button.html", "x")
    write(tmp_path, "_assets/notes.md", "not an email")
    return tmp_path


def write(root: Path, name: str, text: str) -> None:
    """A file of the folder."""
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text, "utf-8", newline="")


def problems(root: Path) -> list[str]:
    """What is wrong with the folder."""
    with pytest.raises(DefinitionError) as caught:
        read_library(root)
    return [problem.text() for problem in caught.value.problems]


def test_an_email_is_a_folder_for_each_language(root: Path) -> None:
    """With line ends and byte order marks made even."""
    library = read_library(root)

    (source,) = library.sources
    assert (source.key, source.language, source.subject, source.preheader) == ("hello", "vi", "Chào", "")
    assert (source.body, source.body_kind, source.text) == ("Nội dung\n", "md", None)
    assert source.file("body.md") == "hello/vi/body.md"
    assert library.shared.layouts == {"default.html": "[[body]]"}
    assert library.shared.parts == {"button.html": "x"}


def test_where_it_was_found_is_not_part_of_what_is_stored(root: Path) -> None:
    """A moved folder is no new revision."""
    (source,) = read_library(root).sources

    assert "folder" not in source.to_json()


def test_all_that_is_wrong_is_said_at_once(root: Path) -> None:
    """With the file of each."""
    write(root, "hello/vi/body.html", "two")
    write(root, "hello/vi/note.txt", "x")
    write(root, "hello/fr/subject.txt", "Bonjour")
    write(root, "Bad Name/vi/subject.txt", "x")
    write(root, "empty/.keep", "")
    write(root, "bare/en/preheader.txt", "x")

    assert sorted(line.split(" (")[0] for line in problems(root)) == [
        "Bad Name: The folder’s name cannot be the key of an email",
        "bare/en: There is no body",
        "bare/en: There is no subject",
        "empty: The email has no language",
        "hello/fr: The folder is named for no language we write",
        "hello/vi/note.txt: This file belongs to no email",
        "hello/vi: There are two bodies",
    ]


@pytest.mark.parametrize("raw", [b"\xff\xfe\xff", b"a" * (LARGEST_FILE + 1)], ids=["not text", "too large"])
def test_a_file_that_cannot_be_read_is_named(root: Path, raw: bytes) -> None:
    """It never takes the others along."""
    (root / "hello/vi/body.md").write_bytes(raw)

    (finding,) = problems(root)
    assert finding.startswith("hello/vi/body.md: The email’s file cannot be read")
