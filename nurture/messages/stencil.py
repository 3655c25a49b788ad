"""One part of an email with all that is the same for everybody encoded once; for each lead its values are put in.

A template's code holds what its author wrote as constants, and yields them as they are. Which of them a rendering
yields, with values between them, is its shape: a few for each email, by its conditions. What stands between the values
of a shape is joined, tidied and encoded when the shape is met for the first time. A tracked link is yielded as a mark:
all of it but its stamp is the same for everybody too. Pure.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from nurture.messages import quoted

MARK = "\ue000"  # stands for a value, while what is around it is tidied; begins and ends what stands for a link
NOBODYS = secrets.token_hex(12)  # between them, so that no lead can be named like one
_MOST_SHAPES = 16
_MOST_VALUES = 1_024
_LONGEST_KEPT = 60  # characters of a value that is kept for the next letter
_Shape: TypeAlias = tuple[int | None, ...]
_NO_MARKS: Mapping[str, tuple[str, str]] = {}


@dataclass(frozen=True, slots=True)
class _Plan:
    """What a shape comes to: where its values stand among what is yielded, and what stands around them, encoded."""

    at: tuple[int, ...]
    around: list[bytes]  # one more than there are values


class Stencil:
    """One part of one email. `tidy` is what is done to its text as a whole: it must leave words as they are."""

    __slots__ = ("_coded", "_marks", "_numbers", "_plans", "_tidy", "_values")

    def __init__(
        self, constants: Sequence[object], tidy: Callable[[str], str], marks: Mapping[str, tuple[str, str]] = _NO_MARKS
    ) -> None:
        """`marks`: what stands before and after what is put in the place of each."""
        texts = dict.fromkeys(["", *[one for one in constants if isinstance(one, str)], *marks])
        self._numbers = {text: number for number, text in enumerate(texts)}
        self._marks = marks
        self._tidy = tidy
        self._plans: dict[_Shape, _Plan | None] = {}
        self._coded: dict[str, bytes] = {}
        self._values: dict[str, bytes] = {}

    def coded(self, chunks: Sequence[str], links: Mapping[str, bytes]) -> list[bytes] | None:
        """What the template yielded as quoted-printable, in pieces; None where it has to be encoded as a whole.

        `links` are addresses that are encoded already, and what stands in the place of marks.
        """
        shape = tuple(map(self._numbers.get, chunks))
        try:
            plan = self._plans[shape]
        except KeyError:
            plan = self._learn(shape, chunks)
        if plan is None:
            return None
        known = self._values
        parts = plan.around * 2
        parts[::2] = plan.around
        try:
            parts[1::2] = [
                known.get(one) or links.get(one) or self._value(one) for one in map(chunks.__getitem__, plan.at)
            ] + [b""]
        except _OddError:
            return None
        if not plan.around[-1] and plan.at:
            parts[-3] = parts[-3].removesuffix(quoted.SOFT)
        return parts

    def _value(self, given: str) -> bytes:
        text = str.__str__(given)  # what was escaped is a text of another kind, and slow
        if text.strip() != text or "\n" in text or "\r" in text or MARK in text or NOBODYS in text:
            raise _OddError
        coded = quoted.value(text)
        if len(text) <= _LONGEST_KEPT:
            if len(self._values) >= _MOST_VALUES:
                self._values.clear()
            self._values[text] = coded
        return coded

    def _learn(self, shape: _Shape, chunks: Sequence[str]) -> _Plan | None:
        if len(self._plans) >= _MOST_SHAPES:
            self._plans.clear()
        plan = self._plan(shape, chunks)
        self._plans[shape] = plan
        return plan

    def _plan(self, shape: _Shape, chunks: Sequence[str]) -> _Plan | None:
        at = tuple(n for n, number in enumerate(shape) if number is None or chunks[n] in self._marks)
        fixed = "".join(map(self._fixed, chunks, shape))
        text = self._tidy(fixed).rstrip("\n")
        around = text.split(MARK)
        if "\r" in text or len(around) != len(at) + 1 or wants_base64("".join(around)):
            return None
        *first, last = around
        return _Plan(at, [*map(self._piece, first), quoted.lines_of(last)])

    def _fixed(self, chunk: str, number: int | None) -> str:
        """What of a chunk is the same for everybody."""
        if number is None:
            return MARK
        return MARK.join(self._marks[chunk]) if chunk in self._marks else chunk

    def _piece(self, text: str) -> bytes:
        if text not in self._coded:
            if len(self._coded) >= _MOST_VALUES:
                self._coded.clear()
            self._coded[text] = quoted.piece(text)
        return self._coded[text]


class _OddError(Exception):
    """A value that may change what is around it."""


def wants_base64(text: str) -> bool:
    """Whether a text is much smaller in base64: one in Cyrillic or Chinese letters, not one in Vietnamese."""
    return (len(text.encode("utf-8", "replace")) - len(text)) * 2 > len(text)
