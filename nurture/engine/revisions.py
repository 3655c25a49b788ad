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
_read: "OrderedDict[tuple[str, frozenset[tuple[str, str]]], Campaign | DefinitionError]" = OrderedDict()
_turn = Lock()


@dataclass(frozen=True, slots=True)
class Ready:
    """A revision, ready to run, or why it can no longer be read (a field it asks for is gone)."""

    key: str  # of the campaign
    campaign: Campaign | None
    error: str = ""


def campaign(definition: Mapping[str, Any], facts: Facts) -> Campaign | DefinitionError:
    """A stored definition ready to run, or why it can no longer be read."""
    asked = frozenset((key, fact.type.value) for key, fact in facts.values.items())
    return _one(json.dumps(definition, ensure_ascii=False, sort_keys=True), asked, facts)


def load(conn: Connection, ids: Sequence[int], facts: Facts) -> dict[int, Ready]:
    """Definitions by revision."""
    found: dict[int, Ready] = {}
    for key, revision in store.revisions(conn, sorted(set(ids))).items():
        one = campaign(revision.definition, facts)
        name = str(revision.definition.get("key", ""))
        found[key] = Ready(name, one) if isinstance(one, Campaign) else Ready(name, None, str(one))
    return found


def _one(text: str, asked: frozenset[tuple[str, str]], facts: Facts) -> Campaign | DefinitionError:
    with _turn:
        if (text, asked) in _read:
            _read.move_to_end((text, asked))
            return _read[text, asked]
    found: Campaign | DefinitionError
    try:
        found = from_revision(json.loads(text), facts)
    except DefinitionError as error:
        found = error
    with _turn:
        _read[text, asked] = found
        while len(_read) > _MOST:
            _read.popitem(last=False)
    return found
