"""Every email of the gallery, with the values that a go really gives: the two never drift apart."""

from datetime import timedelta
from email import message_from_bytes, policy
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from nurture.consents.tables import consents
from nurture.delivery import store
from nurture.delivery.go import go
from nurture.delivery.letter import Letter, Letterhead, Mail, write
from nurture.engine.trying import send_test
from nurture.kernel.context import Context
from nurture.leads import store as lead_store
from nurture.leads.tables import companies, leads
from nurture.messages import service
from nurture.messages.compile import compile_library
from nurture.messages.model import Compiled, MessageClass, NewMessage, Purposes
from nurture.messages.personalize import Personalizer
from nurture.messages.source import Source, read_library
from nurture.messages.values import lead_values
from nurture.users.tables import users

ROOT = Path(__file__).resolve().parents[2] / "templates_email"
# What the writers of mail to staff give; who reads it and the house come with the go.
ALERT = {"lead_name": "Mai", "url": "https://m.example/leads/k3", "reasons": []}
TASK = {"id": 1, "title": "Gọi lại", "due": "24/11/2026", "lead_name": "Mai", "url": "https://m.example/leads/k3"} | (
    dict.fromkeys(("note", "honorific", "company", "phone", "phone_shown"), "")
)
ABOUT = {
    "alert": ALERT,
    "alerts": [ALERT],
    "lead": lead_values(SimpleNamespace(email="a@b.example", city="", public_id="k3", fields={})),
    "link": "https://m.example/invite/x",
    "tasks": [TASK, {**TASK, "phone": "+84901234567", "phone_shown": "0901 234 567"}],
    "title": "Gọi lại",
    "url": "https://m.example/leads/k3",
}
ASKED = {"agree_url": "https://m.example/y/x", "wording": "Tôi đồng ý."}
FILLED = {
    "email": "minh@example.com", "phone": "+84901234567", "name": "Nguyễn Văn Minh", "given_name": "Minh",
    "honorific": "anh", "city": "Hà Nội", "fields": {"size": 3}, "company_id": 1, "owner_id": 1,
}  # fmt: skip
SPARSE = {
    "email": "a@example.com", "phone": None, "name": "", "given_name": "", "honorific": "", "city": "", "fields": {},
    "company_id": None, "owner_id": None,
}  # fmt: skip


@cache
def emails() -> list[tuple[Source, Compiled]]:
    """All of them, compiled."""
    return compile_library(read_library(ROOT))


def _people(ctx: Context) -> None:
    """A filled lead and a sparse one, both agreed; a member of staff with everything, and one with next to nothing."""
    now = ctx.clock.engine()
    with ctx.database.write() as conn:
        for number, phone in ((1, "+84912345678"), (2, None)):
            who = {
                "id": number,
                "email": f"u{number}@anphat.example",
                "name": "Trần Lan" if phone else "",
                "phone": phone,
            }
            conn.execute(users.insert().values(**who, role="sales", working_hours={}, created_at=now))
        company = {"id": 1, "public_id": "c1", "name": "Cty An Phát", "name_folded": "cty an phat", "created_at": now}
        conn.execute(companies.insert().values(**company))
        rows = [
            {"id": n, "public_id": f"p{n}", "created_at": now, "updated_at": now, **one}
            for n, one in ((1, FILLED), (2, SPARSE))
        ]
        conn.execute(leads.insert(), rows)
        yes = {"channel": "email", "given": True, "method": "statement", "proof": "p", "origin": "test"}
        given = [
            {"lead_id": n, "purpose": purpose, **yes, "occurred_at": now, "recorded_at": now}
            for n in (1, 2)
            for purpose in ("advertising", "tracking")
        ]
        conn.execute(consents.insert(), given)
        service.publish_templates(conn, emails(), now=now)


def _letters(ctx: Context) -> list[Letter]:
    """A letter for each email, language and reader, as the go makes it."""
    now = ctx.clock.engine()
    batch = []
    for number, email in enumerate(email for _, email in emails()):
        for reader in (1, 2):
            to_staff = email.key.startswith("staff_")
            who: dict[str, Any] = {"user_id": reader, "values": ABOUT} if to_staff else {"lead_id": reader}
            who |= {"values": ASKED} if email.key == "consent_asked" else {}
            purpose = Purposes.ALERT if to_staff else Purposes.CAMPAIGN
            kind = (
                MessageClass.TRANSACTIONAL if to_staff else MessageClass.CARE
            )  # the law lets three of the other go a day
            key = f"{number}/{reader}"
            batch.append(
                NewMessage(purpose, email.key, email.language, kind, now, unique_key=key, sender="owner", **who)
            )
    with ctx.database.write() as conn:
        at = ctx.database.now(conn)
        service.write(conn, batch, now=now, real=now)
        times = {"now": now, "real": now, "at": at, "lease": timedelta(minutes=1)}
        ids = store.reserve(conn, "s1", 500, **times)
        assert len(ids) == len(batch)
        return [one for n in range(0, len(ids), 64) for one in go(conn, ctx, "s1", ids[n : n + 64], at=at)]


def test_every_email_of_the_gallery_can_be_written_with_the_values_of_a_go(context: Context) -> None:
    """For a lead of whom everything is known and for one of whom next to nothing is; so for staff."""
    _people(context)
    letters = _letters(context)
    with context.database.read() as conn:
        made = {n: Compiled.from_json(store.compiled(conn, n)) for n in {one.template for one in letters}}
    assert len(letters) == 2 * len(emails()) == 2 * len(made)
    for one in letters:
        mail = write(one, Personalizer(made[one.template]), Letterhead(context.keys, "https://m.example"))
        assert isinstance(mail, Mail), (made[one.template].key, mail)


@pytest.mark.parametrize(
    "field",
    ["lead.phone_shown", "owner.phone_shown", "owner.given_name", "owner.honorific", "company.name", "company.domain"],
)
def test_a_go_knows_every_field_that_a_template_may_read(context: Context, field: str) -> None:
    """Present for the filled, missing for the sparse, and unknown for nobody."""
    _people(context)
    group, name = field.split(".")
    to_leads = [one for one in _letters(context) if one.lead_id]
    assert {one.lead_id for one in to_leads if name in one.values[group]} == {1, 2}
    shown = {one.lead_id: one.values[group][name] for one in to_leads}
    if field in {"lead.phone_shown", "owner.phone_shown", "company.name"}:
        assert shown[1]
    assert not shown[2]


def test_a_test_is_the_email_as_a_lead_reads_it_in_the_hands_of_staff(context: Context) -> None:
    """To the person who asked, marked as a test before the label; its links count nothing and unsubscribe nobody."""
    _people(context)
    now, key = context.clock.engine(), "welcome_series_hello"
    with context.database.write() as conn:
        lead = lead_store.by_ids(conn, [1])[1]
        send_test(conn, context, key, "vi", lead, 2, None, now=now, real=now)
        at = context.database.now(conn)
        ids = store.reserve(conn, "s1", 5, now=now, real=now, at=at, lease=timedelta(minutes=1))
        (letter,) = go(conn, context, "s1", ids, at=at)
        made = Compiled.from_json(store.compiled(conn, letter.template))
    assert (letter.to_address, letter.lead_id, letter.tracking) == ("u2@anphat.example", 0, False)
    mail = write(letter, Personalizer(made), Letterhead(context.keys, "https://m.example"))
    assert isinstance(mail, Mail)
    parsed = message_from_bytes(mail.data, policy=policy.default)
    assert parsed["Subject"].startswith("[Thử] [QC] ")
    assert parsed["List-Unsubscribe"] is None
    text = parsed.get_body(("plain",)).get_content()
    assert "anh Minh" in text
    assert "/u/preview" in text
    assert "/c/" not in text
