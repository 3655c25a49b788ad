"""What follows by reaction when something came back: owners are told, campaigns end, soft bounces are counted."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from nurture.activities.model import Kind
from nurture.activities.service import Activity, record
from nurture.alerts.tables import alerts
from nurture.consents.tables import suppressions
from nurture.engine.react import react
from nurture.engine.tick import tick
from nurture.inbound.model import Return, What
from nurture.inbound.service import apply as apply_returns
from nurture.kernel.context import Context
from nurture.leads.replies import replied
from nurture.leads.tables import leads
from nurture.messages.tables import messages
from tests.storage import selling
from tests.storage.performing.ground import counted
from tests.storage.ticking import DAY, HELLO, add_leads, apply, clock, hand_over, mails, places, publish_emails, rows

ENDS = HELLO.replace("key: hello", "key: ends") + "sending: {exit_on_reply: true}\n"


def _under_way(context: Context, *campaigns: str, count: int = 1) -> list[int]:
    """Leads that got the first mail of each campaign."""
    publish_emails(context, "hello", "again", "staff_reply")
    ids = add_leads(context, count)
    apply(context, *campaigns)
    tick(context)
    address = sa.literal("lead").concat(sa.cast(messages.c.lead_id, sa.Text)).concat("@example.vn")
    with context.database.write() as conn:
        conn.execute(messages.update().values(address=address))
    hand_over(context)
    return ids


def _tell(context: Context, *told: Return) -> None:
    with context.database.write() as conn:
        apply_returns(conn, context, told)
    while react(context):
        pass


def _back(context: Context, what: What, key: str, message: int | None, sender: str = "lead1@example.vn") -> Return:
    return Return(what, "mail", key, context.clock.real(), message_id=message, sender=sender, text="Giá bao nhiêu?")


def test_a_reply_ends_the_campaign_that_says_so(context: Context) -> None:
    """And not the other; a reply to another campaign's mail does not."""
    _under_way(context, HELLO, ENDS, count=2)
    by_campaign = dict(rows(context, sa.select(messages.c.id, messages.c.campaign_id).where(messages.c.lead_id == 2)))
    hello, ends = sorted(by_campaign, key=lambda one: by_campaign[one])
    _tell(context, _back(context, What.REPLIED, "a", hello, "lead2@example.vn"))
    assert {state for _, state in places(context, "lead_id", "state")} == {"active"}
    _tell(context, _back(context, What.REPLIED, "b", ends, "lead2@example.vn"))
    _tell(context, _back(context, What.REPLIED, "c", None))
    found = places(context, "lead_id", "campaign_id", "state", "reason")
    ended = by_campaign[ends]
    assert [one for one in found if one[2] == "exited"] == [
        (1, ended, "exited", "left_on_reply"),
        (2, ended, "exited", "left_on_reply"),
    ]
    assert [one for one in found if one[2] == "active"] == [
        (1, by_campaign[hello], "active", None),
        (2, by_campaign[hello], "active", None),
    ]


def test_a_complaint_ends_every_campaign(context: Context) -> None:
    """The reason says when."""
    _under_way(context, HELLO, ENDS)
    _tell(context, _back(context, What.COMPLAINED, "a", 1))
    assert places(context, "state", "reason") == [("exited", "complained")] * 2
    clock(context).advance(3 * DAY)
    tick(context)
    assert len(mails(context, "id")) == 2


def test_each_reply_is_told_to_the_owner_once(context: Context) -> None:
    """A second letter too; a note by a colleague is told to nobody."""
    me = selling.person(context)
    _under_way(context, HELLO)
    with context.database.write() as conn:
        conn.execute(leads.update().values(owner_id=me.id))
    for key in ("a", "b", "a"):
        _tell(context, _back(context, What.REPLIED, key, 1))
    with context.database.write() as conn:
        now, real = context.clock.engine(), context.clock.real()
        replied(conn, 1, now=now, real=real, actor=me.actor, cause=me.actor, text="Chị gọi lại")
    while react(context):
        pass
    told = rows(context, sa.select(alerts.c.owner_id, alerts.c.email).where(alerts.c.trigger == "replied"))
    assert told == [(me.id, "now")] * 2
    letters = rows(context, sa.select(messages.c.values_).where(messages.c.template_key == "staff_reply"))
    assert [row.values_["reply_to"]["email"] for row in letters] == ["lead1@example.vn"] * 2


def test_without_the_email_about_replies_the_plain_one_goes(context: Context) -> None:
    """An installation that was upgraded has not published it yet."""
    me = selling.person(context)
    publish_emails(context, "hello", "again", "staff_notify")
    add_leads(context, 1, owner_id=me.id)
    _tell(context, _back(context, What.REPLIED, "a", None))
    assert mails(context, "template_key") == [("staff_notify",)]


@pytest.mark.parametrize("hours", [[9, 33, 57, 81, 105], [1, 2, 3, 4, 5]], ids=["over days", "within a day"])
def test_soft_bounces_of_the_conversation_count_too(context: Context, hours: list[int]) -> None:
    """The receiver's own server said it to us, and nothing came back."""
    add_leads(context, 1)
    start = context.clock.engine()
    for number, hour in enumerate(hours):
        clock(context).advance(start + timedelta(hours=hour) - context.clock.engine())
        detail = {"hard": False, "reason": "mailbox_full", "to": context.keys.address_hash("lead1@example.vn")}
        with context.database.write() as conn:
            line = Activity(
                1, Kind.MESSAGE_BOUNCED, context.clock.engine(), "engine", "message:1", f"m{number}", detail=detail
            )
            record(conn, line, real=context.clock.real())
        while react(context):
            pass
    assert len(rows(context, sa.select(suppressions))) == (1 if hours[-1] > 24 else 0)


def test_what_nothing_follows_from_costs_nothing(context: Context) -> None:
    """A batch without returns takes not one statement more."""
    add_leads(context, 1)
    with context.database.write() as conn:
        record(conn, Activity(1, Kind.NOTED, context.clock.engine(), "lead", "t"), real=context.clock.real())
    with counted(context) as seen:
        react(context)
    assert not [one for one in seen if "enrollments" in one and "FOR UPDATE" in one]
    assert not [one for one in seen if "suppressions" in one]
