"""Noes that people were told, lists that were taken in, and what may be lifted."""

from typing import Any

import pytest
import sqlalchemy as sa

from nurture.activities.tables import activities
from nurture.consents import blocking, service
from nurture.consents.model import Channel, Method, SuppressionReason
from nurture.consents.service import Said
from nurture.consents.store import standing
from nurture.kernel.context import Context
from nurture.kernel.errors import ConflictError, InputError, NotFoundError
from nurture.leads import store as leads
from nurture.leads.model import Lead
from tests.storage.tracking_ground import add_lead

EMAIL, PHONE = "mai@anphat.example", "+84901234567"


def _said(ctx: Context, proof: str = "On the phone, to Lan") -> Said:
    now = ctx.clock.engine()
    return Said(Method.PHONE, "user:4", "user:4", "user:4", now, now, proof)


def _lead(ctx: Context) -> Lead:
    number = add_lead(ctx, phone=PHONE)
    with ctx.database.read() as conn:
        found = leads.get(conn, number)
    assert found is not None
    return found


def _refusal(ctx: Context, lead: Lead, channel: Channel, topic: str = "") -> Any:
    address = lead.email if channel is Channel.EMAIL else lead.phone
    with ctx.database.read() as conn:
        found = standing(conn, ctx.keys, [(lead.id, address)], channel)[lead.id].refusal("advertising", topic)
    return found and found[0].value


@pytest.mark.parametrize("channel", list(Channel))
def test_a_no_that_was_told_closes_its_channel_alone(context: Context, channel: Channel) -> None:
    """Once, with its proof."""
    lead = _lead(context)
    for expected in (True, False):
        with context.database.write() as conn:
            assert blocking.refuse(conn, context.keys, lead, channel, _said(context)) is expected
    assert _refusal(context, lead, channel) == "unsubscribed"
    others = {_refusal(context, lead, one) for one in Channel if one is not channel}
    assert "unsubscribed" not in others


def test_a_no_to_a_topic_leaves_a_line_and_closes_nothing_else(context: Context) -> None:
    """The timeline says so."""
    lead = _lead(context)
    with context.database.write() as conn:
        assert blocking.refuse(conn, context.keys, lead, Channel.EMAIL, _said(context), "news")
    assert _refusal(context, lead, Channel.EMAIL, "news") == "topic_refused"
    assert _refusal(context, lead, Channel.EMAIL, "offers") != "topic_refused"
    with context.database.read() as conn:
        assert conn.execute(sa.select(activities.c.kind)).scalars().all() == ["preferences"]


def test_without_proof_nothing_is_kept(context: Context) -> None:
    """As with a yes."""
    lead = _lead(context)
    with context.database.write() as conn, pytest.raises(InputError):
        blocking.refuse(conn, context.keys, lead, Channel.CALL, _said(context, " "))


def test_a_list_closes_texts_and_calls_and_counts_new_entries(context: Context) -> None:
    """Taken in twice, nothing is new."""
    said, channels = _said(context), (Channel.SMS, Channel.CALL)
    with context.database.write() as conn:
        args = (conn, context.keys, [PHONE, "+84902345678"], channels, said, SuppressionReason.IMPORT)
        assert (blocking.bar(*args), blocking.bar(*args)) == (4, 0)
        assert blocking.counts(conn, said.now) == {
            (Channel.SMS, SuppressionReason.IMPORT): 2, (Channel.CALL, SuppressionReason.IMPORT): 2,
        }  # fmt: skip


@pytest.mark.parametrize(
    ("reason", "mended", "lifted"),
    [
        (SuppressionReason.BY_HAND, False, True),
        (SuppressionReason.IMPORT, False, True),
        (SuppressionReason.BOUNCED, False, False),
        (SuppressionReason.BOUNCED, True, True),
        (SuppressionReason.COMPLAINED, True, False),
        (SuppressionReason.UNSUBSCRIBED, True, False),
    ],
)
def test_people_lift_what_people_wrote_and_no_more(
    context: Context, reason: SuppressionReason, *, mended: bool, lifted: bool
) -> None:
    """A bounce with a word for the mailbox; a complaint and the lead's own no never."""
    with context.database.write() as conn:
        service.suppress(conn, context.keys, EMAIL, reason, said=_said(context))
        (line,) = blocking.lines_of(conn, context.keys, EMAIL)
        if lifted:
            assert blocking.lift(conn, line.id, _said(context), mended=mended).reason is reason
        else:
            with pytest.raises(ConflictError):
                blocking.lift(conn, line.id, _said(context), mended=mended)
        assert (blocking.lines_of(conn, context.keys, EMAIL) == []) is lifted
        with pytest.raises(NotFoundError):
            blocking.lift(conn, 999, _said(context))
