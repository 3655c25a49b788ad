"""A yes confirmed by mail: asked once, shown by GET, given by POST with the words that were seen."""

from typing import Any

import pytest
import sqlalchemy as sa

from nurture.activities.tables import activities
from nurture.consents.model import Channel, Method, Purpose, SuppressionReason
from nurture.consents.service import Said, suppress
from nurture.consents.store import standing_of
from nurture.consents.tables import askings, consents
from nurture.kernel.context import Context
from nurture.kernel.errors import ConflictError
from nurture.leads import service as leads
from nurture.leads.model import Lead, NewLead
from nurture.messages import links
from nurture.messages.tables import messages
from nurture.tracking.agreeing import agree, ask, look
from tests.storage.ticking import rows

ADDRESS = "mai@khach.example"


@pytest.fixture
def lead(context: Context) -> Lead:
    """A lead who has said nothing yet."""
    now, real = context.clock.engine(), context.clock.real()
    with context.database.write() as conn:
        return leads.add(conn, NewLead(email=ADDRESS, name="Lê Mai"), now=now, real=real, actor="cli", cause="cli")


def _ask(context: Context, lead: Lead) -> str:
    """Ask; the token of the link in the mail."""
    with context.database.write() as conn:
        ask(conn, context, lead, now=context.clock.engine(), real=context.clock.real(), actor="user:1")
    (row,) = rows(context, sa.select(messages.c.values_))
    return str(row.values_["agree_url"].rpartition(links.AGREE_PATH)[2])


def _agreed(context: Context, lead: Lead) -> tuple[bool, bool]:
    with context.database.read() as conn:
        standing = standing_of(conn, context.keys, lead.id, ADDRESS)
    return standing.agreed(Purpose.ADVERTISING), standing.tracking


def _counts(context: Context) -> list[int]:
    return [len(rows(context, sa.select(table))) for table in (consents, activities, messages, askings)]


def test_looking_changes_nothing_and_agreeing_keeps_the_words_that_were_shown(context: Context, lead: Lead) -> None:
    """The proof is the text itself, with its version and the address it came from; tracking is a yes of its own."""
    token = _ask(context, lead)
    before = _counts(context)
    shown = look(context, token)
    assert shown is not None
    assert (shown.masked, shown.agreed) == ("m***@khach.example", False)
    assert _counts(context) == before

    done = agree(context, token, tracking=False, ip="203.0.113.0/24")

    assert done is not None
    assert done.agreed
    assert _agreed(context, lead) == (True, False)
    (line,) = rows(context, sa.select(consents))
    assert (line.proof, line.method, line.ip) == (shown.words["advertising"], Method.PAGE.value, "203.0.113.0/24")
    assert len(line.version) == 12
    agree(context, token, tracking=True)
    agree(context, token, tracking=True)
    assert _agreed(context, lead) == (True, True)
    assert len(rows(context, sa.select(consents))) == 2


def test_an_address_is_asked_once_for_ever(context: Context, lead: Lead) -> None:
    """Who does not answer is not asked again; nor is who has agreed."""
    token = _ask(context, lead)
    with pytest.raises(ConflictError):
        _ask(context, lead)
    agree(context, token, tracking=False)
    with pytest.raises(ConflictError):
        _ask(context, lead)
    assert len(rows(context, sa.select(messages))) == 1


def test_a_closed_address_is_not_asked(context: Context, lead: Lead) -> None:
    """Whoever closed it."""
    now, real = context.clock.engine(), context.clock.real()
    said = Said(Method.PERSON, "user:1", "user:1", "user:1", now, real)
    with context.database.write() as conn:
        suppress(conn, context.keys, ADDRESS, SuppressionReason.BY_HAND, said=said, channel=Channel.EMAIL)
    with pytest.raises(ConflictError):
        _ask(context, lead)


def test_a_yes_lifts_the_own_no_and_nothing_else(context: Context, lead: Lead) -> None:
    """A complaint stays."""
    token = _ask(context, lead)
    now, real = context.clock.engine(), context.clock.real()
    said = Said(Method.PAGE, "unsubscribe:page", "lead", "lead", now, real)
    with context.database.write() as conn:
        for reason in (SuppressionReason.UNSUBSCRIBED, SuppressionReason.COMPLAINED):
            suppress(conn, context.keys, ADDRESS, reason, said=said)
    agree(context, token, tracking=False)
    with context.database.read() as conn:
        standing = standing_of(conn, context.keys, lead.id, ADDRESS)
    assert [one.reason for one in standing.suppressed] == [SuppressionReason.COMPLAINED]


def test_a_link_says_nothing_to_whoever_has_the_address_no_more(context: Context, lead: Lead) -> None:
    """A changed address was not asked, and a forged token is none."""
    token = _ask(context, lead)
    now, real = context.clock.engine(), context.clock.real()
    change: dict[str, Any] = {"email": "khac@khach.example"}
    with context.database.write() as conn:
        leads.change(conn, lead.id, change, now=now, real=real, actor="cli", cause="cli")
    found = agree(context, token, tracking=True)
    assert found is not None
    assert (found.gone, found.masked) == (True, "")
    assert rows(context, sa.select(consents)) == []
    assert agree(context, f"{token[:-4]}AAAA", tracking=True) is None
