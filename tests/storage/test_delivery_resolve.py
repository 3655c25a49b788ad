"""Messages that may have arrived: shown, called sent or sent again, once, by whoever may say so."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from nurture.activities.tables import activities
from nurture.campaigns.tables import campaign_revisions, campaigns
from nurture.consents.model import Method, SuppressionReason
from nurture.consents.service import Said, suppress
from nurture.delivery import resolve, store
from nurture.delivery.go import go
from nurture.delivery.letter import Letter
from nurture.delivery.model import Phase, Report
from nurture.delivery.resolve import Resolution, Which
from nurture.delivery.settle import settle
from nurture.enrollments.tables import enrollments
from nurture.kernel.clock import ManualClock
from nurture.kernel.context import Context
from nurture.kernel.errors import ForbiddenError, InputError
from nurture.messages.tables import message_values, messages
from nurture.users.model import Person, Role
from nurture.users.tables import audit, users
from tests.faults.ground import fill

MARKETER = Person(7, "Lan", "lan@anphat.vn", Role.MARKETER)
EVERY = Which()


def _go(ctx: Context, sender: str = "s1") -> list[Letter]:
    with ctx.database.write() as conn:
        at = ctx.database.now(conn)
        times = {"now": ctx.clock.engine(), "real": ctx.clock.real(), "at": at}
        ids = store.reserve(conn, sender, 64, lease=timedelta(seconds=60), **times)
        return go(conn, ctx, sender, ids, at=at)


def _unsure(ctx: Context, count: int, **policy: str) -> list[Letter]:
    """So many messages whose answer after the dot never came."""
    fill(ctx, count)
    now = ctx.clock.engine()
    with ctx.database.write() as conn:
        conn.execute(messages.update().values(policy=policy))
        lan = {"email": MARKETER.email, "name": MARKETER.name, "role": "marketer", "working_hours": {}}
        conn.execute(users.insert().values(id=MARKETER.id, created_at=now, **lan))
        conn.execute(campaigns.insert().values(id=5, key="hello", name={}, state="live", created_at=now))
        text = {"hash": "x", "source": "", "definition": {}, "created_at": now, "created_by": "test"}
        conn.execute(campaign_revisions.insert().values(id=1, campaign_id=5, **text))
    letters = _go(ctx)
    _lost(ctx, letters)
    return letters


def _lost(ctx: Context, letters: list[Letter], sender: str = "s1") -> None:
    with ctx.database.write() as conn:
        settle(conn, ctx, sender, "smtp", [Report(one.message_id, one.fence, Phase.DOT) for one in letters])


def _resolve(
    ctx: Context, how: Resolution, which: Which = EVERY, by: Person | str = MARKETER, why: str = "seen in its log"
) -> list[int]:
    with ctx.database.write() as conn:
        return resolve.resolve(conn, ctx, by, which, how, why)


def _all(ctx: Context, table: sa.Table, *where: sa.ColumnElement[bool]) -> list[Any]:
    with ctx.database.read() as conn:
        return list(conn.execute(sa.select(table).where(*where).order_by(*table.primary_key)).all())


def _told(ctx: Context, kind: str) -> list[Any]:
    return _all(ctx, activities, activities.c.kind == kind)


def test_what_is_known_of_each_is_shown(context: Context, clock: ManualClock) -> None:
    """Lead, address, relay, when it went, and the Message-ID to look for; of the newest first."""
    letters = _unsure(context, 3)
    with context.database.read() as conn:
        found = resolve.listed(conn, EVERY, limit=2)
        rest = resolve.listed(conn, EVERY, before=found[-1].id)
        assert resolve.count(conn, EVERY) == 3
    assert [row.id for row in [*found, *rest]] == [3, 2, 1]
    first = found[0]
    assert (first.lead_name, first.address, first.route) == ("Nguyễn Văn 3", "lead3@example.com", "smtp")
    assert (first.header_id, first.gone_at) == (letters[2].header_id, clock.engine())


def test_marked_sent_it_counts_as_sent_when_it_went(context: Context, clock: ManualClock) -> None:
    """Account, timeline and audit say so, and who said it."""
    _unsure(context, 2)
    went = clock.engine()
    clock.advance(timedelta(hours=5))
    assert _resolve(context, Resolution.SENT, Which(ids=(2,))) == [2]
    first, second = _all(context, messages)
    assert (first.state, second.state, second.reason, second.gone_at) == ("unknown", "sent", "", went)
    (sent,), (said,) = _told(context, "message_sent"), _told(context, "message_resolved")
    assert (sent.message_id, sent.occurred_at) == (2, went)
    assert (said.lead_id, said.actor, said.detail) == (2, "user:7", {"as": "sent", "why": "seen in its log"})
    (noted,) = _all(context, audit)
    assert (noted.actor, noted.action, noted.detail["messages"]) == ("user:7", "message.resolve", [2])
    assert [row.message_id for row in _all(context, message_values)] == [1]


def test_sent_again_it_is_the_same_mail(context: Context, clock: ManualClock) -> None:
    """Message-ID, Date, text and values stay; it passes the last look anew, and can go on failing for its days."""
    before = _unsure(context, 1)[0]
    clock.advance(timedelta(days=9))
    assert _resolve(context, Resolution.AGAIN) == [1]
    (row,) = _all(context, messages)
    assert (row.state, row.gone_at, row.ended_at) == ("queued", None, None)
    (again,) = _go(context)
    same = ("header_id", "dated", "template", "values", "to_address", "from_address", "envelope_from")
    assert [getattr(again, name) for name in same] == [getattr(before, name) for name in same]
    with context.database.write() as conn:
        settle(conn, context, "s1", "smtp", [Report(1, again.fence, Phase.RCPT, 450, "4.2.0", "later")])
    assert _all(context, messages)[0].state == "deferred"


def test_who_refused_meanwhile_gets_it_no_second_time(context: Context, clock: ManualClock) -> None:
    """A no is stronger than a yes."""
    _unsure(context, 1)
    with context.database.write() as conn:
        said = Said(Method.STATEMENT, "test", "engine", "test", clock.engine(), clock.real())
        suppress(conn, context.keys, "lead1@example.com", SuppressionReason.COMPLAINED, said=said)
    _resolve(context, Resolution.AGAIN)
    assert _go(context) == []
    assert _all(context, messages)[0].state == "skipped"


@pytest.mark.parametrize("how", list(Resolution))
def test_it_is_said_once(context: Context, how: Resolution) -> None:
    """The second finds nothing more to say."""
    _unsure(context, 3)
    assert _resolve(context, how) == [1, 2, 3]
    assert _resolve(context, Resolution.SENT) == []
    assert len(_told(context, "message_resolved")) == 3


def test_an_enrollment_waits_again_for_what_is_sent_again(context: Context, clock: ManualClock) -> None:
    """Unless it waits for another already, or has ended; when the mail has gone, it goes on."""
    _unsure(context, 3)
    now = clock.engine()
    with context.database.write() as conn:
        for number, state, waits in ((1, "active", None), (2, "active", 9), (3, "completed", None)):
            conn.execute(
                enrollments.insert().values(
                    id=number, campaign_id=5, revision_id=1, lead_id=number, state=state, step="hello", occurrence=1,
                    due_at=now, planned_at=now, entered_at=now, waits_for=waits, cause="test",
                )
            )  # fmt: skip
            conn.execute(messages.update().where(messages.c.id == number).values(enrollment_id=number))
    _resolve(context, Resolution.AGAIN)
    assert [row.waits_for for row in _all(context, enrollments)] == [1, 9, None]
    letters = _go(context)
    with context.database.write() as conn:
        settle(conn, context, "s1", "smtp", [Report(one.message_id, one.fence, Phase.ANSWERED, 250) for one in letters])
    assert [row.waits_for for row in _all(context, enrollments)] == [None, 9, None]


@pytest.mark.parametrize("role", [Role.SALES, Role.VIEWER])
def test_only_who_defines_campaigns_may_say_so(context: Context, role: Role) -> None:
    """And not without saying why."""
    _unsure(context, 1)
    with pytest.raises(ForbiddenError):
        _resolve(context, Resolution.SENT, by=Person(8, "", "", role))
    with pytest.raises(InputError):
        _resolve(context, Resolution.SENT, why=" \n")
    assert _all(context, messages)[0].state == "unknown"


def test_they_are_chosen_by_campaign_and_time(context: Context, clock: ManualClock) -> None:
    """Only those that meet all that is asked."""
    _unsure(context, 4)
    now = clock.engine()
    with context.database.write() as conn:
        conn.execute(messages.update().where(messages.c.id > 2).values(campaign_id=5))
        conn.execute(messages.update().where(messages.c.id == 4).values(gone_at=now - timedelta(days=2)))
        found = {
            name: [row.id for row in resolve.listed(conn, which)]
            for name, which in {
                "campaign": Which(campaign_id=5),
                "broadcast": Which(broadcast_id=5),
                "since": Which(since=now),
                "until": Which(campaign_id=5, until=now),
                "none": Which(ids=()),
            }.items()
        }
    assert found == {"campaign": [4, 3], "broadcast": [], "since": [3, 2, 1], "until": [4], "none": []}


def test_a_campaign_may_have_written_that_it_counts_as_sent(context: Context) -> None:
    """Nobody is asked; the timeline says by what."""
    _unsure(context, 1, unknown="sent")
    assert _all(context, messages)[0].state == "sent"
    (said,) = _told(context, "message_resolved")
    assert (said.actor, said.detail) == ("engine", {"as": "sent", "why": ""})
    assert len(_told(context, "message_sent")) == 1


def test_a_campaign_may_have_written_to_send_again_once(context: Context, clock: ManualClock) -> None:
    """After a moment; when that is lost too, a person is asked."""
    _unsure(context, 1, unknown="again")
    assert _all(context, messages)[0].state == "queued"
    assert _go(context) == []
    clock.advance(timedelta(minutes=2))
    _lost(context, _go(context))
    assert _all(context, messages)[0].state == "unknown"


def test_nothing_is_sent_again_unless_it_is_written(context: Context, clock: ManualClock) -> None:
    """The usual: a person is asked."""
    _unsure(context, 1, unknown="wait")
    clock.advance(timedelta(days=1))
    assert _go(context) == []
    assert _all(context, messages)[0].state == "unknown"
