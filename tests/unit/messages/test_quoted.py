"""Quoted-printable in pieces: whatever stands before and after, each reads back, and nothing needs to be mended."""

from quopri import decodestring

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nurture.delivery.conversation import stuffed
from nurture.delivery.dkim import relaxed_body
from nurture.messages.quoted import address, begins_plainly, lines_of, piece, value

TEXT = st.text(st.sampled_from("abc Ễđ=.\t\n🎉<>") | st.characters(exclude_characters="\r"), max_size=300)
VALUE = TEXT.map(lambda text: text.replace("\n", "").strip()).filter(bool)


def plain(text: str) -> str:
    """A text as it travels: what is no character is a question mark."""
    return text.encode("utf-8", "replace").decode()


def read(data: bytes) -> str:
    """What a receiver reads."""
    return decodestring(data).decode().replace("\r\n", "\n")


@example([("", "\x08" + "\x80" * 6 + "\U00010000" * 3 + "0")], "")  # a last line as long as lines get
@given(st.lists(st.tuples(TEXT, VALUE), max_size=6), TEXT)
def test_pieces_read_back_and_are_firm(pieces: list[tuple[str, str]], last: str) -> None:
    """Lines of at most 76, as DKIM's relaxed form has them, and no dot at the beginning of one."""
    last = last.rstrip("\n")
    coded = b"".join([*(piece(text) + value(word) for text, word in pieces), lines_of(last)])
    assert read(coded) == plain("".join(text + word for text, word in pieces) + last)
    assert max(map(len, coded.split(b"\r\n"))) <= 76
    body = b"x\r\n" + coded + b"\r\nx\r\n"
    assert relaxed_body(body) == body
    assert stuffed(body) == body
    assert coded.isascii()
    assert coded.replace(b"\r\n", b"").isascii()
    assert b"\r" not in coded.replace(b"\r\n", b"")
    assert b"\n" not in coded.replace(b"\r\n", b"")


@pytest.mark.parametrize(
    ("text", "coded"),
    [
        ("Minh", b"Minh=\r\n"),
        (".", b"=2E=\r\n"),
        ("a.", b"a.=\r\n"),
        ("a  b", b"a =20b=\r\n"),
        ("a=b", b"a=3Db=\r\n"),
        ("đ", b"=C4=91=\r\n"),
        ("x" * 76, b"x" * 75 + b"=\r\nx=\r\n"),
        ("x" * 75 + ".y", b"x" * 75 + b"=\r\n=2Ey=\r\n"),
        ("đ" * 13, b"=C4=91" * 12 + b"=C4=\r\n=91=\r\n"),
    ],
    ids=["word", "dot", "dot behind", "two blanks", "equals sign", "mark", "long", "dot at a break", "long with marks"],
)
def test_a_value_is_written(text: str, coded: bytes) -> None:
    """Byte for byte."""
    assert value(text) == coded


def test_a_blank_at_the_end_is_written_out() -> None:
    """Relays on the way take blanks off the ends of lines."""
    assert lines_of("a \nb\t") == b"a=20\r\nb=09"
    assert piece("") == b""
    assert piece("a\n") == b"a\r\n"


@pytest.mark.parametrize(
    ("start", "is_plain"),
    [
        ("https://m.anphat.example", True),
        ("https://m.anphat.example/a=b", False),
        ("https://m.anphat.example/ế", False),
        ("https://m.anphat.example/" + "a" * 60, False),
        (".", False),
        ("", True),
    ],
)
def test_an_address_of_ours_is_written_as_any_value(start: str, is_plain: bool) -> None:
    """What begins plainly goes on with a token, in which nothing has to be written otherwise."""
    assert begins_plainly(start) is is_plain
    whole = f"{start}/c/{'aB3-_' * 60}"
    if is_plain:
        assert address(whole) == value(whole)
