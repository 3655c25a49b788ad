"""Blocks that one area adds to another's page without importing it.

A module of `web/pages` may define `today_blocks(conn, person, now)` and `lead_blocks(conn, person, lead, now)`; each
gives a list of `Block`. The page shows them in the order of their numbers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nurture.kernel.plugins import modules

PAGES = "nurture.web.pages"


@dataclass(frozen=True, slots=True)
class Block:
    """A part of a page: a template and what it shows. `urgent` blocks count as something that needs a person."""

    order: int
    template: str
    values: Mapping[str, Any] = field(default_factory=dict)
    urgent: bool = False


def collect(hook: str, *args: Any) -> list[Block]:
    """What every area adds at this hook."""
    found: list[Block] = []
    for module in modules(PAGES).values():
        make = getattr(module, hook, None)
        if make is not None:
            found += make(*args)
    return sorted(found, key=lambda block: block.order)
