"""Give a person something to do about the lead: `task: {kind: call, title: Call back, due: 1 day}`.

Without outcomes and timeout the lead goes straight on. With them it waits here for what comes of the task, and goes
that way as soon as the person says it; an outcome without a way goes straight on. When nobody has said anything in
time, the lead goes the timeout's way, and the task is canceled.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from nurture.campaigns.effects import CancelTask, GiveTask, Go, Hold, Moment
from nurture.campaigns.reading import SPAN, Reading, texts_schema
from nurture.campaigns.spans import spoken
from nurture.kernel.i18n import N_, translate
from nurture.kernel.text import in_language, is_key
from nurture.rules.titles import UNTITLED, Titles
from nurture.tasks.model import KINDS, LONGEST_NOTE, LONGEST_TITLE, TaskKind, said_words

TIMEOUT = "timeout"
OWNER = "owner"
DUE = timedelta(days=1)
LONGEST_WAIT = timedelta(days=30)  # where outcomes are asked for and no timeout is written
MOST_OUTCOMES = 12
LONGEST_WORD = 40

LISTENS = True
SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "kind": {"enum": [one.value for one in TaskKind], "description": "What is to be done."},
        "for": {
            "type": "string",
            "description": "owner (the lead's, whoever that is), or the email address of a member of staff.",
        },
        "title": texts_schema(LONGEST_TITLE, "What it says; one text, or one for each language."),
        "note": texts_schema(LONGEST_NOTE, "What helps to do it; one text, or one for each language."),
        "due": {"type": "string", "pattern": SPAN, "description": "How long there is to do it; a day if not written."},
        "outcomes": {
            "type": "object",
            "additionalProperties": {"$ref": "#/$defs/steps"},
            "maxProperties": MOST_OUTCOMES,
            "description": "What may come of it, and the steps that follow: done, no_answer, not_interested, "
            "an outcome of a call, or a word of yours. The lead waits here until it is said.",
        },
        "words": {
            "type": "object",
            "additionalProperties": texts_schema(LONGEST_WORD, "How people read the outcome."),
            "description": "Outcomes of your own as people read them.",
        },
        "timeout": {
            "type": "object",
            "properties": {"after": {"type": "string", "pattern": SPAN}, "then": {"$ref": "#/$defs/steps"}},
            "required": ["after"],
            "additionalProperties": False,
            "description": "How long the lead waits, and the steps that follow when nobody has said what came of it.",
        },
    },
    "required": ["kind"],
    "additionalProperties": False,
    "description": "Give a person something to do about the lead.",
}


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be done, by whom, until when; and what the lead waits for."""

    kind: TaskKind = TaskKind.CALL
    email: str = ""  # of whom it is for; empty: the lead's owner
    title: Mapping[str, str] = field(default_factory=dict)
    note: Mapping[str, str] = field(default_factory=dict)
    due: timedelta = DUE
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # the outcomes, as people read them
    ways: frozenset[str] = frozenset()  # of the outcomes, and the timeout's
    after: timedelta | None = None  # how long it waits; None: not at all


def read(reading: Reading, value: Any, path: str) -> Task:
    """Its parts; the steps of the ways are read as all others are."""
    optional = ("for", "title", "note", "due", "outcomes", "words", "timeout")
    parts = reading.mapping(value, path, required=("kind",), optional=optional)
    kind = reading.choice(parts.get("kind", TaskKind.CALL.value), f"{path}.kind", TaskKind, TaskKind.CALL)
    texts = {
        key: reading.texts(parts[key], f"{path}.{key}", longest)
        for key, longest in (("title", LONGEST_TITLE), ("note", LONGEST_NOTE))
        if parts.get(key) is not None
    }
    return Task(
        kind,
        _email(reading, parts.get("for", OWNER), f"{path}.for"),
        texts.get("title", {}),
        texts.get("note", {}),
        _span(reading, parts.get("due"), f"{path}.due") or DUE,
        _words(reading, parts, path),
        frozenset(ways(parts)),
        _after(reading, parts, path),
    )


def _email(reading: Reading, data: Any, path: str) -> str:
    """Whose address it is, in the form accounts have; empty for the lead's owner."""
    if data == OWNER:
        return ""
    found = str(data).strip().casefold()
    if not isinstance(data, str) or "@" not in found.strip("@") or len(found) > 254:
        mend = N_("owner, or the email address of a member of staff")
        reading.wrong("bad_person", path, N_("“%(word)s” is nobody who can be given a task"), mend, word=data)
    return found


def _span(reading: Reading, data: Any, path: str) -> timedelta | None:
    return reading.span(data, path) if data is not None else None


def _words(reading: Reading, parts: Mapping[str, Any], path: str) -> dict[str, Mapping[str, str]]:
    """Every listed outcome with its words, if any were written."""
    listed = parts.get("outcomes") or {}
    if not isinstance(listed, Mapping):
        reading.mapping(listed, f"{path}.outcomes")
        return {}
    if len(listed) > MOST_OUTCOMES:
        message = N_("A task has at most %(limit)s outcomes")
        reading.wrong("too_many_outcomes", f"{path}.outcomes", message, limit=MOST_OUTCOMES)
    for key in listed:
        if not is_key(str(key)) or key == TIMEOUT:
            mend = N_("small letters, digits, - and _, at most 80")
            reading.wrong("bad_key", f"{path}.outcomes.{key}", N_("“%(word)s” cannot be a key"), mend, word=key)
    keys = tuple(str(key) for key in listed)
    written = reading.mapping(parts["words"], f"{path}.words", optional=keys) if parts.get("words") is not None else {}
    return {
        key: reading.texts(written[key], f"{path}.words.{key}", LONGEST_WORD) if written.get(key) is not None else {}
        for key in keys
    }


def _after(reading: Reading, parts: Mapping[str, Any], path: str) -> timedelta | None:
    if parts.get("timeout") is None:
        return LONGEST_WAIT if parts.get("outcomes") else None
    found = reading.mapping(parts["timeout"], f"{path}.timeout", required=("after",), optional=("then",))
    return _span(reading, found.get("after"), f"{path}.timeout.after") or LONGEST_WAIT


def ways(value: Any) -> Mapping[str, Any]:
    """The lists of steps of the outcomes and of the timeout; one that is not written leads straight on."""
    if not isinstance(value, Mapping):
        return {}
    outcomes, timeout = value.get("outcomes"), value.get("timeout")
    found = {str(key): steps or [] for key, steps in outcomes.items()} if isinstance(outcomes, Mapping) else {}
    if isinstance(timeout, Mapping):
        found[TIMEOUT] = timeout.get("then") or []
    elif found:
        found[TIMEOUT] = []
    return found


def place(way: str) -> str:
    """Where the steps of a way stand."""
    return "timeout.then" if way == TIMEOUT else f"outcomes.{way}"


def label(config: Task, way: str, language: str, titles: Titles = UNTITLED) -> str:  # noqa: ARG001 - names nothing by key
    """What came of it, or that nobody has said anything in time."""
    if way == TIMEOUT:
        span = spoken(config.after or LONGEST_WAIT, language)
        return translate(language, "nothing said after %(span)s", span=span)
    return said_words(way, config.words, language)


def act(config: Task, moment: Moment) -> Go | Hold:
    """Give it; then go straight on, or hold until somebody says what came of it or the time is over."""
    give = GiveTask(
        config.kind, config.title, config.note, config.due, config.email, config.words, waits=config.after is not None
    )
    if config.after is None:
        return Go(effects=(give,))
    if moment.answer is not None:
        outcome = str(moment.answer["outcome"])
        return Go(outcome if outcome in config.ways else "", outcome, at=moment.answer["at"])
    until = moment.after(config.after)
    if moment.planned < until:
        return Hold(until, effects=(give,))
    return Go(TIMEOUT if TIMEOUT in config.ways else "", TIMEOUT, effects=(CancelTask(),))


def describe(config: Task, language: str, titles: Titles = UNTITLED) -> str:  # noqa: ARG001 - names nothing by key
    """`Task for the owner: call back, within 1 day`."""
    what = in_language(config.title, language) or translate(language, KINDS[config.kind])
    span = spoken(config.due, language)
    if config.email:
        return translate(
            language, "Task for %(person)s: %(title)s, within %(span)s", person=config.email, title=what, span=span
        )
    return translate(language, "Task for the owner: %(title)s, within %(span)s", title=what, span=span)
