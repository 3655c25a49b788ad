"""Stored revisions as definitions ready to run (queries). Read once for each content; a revision never changes."""

import json
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

from sqlalchemy.engine import Connection

from nurture.campaigns import store
from nurture.campaigns.definition import from_revision
from nurture.campaigns.model import Campaign
from nurture.kernel.errors import DefinitionError
from nurture.rules.facts import Facts

_MOST = 256
_Found = tuple[str, Campaign | DefinitionError]  # with the campaign's key
_read: "OrderedDict[tuple[str, frozenset[tuple[str, str]]], _Found]" = OrderedDict()
_turn = Lock()


@dataclass(frozen=True, slots=True)
class Ready:
    """A revision, ready to run, or why it can no longer be read (a field it asks for is gone)."""

    key: str  # of the campaign
    campaign: Campaign | None
    error: str = ""


def campaign(definition: Mapping[str, Any], facts: Facts) -> Campaign | DefinitionError:
    """A stored definition ready to run, or why it can no longer be read."""
    return _one(json.dumps(definition, ensure_ascii=False, sort_keys=True), _asked(facts), facts)[1]


def load(conn: Connection, ids: Sequence[int], facts: Facts) -> dict[int, Ready]:
    """Definitions by revision."""
    asked = _asked(facts)
    found = {key: _one(text, asked, facts) for key, text in store.texts(conn, sorted(set(ids))).items()}
    return {
        key: Ready(name, one) if isinstance(one, Campaign) else Ready(name, None, str(one))
        for key, (name, one) in found.items()
    }


def _asked(facts: Facts) -> frozenset[tuple[str, str]]:
    return frozenset((key, fact.type.value) for key, fact in facts.values.items())


def _one(text: str, asked: frozenset[tuple[str, str]], facts: Facts) -> _Found:
    with _turn:
        if (text, asked) in _read:
            _read.move_to_end((text, asked))
            return _read[text, asked]
    definition = json.loads(text)
    found: Campaign | DefinitionError
    try:
        found = from_revision(definition, facts)
    except DefinitionError as error:
        found = error
    named = str(definition.get("key", "")), found
    with _turn:
        _read[text, asked] = named
        while len(_read) > _MOST:
            _read.popitem(last=False)
    return named
