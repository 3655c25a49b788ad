"""The scoring rules that are live: publishing them, and reading them. Uses the database."""

from datetime import datetime

from sqlalchemy.engine import Connection

from nurture.campaigns.tables import shared_definitions
from nurture.kernel.database import upsert
from nurture.kernel.yamlfile import read
from nurture.rules.facts import Facts
from nurture.scoring import store
from nurture.scoring.model import ScoringRules
from nurture.scoring.rules import FILE, load

_LIVE: dict[tuple[str, str, frozenset[str]], ScoringRules] = {}


def publish(conn: Connection, text: str, facts: Facts, now: datetime, file: str = FILE) -> bool:
    """Make these rules the live ones; False when they are already. DefinitionError with all findings."""
    rules = load(text, file, facts)
    known = store.definition(conn)
    if known is not None and known[0] == rules.hash:
        return False
    values = {
        "key": "scoring", "hash": rules.hash, "source": text, "definition": read(text, file).data, "applied_at": now,
    }  # fmt: skip
    insert = upsert(conn.dialect.name, shared_definitions).values(values)
    changed = {name: value for name, value in values.items() if name != "key"}
    conn.execute(insert.on_conflict_do_update(index_elements=["key"], set_=changed))
    return True


def live(conn: Connection, facts: Facts) -> ScoringRules | None:
    """The rules that are live, parsed once for each text; None before the first publish."""
    known = store.definition(conn)
    if known is None:
        return None
    key = (known[0], str(facts.zone), frozenset(facts.values))
    if key not in _LIVE:
        if len(_LIVE) > 20:
            _LIVE.clear()
        _LIVE[key] = load(known[1], FILE, facts)
    return _LIVE[key]
