"""Reading templates_email."""

from pathlib import Path

import pytest

from nurture.kernel.errors import DefinitionError, Problem
from nurture.messages.model import Attachment
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


@pytest.mark.parametrize(
    "raw", [b"\xff\xfe\xff", b"a" * (LARGEST_FILE + 1), b"a\0"], ids=["not text", "too large", "NUL"]
)
def test_a_file_that_cannot_be_read_is_named(root: Path, raw: bytes) -> None:
    """It never takes the others along."""
    (root / "hello/vi/body.md").write_bytes(raw)

    (finding,) = problems(root)
    assert finding.startswith("hello/vi/body.md: The email’s file cannot be read")


def test_a_language_may_be_one_file(root: Path) -> None:
    """With its subject in front matter, and its attachments beside it."""
    head = "subject: {{ lead | greeting }}\nlayout: plain\nattachments: Bảng giá.txt"
    write(root, "thanks/vi.md", f"---\n{head}\n---\n# Chào\n")
    write(root, "thanks/attachments/Bảng giá.txt", "1.000 đ")

    (_, source) = read_library(root).sources
    assert (source.key, source.language, source.subject) == ("thanks", "vi", "{{ lead | greeting }}")
    assert (source.layout, source.body, source.body_kind) == ("plain", "# Chào\n", "md")
    assert source.body_file == "thanks/vi.md"
    assert [one.name for one in source.attachments] == ["Bảng giá.txt"]


@pytest.mark.parametrize(("name", "kind"), [("body.mjml", "mjml"), ("body.txt", "txt"), ("body.html", "html")])
def test_a_body_has_a_kind(root: Path, name: str, kind: str) -> None:
    """A text alone is an email of text."""
    (root / "hello/vi/body.md").unlink()
    write(root, f"hello/vi/{name}", "x")

    (source,) = read_library(root).sources
    assert (source.body, source.body_kind, source.text) == ("x", kind, None)


def test_what_stands_in_attachments_goes_with_the_email(root: Path) -> None:
    """In the order of the names; the revision keeps what names the bytes, not the bytes."""
    write(root, "hello/vi/attachments/b.csv", "x")
    write(root, "hello/vi/attachments/a.txt", "y")

    (source,) = read_library(root).sources
    assert [one.name for one in source.attachments] == ["a.txt", "b.csv"]
    assert [set(one) for one in source.to_json()["attachments"]] == [{"name", "media_type", "hash", "size"}] * 2


def test_images_are_read_and_judged_when_they_are_shown(root: Path) -> None:
    """A drawing beside them harms nobody."""
    (root / "_assets/logo.png").write_bytes(b"\x89PNG\r\n\x1a\n1")

    assets = read_library(root).shared.assets
    assert isinstance(assets["logo.png"], Attachment)
    assert isinstance(assets["notes.md"], Problem)


def test_what_is_wrong_with_the_new_forms_is_said(root: Path) -> None:
    """With the file of each."""
    write(root, "hello/vi/attachments/run.exe", "MZ")
    write(root, "hello/vi.md", "---\nsubject: a\n---\n")
    write(root, "two/xx.md", "---\nsubject: a\n---\n")
    write(root, "two/en.md", "Hello")
    write(root, "two/vi.md", "---\nsubject: a\nattachments: gone.pdf\n---\n")
    write(root, "two/note.txt", "x")

    assert sorted(line.split(" (")[0] for line in problems(root)) == [
        "hello/vi/attachments/run.exe: Files of this kind cannot go with an email",
        "hello/vi: The language is there twice, as a folder and as a file",
        "two/attachments/gone.pdf: There is no such file",
        "two/en.md:1: The file has no head with a subject",
        "two/note.txt: This file belongs to no email",
        "two/xx.md: The folder is named for no language we write",
    ]
