"""From the plain data of one campaign to a definition, with every finding at once; and its hash. Pure."""

import hashlib
import json
from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Any

from nurture.campaigns.entry import read_entry, segments_of
from nurture.campaigns.flow import Flow
from nurture.campaigns.model import Campaign, Goal, OpportunityOpened, Sender, Sending, Unsure
from nurture.campaigns.reading import Reading
from nurture.kernel.errors import DefinitionError, Problem
from nurture.kernel.i18n import LANGUAGES, N_
from nurture.kernel.yamlfile import Source
from nurture.policy.decide import Policy
from nurture.policy.windows import Window, WindowError, read_window
from nurture.rules.facts import Facts
from nurture.rules.model import names

KEYS = ("key", "name", "entry", "goal", "exit_when", "sending", "language", "steps")
# What the hash of a revision covers: all but names and texts.
_HASHED = ("entry", "goal", "exit_when", "sending", "language", "steps")


class MailClass(StrEnum):
    """What a campaign's mails are in the eyes of the law; the words of messages.model.MessageClass."""

    ADVERTISING = "advertising"
    CARE = "care"
    DEAL = "deal"
    TRANSACTIONAL = "transactional"


def read_campaign(
    source: Source, facts: Facts, emails: Mapping[str, Collection[str]] | None = None
) -> tuple[Campaign | None, list[Problem]]:
    """The definition and all findings; None when a finding is an error.

    `facts.known` and `emails` (languages by key) say what there is; without them references are not checked.
    """
    reading = Reading(source, facts, emails)
    data = reading.mapping(source.data, "", required=("key", "name", "entry", "steps"), optional=KEYS)
    key = reading.key(data["key"], "key") if data.get("key") is not None else ""
    name = _name(reading, data.get("name"))
    entry = read_entry(reading, data.get("entry"))
    goal = _goal(reading, data["goal"]) if data.get("goal") is not None else None
    exit_when = reading.rule(data["exit_when"], "exit_when") if data.get("exit_when") is not None else None
    sending = read_sending(reading, data.get("sending"))
    language = _language(reading, data.get("language"))
    steps, first = Flow(reading).read(data["steps"]) if data.get("steps") is not None else ({}, "")
    if any(problem.severity == "error" for problem in reading.problems):
        return None, reading.problems
    found = Campaign(key, name, entry, goal, exit_when, sending, steps, first, data, language)
    return found, reading.problems


def from_revision(data: Mapping[str, Any], facts: Facts) -> Campaign:
    """The definition out of a stored revision, references unchecked. DefinitionError when it no longer reads."""
    found, problems = read_campaign(Source("", "", data, {}), facts)
    if found is None:
        raise DefinitionError(problems)
    return found


def content_hash(campaign: Campaign, segments: Mapping[str, Any]) -> str:
    """The hash of a revision: entry, policy, steps and the rules they name, segments by key; not names or texts."""
    data = {key: campaign.data[key] for key in _HASHED if campaign.data.get(key) is not None}
    named = {word for rule in campaign.rules() for kind, word in names(rule) if kind == "segment"}
    named |= segments_of(campaign.entry)
    content = {"definition": data, "segments": {key: segments.get(key) for key in sorted(named)}}
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _name(reading: Reading, data: Any) -> Mapping[str, str]:
    return {} if data is None else reading.texts(data, "name", 120)


def _goal(reading: Reading, data: Any) -> Goal | None:
    if isinstance(data, Mapping) and set(data) == {"opportunity"}:
        if data["opportunity"] != "opened":
            reading.unknown(
                "unknown_goal", "goal.opportunity", N_("“%(word)s” is no goal"), data["opportunity"], ["opened"]
            )
        return OpportunityOpened()
    return reading.rule(data, "goal")


_SENDING = ("class", "from", "window", "cap", "priority", "topic", "unknown", "exit_on_reply")


def read_sending(reading: Reading, data: Any) -> Sending:
    """How mails go: class, sender, policy, priority; what is not said is as usual."""
    if data is None:
        return Sending()
    parts = reading.mapping(data, "sending", optional=_SENDING)
    kind = reading.choice(parts.get("class", "advertising"), "sending.class", MailClass, MailClass.ADVERTISING)
    sender = reading.choice(parts.get("from", "house"), "sending.from", Sender, Sender.HOUSE)
    priority = parts.get("priority", 5)
    if isinstance(priority, bool) or not isinstance(priority, int) or not 1 <= priority <= 9:
        message = N_("A whole number from %(low)s to %(high)s belongs here")
        reading.wrong("not_a_number", "sending.priority", message, low=1, high=9)
        priority = 5
    topic = reading.key(parts["topic"], "sending.topic") if parts.get("topic") is not None else ""
    cap = reading.cap(parts.get("cap"), "sending.cap")
    unknown = reading.choice(parts.get("unknown", "wait"), "sending.unknown", Unsure, Unsure.WAIT)
    said = "" if unknown is Unsure.WAIT else unknown.value
    policy = Policy(_window(reading, parts.get("window")), cap, topic, said)
    leaves = parts.get("exit_on_reply", False)
    if not isinstance(leaves, bool):
        reading.wrong("not_a_flag", "sending.exit_on_reply", N_("true or false belongs here"))
    return Sending(kind.value, sender, policy, priority, exit_on_reply=leaves is True)


def _window(reading: Reading, data: Any) -> Window | None:
    if data is None:
        return None
    try:
        return read_window(data)
    except WindowError as error:
        reading.problems += [reading.source.located(problem, "sending.window") for problem in error.problems]
        return None


def _language(reading: Reading, data: Any) -> str | None:
    if data is None or data in LANGUAGES:
        return None if data is None else str(data)
    reading.unknown("unknown_language", "language", N_("“%(word)s” is not known here"), data, LANGUAGES)
    return None
