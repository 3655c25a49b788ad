"""The effect RemoveTag takes tags off."""

import sqlalchemy as sa

from nurture.activities.model import Kind
from nurture.kernel.context import Context
from nurture.leads.tables import lead_tags
from tests.storage.performing.ground import go, lines
from tests.storage.ticking import add_leads, rows


def test_a_tag_is_taken_off_with_its_line(context: Context) -> None:
    """Of those who have it; nobody else gets a line."""
    first, second = add_leads(context, 2)
    go(context, "add_tag: Khách mới", "add_tag: vip", "remove_tag: khách mới", "remove_tag: never-there")
    assert rows(context, sa.select(lead_tags.c.lead_id, lead_tags.c.tag)) == [(first, "vip"), (second, "vip")]
    assert lines(context, Kind.UNTAGGED) == [
        (first, "untagged", "enrollment:1/step2/1", "hello", {"tag": "khach_moi"}),
        (second, "untagged", "enrollment:2/step2/1", "hello", {"tag": "khach_moi"}),
    ]
