"""Open an opportunity, or propose one to the owner. `open_opportunity: {propose: true, value: 5000000}`, or `{}`.

Opened, it is the automatic one of the lead: not while one is open. Proposed, it opens when the owner accepts it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nurture.campaigns.effects import Go, Moment, OpenOpportunity
from nurture.campaigns.reading import Reading
from nurture.kernel.i18n import N_, translate
from nurture.rules.titles import UNTITLED, Titles

LARGEST = 10**15
SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "propose": {"type": "boolean", "description": "Only show it to the owner, who accepts it or not."},
        "name": {"type": "string", "minLength": 1, "maxLength": 200, "description": "What it is called."},
        "product_line": {"type": "string", "minLength": 1, "maxLength": 80},
        "value": {"type": "integer", "minimum": 0, "maximum": LARGEST, "description": "What it may be worth."},
    },
    "additionalProperties": False,
    "description": "Open an opportunity for the lead, or propose one to the owner.",
}


@dataclass(frozen=True, slots=True)
class Open:
    """What is opened or proposed; a product line of None is the pipeline's."""

    propose: bool = False
    name: str = ""
    product_line: str | None = None
    value: int | None = None


def read(reading: Reading, value: Any, path: str) -> Open:
    """All parts are optional."""
    parts = reading.mapping(value, path, optional=("propose", "name", "product_line", "value"))
    propose = parts.get("propose", False)
    if not isinstance(propose, bool):
        reading.wrong("not_a_flag", f"{path}.propose", N_("true or false belongs here"))
    worth = parts.get("value")
    good = worth is None or (isinstance(worth, int) and not isinstance(worth, bool) and 0 <= worth <= LARGEST)
    if not good:
        message = N_("A value is not below zero, and not above a thousand trillion")
        reading.wrong("bad_value", f"{path}.value", message)
    name = reading.text(parts["name"], f"{path}.name", 200) if parts.get("name") is not None else ""
    line = parts.get("product_line")
    product = reading.text(line, f"{path}.product_line", 80) if line is not None else None
    return Open(propose is True, name, product, worth if good else None)


def act(config: Open, moment: Moment) -> Go:  # noqa: ARG001 - it never waits
    """Open or propose it and go on."""
    return Go(effects=(OpenOpportunity(config.propose, config.name, config.product_line, config.value),))


def describe(config: Open, language: str, titles: Titles = UNTITLED) -> str:  # noqa: ARG001 - names nothing by key
    """`Open an opportunity “Website”`."""
    named = (
        N_("Propose the opportunity “%(name)s” to the owner")
        if config.propose
        else N_("Open the opportunity “%(name)s”")
    )
    bare = N_("Propose an opportunity to the owner") if config.propose else N_("Open an opportunity")
    return translate(language, named, name=config.name) if config.name else translate(language, bare)
