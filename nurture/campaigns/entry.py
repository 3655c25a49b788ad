"""Reading how leads come into a campaign: one entrance, or any of several, and what they have in common. Pure.

`{segment: new_leads, existing: enroll}`, or `{any: [{tag: vip}, {temperature: hot}], again: after_exit, when: …}`.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from nurture.campaigns.entries import kinds, needs_existing, recurs, takes_existing
from nurture.campaigns.model import Again, Entrance, Entry, Existing
from nurture.campaigns.reading import Reading
from nurture.kernel.i18n import N_
from nurture.rules.model import Rule, names

COMMON = ("again", "when")
_SEVERAL = "any"
_ALWAYS = "by_hand"  # goes without saying where there is another entrance
MOST = 20


def read_entry(reading: Reading, data: Any) -> Entry:
    """The entry; what is wrong with it goes into the reading."""
    if data is None:
        return Entry()
    parts = reading.mapping(data, "entry", optional=(*kinds(), _SEVERAL, "existing", *COMMON))
    entrances = tuple(_entrances(reading, parts))
    again = _again(reading, parts["again"]) if parts.get("again") is not None else _usual(entrances)
    when = reading.rule(parts["when"], "entry.when") if parts.get("when") is not None else None
    return Entry(entrances, again, when)


def _usual(entrances: tuple[Entrance, ...]) -> Again:
    """What recurs would be pointless if nobody might come again."""
    return Again.AFTER_EXIT if any(map(recurs, entrances)) else Again.NEVER


def _entrances(reading: Reading, parts: Mapping[str, Any]) -> Iterator[Entrance]:
    if _SEVERAL not in parts:
        yield from _one(reading, {key: value for key, value in parts.items() if key not in COMMON}, "entry")
        return
    for key in parts:
        if key not in {_SEVERAL, *COMMON}:
            mend = N_("write it into the list of any:")
            reading.wrong("beside_any", f"entry.{key}", N_("“%(word)s” cannot stand beside any:"), mend, word=key)
    listed = parts[_SEVERAL]
    if not isinstance(listed, list) or not 1 <= len(listed) <= MOST:
        mend = N_("such as: any: [{tag: vip}, {temperature: hot}]")
        reading.wrong(
            "not_entries", "entry.any", N_("A list of up to %(limit)s entries belongs here"), mend, limit=MOST
        )
        return
    seen: set[str] = set()
    for number, one in enumerate(listed):
        path = f"entry.any[{number}]"
        found = reading.mapping(one, path, optional=(*kinds(), "existing"))
        for entrance in _one(reading, found, path):
            if entrance.id in seen:
                reading.wrong("same_entry", path, N_("The same entry stands here twice"))
            seen.add(entrance.id)
            yield entrance


def _one(reading: Reading, parts: Mapping[str, Any], path: str) -> Iterator[Entrance]:
    """One kind with its value, and what becomes of those there before."""
    given = [kind for kind in kinds() if parts.get(kind) is not None]
    given = [kind for kind in given if kind != _ALWAYS] or given
    if not given:
        mend = N_("segment: …, or by_hand: true")
        reading.wrong("no_entry", path, N_("It is not said how leads come in"), mend)
        return
    if len(given) > 1:
        mend = N_("such as: any: [{tag: vip}, {temperature: hot}]")
        message = N_("Several entries beside each other: %(words)s")
        reading.wrong("several_entries", path, message, mend, words=", ".join(given))
        return
    (kind,) = given
    config = kinds()[kind].read(reading, parts[kind], f"{path}.{kind}")
    yield Entrance(kind, config, _id(kind, parts[kind]), _existing(reading, kind, parts.get("existing"), path))


def _existing(reading: Reading, kind: str, data: Any, path: str) -> Existing:
    if data is not None and not takes_existing(kind):
        message = N_("“existing” says nothing about “%(word)s”: nobody can have come before")
        reading.wrong("stray_existing", f"{path}.existing", message, word=kind)
    elif data is not None:
        return reading.choice(data, f"{path}.existing", Existing, Existing.SKIP)
    elif needs_existing(kind):
        message = N_("It is not said what happens to those who are in the segment already")
        reading.wrong("no_existing", path, message, N_("existing: enroll, or existing: skip"))
    return Existing.SKIP


def _id(kind: str, value: Any) -> str:
    """The same for the same value, in any order of its keys."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
    return f"{kind}:{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def _again(reading: Reading, data: Any) -> Again | timedelta:
    if isinstance(data, Mapping):
        parts = reading.mapping(data, "entry.again", required=("after",))
        return (reading.span(parts["after"], "entry.again.after") if "after" in parts else None) or Again.NEVER
    return reading.choice(data, "entry.again", Again, Again.NEVER)


def segments_of(entry: Entry) -> set[str]:
    """Keys of the segments that the entry names, also in its rules."""
    found: set[str] = set()
    for one in entry.entrances:
        if one.kind == "segment":
            found.add(one.config.key)
        elif one.kind == "schedule":
            found.add(one.config.segment)
    rules: tuple[Rule | None, ...] = (entry.when,)
    return found | {word for rule in rules if rule is not None for kind, word in names(rule) if kind == "segment"}
