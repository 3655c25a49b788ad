"""How many parts a text message has: 160 letters of GSM 03.38, 70 of anything else; several parts carry less. Pure.

3GPP TS 23.038 (alphabet) and 23.040 (parts). Vietnamese with its marks is never GSM.
"""

import unicodedata
from dataclasses import dataclass

MOST_PARTS = 5
_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("^{}\\[~]|€\f")
# Marks that turn the reading direction around, and letters nobody sees.
_UNSEEN = frozenset("\u200b\u200e\u200f\u2028\u2029\u2060\ufeff") | {
    chr(n) for n in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
}


@dataclass(frozen=True, slots=True)
class Size:
    """The size of a text on the air."""

    unicode: bool
    units: int
    parts: int


def measure(text: str) -> Size:
    """The size of this text; a letter of two units is never torn apart."""
    gsm = all(c in _BASIC or c in _EXTENDED for c in text)
    widths = [(2 if c in _EXTENDED else 1) if gsm else (2 if ord(c) > 0xFFFF else 1) for c in text]
    units = sum(widths)
    single, several = (160, 153) if gsm else (70, 67)
    if units <= single:
        return Size(not gsm, units, 1 if text else 0)
    parts, room = 1, several
    for width in widths:
        if width > room:
            parts, room = parts + 1, several
        room -= width
    return Size(not gsm, units, parts)


def tidy(text: str) -> str:
    """A text as it goes out: NFC, without control and direction marks, blanks folded, lines kept."""
    lines = unicodedata.normalize("NFC", text).replace("\r\n", "\n").split("\n")
    kept = (" ".join("".join(_seen(c) for c in line).split()) for line in lines)
    return "\n".join(kept).strip()


def _seen(letter: str) -> str:
    if letter in _UNSEEN:
        return ""
    return " " if unicodedata.category(letter) in {"Cc", "Zl", "Zp", "Cs"} else letter
