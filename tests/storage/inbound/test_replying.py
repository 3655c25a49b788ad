"""Replies, refusals and complaints: who is believed, what follows, and what is left to a person."""

from email.utils import parseaddr

import pytest
import sqlalchemy as sa

from nurture.activities.tables import activities
from nurture.consents import service as consents
from nurture.consents.model import Method
from nurture.consents.service import Said
from nurture.consents.tables import consents as consent_table
from nurture.consents.tables import suppressions
from nurture.inbound.model import Return, What
from nurture.inbound.service import apply
from nurture.inbound.tables import returns
from nurture.kernel.context import Context
from nurture.leads.tables import leads
from nurture.messages.links import unsubscribe_token
from nurture.messages.tables import messages
from nurture.users.tables import users
from tests.storage.inbound.ground import another, kinds, refusal, rows, sent, tell, told
from tests.storage.tracking_ground import add_message

LEAD = "lead1@example.com"


def _header(context: Context, number: int = 1) -> str:
    return str(rows(context, messages)[number - 1].header_id)


@pytest.mark.parametrize("way", ["signed", "quoted", "address", "another address"])
def test_a_reply_is_found_by_return_path_message_id_or_address(context: Context, way: str) -> None:
    """It stands in the timeline with its words, and automatic mail waits."""
    sent(context, 2)
    by = {
        "signed": {"message_id": 1, "sender": LEAD},
        "quoted": {"header_id": _header(context), "sender": LEAD},
        "address": {"sender": LEAD},
        "another address": {"header_id": _header(context), "sender": "home@example.org"},
    }[way]
    tell(context, told(context, What.REPLIED, text="Giá bao nhiêu vậy em?", **by))
    (activity,) = rows(context, activities)
    lead, other = rows(context, leads)
    assert (activity.kind, activity.lead_id, activity.actor) == ("replied", 1, "lead")
    assert activity.detail["note"] == "Giá bao nhiêu vậy em?"
    assert activity.message_id == (None if way == "address" else 1)
    assert (lead.replied_at, lead.last_activity_at) == (context.clock.engine(),) * 2
    assert other.replied_at is None
    (kept,) = rows(context, returns)
    assert (kept.what, kept.state, kept.lead_id) == ("replied", "waiting", 1)


@pytest.mark.parametrize("what", [What.AUTO_REPLY, What.CHALLENGE, What.DELAYED])
def test_a_machines_answer_changes_nothing(context: Context, what: What) -> None:
    """It is kept, and answered by nobody."""
    sent(context)
    tell(context, told(context, what, message_id=1, sender=LEAD, text="Tôi đi vắng. Unsubscribe"))
    assert kinds(context) == []
    assert [row.replied_at for row in rows(context, leads)] == [None]
    assert [(row.outcome, row.state) for row in rows(context, returns)] == [("known", "")]


def test_a_word_of_refusal_is_left_to_a_person(context: Context) -> None:
    """Unless it is all that was written, by whoever has the address that we wrote to."""
    sent(context, 4)
    tell(
        context,
        told(
            context, What.REPLIED, "a", message_id=1, sender=LEAD, text="Chị bận, đừng gửi nữa nhé. Tháng sau gọi chị"
        ),
        told(context, What.REPLIED, "b", message_id=2, sender="lead2@example.com", text="STOP"),
        told(context, What.REPLIED, "c", sender="lead3@example.com", text="STOP"),
        told(context, What.REPLIED, "d", header_id=_header(context, 4), sender="mallory@example.org", text="STOP"),
    )
    assert [refusal(context, n) for n in range(1, 5)] == ["", "unsubscribed", "", ""]
    assert [row.refusal for row in rows(context, returns)] == ["chị bận, đừng gửi nữa nhé", "stop", "stop", "stop"]
    assert kinds(context).count("replied") == 4
    (word,) = [row for row in rows(context, consent_table) if not row.given]
    assert (word.lead_id, word.method, word.proof, word.origin) == (2, "reply", "stop", "return:2")


def test_an_unsubscribe_by_mail_does_what_the_page_does(context: Context) -> None:
    """By the token in its subject, or by our signed return path; mail that waits is taken back."""
    sent(context, 2)
    waiting = another(context)
    with context.database.write() as conn:
        conn.execute(messages.update().where(messages.c.id == waiting).values(state="queued", gone_at=None))
    token = unsubscribe_token(context.keys, 1, 1, context.keys.address_hash(LEAD))
    by_mail = told(
        context, What.UNSUBSCRIBED, "a", sender="x@example.org", subject=f"unsubscribe {token[:40]} {token[40:]}"
    )
    tell(context, by_mail, told(context, What.UNSUBSCRIBED, "b", message_id=2, subject="Unsubscribe"))
    assert [refusal(context, n) for n in (1, 2)] == ["unsubscribed"] * 2
    assert [row.state for row in rows(context, messages)] == ["sent", "sent", "canceled"]
    assert kinds(context) == ["unsubscribed", "unsubscribed"]
    assert [row.replied_at for row in rows(context, leads)] == [None, None]


def test_an_unsubscribe_is_heard_when_message_and_lead_are_gone(context: Context) -> None:
    """The keyed hash of the address is in the token."""
    token = unsubscribe_token(context.keys, 77, 66, context.keys.address_hash("gone@example.org"))
    tell(context, told(context, What.UNSUBSCRIBED, subject=f"unsubscribe {token}"))
    (closed,) = rows(context, suppressions)
    assert closed.address_hash == context.keys.address_hash("gone@example.org")


def test_nobody_can_unsubscribe_others_by_their_address(context: Context) -> None:
    """A From line is anybody's to write: a person is asked; a provider that has signed is believed."""
    sent(context, 2)
    forged = unsubscribe_token(context.keys, 1, 1, context.keys.address_hash(LEAD))[:-3] + "AAA"
    tell(
        context,
        told(context, What.UNSUBSCRIBED, "a", sender=LEAD, subject=f"unsubscribe {forged}"),
        told(context, What.UNSUBSCRIBED, "b", sender=LEAD, subject="unsubscribe"),
        told(context, What.UNSUBSCRIBED, "c", sender="stranger@example.org", subject="unsubscribe"),
        told(context, What.UNSUBSCRIBED, "d", source="ses", address="lead2@example.com"),
    )
    assert [refusal(context, n) for n in (1, 2)] == ["", "unsubscribed"]
    assert kinds(context).count("replied") == 2
    assert [row.state for row in rows(context, returns)] == ["waiting", "waiting", "waiting", ""]


def test_a_complaint_closes_the_address_for_good(context: Context) -> None:
    """Nothing that waits goes, of any class; a new consent lifts an unsubscribe and neither complaint nor bounce."""
    sent(context)
    deal = add_message(context, 1, state="queued", class_="deal")
    tell(context, told(context, What.COMPLAINED, "a", header_id=_header(context)))
    tell(context, told(context, What.COMPLAINED, "b", message_id=1))
    tell(context, told(context, What.UNSUBSCRIBED, "c", message_id=1))
    assert kinds(context) == ["complained", "unsubscribed"]
    assert [row.state for row in rows(context, messages) if row.id == deal] == ["canceled"]
    assert refusal(context) == "complained"
    now, real = context.clock.engine(), context.clock.real()
    said = Said(Method.PAGE, "unsubscribe:page", "lead", "message:1", now, real, "I want it again")
    with context.database.write() as conn:
        assert consents.give(conn, context.keys, 1, LEAD, said)
    assert refusal(context) == "complained"
    lifted = [row for row in rows(context, suppressions) if row.lifts is not None]
    assert [row.reason for row in lifted] == ["unsubscribed"]


def test_mail_of_our_own_people_is_no_reply(context: Context) -> None:
    """An owner who answers a lead quotes our mail too."""
    sent(context)
    with context.database.write() as conn:
        now = context.clock.real()
        conn.execute(
            users.insert().values(
                email="hoa@anphat.example", name="Hoa", role="sales", working_hours={}, created_at=now
            )
        )
    quoted = {"header_id": _header(context), "sender": "hoa@anphat.example", "text": "Dạ giá 3 triệu ạ"}
    tell(context, told(context, What.REPLIED, **quoted))
    house = parseaddr(context.settings.mail_from)[1]
    tell(context, told(context, What.REPLIED, "b", **{**quoted, "sender": house}))
    assert kinds(context) == []
    assert [row.state for row in rows(context, returns)] == ["", ""]


def test_mail_of_strangers_waits_for_an_administrator(context: Context) -> None:
    """With its bytes, within bounds."""
    sent(context)
    known = Return(What.REPLIED, "mail", "a", context.clock.real(), sender="who@example.org", text="Hello\x00 there")
    odd = told(context, What.OTHER, "b")
    with context.database.write() as conn:
        apply(conn, context, [known, odd], raws={"a": b"From: who", "b": b"x" * 300_000})
    first, second = rows(context, returns)
    assert (first.state, first.outcome, first.raw, first.text) == ("waiting", "nobody", b"From: who", "Hello there")
    assert (second.state, second.raw) == ("waiting", None)


def test_a_reply_to_one_who_was_merged_is_the_winners(context: Context) -> None:
    """Wherever they write from."""
    sent(context, 2)
    with context.database.write() as conn:
        conn.execute(leads.update().where(leads.c.id == 1).values(merged_into=2))
    tell(context, told(context, What.REPLIED, "a", sender=LEAD, text="Alo"))
    tell(context, told(context, What.REPLIED, "b", message_id=1, sender=LEAD, text="Alo"))
    assert {row.lead_id for row in rows(context, activities)} == {2}
    with context.database.read() as conn:
        assert conn.execute(sa.select(leads.c.replied_at).where(leads.c.id == 2)).scalar_one() is not None
