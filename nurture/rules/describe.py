"""A rule in one natural sentence, and each answer of a trace with the value that was seen. Pure.

A negation is said where it belongs ("clicked no link"), so that a reader never has to resolve "none of". Emails,
segments, campaigns, tags and staff go by their titles, where those are given.
"""

from datetime import date, datetime, timedelta
from typing import Any, assert_never
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from babel.numbers import format_decimal

from nurture.kernel.i18n import N_, translate, translate_plural
from nurture.rules.evaluate import Record, Times, Trace
from nurture.rules.model import Compare, Did, Exists, Group, Has, Join, Rule
from nurture.rules.operators import operators
from nurture.rules.titles import OWNER, UNTITLED, Titles
from nurture.rules.values import Ago

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
_DAYS = {"vi": "dd/MM/yyyy", "en": "d MMM yyyy"}
_INSTANTS = {"vi": "dd/MM/yyyy, HH:mm", "en": "d MMM yyyy, HH:mm"}
_MOST_SHOWN = 8
_WORDS = {
    "cold": N_("cold"),
    "warm": N_("warm"),
    "hot": N_("hot"),
    "subscriber": N_("subscriber"),
    "lead": N_("lead"),
    "opportunity": N_("opportunity"),
    "customer": N_("customer"),
    "mql": N_("MQL"),
    "sql": N_("SQL"),
    "open": N_("open"),
    "won": N_("won"),
    "lost": N_("lost"),
    "returned": N_("given back"),
    "withdrawn": N_("withdrawn"),
    "active": N_("under way"),
    "completed": N_("completed"),
    "exited": N_("left early"),
    "failed": N_("failed"),
    "interested": N_("interested"),
    "call_back": N_("call back"),
    "no_answer": N_("no answer"),
    "busy": N_("busy"),
    "switched_off": N_("switched off"),
    "no_need": N_("no need"),
    "wrong_number": N_("wrong number"),
}
_WORDED = {"temperature", "lifecycle", "state", "outcome"}
# How a comparison says its value where the plain sentence does not fit.
_ABOUT = {
    "outcome": N_("outcome: %(value)s"),
    "tag": N_("tag %(value)s"),
    "path": N_("path starting with %(value)s"),
    "form": N_("form %(value)s"),
    "reason": N_("reason: %(value)s"),
}


def describe(rule: Rule, language: str, zone: ZoneInfo = ZONE, titles: Titles = UNTITLED) -> str:
    """The rule as one sentence in `vi` or `en`, its first letter large, without a full stop."""
    text = _Speaker(language, zone, titles).rule(rule, no=False)
    return text[:1].upper() + text[1:]


def sentence(trace: Trace, language: str, zone: ZoneInfo = ZONE, titles: Titles = UNTITLED) -> str:
    """The condition of a node and what was seen there: "City is Huế (here: Đà Nẵng)"."""
    speaker = _Speaker(language, zone, titles)
    said = describe(trace.rule, language, zone, titles)
    seen = speaker.seen(trace)
    if not seen:
        return said
    return translate(language, "%(condition)s (here: %(seen)s)", condition=said, seen=seen)


def instant(at: datetime, language: str, zone: ZoneInfo = ZONE) -> str:
    """A day and a time of day as the sentences say them."""
    return str(format_datetime(at, _INSTANTS.get(language, _INSTANTS["en"]), zone, language))


class _Speaker:
    def __init__(self, language: str, zone: ZoneInfo, titles: Titles) -> None:
        self.language = language
        self.zone = zone
        self.titles = titles

    def tr(self, text: str, **params: object) -> str:
        return translate(self.language, text, **params)

    def rule(self, rule: Rule, *, no: bool) -> str:
        match rule:
            case Group():
                inner, opposite = _bare(rule, no=no)
                if isinstance(inner, Group):
                    return self.group(inner, no=opposite)
                return self.rule(inner, no=opposite)
            case Compare():
                return self.compare(rule, no=no)
            case Has():
                return self.tr(rule.said[no], names=self.either(self.names(rule)))
            case Did():
                return self.did(rule, no=no)
            case Exists():
                return self.exists(rule, no=no)
            case _:
                assert_never(rule)

    def names(self, rule: Has) -> list[str]:
        """The names in quotes, each once."""
        found = [self.titles.get(rule.fact, key) for key in rule.names]
        if len(rule.names) != len(rule.shown):  # the same name written in two ways
            return [f"“{title or key}”" for title, key in zip(found, rule.names, strict=True)]
        return [f"“{title or written}”" for title, written in zip(found, rule.shown, strict=True)]

    def called(self, kind: str, key: str) -> str:
        """The title in quotes, or the key as it is."""
        title = self.titles.get(kind, key)
        return f"“{title}”" if title else key

    def group(self, group: Group, *, no: bool) -> str:
        """Negations move inwards: none of (a, b) is not-a and not-b."""
        parts = self.parts(group, no=no)
        return self.both(parts) if _joined_by_and(group, no=no) else self.either(parts)

    def parts(self, group: Group, *, no: bool) -> list[str]:
        """What a group joins. Groups joined by the same word run together, others stand in brackets."""
        by_and = _joined_by_and(group, no=no)
        found: list[str] = []
        for child in group.rules:
            inner, opposite = _bare(child, no=no != (group.join is Join.NONE))
            if not isinstance(inner, Group):
                found.append(self.rule(inner, no=opposite))
            elif _joined_by_and(inner, no=opposite) == by_and:
                found += self.parts(inner, no=opposite)
            else:
                found.append(f"({self.group(inner, no=opposite)})")
        return found

    def both(self, parts: list[str]) -> str:
        return self.listed(parts, N_("%(first)s and %(last)s"))

    def either(self, parts: list[str]) -> str:
        return self.listed(parts, N_("%(first)s or %(last)s"))

    def listed(self, parts: list[str], last: str) -> str:
        if len(parts) == 1:
            return parts[0]
        return self.tr(last, first=", ".join(parts[:-1]), last=parts[-1])

    def compare(self, rule: Compare, *, no: bool) -> str:
        if rule.said is not None:
            return self.tr(rule.said[no])
        operator = operators()[rule.operator]
        says, value = operator.SAYS, rule.shown
        if isinstance(value, Ago):
            says, value = getattr(operator, "SAYS_AGO", says), value.span
        if value == timedelta(0):
            says = getattr(operator, "SAYS_TODAY", says)
        opposite = no != (rule.operator == "empty" and not rule.value)
        return self.tr(says[opposite], field=self.tr(rule.label), **self.values(rule, value))

    def values(self, rule: Compare, value: Any) -> dict[str, str]:
        """The value in every form that a sentence may ask for: one of them, all of them, the first and the last."""
        if rule.names:
            value = tuple(self.called(rule.names, one) for one in (value if isinstance(value, tuple) else (value,)))
        worded = rule.fact in _WORDED
        named = self.owners(rule, value)
        found = {"value": self.value(named, worded=worded)}
        if isinstance(named, tuple | list):
            each = [self.value(one, worded=worded) for one in named[:_MOST_SHOWN]]
            each += ["…"] if len(named) > _MOST_SHOWN else []
            found |= {"any": self.either(each), "all": self.both(each), "first": each[0], "last": each[-1]}
        return found

    def owners(self, rule: Compare, value: Any) -> Any:
        """Staff by their names; every other value as it is."""
        if rule.fact != OWNER:
            return value
        if isinstance(value, tuple | list):
            return [self.owners(rule, one) for one in value]
        return self.titles.get(OWNER, value) or value if isinstance(value, str) else value

    def did(self, rule: Did, *, no: bool) -> str:
        never = no and rule.times == 1 and rule.most is None
        never = never or (not no and rule.most == 0)
        text = self.tr(rule.said[never])
        parts = [self.tr(N_("email %(email)s"), email=self.called("email", key)) for key in rule.emails]
        campaigns = [self.called("campaign", key) for key in rule.campaigns]
        parts += [self.tr(N_("campaign %(campaign)s"), campaign=one) for one in campaigns]
        if rule.link:
            parts.append(self.tr(N_("link %(link)s"), link=rule.link))
        if rule.about:
            parts.append(self.about(rule))
        if parts:
            text = f"{text} ({self.either(parts) if len(parts) == len(rule.emails) else ', '.join(parts)})"
        text = self.counted(rule, text, no=no)
        if rule.within is None:
            return text
        return self.tr(N_("%(event)s in the last %(span)s"), event=text, span=self.span(rule.within))

    def about(self, rule: Did) -> str:
        """What an activity was about."""
        if rule.part == "tag":
            shown = [f"“{self.titles.get('tag', key) or key}”" for key in rule.about]
        else:
            shown = [self.value(one, worded=rule.part in _WORDED) for one in rule.shown]
        return self.tr(_ABOUT.get(rule.part, "%(value)s"), value=self.either(shown))

    def counted(self, rule: Did, text: str, *, no: bool) -> str:
        """How often; nothing for once and for never."""
        least, most = rule.times, rule.most
        if most is None:
            says = N_("%(event)s fewer than %(times)s times") if no else N_("%(event)s at least %(times)s times")
            return self.tr(says, event=text, times=least) if least > 1 else text
        if most == 0:
            return text
        if least == most:
            says = N_("%(event)s not exactly %(times)s times") if no else N_("%(event)s exactly %(times)s times")
        elif least == 0:
            says = N_("%(event)s more than %(times)s times") if no else N_("%(event)s at most %(times)s times")
        else:
            says = N_("%(event)s %(least)s to %(times)s times")
            says = N_("%(event)s fewer than %(least)s or more than %(times)s times") if no else says
        return self.tr(says, event=text, times=most, least=least)

    def exists(self, rule: Exists, *, no: bool) -> str:
        """The sentence of the state, the things it names, and what else is asked of the record."""
        named = [one for one in rule.where if one.names and one.fact in rule.counted]
        titles = [self.called(one.names, key) for one in named for key in one.value]
        names = self.tr(N_("the campaign %(campaign)s"), campaign=self.either(titles)) if titles else ""
        text = self.tr(rule.said[no], names=names or self.tr(N_("a campaign")))
        more = [self.compare(one, no=False) for one in rule.where if one.fact not in rule.counted]
        return f"{text} ({', '.join(more)})" if more else text

    def value(self, value: Any, *, worded: bool = False) -> str:
        if isinstance(value, (tuple, list)):
            shown = [self.value(one, worded=worded) for one in value[:_MOST_SHOWN]]
            return self.either([*shown, "…"] if len(value) > _MOST_SHOWN else shown)
        if worded and str(value) in _WORDS:
            return self.tr(_WORDS[str(value)])
        if isinstance(value, bool):
            return self.tr(N_("yes")) if value else self.tr(N_("no"))
        if isinstance(value, (int, float)):
            return str(format_decimal(value, locale=self.language))
        return self.time(value) if isinstance(value, (date, timedelta)) else str(value)

    def time(self, value: date | timedelta) -> str:
        if isinstance(value, timedelta):
            return self.span(value)
        if isinstance(value, datetime):
            return self.instant(value)
        noon = datetime(value.year, value.month, value.day, 12, tzinfo=self.zone)
        return str(format_datetime(noon, _DAYS.get(self.language, _DAYS["en"]), self.zone, self.language))

    def instant(self, value: datetime) -> str:
        return instant(value, self.language, self.zone)

    def span(self, span: timedelta) -> str:
        minutes = int(span.total_seconds() // 60)
        if minutes % 1440 == 0:
            return translate_plural(self.language, "%(count)s day", "%(count)s days", minutes // 1440)
        if minutes % 60 == 0:
            return translate_plural(self.language, "%(count)s hour", "%(count)s hours", minutes // 60)
        return translate_plural(self.language, "%(count)s minute", "%(count)s minutes", minutes)

    def seen(self, trace: Trace) -> str:
        """What was found at a leaf; nothing for a group."""
        rule, seen = trace.rule, trace.seen
        if isinstance(rule, Group):
            return ""
        if isinstance(seen, Times):
            return self.times(seen)
        if seen is None or seen == ():
            return self.tr(N_("no value")) if isinstance(rule, Compare) else self.tr(N_("none"))
        if isinstance(rule, Exists):
            shown = [self.record(one) for one in seen[:3]]
            return "; ".join([*shown, "…"] if len(seen) > 3 else shown)
        if isinstance(rule, Has):
            shown = [self.titles.get(rule.fact, key) or key for key in seen[:_MOST_SHOWN]]
            return ", ".join([*shown, "…"] if len(seen) > _MOST_SHOWN else shown)
        if isinstance(rule, Compare):
            return self.value(self.owners(rule, seen), worded=rule.fact in _WORDED)
        return self.value(seen)

    def record(self, record: Record) -> str:
        """The values of one record, those that it has."""
        shown = [
            self.called(kind, value) if kind else self.value(value, worded=part in _WORDED)
            for part, value, kind in record.values
            if value not in (None, "")
        ]
        return ", ".join(shown)

    def times(self, seen: Times) -> str:
        if seen.last_at is None:
            return self.tr(N_("never"))
        count = translate_plural(self.language, "%(count)s time", "%(count)s times", seen.count)
        return self.tr(N_("%(times)s, last on %(at)s"), times=count, at=self.instant(seen.last_at))


def _joined_by_and(group: Group, *, no: bool) -> bool:
    """Whether the sentences of a group, or of its opposite, are joined by "and"."""
    return (group.join is Join.ANY) == no


def _bare(rule: Rule, *, no: bool) -> tuple[Rule, bool]:
    """A rule out of its groups of one, and whether its opposite is meant."""
    while isinstance(rule, Group) and len(rule.rules) == 1:
        no = no != (rule.join is Join.NONE)
        (rule,) = rule.rules
    return rule, no
