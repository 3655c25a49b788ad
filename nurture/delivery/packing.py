"""Letters as the JSON text of the pipe to a sender. Values are put into words once, for the pipe and the row. Pure."""

from collections.abc import Hashable, Mapping, Sequence
from json.encoder import encode_basestring
from typing import Any

from nurture.delivery.letter import Letter
from nurture.kernel.rows import packed


class Document(dict[str, Any]):
    """Values with the JSON text of them."""

    __slots__ = ("text",)

    def __init__(self, values: Mapping[str, Any], text: str | None = None) -> None:
        super().__init__(values)
        self.text = packed(values) if text is None else text


class Common:
    """Puts values into words where most of them are the same as in the letter before."""

    def __init__(self) -> None:
        self._known: dict[Any, str] = {}

    def document(self, own: str, values: Mapping[str, Any], same: Hashable) -> Document:
        """`own`: the one name whose value differs; `same` tells whether the others are those of another letter."""
        rest = self._known.get(same)
        if rest is None:
            rest = self._known[same] = packed({name: value for name, value in values.items() if name != own})[1:]
        return Document(values, f'{{"{own}":{packed(values[own])},{rest}')


def text_of(values: Mapping[str, Any]) -> str:
    """The JSON text of values."""
    return values.text if isinstance(values, Document) else packed(values)


def frame_of(letters: Sequence[Letter], seconds: float) -> str:
    """The frame that hands letters to a sender; none of their final dots is written later than `seconds` from then."""
    return f'{{"kind":"letters","letters":[{",".join(map(_packed, letters))}],"seconds":{seconds!r}}}'


def _packed(one: Letter) -> str:
    """As `packed(letter.packed())`, at a fifth of its cost."""
    text = encode_basestring
    return (
        f"[{one.message_id},{one.fence},{one.template},{text(one.envelope_from)},{text(one.from_address)},"
        f"{text(one.from_name)},{text(one.to_address)},{text(one.to_name)},"
        f"[{text(one.reply_to[0])},{text(one.reply_to[1])}],{text(one.header_id)},{one.dated},{one.lead_id},"
        f"{text(one.address_hash)},{'true' if one.tracking else 'false'},{text_of(one.values)},{text(one.label)},"
        f"{text(one.feedback)}]"
    )
