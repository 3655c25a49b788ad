"""Loads what a rule sees of leads in Python (queries; set-based: a few for all leads together)."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.kernel.database import among
from nurture.rules.facts import Fact, Facts, Happening, NameSet, Records, Type, View
from nurture.rules.model import Compare, Did, Exists, Has, Rule, leaves

CHUNK = 1000

_NONE: frozenset[str] = frozenset()


def view(
    conn: Connection, lead_ids: Sequence[int], facts: Facts, rules: Iterable[Rule] | None = None
) -> dict[int, View]:
    """What rules see of these leads, by id; leads that were merged away are missing.

    With `rules` only what those read is loaded.
    """
    wanted = _Wanted(facts, None if rules is None else tuple(rules))
    found: dict[int, View] = {}
    for ids in _chunks(lead_ids):
        found |= wanted.load(conn, ids)
    return found


def _chunks(lead_ids: Sequence[int]) -> Iterator[list[int]]:
    ids = list(dict.fromkeys(lead_ids))
    for start in range(0, len(ids), CHUNK):
        yield ids[start : start + CHUNK]


def _pick(fact: Fact) -> Callable[[object], object]:
    """`fact.pick`; of a column with a few words to choose from each is looked at once."""
    return lru_cache(maxsize=64)(fact.pick) if fact.type is Type.CHOICE and not fact.part else fact.pick


class _Wanted:
    def __init__(self, facts: Facts, rules: tuple[Rule, ...] | None) -> None:
        self.facts = facts
        if rules is None:
            self.values = list(facts.values.values())
            self.sets = list(facts.sets.values())
            self.records = list(facts.records.values())
            self.kinds = sorted({event.kind for event in facts.events.values()})
            return
        asked = [leaf for rule in rules for leaf in leaves(rule)]
        self.values = [facts.values[key] for key in sorted({one.fact for one in asked if isinstance(one, Compare)})]
        self.sets = [facts.sets[key] for key in sorted({one.fact for one in asked if isinstance(one, Has)})]
        self.records = [facts.records[key] for key in sorted({one.fact for one in asked if isinstance(one, Exists)})]
        self.kinds = sorted({one.kind for one in asked if isinstance(one, Did)})

    def load(self, conn: Connection, ids: list[int]) -> dict[int, View]:
        sets = [(names.key, self._names(conn, names, ids)) for names in self.sets]
        records = [(one.key, self._records(conn, one, ids)) for one in self.records]
        happenings = self._happenings(conn, ids)
        return {
            lead_id: View(
                lead_id,
                values,
                {key: frozenset(by_lead[lead_id]) if lead_id in by_lead else _NONE for key, by_lead in sets},
                {kind: tuple(found) for kind, found in happenings[lead_id].items()} if lead_id in happenings else {},
                {key: tuple(by_lead.get(lead_id, ())) for key, by_lead in records},
            )
            for lead_id, values in self._values(conn, ids).items()
        }

    def _values(self, conn: Connection, ids: list[int]) -> dict[int, dict[str, object]]:
        living = self.facts.living
        loaded = {id(fact.loaded): fact.loaded for fact in self.values}
        places = {one: position for position, one in enumerate(loaded, 1)}
        columns = [column.label(f"v{position}") for position, column in enumerate(loaded.values(), 1)]
        query = sa.select(living.id, *columns).where(*living.where, among(living.id, ids))
        picks = [(fact.key, _pick(fact), places[id(fact.loaded)]) for fact in self.values]
        return {row[0]: {key: pick(row[place]) for key, pick, place in picks} for row in conn.execute(query).all()}

    def _names(self, conn: Connection, names: NameSet, ids: list[int]) -> dict[int, set[str]]:
        query = sa.select(names.lead_id, names.name).select_from(names.source)
        found: dict[int, set[str]] = defaultdict(set)
        for lead_id, name in conn.execute(query.where(among(names.lead_id, ids), *names.where)).all():
            found[lead_id].add(name)
        return found

    def _records(self, conn: Connection, records: Records, ids: list[int]) -> dict[int, list[dict[str, object]]]:
        parts = list(records.parts.values())
        columns = [part.loaded.label(f"p{position}") for position, part in enumerate(parts)]
        query = sa.select(records.lead_id, *columns).select_from(records.source)
        found: dict[int, list[dict[str, object]]] = defaultdict(list)
        for row in conn.execute(query.where(among(records.lead_id, ids), *records.where)).all():
            found[row[0]].append({part.key: part.pick(raw) for part, raw in zip(parts, row[1:], strict=True)})
        return found

    def _happenings(self, conn: Connection, ids: list[int]) -> dict[int, dict[str, list[Happening]]]:
        line = self.facts.timeline
        found: dict[int, dict[str, list[Happening]]] = defaultdict(lambda: defaultdict(list))
        if not self.kinds:
            return found
        parts = (line.occurred_at, line.email, line.campaign, line.link, line.about)
        query = sa.select(line.lead_id, line.kind, *parts).where(
            among(line.lead_id, ids), line.kind.in_(self.kinds), *line.where
        )
        for lead_id, kind, at, email, campaign, link, about in conn.execute(query).all():
            found[lead_id][kind].append(Happening(at, email, campaign, link, about))
        return found
