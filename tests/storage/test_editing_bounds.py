"""A text that is longer than any campaign is not read: reading it would hold everybody up."""

from pathlib import Path

import pytest

from nurture.campaigns import store
from nurture.campaigns.house import publish
from nurture.campaigns.landing import UnderWay
from nurture.engine import definitions, editing
from nurture.kernel.context import Context
from nurture.kernel.errors import DefinitionError
from nurture.messages.tables import templates
from nurture.rehearsal.testing import START, house
from nurture.users.model import Person, Role
from tests.storage.rehearsal.ground import CAMPAIGN, written

MARKETER = Person(1, "An", "an@example.com", Role.MARKETER)


def _version(ctx: Context) -> str:
    with ctx.database.read() as conn:
        stored = store.get(conn, "tour")
    assert stored is not None
    return editing.version(stored)


def test_a_text_longer_than_any_campaign_is_refused(tmp_path: Path) -> None:
    """When it is looked at and when it is published; what is live stays."""
    with house(*written(tmp_path)) as (ctx, found):
        with ctx.database.write() as conn:
            definitions.apply(conn, found, now=START, real=START, actor="cli")
        seen = _version(ctx)
        for text, is_read in ((CAMPAIGN + "#" * editing.LONGEST, False), (CAMPAIGN + "# new", True)):
            with ctx.database.read() as conn:
                looked, planned = editing.preview(conn, MARKETER, "tour", text, now=START)
            assert [one.code for one in looked.errors] == ([] if is_read else ["too_long"])
            assert (planned is not None) is is_read
        with ctx.database.write() as conn, pytest.raises(DefinitionError):
            text = CAMPAIGN + "#" * editing.LONGEST
            editing.publish(conn, MARKETER, "tour", text, seen, UnderWay.KEEP, now=START, real=START)
        assert _version(ctx) == seen


def test_what_was_looked_at_is_not_checked_once_more_unless_something_has_changed(tmp_path: Path) -> None:
    """To publish holds the writer's turn; a segment, an email or a policy that came or went is noticed."""
    text = CAMPAIGN + "# new\n"
    with house(*written(tmp_path)) as (ctx, found):
        with ctx.database.write() as conn:
            definitions.apply(conn, found, now=START, real=START, actor="cli")
        with ctx.database.read() as conn:
            looked = editing.read(conn, "tour", text)
            assert editing.read(conn, "tour", text) is looked
        with ctx.database.write() as conn:
            conn.execute(templates.delete().where(templates.c.key == "tour_again"))
        with ctx.database.read() as conn:
            assert [one.code for one in editing.read(conn, "tour", text).errors] == ["unknown_email"]
        with ctx.database.write() as conn:
            publish(conn, 'quiet_hours: {from: "20:00", to: "08:00"}\n', START)
        with ctx.database.read() as conn:
            assert editing.read(conn, "tour", text) is not looked
