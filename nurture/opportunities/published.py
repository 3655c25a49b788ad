"""The pipeline that is live: publishing one, and reading it. Uses the database."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.campaigns.tables import shared_definitions
from nurture.kernel.database import upsert
from nurture.kernel.errors import DefinitionError, Problem
from nurture.kernel.i18n import N_
from nurture.kernel.yamlfile import read
from nurture.opportunities import store
from nurture.opportunities.model import OpportunityState, Pipeline
from nurture.opportunities.pipeline import FILE, load
from nurture.opportunities.tables import opportunities
from nurture.rules.facts import Facts

_LIVE: dict[tuple[str, str, frozenset[str]], Pipeline] = {}


def publish(conn: Connection, text: str, facts: Facts, now: datetime, file: str = FILE) -> bool:
    """Make this pipeline the live one; False when it is already. DefinitionError with all findings.

    One is an open opportunity in a stage that the new text no longer has.
    """
    pipeline = load(text, file, facts)
    known = store.definition(conn)
    if known is not None and known[0] == pipeline.hash:
        return False
    _refuse_orphans(conn, pipeline, file)
    values = {
        "key": "pipeline", "hash": pipeline.hash, "source": text, "definition": read(text, file).data,
        "applied_at": now,
    }  # fmt: skip
    insert = upsert(conn.dialect.name, shared_definitions).values(values)
    changed = {name: value for name, value in values.items() if name != "key"}
    conn.execute(insert.on_conflict_do_update(index_elements=["key"], set_=changed))
    return True


def _refuse_orphans(conn: Connection, pipeline: Pipeline, file: str) -> None:
    o = opportunities.c
    query = sa.select(o.stage).distinct().where(
        o.state == OpportunityState.OPEN.value, o.pipeline == pipeline.key,
        o.stage.not_in([stage.key for stage in pipeline.stages]),
    )  # fmt: skip
    orphaned = sorted(conn.execute(query).scalars())
    if orphaned:
        message = N_("Open opportunities stand in stages that are gone: %(stages)s")
        shown = (("stages", ", ".join(orphaned)),)
        raise DefinitionError([Problem("stages_in_use", message, file=file, path="stages", params=shown)])


def live(conn: Connection, facts: Facts) -> Pipeline | None:
    """The pipeline that is live, parsed once for each text; None before the first publish."""
    known = store.definition(conn)
    if known is None:
        return None
    key = (known[0], str(facts.zone), frozenset(facts.values))
    if key not in _LIVE:
        if len(_LIVE) > 20:
            _LIVE.clear()
        _LIVE[key] = load(known[1], FILE, facts)
    return _LIVE[key]
