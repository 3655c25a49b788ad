"""What names a segment: running campaigns, broadcasts, other segments. Pure; the plain data of definitions is given."""

from collections.abc import Iterable, Mapping
from typing import Any

_WORDS = frozenset({"segment", "add_to_segment", "remove_from_segment"})


def segments_in(definition: Any) -> frozenset[str]:
    """The keys of all segments that a definition names, wherever in it."""
    return frozenset(_walk(definition))


def _walk(data: Any) -> Iterable[str]:
    if isinstance(data, Mapping):
        for word, value in data.items():
            if word in _WORDS:
                yield from _keys(value)
            yield from _walk(value)
    elif isinstance(data, list):
        for one in data:
            yield from _walk(one)


def _keys(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        yield from (one for one in value if isinstance(one, str))
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _keys(one)
