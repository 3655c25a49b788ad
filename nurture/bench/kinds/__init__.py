"""Kinds of measurements, one file each; the file's name, without a `_` at its end, is its name on the command line.

A module has
- `TITLE`: what it measures, in a line;
- `run(place, size)`: the figures, in the order to be shown. It makes its data in `place`, measures the real code with
  them and a naive baseline beside it, checks that the work was really done, and raises where it was not;
- `DATABASE = False`, if it uses none, so that one run tells all.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Protocol, cast

from nurture.bench.model import Figure, Size
from nurture.bench.place import Place
from nurture.kernel.plugins import modules

# The order in which they run: what is short first.
_ORDER = ("tick", "send", "track", "rehearse", "import", "web", "segments")


class Kind(Protocol):
    """What a module of this folder offers."""

    TITLE: str
    run: Callable[[Place, Size], Sequence[Figure]]


@cache
def kinds() -> dict[str, Kind]:
    """Every kind by its name, in the order of running."""
    found = {name.rstrip("_"): module for name, module in modules(__name__).items()}
    ranks = {name: number for number, name in enumerate(_ORDER)}
    ordered = sorted(found, key=lambda name: (ranks.get(name, len(ranks)), name))
    return cast("dict[str, Kind]", {name: found[name] for name in ordered})
