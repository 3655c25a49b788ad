"""Reading the pieces of a campaign out of plain data. What is wrong gathers, each with its line and the mend. Pure."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any, TypeVar

from nurture.kernel.errors import DefinitionError, Problem
from nurture.kernel.i18n import LANGUAGES, N_
from nurture.kernel.spans import parse_span
from nurture.kernel.text import is_key
from nurture.kernel.yamlfile import Source
from nurture.policy.caps import Cap, read_cap
from nurture.rules.facts import Facts
from nurture.rules.model import Rule
from nurture.rules.parse import parse
from nurture.rules.values import near

Choice = TypeVar("Choice", bound=StrEnum)
_SHOWN = 80
# The form of what `Reading.span` reads.
SPAN = "^[0-9]{1,6} ?(minute|hour|day|week|phút|giờ|ngày|tuần)s?$"


def texts_schema(longest: int, description: str) -> Mapping[str, Any]:
    """The form of what `Reading.texts` reads, as JSON Schema."""
    one = {"type": "string", "minLength": 1, "maxLength": longest}
    parts = {"properties": dict.fromkeys(LANGUAGES, one), "required": list(LANGUAGES), "additionalProperties": False}
    return {"anyOf": [one, {"type": "object", **parts}], "description": description}


@dataclass(slots=True)
class Reading:
    """One campaign being read. `emails` gives the languages of each email by its key; None asks nothing of them."""

    source: Source
    facts: Facts
    emails: Mapping[str, Collection[str]] | None = None
    problems: list[Problem] = field(default_factory=list)

    def wrong(  # a finding has that many sides
        self, code: str, path: str, message: str, mend: str = "", severity: str = "error", **params: object
    ) -> None:
        """A finding about the value at this path."""
        shown = {name: str(value)[:_SHOWN] for name, value in params.items() if name != "known"}
        if "known" in params:
            shown["known"] = str(params["known"])
        self.problems.append(self.source.problem(code, message, path=path, mend=mend, severity=severity, **shown))

    def unknown(self, code: str, path: str, message: str, word: object, known: Iterable[str], **params: object) -> None:
        """A word that is not among those known: the nearest one is the mend, or the list."""
        listed = sorted(known)
        guess = near(word, listed)
        mend = N_("did you mean “%(near)s”?") if guess else N_("one of: %(known)s")
        shown: dict[str, object] = {"near": guess} if guess else {"known": ", ".join(listed)}
        self.wrong(code, path, message, mend, "error", word=word, **shown, **params)

    def mapping(
        self, data: Any, path: str, required: tuple[str, ...] = (), optional: tuple[str, ...] = ()
    ) -> Mapping[str, Any]:
        """Keys with values; missing and unknown keys are findings. An empty mapping when it is none."""
        if not isinstance(data, Mapping):
            known = ", ".join((*required, *optional))
            self.wrong("not_a_mapping", path, N_("Keys with values belong here"), N_("one of: %(known)s"), known=known)
            return {}
        for key in data:
            if key not in required and key not in optional:
                inner = f"{path}.{key}" if path else str(key)
                self.unknown("unknown_key", inner, N_("“%(word)s” is not known here"), key, (*required, *optional))
        for key in required:
            if data.get(key) is None:
                self.wrong("missing_key", path, N_("“%(word)s” is missing here"), word=key)
        return data

    def of_campaign(self, key: str) -> Any:
        """What another part of the same file says; None when it has none."""
        return self.source.data.get(key) if isinstance(self.source.data, Mapping) else None

    def text(self, data: Any, path: str, longest: int = 500) -> str:
        """Text that is not empty; an empty one when it is none."""
        if not isinstance(data, str) or not data.strip() or len(data) > longest:
            self.wrong("not_text", path, N_("A text of up to %(limit)s characters belongs here"), limit=longest)
            return ""
        return data.strip()

    def texts(self, data: Any, path: str, longest: int = 500) -> Mapping[str, str]:
        """Text by language; one text stands for all languages."""
        if not isinstance(data, Mapping):
            return dict.fromkeys(LANGUAGES, self.text(data, path, longest))
        parts = self.mapping(data, path, required=LANGUAGES)
        return {one: self.text(parts[one], f"{path}.{one}", longest) for one in LANGUAGES if parts.get(one) is not None}

    def key(self, data: Any, path: str) -> str:
        """The key of a thing: a-z, 0-9, `_`, `-`."""
        if not isinstance(data, str) or not is_key(data):
            mend = N_("small letters, digits, - and _, at most 80")
            self.wrong("bad_key", path, N_("“%(word)s” cannot be a key"), mend, word=data)
            return ""
        return data

    def span(self, data: Any, path: str) -> timedelta | None:
        """A length of time such as `2 days`."""
        try:
            return parse_span(data)
        except ValueError:
            mend = N_("such as: 30 minutes, 3 hours, 2 days, 1 week")
            self.wrong("bad_span", path, N_("“%(word)s” is no length of time"), mend, word=data)
            return None

    def cap(self, data: Any, path: str) -> Cap | None:
        """A cap such as `3 in 7 days`; None where there is none."""
        if data is None:
            return None
        try:
            return read_cap(data)
        except ValueError:
            mend = N_("such as: 3 in 7 days")
            self.wrong("bad_cap", path, N_("“%(word)s” is no cap"), mend, word=data)
            return None

    def choice(self, data: Any, path: str, kinds: type[Choice], fallback: Choice) -> Choice:
        """One of the words of an enum."""
        words = [one.value for one in kinds]
        if data in words:
            return kinds(data)
        self.unknown("unknown_value", path, N_("“%(word)s” is not known here"), data, words)
        return fallback

    def rule(self, data: Any, path: str) -> Rule | None:
        """A rule; its own findings get their lines."""
        try:
            return parse(data, self.facts, path=path)
        except DefinitionError as error:
            self.problems += [self.source.located(problem) for problem in error.problems]
            return None

    def email(self, data: Any, path: str) -> str:
        """The key of an email that there is, in each language it ought to be in."""
        key = self.key(data, path)
        if key and self.emails is not None and key not in self.emails:
            self.unknown("unknown_email", path, N_("There is no email “%(word)s”"), key, self.emails)
        return key

    def segment(self, data: Any, path: str) -> str:
        """The key of a segment that there is."""
        key = self.key(data, path)
        known = self.facts.known.get("segment")
        if key and known is not None and key not in known:
            self.unknown("unknown_segment", path, N_("There is no segment “%(word)s”"), key, known)
        return key

    def hand_segment(self, data: Any, path: str) -> str:
        """The key of a segment that there is and that no rule keeps."""
        key = self.segment(data, path)
        hand, every = self.facts.known.get("hand_segment"), self.facts.known.get("segment")
        if key and hand is not None and key not in hand and (every is None or key in every):
            mend = N_("write by_hand: true instead of its rule, or give a tag that the rule asks for")
            self.wrong("kept_by_rule", path, N_("A rule says who is in the segment “%(word)s”"), mend, word=key)
        return key

    def campaign(self, data: Any, path: str) -> str:
        """The key of a campaign that there is."""
        key = self.key(data, path)
        known = self.facts.known.get("campaign")
        if key and known is not None and key not in known:
            self.unknown("unknown_campaign", path, N_("There is no campaign “%(word)s”"), key, known)
        return key
