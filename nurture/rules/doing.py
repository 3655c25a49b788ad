"""Reads conditions on activities: what it was about, how often, within which span. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nurture.kernel.errors import Problem
from nurture.kernel.i18n import N_
from nurture.rules.facts import About, Event
from nurture.rules.model import Did, Rule
from nurture.rules.reading import Reading
from nurture.rules.values import BadValueError, read_span

MOST_TIMES = 1_000_000
_COUNTS = ("times", "at_least", "at_most", "exactly")


@dataclass(slots=True)
class Doing(Reading):
    """The part of reading that knows activities."""

    def did(self, event: Event, value: object, path: str) -> Rule | None:
        if value is None:
            value = {}
        if not isinstance(value, Mapping):
            mend = N_("write {%(word)s: {}} for any, or such as {%(word)s: {within: 30 days}}")
            self.wrong("bad_activity", path, N_("“%(word)s” needs its parts in braces"), mend, word=event.key)
            return None
        before = len(self.problems)
        parts = self.known_parts(value, [*event.words, *_COUNTS, "within"], path, event.key)
        least, most = self.counts(parts, path)
        asked = self.about(event.about, parts, path) if event.about else {}
        rule = Did(
            event.key,
            event.kind,
            event.said,
            emails=self.named("email", parts, path),
            campaigns=self.named("campaign", parts, path),
            link=self.link(parts, path),
            times=least,
            within=self.within(parts, path),
            most=most,
            **asked,
        )
        return rule if len(self.problems) == before else None

    def about(self, about: About, parts: Mapping[str, object], path: str) -> dict[str, Any]:
        """What the activity was about: one value or a list."""
        if about.part not in parts:
            return {}
        place = f"{path}.{about.part}"
        shown = self.words(parts[about.part], place)
        folded = tuple(dict.fromkeys(about.fold_literal(word) for word in shown))
        for word in folded if about.choices else ():
            if word not in about.choices:
                message = N_("“%(word)s” is not known here")
                self.unknown("unknown_value", place, message, word, list(about.choices))
        if shown and not all(folded):
            message = N_("“%(word)s” is no name")
            self.wrong("not_names", place, message, N_("write such as vip, or [vip, gold]"), word=", ".join(shown))
        return {"part": about.part, "about": folded, "begins": about.begins, "shown": tuple(shown)}

    def counts(self, parts: Mapping[str, object], path: str) -> tuple[int, int | None]:
        """At least and at most how often."""
        if "exactly" in parts:
            times = self.times("exactly", parts, path, 0)
            self.alone("exactly", parts, path, ("times", "at_least", "at_most"))
            return times, times
        least = "at_least" if "at_least" in parts else "times"
        if least == "at_least":
            self.alone(least, parts, path, ("times",))
        most = self.times("at_most", parts, path, 0) if "at_most" in parts else None
        fewest = self.times(least, parts, path, 1) if least in parts else int(most is None)
        if most is not None and fewest > most:
            self.wrong("bad_times", f"{path}.at_most", N_("at_most is below the least number"), N_("change them round"))
        return fewest, most

    def alone(self, word: str, parts: Mapping[str, object], path: str, others: tuple[str, ...]) -> None:
        for other in others:
            if other in parts:
                message = N_("“%(word)s” and “%(other)s” do not go together")
                self.wrong("bad_times", f"{path}.{other}", message, N_("keep one of them"), word=word, other=other)

    def named(self, kind: str, parts: Mapping[str, object], path: str) -> tuple[str, ...]:
        if kind not in parts:
            return ()
        found = self.words(parts[kind], f"{path}.{kind}")
        known = self.facts.known.get(kind)
        for word in found:
            if known is not None and word not in known:
                self.missing(kind, word, f"{path}.{kind}")
        return tuple(found)

    def link(self, parts: Mapping[str, object], path: str) -> str:
        raw = parts.get("link", "")
        if "link" in parts and (not isinstance(raw, str) or not raw.strip() or len(raw) > 2000):
            message = N_("A link is a piece of an address")
            self.wrong("bad_link", f"{path}.link", message, N_("write such as /bang-gia"))
            return ""
        return str(raw).strip()

    def times(self, word: str, parts: Mapping[str, object], path: str, lowest: int) -> int:
        raw = parts[word]
        if isinstance(raw, bool) or not isinstance(raw, int) or not lowest <= raw <= MOST_TIMES:
            message = N_("“%(word)s” is a whole number from %(lowest)s")
            mend = N_("for never, write never: and the activity") if lowest else ""
            self.wrong("bad_times", f"{path}.{word}", message, mend, word=word, lowest=lowest)
            return 1
        return raw

    def within(self, parts: Mapping[str, object], path: str) -> Any:
        if "within" not in parts:
            return None
        try:
            return read_span(parts["within"])
        except BadValueError as error:
            place = f"{path}.within"
            self.problems.append(Problem("bad_value", error.message, error.mend, path=place, params=error.params))
            return None
