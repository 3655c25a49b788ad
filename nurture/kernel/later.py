"""Modules that few runs need, or none before the first page: imported when something of them is asked for first.

It stands among the imports, beside the import that a type checker reads, with the reason behind it:

    if TYPE_CHECKING:
        import phonenumbers
    else:
        phonenumbers = later("phonenumbers")  # 60 modules: at the first number
"""

from importlib import import_module
from typing import Any


class _Later:
    """Stands for a module; keeps what was asked for, so that it is looked up once."""

    def __init__(self, name: str) -> None:
        self.__name__ = name

    def __getattr__(self, name: str) -> Any:
        value = getattr(import_module(self.__name__), name)
        setattr(self, name, value)
        return value


def later(name: str) -> Any:
    """The module of this name, not imported yet."""
    return _Later(name)
