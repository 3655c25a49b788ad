"""Where the facts come from: each stage's `facts.py`, found by its file as plug-ins are. Imports no stage by name.

So a rule of a segment may ask for an opportunity, although opportunities stand above segments.
"""

import importlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import nurture
from nurture.rules.facts import AnyFact


@cache
def stages() -> tuple[Sequence[AnyFact], ...]:
    """The facts of every stage, by the names of the stages."""
    homes = [Path(one) for one in nurture.__path__]
    names = sorted(file.parent.name for home in homes for file in home.glob("*/facts.py"))
    found = [importlib.import_module(f"nurture.{name}.facts") for name in names]
    return tuple(module.FACTS for module in found if hasattr(module, "FACTS"))
