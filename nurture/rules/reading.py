"""What every part of reading a rule shares: the findings so far, each with its path and the mend. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nurture.kernel.errors import Problem
from nurture.kernel.i18n import N_
from nurture.rules.facts import Facts
from nurture.rules.model import MOST_VALUES
from nurture.rules.values import near


@dataclass(slots=True)
class Reading:
    """A rule as it is read."""

    facts: Facts
    problems: list[Problem] = field(default_factory=list)

    def wrong(self, code: str, path: str, message: str, mend: str = "", **params: object) -> None:
        shown = tuple((name, str(value)[:300]) for name, value in params.items())
        self.problems.append(Problem(code, message, mend, path=path, params=shown))

    def unknown(self, code: str, path: str, message: str, word: object, known: list[str], **params: object) -> None:
        """A word that is not among those known: the nearest one is the mend, or the list."""
        guess = near(word, known)
        mend = N_("did you mean “%(near)s”?") if guess else N_("one of: %(known)s")
        self.wrong(code, path, message, mend, word=str(word)[:80], near=guess, known=", ".join(known), **params)

    def known_parts(self, value: Mapping[Any, Any], allowed: list[str], path: str, key: str) -> dict[str, object]:
        """The parts that there are; the others are noted."""
        for part in value:
            if part not in allowed:
                message = N_("“%(event)s” has no part “%(word)s”")
                self.unknown("unknown_part", f"{path}.{part}", message, part, allowed, event=key)
        return {str(word): raw for word, raw in value.items() if word in allowed}

    def empty_parts(self, value: Mapping[Any, Any], allowed: list[str], path: str, key: str) -> None:
        if not value:
            message = N_("What should “%(field)s” be?")
            self.wrong("no_part", path, message, N_("one of: %(known)s"), field=key, known=", ".join(allowed))

    def missing(self, kind: str, word: str, path: str) -> None:
        """A name that is referred to and does not exist."""
        message = {
            "segment": N_("There is no segment “%(word)s”"),
            "email": N_("There is no email “%(word)s”"),
            "campaign": N_("There is no campaign “%(word)s”"),
        }.get(kind, N_("There is no “%(word)s”"))
        self.unknown(f"unknown_{kind}", path, message, word, sorted(self.facts.known[kind]))

    def words(self, value: object, path: str) -> list[str]:
        """One name or a list of names, none empty; what is wrong is noted and gives an empty list."""
        listed = value if isinstance(value, list) else [value]
        good = [str(one).strip() for one in listed if isinstance(one, (str, int)) and not isinstance(one, bool)]
        if not listed or len(good) != len(listed) or not all(good) or len(listed) > MOST_VALUES:
            message = N_("A name, or a list of up to %(limit)s names, belongs here")
            self.wrong("not_names", path, message, N_("write such as vip, or [vip, gold]"), limit=MOST_VALUES)
            return []
        return good
