"""The head of an email that is one file."""

import pytest

from nurture.kernel.errors import Problem
from nurture.messages.front_matter import Front, read_front

GOOD = """---
# a note
subject: {{ lead | greeting }}, bảng giá: bản mới
preheader: "Ba trang."

layout: plain
attachments:
  - Bảng giá 2026.pdf
  - "b.csv"
---
# Chào

---
x
"""


def read(text: str) -> tuple[Front, list[Problem]]:
    """The head, and what is wrong with it."""
    problems: list[Problem] = []
    return read_front(text, "hello/vi.md", problems), problems


def test_a_head_is_lines_of_name_and_text() -> None:
    """Nothing has to be quoted; a rule in the body is no end."""
    front, problems = read(GOOD)

    assert not problems
    assert front.subject == "{{ lead | greeting }}, bảng giá: bản mới"
    assert (front.preheader, front.layout) == ("Ba trang.", "plain")
    assert front.attachments == ("Bảng giá 2026.pdf", "b.csv")
    assert front.body == "# Chào\n\n---\nx\n"
    assert front.lines["body"] == 10


def test_attachments_may_stand_in_one_line() -> None:
    """With brackets or without."""
    assert read("---\nsubject: a\nattachments: [a.pdf, b.pdf]\n---\n")[0].attachments == ("a.pdf", "b.pdf")
    assert read("---\nsubject: a\nattachments: a.pdf\n---\n")[0].attachments == ("a.pdf",)


def test_an_attachment_has_no_folder() -> None:
    """Nothing outside of the email's own folder is sent."""
    assert "/" not in read("---\nsubject: a\nattachments: ../../secret.pdf\n---\n")[0].attachments[0]


WRONG = [
    ("Chào", 1, "no head"),
    ("---\nsubject: a\n", 1, "no head"),
    ("---\npreheader: a\n---\n", 1, "There is no subject"),
    ("---\nsubject: a\ntitle: b\n---\n", 3, "cannot be read"),
    ("---\nsubject: a\nsubject: b\n---\n", 3, "cannot be read"),
    ("---\nsubject: a\nnonsense\n---\n", 3, "cannot be read"),
    ("---\nsubject: a\n- x.pdf\n---\n", 3, "cannot be read"),
    ("---\nsubject: a\nlayout: ../x\n---\n", 3, "no layout"),
]


@pytest.mark.parametrize(("text", "line", "said"), WRONG)
def test_what_is_wrong_has_its_line(text: str, line: int, said: str) -> None:
    """In the file."""
    _, problems = read(text)

    assert [problem.line for problem in problems] == [line]
    assert said in problems[0].text()
