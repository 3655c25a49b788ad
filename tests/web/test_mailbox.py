"""The built-in mailbox: who looks into it, whose mail they find, and that a mail cannot act."""

import re
from dataclasses import replace

import pytest
import sqlalchemy as sa
from flask import Flask

from nurture.delivery.tables import mailbox_mails
from nurture.kernel.context import Context
from nurture.kernel.settings import read_settings
from nurture.kernel.tables import installation
from nurture.leads.tables import leads
from nurture.messages.tables import messages
from nurture.web.app import create_app
from tests.web.client import Client
from tests.web.filled import HOSTILE, Filled

SCRIPT = '<p>Chào</p><script>document.title = "caught"</script><img src="x" onerror="alert(1)"><form action="/logout">'


def _arrive(ctx: Context, recipient: str, header_id: str = "", html: str = "<p>Chào</p>", subject: str = "Chào") -> int:
    """One more mail in the box."""
    raw = f"Subject: {subject}\nMIME-Version: 1.0\nContent-Type: text/html; charset=utf-8\n\n{html}"
    row = {
        "received_at": ctx.clock.engine(), "mail_from": "tin@anphat.example", "rcpt_to": recipient,
        "header_id": header_id, "subject": subject, "raw": raw.encode(),
    }  # fmt: skip
    with ctx.database.write() as conn:
        return int(conn.execute(mailbox_mails.insert().values(row).returning(mailbox_mails.c.id)).scalar_one())


def _sent_to(ctx: Context, public_id: str) -> int:
    """The mail of the lead's first message, as the mail server got it."""
    with ctx.database.read() as conn:
        query = sa.select(messages.c.header_id, leads.c.email).join(leads, leads.c.id == messages.c.lead_id)
        row = conn.execute(query.where(leads.c.public_id == public_id).order_by(messages.c.id)).first()
    assert row is not None
    return _arrive(ctx, row.email, row.header_id)


def _numbers(text: str) -> set[int]:
    return {int(one) for one in re.findall(r'href="/mailbox/(\d+)"', text)}


@pytest.fixture
def admin(app: Flask) -> Client:
    """Signed in as the administrator."""
    return Client(app).sign_in("admin")


def test_a_salesperson_finds_the_mail_of_their_leads_only(
    sales: Client, marketer: Client, ctx: Context, house: Filled
) -> None:
    """A colleague's mail is not in the list, and neither its page nor its frame exists."""
    mine, other = _sent_to(ctx, house.leads["of_sales"]), _sent_to(ctx, house.leads["of_other"])
    assert _numbers(sales.get("/mailbox").text) == {mine}
    assert {mine, other, house.mail} <= _numbers(marketer.get("/mailbox").text)
    for path in ("", "?as=text", "?as=source", "/html"):
        assert sales.get(f"/mailbox/{mine}{path}").status_code == 200
        assert sales.get(f"/mailbox/{other}{path}").status_code == 404
        assert marketer.get(f"/mailbox/{other}{path}").status_code == 200


def test_mail_to_staff_is_its_readers_alone(sales: Client, marketer: Client, admin: Client, ctx: Context) -> None:
    """The link to a new password signs in whoever has it."""
    secret = _arrive(ctx, "Admin@example.com", "reset-1@anphat.example")
    for one in (sales, marketer):
        assert secret not in _numbers(one.get("/mailbox").text)
        assert one.get(f"/mailbox/{secret}?as=source").status_code == 404
        assert one.get(f"/mailbox/{secret}/html").status_code == 404
    assert secret in _numbers(admin.get("/mailbox").text)


def test_a_viewer_does_not_look_into_it(viewer: Client, house: Filled) -> None:
    """Neither list nor mail nor frame; a message offers no way there."""
    for path in ("", f"/{house.mail}", f"/{house.mail}/html"):
        assert viewer.get(f"/mailbox{path}").status_code == 403
    assert "/mailbox" not in viewer.get(f"/messages/{house.messages[0]}").text


def test_outside_the_demo_salespeople_do_not_look_into_it(sales: Client, marketer: Client, ctx: Context) -> None:
    """It is a tool for those who define."""
    with ctx.database.write() as conn:
        conn.execute(installation.update().values(demo=False))
    assert sales.get("/mailbox").status_code == 403
    assert "/mailbox" not in sales.get("/leads").text
    assert marketer.get("/mailbox").status_code == 200


def test_a_mail_runs_nothing(marketer: Client, ctx: Context) -> None:
    """Its frame is an answer with a policy of its own: no script, no form; sandboxed in the page."""
    number = _arrive(ctx, "khach1@example.net", html=SCRIPT)
    frame, page = marketer.get(f"/mailbox/{number}/html"), marketer.get(f"/mailbox/{number}")
    policy = frame.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "form-action 'none'" in policy
    assert "frame-ancestors 'self'" in policy
    assert re.search(r"sandbox allow-popups allow-popups-to-escape-sandbox$", policy)
    assert frame.headers["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in frame.headers["Cache-Control"]
    assert re.search(r'<iframe[^>]*sandbox="allow-popups allow-popups-to-escape-sandbox"', page.text)
    for way in ("", "?as=text", "?as=source"):
        assert "<script>document.title" not in marketer.get(f"/mailbox/{number}{way}").text


def test_a_text_mail_is_text(marketer: Client, ctx: Context) -> None:
    """What looks like HTML in it stays as written."""
    number = _arrive(ctx, "khach1@example.net")
    with ctx.database.write() as conn:
        raw = b"Subject: x\nContent-Type: text/plain; charset=utf-8\n\n<script>alert(1)</script> & more"
        conn.execute(mailbox_mails.update().where(mailbox_mails.c.id == number).values(raw=raw))
    text = marketer.get(f"/mailbox/{number}/html").text
    assert "<script" not in text
    assert "&lt;script&gt;alert(1)" in text


def test_hostile_subjects_and_addresses_are_text(marketer: Client, ctx: Context) -> None:
    """In the list and on the page."""
    number = _arrive(ctx, '"<img src=x>"@example.net', subject=HOSTILE)
    for path in ("/mailbox", f"/mailbox/{number}"):
        text = marketer.get(path).text
        assert "<script>alert" not in text
        assert "<img src=x>" not in text
        assert "&lt;script&gt;alert" in text


def test_the_reader_is_shown_to_who_may_see_them(marketer: Client, house: Filled) -> None:
    """With a link to the lead, beside the headers that matter."""
    text = marketer.get(f"/mailbox/{house.mail}").text
    assert f'href="/leads/{house.leads["of_sales"]}' in text
    assert "List-Unsubscribe" in text


def test_news_are_answered_only_when_there_are_any(sales: Client, ctx: Context, house: Filled) -> None:
    """The version is that of what this person sees."""
    mine = _sent_to(ctx, house.leads["of_sales"])
    _sent_to(ctx, house.leads["of_other"])
    assert f'data-version="{mine}"' in sales.get("/mailbox").text
    assert sales.get(f"/mailbox?since={mine}", X_Live="1").status_code == 204
    assert sales.get("/mailbox?since=0", X_Live="1").status_code == 200


def test_search_finds_part_of_an_address(marketer: Client, ctx: Context) -> None:
    """A percent sign is no wildcard."""
    found = _arrive(ctx, "vantien@example.net")
    assert _numbers(marketer.get("/mailbox?q=VANTIEN").text) == {found}
    assert not _numbers(marketer.get("/mailbox?q=%25van").text)


def test_with_a_mail_server_there_is_no_mailbox(ctx: Context, house: Filled) -> None:
    """The pages do not exist."""
    settings = read_settings(
        {
            "NURTURE_DATA_DIR": str(ctx.settings.data_dir),
            "NURTURE_SECRET_KEY": "for tests only",
            "NURTURE_SMTP_URL": "smtp://mail.example:587",
        }
    )
    other = Client(create_app(replace(ctx, settings=settings))).sign_in("admin")
    for path in ("", f"/{house.mail}", f"/{house.mail}/html"):
        assert other.get(f"/mailbox{path}").status_code == 404


def test_something_can_come_back_of_a_mail(ctx: Context, house: Filled, viewer: Client, marketer: Client) -> None:
    """As its reader would answer, the whole way in; for who may look into the mailbox."""
    mail_id = _sent_to(ctx, house.leads["of_sales"])
    assert viewer.post(f"/mailbox/{mail_id}/answer", {"what": "reply", "text": "x"}).status_code == 403
    assert marketer.post(f"/mailbox/{mail_id}/answer", {"what": "burn"}).status_code == 404
    assert marketer.post(f"/mailbox/{mail_id}/answer", {"what": "reply", "text": "Giá bao nhiêu?"}).status_code == 303
    assert "Giá bao nhiêu?" in marketer.get("/replies").text
    marketer.post(f"/mailbox/{mail_id}/answer", {"what": "gone"})
    with ctx.database.read() as conn:
        header_id = conn.execute(sa.select(mailbox_mails.c.header_id).where(mailbox_mails.c.id == mail_id)).scalar_one()
        found = conn.execute(sa.select(messages.c.state).where(messages.c.header_id == header_id)).scalar_one()
    assert found == "bounced"
