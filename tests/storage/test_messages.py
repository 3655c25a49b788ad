"""Messages in the database: written once, counted exactly, moved with a reason."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.campaigns.tables import campaign_revisions, campaigns
from nurture.enrollments.tables import enrollments
from nurture.kernel.database import Database
from nurture.kernel.reasons import Reason
from nurture.kernel.tables import installation
from nurture.leads.tables import leads
from nurture.messages import service, store
from nurture.messages.compile import compile_email
from nurture.messages.model import Compiled, MessageClass, MessageState, NewMessage, Purposes
from nurture.messages.source import Shared, Source
from nurture.messages.tables import messages
from nurture.users.tables import users
from tests.conftest import START

SHARED = Shared({"default.html": "<html><body>[[body]]</body></html>"})


def lead(conn: Connection, number: int) -> int:
    """A lead with next to nothing."""
    row = {"public_id": f"l{number}", "email": f"l{number}@x.example", "name": f"Lead {number}", "fields": {}}
    return int(
        conn.execute(
            leads.insert().values(**row, created_at=START, updated_at=START).returning(leads.c.id)
        ).scalar_one()
    )


def campaign(conn: Connection, key: str = "welcome") -> tuple[int, int]:
    """A campaign and its revision."""
    insert = campaigns.insert().values(key=key, name={}, state="live", created_at=START)
    one = conn.execute(insert.returning(campaigns.c.id)).scalar_one()
    row = {"campaign_id": one, "hash": "h", "source": "", "definition": {}, "created_at": START, "created_by": "cli"}
    revision = conn.execute(campaign_revisions.insert().values(row).returning(campaign_revisions.c.id)).scalar_one()
    return one, revision


def enrollment(conn: Connection, campaign_id: int, revision: int, lead_id: int) -> int:
    """A lead on its way."""
    row = {
        "campaign_id": campaign_id, "revision_id": revision, "lead_id": lead_id, "state": "active", "cause": "user:1",
        "step": "hello", "entered_at": START,
    }  # fmt: skip
    return int(conn.execute(enrollments.insert().values(row).returning(enrollments.c.id)).scalar_one())


def new(**more: Any) -> NewMessage:
    """A message of a campaign."""
    return NewMessage(Purposes.CAMPAIGN, "hello", "vi", MessageClass.ADVERTISING, START, **more)


def way(conn: Connection, count: int = 1, key: str = "welcome") -> list[NewMessage]:
    """First messages of so many leads in one campaign."""
    campaign_id, revision = campaign(conn, key)
    first = conn.execute(sa.select(sa.func.count()).select_from(leads)).scalar_one()
    found = []
    for number in range(first, first + count):
        one = lead(conn, number)
        way_of = enrollment(conn, campaign_id, revision, one)
        found.append(new(lead_id=one, campaign_id=campaign_id, enrollment_id=way_of, step="hello", occurrence=1))
    return found


def put(conn: Connection, batch: list[NewMessage]) -> list[int | None]:
    """Write them now."""
    return service.write(conn, batch, now=START, real=START)


def test_a_message_is_written_once(database: Database) -> None:
    """The second time it was there already, in another batch and in the same."""
    with database.write() as conn:
        (message,) = way(conn)

        first, twice = put(conn, [message, message])
        again = put(conn, [message])
        later = put(conn, [replace(message, occurrence=2)])

    assert first is not None
    assert (twice, again) == (None, [None])
    assert later[0] is not None


@pytest.mark.parametrize("named", [{"broadcast_id": 5}, {"unique_key": "alert:7"}], ids=str)
def test_broadcasts_and_alerts_are_written_once_too(database: Database, named: dict[str, Any]) -> None:
    """By broadcast and lead, and by their own key."""
    with database.write() as conn:
        one = lead(conn, 1)

        written = put(conn, [new(lead_id=one, **named)]) + put(conn, [new(lead_id=one, **named)])

    assert [row is None for row in written] == [False, True]


def test_many_messages_keep_their_order(database: Database) -> None:
    """Ids come back for the messages they belong to, with gaps where one was there already."""
    with database.write() as conn:
        batch = way(conn, 450)
        put(conn, batch[3:4])

        ids = put(conn, batch)
        rows = conn.execute(sa.select(messages.c.id, messages.c.lead_id).order_by(messages.c.id)).all()

    assert ids[3] is None
    leads_by_id = {row.id: row.lead_id for row in rows}
    assert all(leads_by_id[one] == message.lead_id for one, message in zip(ids, batch, strict=True) if one)
    assert len(rows) == 450


def test_a_skipped_message_is_written_with_its_reason(database: Database) -> None:
    """It is part of the account, and it has ended."""
    with database.write() as conn:
        (message,) = way(conn)
        skipped = replace(message, state=MessageState.SKIPPED, reason=Reason.NO_CONSENT, detail={"a": 1})

        (one,) = put(conn, [skipped])
        assert one is not None
        row = store.get(conn, one)

    assert row is not None
    assert (row.state, row.reason, row.detail, row.ended_at) == ("skipped", "no_consent", {"a": 1}, START)


def test_mail_to_staff_is_not_among_the_leads_messages(database: Database) -> None:
    """Though it may be about the lead."""
    with database.write() as conn:
        one = lead(conn, 1)
        row = {"email": "lan@x.example", "name": "Lan", "role": "sales", "working_hours": {}, "created_at": START}
        user = conn.execute(users.insert().values(row).returning(users.c.id)).scalar_one()

        put(conn, [replace(_alert(), lead_id=one, user_id=user)])

        assert store.page(conn, lead_id=one).rows == []
        assert conn.execute(sa.select(messages.c.user_id)).scalar_one() == user


def test_the_message_id_is_stable_and_ours(database: Database) -> None:
    """Made of the key and the installation, at the domain we send from."""
    with database.write() as conn:
        row = {"instance": "abc", "place": "here", "created_at": START, "mail_domain": "anphat.example"}
        conn.execute(installation.insert().values(id=1, **row))
        (message,) = way(conn)

        (one,) = put(conn, [message])
        found = store.by_header_id(conn, service.header_id(message.key(), "abc", "anphat.example"))

    assert found is not None
    assert found.id == one
    assert found.header_id.endswith("@anphat.example")
    assert service.header_id(message.key(), "other", "anphat.example") != found.header_id


def test_the_account_adds_up(database: Database) -> None:
    """Every message stands in exactly one state; staff mail is not part of it."""
    with database.write() as conn:
        first, second = way(conn, 5), way(conn, 2, key="other")
        ids = [one for one in put(conn, first) if one]
        put(conn, [*second, _alert()])
        service.set_state(conn, ids[:2], MessageState.SENT, now=START)
        service.set_state(conn, ids[2:3], MessageState.SKIPPED, now=START, reason=Reason.CAPPED)

    with database.snapshot() as conn:
        whole, one, none = store.account(conn), store.account(conn, "welcome"), store.account(conn, "nothing")
        reasons = store.reasons(conn, "welcome")

    assert whole["audience"] == 7 == sum(whole["states"].values())
    assert one["audience"] == 5
    assert {state: count for state, count in one["states"].items() if count} == {"queued": 2, "sent": 2, "skipped": 1}
    assert none["audience"] == 0
    assert set(none["states"]) == {state.value for state in MessageState}
    assert reasons == [("skipped", "capped", 1)]


def test_the_next_of_those_that_wait_is_told(database: Database) -> None:
    """The earliest instant among queued mail to leads; what has ended does not count, nor does mail to staff."""
    with database.write() as conn:
        batch = way(conn, 3)
        times = [START + timedelta(hours=hours) for hours in (1, 3, 5)]
        ids = put(conn, [replace(one, not_before=at) for one, at in zip(batch, times, strict=True)])
        put(conn, [replace(_alert(), not_before=START)])
        assert store.next_handover(conn) == times[0]
        service.set_state(conn, [one for one in ids[:1] if one], MessageState.CANCELED, now=START)
        assert store.next_handover(conn, "welcome") == times[1]
        assert store.next_handover(conn, "another") is None


def _alert() -> NewMessage:
    """A mail to staff."""
    return replace(new(unique_key="alert:1", values={"title": "x"}), purpose=Purposes.ALERT)


def test_only_what_still_waits_is_moved(database: Database) -> None:
    """What has gone is not taken back."""
    with database.write() as conn:
        ids = [one for one in put(conn, way(conn, 3)) if one]
        service.set_state(conn, ids[:1], MessageState.SENT, now=START)

        moved = service.set_state(conn, ids, MessageState.CANCELED, now=START, reason=Reason.MERGED)
        row = store.get(conn, ids[0])

    assert sorted(moved) == ids[1:]
    assert row is not None
    assert row.state == "sent"


def test_canceling_releases_the_enrollment_that_waits(database: Database) -> None:
    """Else it would wait for ever; another one's wait stays, and so does mail of another class."""
    with database.write() as conn:
        batch = way(conn, 2)
        ids = [one for one in put(conn, batch) if one]
        for message, one in zip(batch, ids, strict=True):
            where = enrollments.c.id == message.enrollment_id
            conn.execute(enrollments.update().where(where).values(waits_for=one))

        lead_id = batch[0].lead_id or 0
        assert service.cancel(conn, lead_id, MessageClass.DEAL, now=START, reason=Reason.UNSUBSCRIBED) == []
        canceled = service.cancel(conn, lead_id, batch[0].class_, now=START, reason=Reason.UNSUBSCRIBED)
        waits = conn.execute(sa.select(enrollments.c.waits_for).order_by(enrollments.c.id)).scalars().all()

    assert canceled == ids[:1]
    assert waits == [None, ids[1]]


def test_a_canceled_account_mail_loses_its_link(database: Database) -> None:
    """A link of one use is not kept longer than its mail; other mail keeps what it was written with."""
    with database.write() as conn:
        batch = [
            replace(new(unique_key=purpose.value, values={"link": "https://m.example/x"}), purpose=purpose)
            for purpose in (Purposes.ACCOUNT, Purposes.ALERT)
        ]
        ids = [one for one in put(conn, batch) if one]
        service.set_state(conn, ids, MessageState.CANCELED, now=START, reason=Reason.LEFT_BY_HAND)
        kept = [row.values_ for row in conn.execute(sa.select(messages.c.values_).order_by(messages.c.id))]

    assert kept == [None, {"link": "https://m.example/x"}]


def test_pages_go_on_where_they_ended(database: Database) -> None:
    """The newest first, by state and reason, of a lead and of a campaign."""
    with database.write() as conn:
        batch = way(conn, 5)
        ids = [one for one in put(conn, batch) if one]
        service.set_state(conn, ids[:2], MessageState.SKIPPED, now=START, reason=Reason.CAPPED)

    with database.read() as conn:
        first = store.page(conn, campaign_id=batch[0].campaign_id, limit=3)
        second = store.page(conn, campaign_id=batch[0].campaign_id, limit=3, before=first.next)
        skipped = store.page(conn, states=["skipped"], reason="capped")
        of_lead = store.page(conn, lead_id=batch[0].lead_id)

    assert [row.id for row in (*first.rows, *second.rows)] == sorted(ids, reverse=True)
    assert second.next is None
    assert [row.id for row in skipped.rows] == [ids[1], ids[0]]
    assert [(row.id, row.campaign_key, row.lead_public_id) for row in of_lead.rows] == [(ids[0], "welcome", "l0")]


def test_a_page_of_many_is_the_page_of_few(database: Database) -> None:
    """Whether it is found among the latest or by an index: of a campaign or of all, by state, whole or in parts."""
    with database.write() as conn:
        batch = way(conn, 6)
        ids = [one for one in put(conn, batch) if one]
        service.set_state(conn, ids[:4], MessageState.SKIPPED, now=START, reason=Reason.CAPPED)
    here = batch[0].campaign_id
    asked: list[dict[str, Any]] = [
        {}, {"campaign_id": here}, {"states": ["skipped"]}, {"campaign_id": here, "states": ["skipped"], "limit": 2},
        {"limit": 3}, {"before": ids[4], "limit": 3}, {"within": (START, START + timedelta(days=1)), "limit": 1},
        {"states": ["sent"]},
    ]  # fmt: skip

    with database.read() as conn:
        few = [store.page(conn, **one) for one in asked]
        many = [store.page(conn, **one, many=True) for one in asked]

    assert [([row.id for row in one.rows], one.next) for one in many] == [
        ([row.id for row in one.rows], one.next) for one in few
    ]
    assert [len(one.rows) for one in few] == [6, 6, 4, 2, 3, 3, 1, 0]
    assert [row.id for row in few[3].rows] == [ids[3], ids[2]]
    assert few[3].next == ids[2]


def email(body: str, language: str = "vi") -> tuple[Source, Compiled]:
    """An email with this body."""
    source = Source("hello", language, "Chào", "", body, "html")
    return source, compile_email(source, SHARED)


def test_publishing_keeps_each_revision_once(database: Database) -> None:
    """What did not change is no new revision; going back finds the old one."""
    later = START + timedelta(days=1)
    with database.write() as conn:
        first = service.publish_templates(conn, [email("a"), email("a", "en")], now=START)
        same = service.publish_templates(conn, [email("a")], now=later)
        changed = service.publish_templates(conn, [email("b")], now=later)
        back = service.publish_templates(conn, [email("a")], now=later)
        current = store.current_revision(conn, "hello", "vi")
        compiled = store.compiled(conn, changed.revisions["hello", "vi"])

    assert (first.added, same.unchanged) == ((("hello", "vi"), ("hello", "en")), (("hello", "vi"),))
    assert changed.changed == back.changed == (("hello", "vi"),)
    assert changed.revisions != back.revisions == same.revisions
    assert current == back.revisions["hello", "vi"]
    assert compiled == email("b")[1]


def test_languages_of_published_emails(database: Database) -> None:
    """So that each lead gets the one that fits."""
    with database.write() as conn:
        service.publish_templates(conn, [email("a"), email("a", "en")], now=START)

    with database.read() as conn:
        assert store.languages(conn) == {"hello": ["en", "vi"]}
        assert store.languages(conn, ["gone"]) == {}
        assert set(store.current_revisions(conn)) == {("hello", "en"), ("hello", "vi")}
