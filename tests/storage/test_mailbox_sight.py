"""Whose mail a person finds in the built-in mailbox, on both databases."""

import pytest

from nurture.delivery import mailbox
from nurture.delivery.tables import mailbox_mails
from nurture.kernel.context import Context
from nurture.users import service as users
from nurture.users.model import Person, Role
from tests.storage.tracking_ground import add_lead, add_message


@pytest.fixture
def staff(context: Context) -> dict[str, Person]:
    """One of each role, and a second salesperson."""
    found = {}
    with context.database.write() as conn:
        for name, role in (("an", "admin"), ("thu", "marketer"), ("ban", "sales"), ("nam", "sales")):
            email = f"{name}@house.example"
            real = context.clock.real()
            number = users.add(conn, email=email, name=name, role=role, real=real, actor="cli", password="a long one 1")
            found[name] = Person(number, name, email, Role(role))
    return found


def _arrive(context: Context, recipient: str, header_id: str) -> int:
    row = {
        "received_at": context.clock.engine(), "mail_from": "tin@house.example", "rcpt_to": recipient,
        "header_id": header_id, "subject": "x", "raw": b"Subject: x\n\nx",
    }  # fmt: skip
    with context.database.write() as conn:
        return int(conn.execute(mailbox_mails.insert().values(row).returning(mailbox_mails.c.id)).scalar_one())


def _seen(context: Context, person: Person) -> set[int]:
    """What the list, each mail and the newest number agree on."""
    with context.database.read() as conn:
        listed = {row.id for row in mailbox.mails(conn, seen_by=person)[0]}
        every = {row.id for row in mailbox.mails(conn)[0]}
        assert {one for one in every if mailbox.mail(conn, one, person) is not None} == listed
        assert mailbox.newest(conn, person) == max(listed, default=0)
    return listed


def test_each_person_finds_their_own_mail(context: Context, staff: dict[str, Person]) -> None:
    """Sales: mail to leads they see and to themselves; marketers: all but mail to colleagues; administrators: all."""
    mine = add_lead(context, "mai@lead.example", owner_id=staff["ban"].id)
    other = add_lead(context, "hung@lead.example", owner_id=staff["nam"].id)
    free = add_lead(context, "chau@lead.example")
    add_message(context, mine, header_id="m@x")
    add_message(context, other, header_id="o@x")
    add_message(context, free, header_id="f@x")
    add_message(context, None, user_id=staff["ban"].id, purpose="alert", header_id="b@x")
    add_message(context, None, user_id=staff["an"].id, purpose="account", header_id="a@x")
    m, o, f = (_arrive(context, f"{who}@lead.example", key) for who, key in
               (("mai", "m@x"), ("hung", "o@x"), ("chau", "f@x")))  # fmt: skip
    b, a = _arrive(context, "ban@house.example", "b@x"), _arrive(context, "An@House.example", "a@x")
    stray = _arrive(context, "nobody@lead.example", "")
    assert _seen(context, staff["ban"]) == {m, f, b}
    assert _seen(context, staff["nam"]) == {o, f}
    assert _seen(context, staff["thu"]) == {m, o, f, stray}
    assert _seen(context, staff["an"]) == {m, o, f, b, a, stray}
