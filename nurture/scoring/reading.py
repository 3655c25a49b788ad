"""Reading a definition out of plain YAML data: keys, numbers, texts, spans; findings gather with their lines. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from nurture.kernel.errors import Problem
from nurture.kernel.i18n import LANGUAGES, N_
from nurture.kernel.yamlfile import Source
from nurture.rules.values import BadValueError, read_span


@dataclass(slots=True)
class Reading:
    """One file being read. What is wrong gathers in `problems`; a fallback is given back, so that reading goes on."""

    source: Source
    problems: list[Problem] = field(default_factory=list)

    def wrong(self, code: str, message: str, path: str, mend: str = "", **params: object) -> None:
        """A finding about the value at this path."""
        shown = tuple((name, str(value)[:200]) for name, value in params.items())
        self.problems.append(self.source.located(Problem(code, message, mend, path=path, params=shown)))

    def mapping(self, data: Any, path: str, known: tuple[str, ...]) -> Mapping[str, Any]:
        """The value as keys and values; unknown keys are findings."""
        if data is None and not path:
            return {}
        if not isinstance(data, dict):
            self.wrong("not_a_mapping", N_("Keys with values belong here"), path)
            return {}
        for key in data:
            if key not in known:
                self.wrong(
                    "unknown_key",
                    N_("“%(key)s” is not known here"),
                    f"{path}.{key}" if path else key,
                    N_("known are: %(known)s"),
                    key=key,
                    known=", ".join(known),
                )
        return data

    def number(self, data: Any, path: str, low: int, high: int, fallback: int) -> int:
        """A whole number within bounds."""
        if isinstance(data, bool) or not isinstance(data, int) or not low <= data <= high:
            self.wrong(
                "not_a_number", N_("A whole number from %(low)s to %(high)s belongs here"), path, low=low, high=high
            )
            return fallback
        return data

    def span(self, data: Any, path: str) -> timedelta | None:
        """A length of time such as `2 days`."""
        try:
            return read_span(data)
        except BadValueError as error:
            found = Problem("not_a_span", error.message, error.mend, path=path, params=error.params)
            self.problems.append(self.source.located(found))
            return None

    def name(self, data: Any, path: str) -> Mapping[str, str]:
        """A name by language; one text stands for all languages."""
        if isinstance(data, str) and data.strip():
            return dict.fromkeys(LANGUAGES, data.strip())
        texts = self.mapping(data, path, LANGUAGES)
        missing = [language for language in LANGUAGES if not str(texts.get(language) or "").strip()]
        if missing:
            self.wrong("no_name", N_("The name is missing in: %(languages)s"), path, languages=", ".join(missing))
        return {language: str(texts.get(language) or "") for language in LANGUAGES}

    def texts(self, data: Any, path: str) -> tuple[str, ...]:
        """One text or a list of texts."""
        values = data if isinstance(data, list) else [data]
        good = [v for v in values if isinstance(v, str | int) and str(v).strip()]
        if len(good) != len(values) or not good:
            self.wrong("not_text", N_("A text or a list of texts belongs here"), path)
        return tuple(("true" if v else "false") if isinstance(v, bool) else str(v).strip() for v in good)

    def choice(self, data: Any, path: str, known: list[str]) -> str | None:
        """One of the known words."""
        if data in known:
            return str(data)
        self.wrong(
            "unknown_value", N_("“%(value)s” is not one of: %(known)s"), path, value=data, known=", ".join(known)
        )
        return None

    def part(self, parts: Mapping[str, Any], key: str, path: str) -> tuple[str, ...]:
        """The texts under a key of the mapping at this path; none when the key is not there."""
        return self.texts(parts[key], f"{path}.{key}") if key in parts else ()
