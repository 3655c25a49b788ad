"""What a page names things by comes in one query, and says what the tables say."""

import sqlalchemy as sa

from nurture.campaigns.model import CampaignState
from nurture.campaigns.shared import keep
from nurture.campaigns.tables import campaign_revisions, campaigns
from nurture.engine import known
from nurture.engine.known import House
from nurture.kernel.context import Context
from nurture.kernel.tables import installation
from nurture.leads.model import FieldDefinition, FieldType
from nurture.leads.tables import field_definitions, tags
from nurture.messages.tables import template_revisions, templates
from nurture.segments import store as segments
from nurture.segments.tables import segments as segment_table
from nurture.users import service as users


def _fill(context: Context) -> dict[str, int]:
    now, real = context.clock.engine(), context.clock.real()
    people = {}
    with context.database.write() as conn:
        conn.execute(tags.insert(), [{"key": "vip", "label": "VIP"}, {"key": "hoi_cho", "label": "Hội chợ"}])
        for place, (key, kind) in enumerate((("size", "choice"), ("age", "number"))):
            values = {"key": key, "label": key.title(), "type": kind, "choices": ["S", "L"] if place == 0 else []}
            conn.execute(field_definitions.insert().values(**values, position=place, created_at=now))
        for name, role in (("Xuân", "viewer"), ("An", "sales"), ("Bình", "sales")):
            address = f"{role}{len(people)}@example.com"
            people[name] = users.add(conn, email=address, name=name, role=role, real=real, actor="cli")
        users.disable(conn, people["Bình"], real=real, actor="cli")
        for key, state in (("welcome", "live"), ("old", "archived")):
            row = {"key": key, "name": {"vi": f"Tên {key}"}, "state": state, "created_at": now}
            number = conn.execute(campaigns.insert().values(row).returning(campaigns.c.id)).scalar_one()
            kept = {"campaign_id": number, "hash": key, "source": "", "definition": {"key": key}, "created_by": "cli"}
            insert = campaign_revisions.insert().values(**kept, created_at=now).returning(campaign_revisions.c.id)
            revision = conn.execute(insert).scalar_one()
            conn.execute(campaigns.update().where(campaigns.c.id == number).values(revision_id=revision))
        for key, gone in (("hot", None), ("gone", now)):
            values = {"key": key, "name": {"en": key}, "rule": {}, "hash": "", "archived_at": gone}
            conn.execute(segment_table.insert().values(**values, created_at=now, updated_at=now))
        keep(conn, "pipeline", "key: sales", {}, now)
    return people


def test_names_are_what_the_tables_say(context: Context) -> None:
    """Tags, fields in their order, staff by name, campaigns, living segments, shared definitions."""
    people = _fill(context)
    with context.database.read() as conn:
        found = known.load(conn)
        facts = segments.facts(conn, "Asia/Ho_Chi_Minh")
    assert dict(found.tags) == {"hoi_cho": "Hội chợ", "vip": "VIP"}
    assert list(found.fields.values()) == [
        FieldDefinition("size", "Size", FieldType.CHOICE, ("S", "L")),
        FieldDefinition("age", "Age", FieldType.NUMBER, ()),
    ]
    assert found.names([people["An"], people["Bình"], None, 99]) == {people["An"]: "An", people["Bình"]: "Bình"}
    assert [one.name for one in found.owners()] == ["An"]
    assert [(one.key, one.named("vi"), one.state) for one in found.campaigns] == [
        ("old", "Tên old", CampaignState.ARCHIVED), ("welcome", "Tên welcome", CampaignState.LIVE),
    ]  # fmt: skip
    assert [one.definition for one in found.campaigns] == [{}, {"key": "welcome"}]
    assert dict(found.segments) == {"hot": {"en": "hot"}}
    assert found.shared["pipeline"][1] == "key: sales"
    assert found.facts("Asia/Ho_Chi_Minh") is facts


def test_titles_follow_a_new_revision(context: Context) -> None:
    """In the reader's language, else in another; what is new for each lead is left out."""
    now = context.clock.engine()

    def publish(language: str, digest: str, subject: str) -> None:
        row = {"key": "hello", "language": language, "hash": digest, "source": {"subject": subject}, "compiled": {}}
        with context.database.write() as conn:
            insert = template_revisions.insert().values(**row, created_at=now).returning(template_revisions.c.id)
            revision = conn.execute(insert).scalar_one()
            conn.execute(templates.delete().where(templates.c.language == language))
            values = {"key": "hello", "language": language, "revision_id": revision, "updated_at": now}
            conn.execute(templates.insert().values(values))

    def titles(language: str) -> dict[str, str]:
        with context.database.read() as conn:
            return known.load(conn).titles(language)

    publish("vi", "first", "{{ lead | greeting }}, bảng giá mới")
    before = titles("en")
    publish("en", "other", "New prices")
    publish("vi", "second", "Bảng giá tháng này")
    assert before == {"hello": "Bảng giá mới"}
    assert (titles("vi"), titles("en")) == ({"hello": "Bảng giá tháng này"}, {"hello": "New prices"})


def test_the_house_is_its_row(context: Context) -> None:
    """Nothing before the first start."""
    with context.database.read() as conn:
        before = known.load(conn).house
    row = {"id": 1, "instance": "a", "place": "b", "created_at": context.clock.real(), "mode": "lapse", "demo": True}
    with context.database.write() as conn:
        conn.execute(installation.insert().values(**row, speed=4320.5, stopped_sending="moved"))
    with context.database.read() as conn:
        after = known.load(conn).house
    assert (before, after) == (None, House("lapse", demo=True, speed=4320.5, stopped_sending="moved"))


def test_it_takes_one_query(context: Context) -> None:
    """Once the subjects have been read."""
    _fill(context)
    seen: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_: object) -> None:
        if not statement.startswith("BEGIN"):
            seen.append(statement)

    with context.database.read() as conn:
        known.load(conn)
        sa.event.listen(conn, "before_cursor_execute", note)
        known.load(conn)
        sa.event.remove(conn, "before_cursor_execute", note)
    assert len(seen) == 1
