"""Fields of an installation's own: which type a column of text has, and what one value of it is. Decides; no I/O."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from nurture.kernel.errors import Problem
from nurture.kernel.i18n import N_
from nurture.kernel.text import clean, fold
from nurture.leads.model import FieldDefinition, FieldType

MOST_CHOICES = 40
LONGEST_CHOICE = 80
LONGEST_VALUE = 2_000
_YES = frozenset({"yes", "y", "true", "co", "x", "dung", "1"})
_NO = frozenset({"no", "n", "false", "khong", "sai", "0"})
_NUMBER = re.compile(r"[+-]?(?:0|[1-9][0-9]{0,14})(?:[.,][0-9]{1,9})?")
_GROUPED = re.compile(r"[+-]?[1-9][0-9]{0,2}(?:(?:\.[0-9]{3}){2,4}|(?:,[0-9]{3}){1,4})(?:[.,][0-9]{1,9})?")
_ISO_DATE = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})(?:[ T][0-9:.]+Z?)?")
_LOCAL_DATE = re.compile(r"([0-9]{1,2})[/.-]([0-9]{1,2})[/.-]([0-9]{4})(?: [0-9:.]+)?")


def yes_no(text: str) -> bool | None:
    """What a yes/no cell says, in Vietnamese or English; None when it says neither."""
    word = text.strip().lower()
    if word in _YES or (not word.isascii() and fold(word) in _YES):
        return True
    return False if word in _NO or (not word.isascii() and fold(word) in _NO) else None


def number(text: str) -> int | float | None:
    """`12`, `12.5`, `12,5`, `1.234.567` or `1,234`; a leading zero makes a code, not a number."""
    text = text.strip()
    if _NUMBER.fullmatch(text) and not re.fullmatch(r"[+-]?[1-9][0-9]{0,2},[0-9]{3}", text):
        plain = text.replace(",", ".")
        return float(plain) if "." in plain else int(plain)
    if not _GROUPED.fullmatch(text):
        return None
    mark = re.search(r"[.,]", text)
    grouping = mark.group() if mark else ","
    plain = text.replace(grouping, "").replace(",", ".")
    return float(plain) if "." in plain else int(plain)


def day(text: str) -> str | None:
    """A date as YYYY-MM-DD, from that form or from DD/MM/YYYY."""
    text = text.strip()
    if match := _ISO_DATE.fullmatch(text):
        parts = (int(match[1]), int(match[2]), int(match[3]))
    elif match := _LOCAL_DATE.fullmatch(text):
        parts = (int(match[3]), int(match[2]), int(match[1]))
    else:
        return None
    try:
        return date(*parts).isoformat()
    except ValueError:
        return None


class Inference:
    """Looks at a column's values as they come and says which type they all have. Holds few of them at a time."""

    __slots__ = ("_open", "_short", "_types", "distinct", "filled", "first")

    def __init__(self) -> None:
        self.filled = 0
        self.first: tuple[str, ...] = ()  # some of the first values
        self.distinct: set[str] = set()
        self._types: tuple[FieldType, ...] = (FieldType.YES_NO, FieldType.NUMBER, FieldType.DATE)
        self._short = True
        self._open = True

    @property
    def is_open(self) -> bool:
        """Whether more values can still change the answer; none that follow need be shown when they cannot."""
        return self._open

    def add(self, values: Sequence[str]) -> None:
        """Look at more values; blanks count as missing."""
        filled = len(values) - values.count("")
        if not filled:
            return
        if not self.filled:
            self.first = tuple(text for text in values if text)[:50]
        self.filled += filled
        if not self._open:
            return
        fresh = set(values) - self.distinct
        fresh.discard("")
        self._types = tuple(one for one in self._types if all(_says(one, text) for text in fresh))
        if len(self.distinct) <= MOST_CHOICES:
            self.distinct |= fresh
        self._short = self._short and all(len(text) <= LONGEST_CHOICE for text in fresh)
        self._open = bool(self._types) or len(self.distinct) <= MOST_CHOICES

    def result(self) -> tuple[FieldType, tuple[str, ...]]:
        """The type that all values have, and the choices when they are few. No value at all makes a text field."""
        if self.filled and self._types:
            return self._types[0], ()
        few = 2 <= len(self.distinct) <= MOST_CHOICES and len(self.distinct) * 3 <= self.filled
        if few and self._short:
            return FieldType.CHOICE, tuple(sorted(self.distinct, key=fold))
        return FieldType.TEXT, ()


def _says(kind: FieldType, text: str) -> bool:
    match kind:
        case FieldType.YES_NO:
            return text not in {"0", "1"} and yes_no(text) is not None
        case FieldType.NUMBER:
            return number(text) is not None
        case _:
            return day(text) is not None


def typed(definition: FieldDefinition, value: Any) -> Any | None:
    """The value as JSON holds it for this type; None when it does not fit."""
    if isinstance(value, (date, datetime)):
        value = value.isoformat()[:10]
    elif isinstance(value, bool):
        value = "yes" if value else "no"
    text = clean(str(value), LONGEST_VALUE)
    match definition.type:
        case FieldType.YES_NO:
            return yes_no(text)
        case FieldType.NUMBER:
            return number(text)
        case FieldType.DATE:
            return day(text)
        case FieldType.CHOICE:
            return text if text in definition.choices else None
        case FieldType.LIST:
            return listed(value)
        case FieldType.TEXT:
            return text or None


def listed(value: Any) -> list[str] | None:
    """The texts of a list, or of one text in which they stand apart by semicolons or lines; each once."""
    parts = value if isinstance(value, list) else re.split(r"[;\n]", str(value))
    texts = [text for one in parts if (text := clean(str(one), LONGEST_CHOICE))]
    return list({fold(text): text for text in texts}.values())[:MOST_CHOICES] or None


def typed_all(
    definitions: Mapping[str, FieldDefinition], values: Mapping[str, Any]
) -> tuple[dict[str, Any], list[Problem]]:
    """Values of own fields by key, typed; None and blanks stay None. Unknown keys and misfits are problems."""
    found: dict[str, Any] = {}
    problems: list[Problem] = []
    for key, value in values.items():
        place = f"fields.{key}"
        definition = definitions.get(key)
        if definition is None:
            problem = N_("There is no field “%(key)s”")
            problems.append(Problem("unknown_field", problem, path=place, params=(("key", key),)))
            continue
        found[key] = None if value is None or value == "" else typed(definition, value)
        if found[key] is None and value not in (None, ""):
            params = (("value", clean(str(value), 100)), ("field", definition.label))
            problems.append(Problem("bad_value", N_("“%(value)s” does not fit “%(field)s”"), path=place, params=params))
    return found, problems
