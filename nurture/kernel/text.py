"""Text as people search and compare it: NFC, folded, bounded; and names of things as keys."""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

# The Icelandic letter that old Vietnamese keyboards wrote for đ is folded with it.
_D = str.maketrans({"đ": "d", "Đ": "D", "ð": "d", "Ð": "D"})
_KEY = re.compile(r"[a-z0-9][a-z0-9_-]{0,79}")
MARK = "\x1f"  # stands before and after each text of a folded list
_NOT_KEY = re.compile(r"[^a-z0-9]+")


def clean(text: str, limit: int = 500) -> str:
    """One line of NFC text without control characters, inner blanks folded, at most `limit` characters."""
    composed = text if text.isascii() else unicodedata.normalize("NFC", text)
    if not composed.isprintable():
        composed = "".join(" " if unicodedata.category(c) in {"Cc", "Zl", "Zp"} else c for c in composed)
    return " ".join(composed.split())[:limit].rstrip()


def fold(text: str) -> str:
    """Text for comparison: NFC, lower case, no diacritics, đ as d, inner blanks folded.

    `fold("Nguyễn Đức")` is `nguyen duc`.
    """
    line = clean(text, 10_000)
    return line.casefold() if line.isascii() else " ".join(filter(None, map(_fold_word, line.split())))


def fold_list(texts: Sequence[Any]) -> str | None:
    """A list of texts as one text in which each stands folded between two marks; None when there is none.

    No folded text has a mark in it.
    """
    kept = [folded for one in texts if isinstance(one, str) and (folded := fold(one))]
    return MARK + MARK.join(kept) + MARK if kept else None


@lru_cache(maxsize=16_384)
def _fold_word(word: str) -> str:
    bare = unicodedata.normalize("NFD", word.translate(_D))
    kept = "".join(c for c in bare if unicodedata.category(c) != "Mn")
    return unicodedata.normalize("NFC", kept).casefold()


class Remembered(dict[str, Any]):
    """What a function says of texts, by the text: `Remembered(fold)["Nguyễn"]`. It keeps some of the short ones."""

    _MOST = 16_384
    _LONGEST = 100

    def __init__(self, says: Callable[[str], Any]) -> None:
        super().__init__()
        self._says = says

    def __missing__(self, text: str) -> Any:
        found = self._says(text)
        if len(text) <= self._LONGEST:
            if len(self) >= self._MOST:
                self.clear()
            self[text] = found
        return found


def to_key(text: str) -> str:
    """A key made of a label: folded, words joined by underscores, at most 80 characters; empty if nothing is left."""
    return _NOT_KEY.sub("_", fold(text)).strip("_")[:80].strip("_")


def is_key(text: str) -> bool:
    """Whether the text can name a thing in YAML and in URLs: a-z, 0-9, `_`, `-`, at most 80 characters."""
    return _KEY.fullmatch(text) is not None


def in_language(texts: Mapping[str, str], language: str, otherwise: str = "") -> str:
    """Out of a text kept in several languages: this one's, else any, else `otherwise`."""
    return texts.get(language) or next(filter(None, texts.values()), otherwise)
