"""Catalogs are read as gettext's own tools would read them, many times faster."""

import io

import pytest
from babel.messages.pofile import read_po

from nurture.kernel.i18n import LOCALE, entries, translate, translate_plural

SOURCE = r"""
# A remark, "quoted".
msgid ""
msgstr "Content-Type: text/plain; charset=UTF-8\n"

#, python-format
msgid "Save %(name)s"
msgstr "Lưu %(name)s"

msgid ""
"A long one, "
"in \"two\" lines\n"
msgstr ""
"Một câu dài,\t"
"hai dòng\\"

msgid "%(count)s lead"
msgid_plural "%(count)s leads"
msgstr[0] "%(count)s người"

msgid "Not translated"
msgstr ""

#~ msgid "Gone"
#~ msgstr "Đã bỏ"
"""


def _by_babel(source: str) -> dict[str, str]:
    """The second opinion."""
    read = read_po(io.StringIO(source), locale="vi")
    pairs = [(one.id, one.string) if isinstance(one.id, str) else (one.id[0], one.string[0]) for one in read if one.id]
    return {message: str(text) for message, text in pairs if text}


def test_an_entry_is_an_id_and_its_text() -> None:
    """Texts over several lines are one; what has no text, the head and what is obsolete are none."""
    assert dict(entries(SOURCE)) == {
        "Save %(name)s": "Lưu %(name)s",
        'A long one, in "two" lines\n': "Một câu dài,\thai dòng\\",
        "%(count)s lead": "%(count)s người",
    }
    assert dict(entries(SOURCE)) == _by_babel(SOURCE)


@pytest.mark.parametrize("name", ["click.po", "cli.po", "campaigns.po"])
def test_our_catalogs_read_as_babel_reads_them(name: str) -> None:
    """Also the longest of them."""
    source = (LOCALE / "vi" / name).read_text("utf-8")
    assert dict(entries(source)) == _by_babel(source)


def test_a_text_without_an_entry_is_its_id() -> None:
    """In both languages; English tells one from many."""
    assert translate("vi", "No such text %(n)s", n=1) == "No such text 1"
    assert translate_plural("en", "%(count)s thing", "%(count)s things", 1) == "1 thing"
    assert translate_plural("vi", "%(count)s thing", "%(count)s things", 2) == "2 things"
