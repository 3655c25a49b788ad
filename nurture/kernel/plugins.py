"""Kinds are files: one module for each kind in a folder, the file's name its key."""

import importlib
import pkgutil
from functools import cache
from types import ModuleType


@cache
def modules(package: str) -> dict[str, ModuleType]:
    """Every public module of a package by its name, in the order of the names."""
    home = importlib.import_module(package)
    names = sorted(m.name for m in pkgutil.iter_modules(home.__path__) if not m.name.startswith("_"))
    return {name: importlib.import_module(f"{package}.{name}") for name in names}
