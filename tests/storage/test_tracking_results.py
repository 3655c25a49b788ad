"""What came of an email: each figure is as long as the list behind it, and machines stand apart."""

from datetime import timedelta

import pytest

from nurture.activities.model import Kind
from nurture.engine.react import react
from nurture.kernel.clock import ManualClock
from nurture.kernel.context import Context
from nurture.leads.tables import leads
from nurture.messages.links import TRAP
from nurture.tracking.results import PAGE, Result, What, result, who
from nurture.tracking.service import ingest
from nurture.users.model import Person, Role
from tests.storage import selling
from tests.storage.tracking_ground import GMAIL, SCANNER, add_hit, add_lead, add_message

KEY = "welcome_series_hello"
PRICES, HOME = "https://anphat.example/bang-gia", "https://anphat.example/"
ADMIN = Person(1, "Hà", "ha@house.example", Role.ADMIN)


def asked(context: Context, person: Person = ADMIN) -> Result:
    """The result, as this person sees it."""
    with context.database.read() as conn:
        return result(conn, KEY, person)


def listed(context: Context, what: What, **only: str) -> list[str]:
    """Public names behind a figure."""
    with context.database.read() as conn:
        rows, _ = who(conn, KEY, what, ADMIN, **only)  # type: ignore[arg-type]
    return [one.name for one in rows]


@pytest.fixture
def sent(context: Context, clock: ManualClock) -> list[int]:
    """Mails to four leads; two people clicked, one opened, a scanner followed everything, one bounced."""
    people = [add_lead(context, f"{name}@anphat.example", name=name) for name in ("Mai", "Nam", "Lan", "Hoa")]
    mails = [add_message(context, lead) for lead in people]
    add_message(context, people[0], template_key="other")
    add_message(context, people[3], state="bounced", template_key=KEY)
    for mail in mails[:2]:
        add_hit(context, mail, url=PRICES)
    add_hit(context, mails[0], link=1, url=HOME, after=10)
    add_hit(context, mails[0], url=PRICES, after=200)
    add_hit(context, mails[1], "open")
    add_hit(context, mails[1], "open", agent=GMAIL)
    for link in (0, 1, TRAP):
        add_hit(context, mails[2], link=link, agent=SCANNER)
    add_hit(context, mails[3], agent="")
    while ingest(context) or react(context):
        continue
    selling.happen(context, people[2], Kind.REPLIED, email_key=KEY)
    clock.advance(timedelta(seconds=5))
    return people


def test_people_and_machines_are_counted_apart(context: Context, sent: list[int]) -> None:
    """Leads once each, and their clicks by address; machines' hits each."""
    found = asked(context)
    assert (found.states, found.sent, found.delivered) == ({"sent": 4, "bounced": 1}, 5, 0)
    assert {what: count for what, count in found.people.items() if count} == {
        What.CLICKED: 2, What.OPENED: 1, What.PROXIED: 1, What.REPLIED: 1,
    }  # fmt: skip
    assert found.hits == {What.MACHINE: 3, What.EXAMINED: 1, What.DOUBTED: 0}
    assert [(one.url, one.position, one.people, one.clicks) for one in found.links] == [
        (PRICES, 0, 2, 3),
        (HOME, 1, 1, 1),
    ]
    assert len(sent) == 4


def test_behind_each_figure_stands_its_list(context: Context, sent: list[int]) -> None:
    """The latest first."""
    assert len(sent) == 4
    assert set(listed(context, What.CLICKED)) == {"Mai", "Nam"}
    assert listed(context, What.CLICKED, url=HOME) == ["Mai"]
    assert (listed(context, What.OPENED), listed(context, What.PROXIED)) == (["Nam"], ["Nam"])
    assert (listed(context, What.MACHINE), listed(context, What.EXAMINED)) == (["Lan"] * 3, ["Hoa"])
    assert (listed(context, What.REPLIED), listed(context, What.DOUBTED)) == (["Lan"], [])


def test_who_sees_their_own_leads_gets_figures_of_those(context: Context, sent: list[int]) -> None:
    """And of those that nobody is in charge of."""
    seller, other = selling.person(context, name="An"), selling.person(context, name="Bình")
    with context.database.write() as conn:
        conn.execute(leads.update().where(leads.c.id.in_(sent[:2])).values(owner_id=other.id))
    assert asked(context, other).people[What.CLICKED] == 2
    assert asked(context, seller).people[What.CLICKED] == 0
    assert asked(context, seller).sent == 3


def test_a_long_list_goes_on_by_its_last_line(context: Context) -> None:
    """Nothing is shown twice, nothing left out."""
    mail = add_message(context, add_lead(context, name="Mai"))
    for number in range(PAGE + 2):
        add_hit(context, mail, agent=SCANNER, after=number)
    ingest(context)
    with context.database.read() as conn:
        first, older = who(conn, KEY, What.MACHINE, ADMIN)
        rest, end = who(conn, KEY, What.MACHINE, ADMIN, before=older)
    assert (len(first), len(rest), end) == (PAGE, 2, None)
    assert len({one.id for one in (*first, *rest)}) == PAGE + 2
