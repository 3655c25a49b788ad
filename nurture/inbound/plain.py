"""HTML as the plain text a person would see, good enough to find words in. Pure, linear in the text."""

import html
import re

MOST = 200_000  # characters
_HIDDEN = ("style", "script", "head", "title")
_BREAK = re.compile(
    r"<(?:br|/?p|/?div|/?tr|/?h[1-6]|/?li|/?ul|/?ol|hr|/?table|/?blockquote|/?pre)\b[^<>]{0,2000}>", re.IGNORECASE
)
_CELL = re.compile(r"</t[dh]\b[^<>]{0,200}>", re.IGNORECASE)
_TAG = re.compile(r"<[!/?a-zA-Z][^<>]{0,5000}>")
_SPACES = re.compile(r"[ \t\u00a0\u200b]+")


def text_of(markup: str) -> str:
    """Its words, a line for each block."""
    text = markup[:MOST]
    for name in _HIDDEN:
        text = _without(text, name)
    text = _without_comments(text)
    text = text.replace("\n", " ")
    text = _CELL.sub(" ", _BREAK.sub("\n", text))
    text = html.unescape(_TAG.sub("", text))
    lines = (_SPACES.sub(" ", line).strip() for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _without(text: str, name: str) -> str:
    """Leave out an element and what is in it."""
    pieces = re.split(rf"<(/?){name}\b[^<>]{{0,2000}}>", text, flags=re.IGNORECASE)
    # text, slash, text, slash, …: what follows an opening tag is left out until a closing one
    kept, hidden = [pieces[0]], False
    for slash, piece in zip(pieces[1::2], pieces[2::2], strict=True):
        hidden = not slash
        kept.append("" if hidden else piece)
    return "".join(kept)


def _without_comments(text: str) -> str:
    first, *rest = text.split("<!--")
    return first + "".join(piece.partition("-->")[2] for piece in rest)
