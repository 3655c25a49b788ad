"""What pages say of one-time emails: states, times, findings, the look before, in the reader's language."""

from collections.abc import Mapping
from typing import Any

from nurture.broadcasts.model import At, BroadcastState, Definition, Local, Now, Past
from nurture.broadcasts.preflight import phrase
from nurture.broadcasts.store import Stored
from nurture.delivery import forecast
from nurture.kernel.i18n import N_
from nurture.kernel.text import in_language
from nurture.messages.checklist import Item
from nurture.web import formats
from nurture.web.campaign_words import CLASSES, about, window
from nurture.web.language import language, say
from nurture.web.page import zone

STATES: Mapping[str, tuple[str, str, str]] = {  # label, look of its chip, icon
    BroadcastState.DRAFT: (N_("draft"), "", "pencil"),
    BroadcastState.SCHEDULED: (N_("scheduled"), "", "clock"),
    BroadcastState.SENDING: (N_("sending out"), "good", "send"),
    BroadcastState.PAUSED: (N_("paused"), "watch", "pause-circle"),
    BroadcastState.DONE: (N_("done"), "good", "check-circle"),
    BroadcastState.STOPPED: (N_("stopped"), "watch", "slash-circle"),
    BroadcastState.ARCHIVED: (N_("archived"), "", "slash-circle"),
}
DONE = {
    "pause": N_("“%(name)s” is paused: nothing of it goes"),
    "resume": N_("“%(name)s” goes on"),
    "stop": N_("“%(name)s” is stopped: what has not gone is taken back"),
    "archive": N_("“%(name)s” is archived"),
    "edit": N_("“%(name)s” is a draft again"),
}
FINDINGS = {
    "winner": N_(
        "“%(leader)s” is better: a difference like this comes by chance in fewer than %(error)s of 100 tests."
    ),
    "no_difference": N_(
        "No winner: a difference as small as this may well be chance. To be sure, fewer than %(error)s of 100 tests "
        "would show it by chance."
    ),
    "not_enough": N_("Not enough data: too few emails or clicks to say which text is better."),
}
LEVELS = {"good": "check-circle", "watch": "exclamation-triangle", "bad": "x-lg"}
_MARKS = {"good": N_("in order"), "watch": N_("look at this"), "bad": N_("forbids it")}


def state_words() -> dict[str, dict[str, str]]:
    """Every state's word, look and icon."""
    return {str(key): {"label": say(label), "look": look, "icon": icon} for key, (label, look, icon) in STATES.items()}


def when(chosen: Definition) -> str:
    """When it goes."""
    match chosen.when:
        case Now():
            return say("as soon as it is launched")
        case At(wall):
            return say("%(time)s, by the clock of the house", time=_wall(wall))
        case Local(wall, past):
            after = say("the day after where that is over") if past is Past.NEXT_DAY else say("now where that is over")
            return say("%(time)s, by each reader's own clock; %(past)s", time=_wall(wall), past=after)


def _wall(wall: Any) -> str:
    return f"{wall:%H:%M} {wall:%d/%m/%Y}" if language() == "vi" else f"{wall:%Y-%m-%d %H:%M}"


def sending(chosen: Definition) -> list[str]:
    """How it goes."""
    owner = chosen.sending.sender.value == "owner"
    kind = say(CLASSES[chosen.sending.class_])
    found = [say("%(kind)s, in the name of the lead's owner.", kind=kind) if owner
             else say("%(kind)s, in the name of the house.", kind=kind)]  # fmt: skip
    policy = chosen.sending.policy
    if policy.topic:
        found.append(about(policy.topic))
    return [*found, window(policy.window, language())] if policy.window is not None else found


def outlook(seen: forecast.Outlook) -> str:
    """When it will be through."""
    return forecast.sentence(seen, language(), lambda at: formats.stamp(at, language(), zone()))


def phrases(refused: Mapping[str, int]) -> list[tuple[str, str]]:
    """How many get nothing by reason, in words."""
    spoken = language()
    return [(reason, phrase(reason, formats.number(count, spoken), spoken)) for reason, count in refused.items()]


def item(one: Item) -> dict[str, str]:
    """A line of the list."""
    params = {name: _number(value) for name, value in one.params.items()}
    return {
        "level": one.level.value,
        "mark": say(_MARKS[one.level.value]),
        "icon": LEVELS[one.level.value],
        "text": say(one.text, **params) + (f" ({', '.join(one.where)})" if one.where else ""),
    }


def _number(value: object) -> object:
    return formats.number(value, language()) if isinstance(value, int) else value


def finding(result: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """What a test came to."""
    error = formats.number(round((1 - float(result["confidence"])) * 100, 1), language())
    return say(FINDINGS[result["finding"]], leader=names.get(result["leader"] or "", ""), error=error)


def letters(chosen: Definition, titles: Mapping[str, str]) -> dict[str, str]:
    """What each variant is called: its letter and its subject or email."""
    spoken = language()
    return {
        one.key: f"{one.key.upper()}: {in_language(one.subject, spoken, titles.get(one.email, one.email))}"
        for one in chosen.variants
    }


def needs(stored: Stored) -> str:
    """What a person has to do about it; nothing when nothing."""
    if stored.reason:
        return say("Held, late")
    if stored.is_tested and stored.result is not None and stored.winner is None and stored.ended_at is None:
        return say("Choose a text")
    return ""
