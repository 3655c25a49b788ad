"""Yes and no: append only, with proof; a no is stronger than a yes."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.activities.tables import activities
from nurture.consents import service, store
from nurture.consents.model import Channel, Method, Purpose, Scope, SuppressionReason
from nurture.consents.service import Said
from nurture.consents.tables import consents, suppressions
from nurture.kernel.context import Context
from nurture.kernel.errors import InputError
from nurture.kernel.reasons import Reason
from nurture.leads import service as leads_service
from nurture.leads.model import NewLead

EMAIL = "a@example.com"


@pytest.fixture
def said(context: Context) -> Callable[[Method], Said]:
    """Who said it, by this method."""
    now = context.clock.engine()
    return lambda method: Said(method, f"{method}:1", "lead", "hit:1", now, now, proof="Form of 1 November")


def _lead(context: Context, conn: Connection) -> int:
    now = context.clock.engine()
    return leads_service.add(conn, NewLead(email=EMAIL), now=now, real=now, actor="cli", cause="user:1").id


def _refusal(context: Context, conn: Connection, lead: int, kind: str = "advertising") -> Reason | None:
    standing = store.standing(conn, context.keys, [(lead, EMAIL)], "email")[lead]
    assert store.standing_of(conn, context.keys, lead, EMAIL, "email") == standing
    found = standing.refusal(kind)
    return found[0] if found else None


def test_advertising_needs_a_yes_and_care_does_not(context: Context, said: Callable[[Method], Said]) -> None:
    """Silence is no consent."""
    with context.database.write() as conn:
        lead = _lead(context, conn)
        before = _refusal(context, conn, lead), _refusal(context, conn, lead, "care")
        service.give(conn, context.keys, lead, EMAIL, said(Method.FORM))
        after = store.standing(conn, context.keys, [(lead, EMAIL)], "email")[lead]
    assert before == (Reason.NO_CONSENT, None)
    assert after.refusal("advertising") is None
    assert after.tracking


def test_consent_without_proof_is_refused(context: Context, said: Callable[[Method], Said]) -> None:
    """A yes nobody can show is none."""
    now = context.clock.engine()
    with context.database.write() as conn, pytest.raises(InputError):
        service.give(conn, context.keys, _lead(context, conn), EMAIL, Said(Method.FORM, "x", "cli", "x", now, now))


def test_saying_it_again_adds_no_line(context: Context, said: Callable[[Method], Said]) -> None:
    """Each line is a change of mind."""
    with context.database.write() as conn:
        lead = _lead(context, conn)
        first = service.give(conn, context.keys, lead, EMAIL, said(Method.FORM))
        second = service.give(conn, context.keys, lead, EMAIL, said(Method.FORM))
        lines = len(store.history(conn, lead))
    assert (first, second, lines) == (True, False, 2)


def test_the_yes_of_many_is_that_of_each(context: Context, said: Callable[[Method], Said]) -> None:
    """A line for each purpose and one in the timeline; whoever had refused is taken back by their own word."""
    with context.database.write() as conn:
        now = context.clock.engine()
        taken = [
            leads_service.add(conn, NewLead(email=f"{n}@example.com"), now=now, real=now, actor="cli", cause="user:1")
            for n in range(4)
        ]
        rows = [(one.id, one.email) for one in taken]
        service.give(conn, context.keys, *rows[0], said(Method.FORM))
        service.suppress(conn, context.keys, "1@example.com", SuppressionReason.UNSUBSCRIBED, said=said(Method.PAGE))
        service.give_set(conn, context.keys, rows, said(Method.FORM))
        standing = store.standing(conn, context.keys, rows, "email")
        query = sa.select(activities.c.lead_id, activities.c.kind).where(activities.c.kind != "created")
        told = conn.execute(query.order_by(activities.c.lead_id)).all()
        count = conn.execute(sa.select(sa.func.count()).select_from(consents)).scalar_one()
    assert [standing[number].refusal("advertising") for number, _ in rows] == [None] * 4
    assert all(standing[number].tracking for number, _ in rows)
    assert [row.kind for row in told] == ["consented", "resubscribed", "consented", "consented"]
    assert count == 8


def test_unsubscribing_wins_and_a_statement_does_not_lift_it(
    context: Context, said: Callable[[Method], Said]
) -> None:  # fmt: skip
    """Only the lead's own new yes takes the no back; nothing is deleted."""
    with context.database.write() as conn:
        lead = _lead(context, conn)
        service.give(conn, context.keys, lead, EMAIL, said(Method.FORM))
        new = service.unsubscribe(conn, context.keys, lead, EMAIL, said(Method.PAGE))
        again = service.unsubscribe(conn, context.keys, lead, EMAIL, said(Method.PAGE))
        refused = _refusal(context, conn, lead), _refusal(context, conn, lead, "care")
        service.give(conn, context.keys, lead, EMAIL, said(Method.STATEMENT))
        after_statement = _refusal(context, conn, lead)
        service.give(conn, context.keys, lead, EMAIL, said(Method.PAGE))
        after_page = _refusal(context, conn, lead)
        kinds = list(conn.execute(sa.select(activities.c.kind).order_by(activities.c.id)).scalars())
        lines = conn.execute(sa.select(sa.func.count()).select_from(suppressions)).scalar_one()
    assert (new, again) == (True, False)
    assert refused == (Reason.UNSUBSCRIBED, Reason.UNSUBSCRIBED)
    assert after_statement == Reason.UNSUBSCRIBED
    assert after_page is None
    assert kinds == ["created", "consented", "unsubscribed", "consented", "resubscribed"]
    assert lines == 2


def test_a_bounce_is_not_lifted_by_a_yes(context: Context, said: Callable[[Method], Said]) -> None:
    """Wishing for mail does not make an address exist."""
    with context.database.write() as conn:
        lead = _lead(context, conn)
        service.suppress(conn, context.keys, EMAIL, SuppressionReason.BOUNCED, said=said(Method.PAGE))
        service.give(conn, context.keys, lead, EMAIL, said(Method.FORM))
        assert _refusal(context, conn, lead) == Reason.BOUNCED


def test_a_refusal_of_advertising_leaves_care_alone(context: Context, said: Callable[[Method], Said]) -> None:
    """Withdrawing counts as unsubscribed for advertising; so does a suppression of that scope."""
    with context.database.write() as conn:
        lead = _lead(context, conn)
        service.give(conn, context.keys, lead, EMAIL, said(Method.FORM))
        service.withdraw(conn, lead, said(Method.PAGE))
        withdrawn = _refusal(context, conn, lead), _refusal(context, conn, lead, "care")
        service.unsubscribe(conn, context.keys, lead, EMAIL, said(Method.PAGE), scope=Scope.ADVERTISING)
        scoped = _refusal(context, conn, lead), _refusal(context, conn, lead, "care")
    assert withdrawn == (Reason.UNSUBSCRIBED, None)
    assert scoped == (Reason.UNSUBSCRIBED, None)


def test_channels_stand_apart(context: Context, said: Callable[[Method], Said]) -> None:
    """No calls does not mean no email."""
    phone = "+84901234567"
    with context.database.write() as conn:
        lead = _lead(context, conn)
        unsubscribed = SuppressionReason.UNSUBSCRIBED
        service.suppress(conn, context.keys, phone, unsubscribed, said=said(Method.PAGE), channel=Channel.CALL)
        calls = store.standing(conn, context.keys, [(lead, phone)], "call")[lead].refusal("care")
        email = _refusal(context, conn, lead, "care")
    assert calls is not None
    assert calls[0] is Reason.UNSUBSCRIBED
    assert email is None


def test_the_address_itself_is_not_kept(context: Context, said: Callable[[Method], Said]) -> None:
    """A suppression outlives the erasure of the lead as a keyed hash."""
    with context.database.write() as conn:
        service.unsubscribe(conn, context.keys, None, EMAIL, said(Method.PAGE))
        rows = [str(row) for row in conn.execute(sa.select(suppressions)).mappings()]
        kept = conn.execute(sa.select(sa.func.count()).select_from(consents)).scalar_one()
    assert rows
    assert not any(EMAIL in row for row in rows)
    assert kept == 0


def test_a_lead_without_address_cannot_be_mailed(context: Context) -> None:
    """There is a reason for it too."""
    with context.database.write() as conn:
        lead = _lead(context, conn)
        standing = store.standing(conn, context.keys, [(lead, None)], "email")[lead]
    assert standing.refusal("transactional") == (Reason.NO_ADDRESS, {})
    assert not standing.agreed(Purpose.ADVERTISING)


def test_a_yes_kept_by_staff_lifts_nothing(context: Context, said: Callable[[Method], Said]) -> None:
    """Where the lead refused, it is refused itself; tracking, which nobody refused, may be agreed to."""
    both = (Purpose.ADVERTISING, Purpose.TRACKING)
    with context.database.write() as conn:
        lead = _lead(context, conn)
        service.unsubscribe(conn, context.keys, lead, EMAIL, said(Method.PAGE))
        for method in (Method.PERSON, Method.PAPER, Method.FORM):
            with pytest.raises(InputError) as caught:
                service.write_down(conn, context.keys, lead, EMAIL, said(method), both)
            assert [one.code for one in caught.value.problems] == ["refused"]
        assert service.write_down(conn, context.keys, lead, EMAIL, said(Method.PHONE), (Purpose.TRACKING,))
        assert _refusal(context, conn, lead) is Reason.UNSUBSCRIBED


def test_a_later_no_is_stronger_than_a_yes_kept_by_staff(context: Context, said: Callable[[Method], Said]) -> None:
    """A yes of the same instant or before is refused; a later one holds."""
    day = timedelta(days=1)
    with context.database.write() as conn:
        lead = _lead(context, conn)
        no = said(Method.PERSON)
        service.withdraw(conn, lead, no)
        for moment in (no.now - day, no.now):
            with pytest.raises(InputError) as caught:
                yes = replace(no, now=moment)
                service.write_down(conn, context.keys, lead, EMAIL, yes, (Purpose.ADVERTISING,))
            assert [one.code for one in caught.value.problems] == ["refused_later"]
        assert _refusal(context, conn, lead) is Reason.UNSUBSCRIBED
        yes = replace(no, now=no.now + day)
        assert service.write_down(conn, context.keys, lead, EMAIL, yes, (Purpose.ADVERTISING,))
        assert _refusal(context, conn, lead) is None


def test_a_bounce_is_no_refusal_but_stands(context: Context, said: Callable[[Method], Said]) -> None:
    """The yes is kept beside it; mail still does not go."""
    with context.database.write() as conn:
        lead = _lead(context, conn)
        service.suppress(conn, context.keys, EMAIL, SuppressionReason.BOUNCED, said=said(Method.STATEMENT))
        assert service.write_down(conn, context.keys, lead, EMAIL, said(Method.PAPER), (Purpose.ADVERTISING,))
        assert _refusal(context, conn, lead) is Reason.BOUNCED
