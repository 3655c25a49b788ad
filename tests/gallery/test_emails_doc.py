"""docs/emails.md: each block that names a file is what it says."""

import re
import shutil
from pathlib import Path

import pytest

from nurture.messages.compile import compile_library, unknown_fields
from nurture.messages.inspect import inspect
from nurture.messages.links import PlainLinks
from nurture.messages.model import Compiled
from nurture.messages.personalize import Personalizer
from nurture.messages.source import read_library
from tests.gallery.test_templates import BARE, KNOWN

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```\w+ templates_email/(\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def emails(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Compiled]:
    """The emails of the page, with the layouts and parts of the gallery."""
    root = tmp_path_factory.mktemp("emails")
    for shared in ("_layout", "_parts"):
        shutil.copytree(ROOT / "templates_email" / shared, root / shared)
    files = {name: text.encode() for name, text in BLOCK.findall((ROOT / "docs/emails.md").read_text("utf-8"))}
    files["_assets/phong-hoc.jpg"] = b"\xff\xd8\xff\xe0"
    files["loi_cam_on/attachments/Bảng giá 2026.pdf"] = b"%PDF-1.7"
    for name, data in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    library = read_library(root)
    done = compile_library(library)
    assert not [found for one in done for found in unknown_fields(*one, library.shared, {"webinar_on", "mau"})]
    return {one.key: one for _, one in done}


def test_every_form_is_shown(emails: dict[str, Compiled]) -> None:
    """Markdown, one file, HTML, MJML, text."""
    assert set(emails) == {"bao_gia", "loi_cam_on", "loi_nhac", "khai_giang", "hoi_tham"}
    assert [one.name for one in emails["loi_cam_on"].attachments] == ["Bảng giá 2026.pdf"]
    assert [one.name for one in emails["khai_giang"].assets] == ["phong-hoc.jpg"]


@pytest.mark.parametrize("key", ["bao_gia", "loi_cam_on", "loi_nhac", "khai_giang", "hoi_tham"])
def test_an_example_reads_well_for_anybody(emails: dict[str, Compiled], key: str) -> None:
    """With a way out at the end, and a text part that says the same."""
    email = emails[key]
    for values in (BARE, KNOWN):
        mail = Personalizer(email).render(values, PlainLinks("https://m.example"))
        assert all("{" not in part and "None" not in part for part in (mail.subject, mail.text))
        assert "Chào" in mail.text
    found = inspect(email)
    assert (found.unsubscribe_is_last, found.text_has_unsubscribe, found.without_alt) == (True, True, ())
    assert found.difference < 0.1
