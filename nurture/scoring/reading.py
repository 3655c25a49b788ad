"""What scoring and pipelines read besides the pieces of a campaign: numbers, lists, names. Pure."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from nurture.campaigns.reading import Reading
from nurture.kernel.i18n import N_


@dataclass(slots=True)
class SharedReading(Reading):
    """One file of `_shared/` being read. What is wrong gathers in `problems`; a fallback is given back meanwhile."""

    @property
    def digest(self) -> str:
        """The text's own hash."""
        return hashlib.sha256(self.source.text.encode()).hexdigest()

    def number(self, data: Any, path: str, low: int, high: int, fallback: int) -> int:
        """A whole number within bounds."""
        if isinstance(data, bool) or not isinstance(data, int) or not low <= data <= high:
            message = N_("A whole number from %(low)s to %(high)s belongs here")
            self.wrong("not_a_number", path, message, low=low, high=high)
            return fallback
        return data

    def flag(self, data: Any, path: str) -> bool:
        """true or false."""
        if not isinstance(data, bool):
            self.wrong("not_yes_no", path, N_("true or false belongs here"))
        return data is True

    def words(self, data: Any, path: str) -> tuple[str, ...]:
        """One text or a list of texts, as they are compared."""
        values = data if isinstance(data, list) else [data]
        good = [one for one in values if isinstance(one, str | int) and str(one).strip()]
        if len(good) != len(values) or not good:
            self.wrong("not_text", path, N_("A text or a list of texts belongs here"))
        return tuple(("true" if one else "false") if isinstance(one, bool) else str(one).strip() for one in good)

    def items(self, data: Any, path: str) -> list[tuple[Any, str]]:
        """The items of a list with their paths; none when there is no list."""
        if data is not None and not isinstance(data, list):
            self.wrong("not_a_list", path, N_("A list belongs here"))
            return []
        return [(one, f"{path}[{i}]") for i, one in enumerate(data or [])]

    def unique(self, keys: Iterable[str], path: str) -> None:
        """No key stands twice."""
        seen = [key for key in keys if key]
        for key in sorted({key for key in seen if seen.count(key) > 1}):
            self.wrong("double_key", path, N_("“%(key)s” stands here twice"), key=key)
