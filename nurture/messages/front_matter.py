"""Reads the head of an email that is one file: lines of `name: text` between two lines of `---`. Pure.

    ---
    subject: {{ lead | greeting }}, tài liệu của {{ lead.honorific or "anh/chị" }}
    preheader: Ba trang, đọc trong năm phút.
    layout: plain
    attachments:
      - Bảng giá 2026.pdf
    ---

Not YAML, in which a text that begins with `{{` would have to be quoted; quotes around a whole text are taken off.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

from nurture.kernel.errors import Problem
from nurture.kernel.i18n import N_
from nurture.kernel.text import is_key

FENCE = "---"
_LINE = re.compile(r"([a-z_]+)[ \t]*:[ \t]*(.*)")
_ITEM = re.compile(r"[ \t]*-[ \t]+(.+)")
_NAMES = ("subject", "preheader", "layout", "attachments")
_WRITE = N_("Begin the file with a line of ---, subject: …, and a line of ---")


@dataclass(frozen=True, slots=True)
class Front:
    """What the head says, and the body behind it. `lines`: how many lines of the file stand above each part."""

    subject: str = ""
    preheader: str = ""
    layout: str = ""
    attachments: tuple[str, ...] = ()
    body: str = ""
    lines: Mapping[str, int] = field(default_factory=dict)


def read_front(text: str, file: str, problems: list[Problem]) -> Front:
    """Head and body of the file; what is wrong with the head gathers in `problems`."""
    rows = text.split("\n")
    end = next((number for number, row in enumerate(rows) if number and row.rstrip() == FENCE), 0)
    if rows[0].rstrip() != FENCE or not end:
        problems.append(Problem("no_front_matter", N_("The file has no head with a subject"), _WRITE, file, 1))
        return Front()
    head = _Head(file, problems)
    for number in range(1, end):
        head.read(rows[number], number)
    if not head.texts.get("subject"):
        problems.append(Problem("no_subject", N_("There is no subject"), _WRITE, file, 1))
    layout = head.texts.get("layout", "")
    if layout and not is_key(layout):
        message, mend = N_("There is no layout “%(name)s”"), N_("Name a file of _layout")
        line = head.lines["layout"] + 1
        problems.append(Problem("no_layout", message, mend, file, line, params=(("name", layout),)))
    return Front(
        head.texts.get("subject", ""), head.texts.get("preheader", ""), layout, tuple(head.attachments),
        "\n".join(rows[end + 1 :]), {**head.lines, "body": end + 1},
    )  # fmt: skip


@dataclass(slots=True)
class _Head:
    """The lines read so far."""

    file: str
    problems: list[Problem]
    texts: dict[str, str] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    attachments: list[str] = field(default_factory=list)
    listing: bool = False

    def read(self, row: str, number: int) -> None:
        """One line more; `number` lines stand above it."""
        item, line = _ITEM.fullmatch(row), _LINE.fullmatch(row.rstrip())
        if not row.strip() or row.lstrip().startswith("#"):
            return
        if item and self.listing:
            self.attachments.append(_name(item[1]))
        elif line is None or line[1] not in _NAMES or line[1] in self.lines:
            params = (("known", ", ".join(_NAMES)),)
            message = N_("This line of the head cannot be read")
            mend = N_("Write name: text, each once, of %(known)s")
            self.problems.append(Problem("bad_front_matter", message, mend, self.file, number + 1, params=params))
        else:
            self._take(line[1], line[2].strip(), number)

    def _take(self, name: str, text: str, number: int) -> None:
        self.lines[name], self.listing = number, name == "attachments"
        if self.listing:
            self.attachments += [_name(one) for one in text.strip("[]").split(",") if one.strip()]
        else:
            self.texts[name] = _unquoted(text)


def _name(text: str) -> str:
    """A file's name without a folder: what is attached stands in one place."""
    return unicodedata.normalize("NFC", _unquoted(text.strip())).replace("/", "\u2215").replace("\\", "\u2216")


def _unquoted(text: str) -> str:
    quoted = len(text) > 1 and text[0] == text[-1] and text[0] in {'"', "'"}
    return text[1:-1] if quoted and text[0] not in text[1:-1] else text
