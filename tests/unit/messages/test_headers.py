"""Header words: cut where a reader sees no cut, names and files in every letter, domains as the DNS has them."""

import re
import unicodedata
from base64 import b64decode
from email import message_from_string, policy
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nurture.messages.headers import (
    FILE_LIMIT,
    ascii_address,
    ascii_file_name,
    extended,
    file_name,
    unstructured,
    wire_address,
)

WORD = re.compile(r"=\?UTF-8\?B\?([A-Za-z0-9+/=]*)\?=")


def words(text: str) -> list[str]:
    """The texts of a subject's encoded words."""
    return [b64decode(word).decode() for word in WORD.findall(unstructured(text, len("Subject: ")))]


FAMILY, FLAG, ENGLAND, THUMB = "👨‍👩‍👧‍👦", "🇻🇳", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "👍🏽"
NFD = unicodedata.normalize("NFD", "ợ")


@pytest.mark.parametrize("cluster", [FAMILY, FLAG, ENGLAND, THUMB, NFD, "❤️", "น้ำ", "क्षि"], ids=ascii)
@given(lead=st.integers(0, 60), count=st.integers(1, 30))
def test_no_cut_falls_inside_of_what_is_seen_as_one(cluster: str, lead: int, count: int) -> None:
    """Emoji sequences, flags, tones, and letters with their marks stay in one word, wherever it ends."""
    text = "đ" * lead + cluster * count
    found = words(text)
    assert "".join(found) == text
    inside = [found[0].removeprefix("đ" * lead)] if len(found) == 1 else [one.strip("đ") for one in found]
    assert {len(one) % len(cluster) for one in inside} == {0}


def test_a_heap_of_marks_is_cut_all_the_same() -> None:
    """Nobody reads it; it fits into its lines."""
    text = "a" + "\u0301" * 300
    assert "".join(words(text)) == text
    assert max(map(len, unstructured(text, 9).split("\r\n"))) <= 76


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1, max_size=300))
def test_every_line_of_a_subject_fits_and_comes_back(text: str) -> None:
    """76 characters with its name; each word is whole UTF-8."""
    text = " ".join(text.split()) or "x"
    written = unstructured(text, len("Subject: "))
    lines = ("Subject: " + written).split("\r\n")
    assert max(map(len, lines)) <= 76
    assert all(line.strip() for line in lines)
    assert ("".join(words(text)) if WORD.search(written) else written.replace("\r\n", "")) == text


@pytest.mark.parametrize(
    ("address", "written"),
    [
        ("a@bưuđiện.example", "a@xn--buin-1ua66gr30m.example"),
        ("a@BƯUĐIỆN.example", "a@xn--buin-1ua66gr30m.example"),
        ("a@" + unicodedata.normalize("NFD", "bưuđiện.example"), "a@xn--buin-1ua66gr30m.example"),
        ("a@straße.example", "a@xn--strae-oqa.example"),
        ("a@例え。テスト", "a@xn--r8jz45g.xn--zckzah"),
        ("a@ＡＢＣ.example", "a@abc.example"),
        ("a@xn--strae-oqa.example", "a@xn--strae-oqa.example"),
    ],
)
def test_a_domain_is_written_as_the_dns_has_it(address: str, written: str) -> None:
    """IDNA 2008 with the mapping of UTS 46: ß is a letter of its own, full width is not."""
    assert ascii_address(address) == wire_address(address) == written


@pytest.mark.parametrize(
    "address", ["a@🎉.example", "a@a_b.example.đ", "a@-đ.example", "a@đ..example", "a@" + "đ" * 64]
)
def test_a_domain_that_cannot_be_is_refused(address: str) -> None:
    """Rather than guessed at."""
    with pytest.raises(ValueError, match="not an address"):
        wire_address(address)


@pytest.mark.parametrize(
    ("given_name", "name", "plain"),
    [
        ("Bảng giá 2026.pdf", "Bảng giá 2026.pdf", "Bang gia 2026.pdf"),
        (unicodedata.normalize("NFD", "Đề án.docx"), unicodedata.normalize("NFD", "Đề án.docx"), "De an.docx"),
        ("../../etc/passwd", "_.._etc_passwd", "attachment._etc_passwd"),
        ('a"b\\c:d.pdf', "a_b_c_d.pdf", "a_b_c_d.pdf"),
        ("x.pdf\r\nBcc: y@evil.test", "x.pdf Bcc_ y@evil.test", "x.pdf Bcc_ y_evil.test"),
        ("invoice\u202efdp.exe", "invoice fdp.exe", "invoice fdp.exe"),
        ("价目表.xlsx", "价目表.xlsx", "attachment.xlsx"),
        ("", "attachment", "attachment"),
        ("...", "attachment", "attachment"),
        ("a" * 300 + ".pdf", "a" * (FILE_LIMIT - 4) + ".pdf", "a" * (FILE_LIMIT - 4) + ".pdf"),
    ],
    ids=lambda one: ascii(one[:16]),
)
def test_a_file_has_a_name_that_every_system_can_save(given_name: str, name: str, plain: str) -> None:
    """Its own, and one without marks for readers that know no others."""
    assert file_name(given_name) == name
    assert ascii_file_name(name) == plain


@given(st.text(alphabet=st.characters(exclude_categories=("Cs",)), max_size=200))
def test_any_file_name_fits_and_comes_back(text: str) -> None:
    """Numbered parts of RFC 2231, as the standard library reads them."""
    name = file_name(text)
    value = extended("filename", name)
    assert 0 < len(name) <= FILE_LIMIT
    assert ascii_file_name(name).isascii()
    assert max(map(len, value.split("\r\n"))) <= 76
    pieces = re.findall(r"filename(?:\*\d+)?\*=(?:UTF-8'')?([^;\r]*)", value)
    assert unquote("".join(pieces)) == name
    read = message_from_string(f"Content-Disposition: attachment;{value}\r\n\r\n", policy=policy.default)
    assert read.get_filename() == name
