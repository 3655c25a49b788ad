"""How figures are told."""

from nurture.bench.model import Figure, Part
from nurture.bench.report import Run, markdown, measured, rows


def test_numbers_have_the_form_of_the_language() -> None:
    """Groups and points change places."""
    assert [measured(6512.4, "/s", one) for one in ("vi", "en")] == ["6.512 /s", "6,512 /s"]
    assert [measured(0.4821, "s", one) for one in ("vi", "en")] == ["0,482 s", "0.482 s"]


def test_row_tells_what_each_process_took() -> None:
    """CPU and peak memory, and further numbers by name."""
    figure = Figure("send", 100, "/s", "20 mails", parts=(Part("parent", 1.5, 80.0),), notes={"statements": 12})
    assert rows([figure], "en")[0] == (
        "send (20 mails)", "100 /s", "", "", "", "", "", "parent 1.50 s 80.0 MB; statements 12"
    )  # fmt: skip


def test_page_names_command_and_machine() -> None:
    """A bar within a cell does not break the table."""
    machine = dict.fromkeys(("cores", "processor", "memory", "system", "python", "load", "nurture"), "x")
    page = markdown([Run("send", "Sending", "SQLite 3", 1.0, (Figure("a|b", 1, "/s"),))], machine, "nurture bench send")
    assert page.startswith("`nurture bench send`\n\nx × x, x GB")
    assert "| a\\|b | 1.00 /s |" in page
