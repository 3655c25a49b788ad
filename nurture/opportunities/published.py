"""The pipeline that is live: publishing one, and reading it. Uses the database."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.campaigns.shared import Live, keep
from nurture.kernel.errors import DefinitionError, Problem
from nurture.kernel.i18n import N_
from nurture.kernel.yamlfile import read
from nurture.opportunities.model import OpportunityState, Pipeline
from nurture.opportunities.pipeline import FILE, load
from nurture.opportunities.tables import opportunities
from nurture.rules.facts import Facts

# The pipeline that is live, or None before the first publish.
live: Live[Pipeline] = Live("pipeline", lambda text, facts: load(text, FILE, facts))


def publish(conn: Connection, text: str, facts: Facts, now: datetime, file: str = FILE) -> bool:
    """Make this pipeline the live one; False when it is already. DefinitionError with all findings.

    One is an open opportunity in a stage that the new text no longer has.
    """
    refuse_orphans(conn, load(text, file, facts), file)
    return keep(conn, "pipeline", text, read(text, file).data, now)


def refuse_orphans(conn: Connection, pipeline: Pipeline, file: str = FILE) -> None:
    """DefinitionError when an open opportunity stands in a stage that this pipeline lacks."""
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
