"""Give leads tags, each with its line in the timeline (queries)."""

from collections.abc import Sequence

from sqlalchemy.engine import Connection

from nurture.activities.model import Kind
from nurture.activities.service import Activity, record_set
from nurture.campaigns.effects import AddTag
from nurture.engine.scene import Asked, Done, Scene
from nurture.kernel.database import upsert
from nurture.kernel.text import clean
from nurture.leads.normalize import tag_key
from nurture.leads.store import ensure_tags
from nurture.leads.tables import lead_tags

EFFECT = AddTag


def perform(conn: Connection, asked: Sequence[Asked[AddTag]], scene: Scene) -> Done:
    """Tags that are not there yet; those that are stay as they are."""
    wanted = {(each.lead_id, tag_key(each.effect.tag)): each for each in asked if tag_key(each.effect.tag)}
    if not wanted:
        return Done()
    ensure_tags(conn, {key: clean(each.effect.tag, 80) for (_, key), each in wanted.items()})
    insert = upsert(conn.dialect.name, lead_tags).on_conflict_do_nothing()
    rows = [{"lead_id": lead_id, "tag": key, "at": scene.now} for lead_id, key in wanted]
    new = conn.execute(insert.returning(lead_tags.c.lead_id, lead_tags.c.tag), rows).all()
    record_set(conn, [_line(wanted[row.lead_id, row.tag], row.tag, scene) for row in new], real=scene.real)
    return Done()


def _line(each: Asked[AddTag], key: str, scene: Scene) -> Activity:
    return Activity(
        each.lead_id,
        Kind.TAGGED,
        scene.now,
        "engine",
        each.enrollment,
        campaign_key=each.one.key,
        detail={"tag": key},
    )
