"""click speaks the terminal's language: every word of its own stands in the Vietnamese catalog."""

import ast
import inspect
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from nurture.cli.words import SPEAKING
from nurture.kernel.i18n import LOCALE

# What only a programmer reads: parameters declared wrongly.
FOR_PROGRAMMERS = (
    "Could not determine name", "No options defined", "Arguments take exactly one", "Name '{name}' defined twice",
    "Boolean option", "Invalid start character", "Unknown color", "Unknown standard stream", "Takes {nargs}",
)  # fmt: skip


def _said() -> Iterator[str]:
    """The message ids in click's modules."""
    for module in SPEAKING:
        for node in ast.walk(ast.parse(inspect.getsource(module))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"_", "ngettext"}:
                first = node.args[0]
                if isinstance(first, ast.Constant) and not str(first.value).startswith(FOR_PROGRAMMERS):
                    yield str(first.value)


def test_every_word_of_click_has_a_vietnamese_entry() -> None:
    """An upgrade that says more is noticed here."""
    with (LOCALE / "vi" / "click.po").open("rb") as file:
        entries = {one.id if isinstance(one.id, str) else one.id[0] for one in read_po(file, locale="vi") if one.string}
    said = set(_said())
    assert "Usage:" in said
    assert sorted(said - entries) == []


def _run(tmp_path: Path, *arguments: str) -> tuple[int, str]:
    env = {"NURTURE_LANGUAGE": "vi", "NURTURE_DATA_DIR": str(tmp_path), "PYTHONUTF8": "1", "COLUMNS": "100"}
    command = [sys.executable, "-m", "nurture", *arguments]
    done = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["keys", "--help"], 0, ["Cách dùng: ", "[TÙY CHỌN] LỆNH [THAM SỐ] …", "Tùy chọn:", "Các lệnh:", "trợ giúp"]),
        (["leads", "import"], 2, ["Lỗi: Thiếu tham số 'TỆP'.", "Xem trợ giúp:"]),
        (["keys", "--jason"], 2, ["Lỗi: Không có tùy chọn '--jason'."]),
        (
            ["users", "add", "a@example.com", "--role", "boss"],
            2,
            ["'--role' không hợp lệ: 'boss' không phải một trong"],
        ),
        (["plan", "--campaigns", "nowhere"], 2, ["không hợp lệ: Không có 'nowhere'."]),
    ],
    ids=["help", "missing argument", "no such option", "invalid value", "no such folder"],
)
def test_click_speaks_vietnamese(arguments: list[str], status: int, said: list[str], tmp_path: Path) -> None:
    """Its headings and its errors, beside texts of our own."""
    code, output = _run(tmp_path, *arguments)
    assert code == status, output
    assert [text for text in said if text not in output] == []
    assert "Usage" not in output
    assert "Error" not in output
