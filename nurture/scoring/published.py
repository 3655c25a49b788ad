"""The scoring rules that are live: publishing them, and reading them. Uses the database."""

from datetime import datetime

from sqlalchemy.engine import Connection

from nurture.campaigns.shared import Live, keep
from nurture.kernel.yamlfile import read
from nurture.rules.facts import Facts
from nurture.scoring.model import ScoringRules
from nurture.scoring.rules import FILE, load

# The rules that are live, or None before the first publish.
live: Live[ScoringRules] = Live("scoring", lambda text, facts: load(text, FILE, facts))


def publish(conn: Connection, text: str, facts: Facts, now: datetime, file: str = FILE) -> bool:
    """Make these rules the live ones; False when they are already. DefinitionError with all findings."""
    load(text, file, facts)
    return keep(conn, "scoring", text, read(text, file).data, now)
