"""The demo's staff at their inbox: what they look at, and what they leave to whoever tries the demo."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from nurture.consents.requests import RequestState
from nurture.consents.tables import data_requests, suppressions
from nurture.demo import clerks
from nurture.demo.load import ask_for_copy
from nurture.inbound.intake import Mail, take
from nurture.inbound.model import Handling
from nurture.inbound.played import Original, Play, play
from nurture.inbound.tables import returns
from nurture.kernel.clock import ManualClock
from nurture.kernel.context import Context
from nurture.leads import store
from nurture.leads.desk import Hand
from nurture.leads.tables import leads
from nurture.users.model import Person, Role
from tests.storage.selling import lead, person


@pytest.fixture
def lan(context: Context) -> Person:
    """The made-up marketer."""
    return person(context, Role.MARKETER, name="Lan", email="lan@anphat.example")


def _reply(context: Context, lead_id: int, text: str) -> None:
    """Their lead writes; then an hour passes."""
    with context.database.read() as conn:
        email = store.by_ids(conn, [lead_id])[lead_id].email
    about = Original(str(email), "chao@anphat.example", "x@anphat.example", "Chào")
    take(context, [Mail("", play(Play.REPLY, about, text, f"k{lead_id}", context.clock.real()))])
    assert isinstance(context.clock, ManualClock)
    context.clock.advance(timedelta(hours=1))


def _look(context: Context, who: Person, days: int) -> int:
    done = 0
    for _ in range(days * 4):
        done += clerks.look(context, [Hand(who, context.clock.engine(), context.clock.real())])
        assert isinstance(context.clock, ManualClock)
        context.clock.advance(timedelta(hours=6))
    return done


def test_they_look_after_a_while_and_leave_the_newest(context: Context, lan: Person) -> None:
    """Nothing at once; a refusal is honored; the newest two wait for whoever tries the demo."""
    ids = [lead(context, f"L{number}", email=f"l{number}@example.com") for number in range(4)]
    for lead_id, text in zip(ids, ("Đừng gửi nữa.", "Lớp tối còn chỗ không ạ?", "Cảm ơn!", "Vâng."), strict=True):
        _reply(context, lead_id, text)
    assert clerks.look(context, [Hand(lan, context.clock.engine(), context.clock.real())]) == 0
    assert _look(context, lan, 5) == 2
    with context.database.read() as conn:
        waiting = sa.select(returns.c.lead_id).where(returns.c.state == Handling.WAITING.value).order_by(returns.c.id)
        assert list(conn.execute(waiting).scalars()) == ids[2:]
        assert conn.execute(sa.select(sa.func.count()).select_from(suppressions)).scalar_one() == 1


def test_what_a_lead_of_anothers_wrote_is_left_to_them(context: Context, lan: Person) -> None:
    """A salesperson looks at the replies of their own leads only."""
    ha = person(context, name="Ha", email="ha@anphat.example")
    ids = [lead(context, f"L{number}", email=f"l{number}@example.com") for number in range(3)]
    with context.database.write() as conn:
        conn.execute(leads.update().values(owner_id=ha.id))
    for lead_id in ids:
        _reply(context, lead_id, "Cảm ơn!")
    assert _look(context, lan, 4) == 0
    assert _look(context, ha, 4) == 1


def test_a_request_is_answered_and_then_done(context: Context, lan: Person) -> None:
    """The newest one is told that it was heard, and otherwise left."""
    for number in range(2):
        lead(context, f"L{number}", email=f"l{number}@example.com")
        with context.database.write() as conn:
            ask_for_copy(context, conn, f"l{number}@example.com")
    assert _look(context, lan, 10) == 3
    with context.database.read() as conn:
        states = list(conn.execute(sa.select(data_requests.c.state).order_by(data_requests.c.id)).scalars())
    assert states == [RequestState.DONE.value, RequestState.OPEN.value]
