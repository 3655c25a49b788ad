"""A newcomer opens a mail in the built-in mailbox and clicks its link: both are tracked as a reader's would be."""

import socket
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, Page
from werkzeug.serving import make_server

from nurture.delivery.tables import mailbox_mails
from nurture.kernel.clock import ManualClock
from nurture.kernel.context import Context
from nurture.kernel.database import Database
from nurture.kernel.settings import read_settings
from nurture.kernel.signing import new_ring
from nurture.messages.links import MessageLinks
from nurture.messages.tables import messages
from nurture.schema import metadata
from nurture.tracking.tables import hits
from nurture.web.front import front
from tests.browser.good import CLS, Errors, assert_good
from tests.conftest import START
from tests.web.filled import PASSWORD, Filled, fill

pytestmark = pytest.mark.browser

READER = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
)


class Office:
    """The whole front, links and pages, at the address that its mails name."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        settings = read_settings(
            {"NURTURE_DATA_DIR": str(folder), "NURTURE_SECRET_KEY": "for tests only", "NURTURE_BASE_URL": self.url}
        )
        self.database = Database(settings.database_url)
        metadata.create_all(self.database.engine)
        clock = ManualClock(START)
        self.ctx = Context(settings, self.database, clock, new_ring())
        self.house: Filled = fill(self.ctx, clock, 12)
        clock.advance(timedelta(minutes=5))
        application, self.tracker = front(self.ctx)
        self.tracker.start()
        self.server = make_server("127.0.0.1", port, application, threaded=True)
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def mail(self) -> tuple[int, int]:
        """A mail with a tracked link and a pixel, as it left: its number, and its message's."""
        message = self.house.messages[0]
        links = MessageLinks(self.ctx.keys, self.url, message)
        html = (
            '<!doctype html><html lang="vi"><head><title>Chào</title></head><body><h1>Chào chị</h1>'
            f'<p><a href="{links.click(0, self.url + "/healthz")}">Bảng giá</a></p>'
            f'<img src="{links.pixel()}" width="1" height="1" alt="">'
            "<script>document.body.innerHTML = 'caught'</script></body></html>"
        )
        with self.database.write() as conn:
            header = conn.execute(sa.select(messages.c.header_id).where(messages.c.id == message)).scalar_one()
            raw = f"Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{html}".encode()
            row = {"received_at": self.ctx.clock.engine(), "mail_from": "a@b.example", "rcpt_to": "khach0@example.net",
                   "header_id": header, "subject": "Bảng giá mới", "raw": raw}  # fmt: skip
            number = conn.execute(mailbox_mails.insert().values(row).returning(mailbox_mails.c.id)).scalar_one()
        return int(number), message

    def hits(self, message: int) -> list[Any]:
        """What came in for the message."""
        with self.database.read() as conn:
            return list(conn.execute(sa.select(hits).where(hits.c.message_id == message).order_by(hits.c.id)))

    def close(self) -> None:
        """Stop serving."""
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
        self.tracker.stop()
        self.database.close()


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """Pages and tracked links under one address."""
    one = Office(tmp_path)
    yield one
    one.close()


def _until(done: Callable[[], bool]) -> None:
    """Wait for what another thread commits."""
    last, pause = monotonic() + 10, threading.Event()
    while not done():
        assert monotonic() < last
        pause.wait(0.05)


def _sign_in(page: Page) -> None:
    page.goto("/login")
    page.locator("input[name=email]").fill("admin@example.com")
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("main button[type=submit]").first.click()
    page.wait_for_url("**/today")


def test_a_link_clicked_in_the_mailbox_is_a_readers_click(office: Office, chromium: Browser) -> None:
    """The frame runs no script and yet loads the pixel; the click opens a tab and is kept with what tells people."""
    number, message = office.mail()
    context = chromium.new_context(base_url=office.url, user_agent=READER, locale="vi", reduced_motion="reduce")
    context.add_init_script(CLS)
    page = context.new_page()
    errors = Errors(page)
    _sign_in(page)
    page.goto(f"/mailbox/{number}")
    frame = page.frame_locator("iframe")
    assert frame.locator("h1").inner_text() == "Chào chị"
    _until(lambda: [one.kind for one in office.hits(message)] == ["open"])
    with context.expect_page() as opened:
        frame.get_by_role("link", name="Bảng giá").click()
    opened.value.wait_for_load_state()
    assert opened.value.url == f"{office.url}/healthz"
    assert opened.value.evaluate("window.opener") is None
    _until(lambda: [one.kind for one in office.hits(message)] == ["open", "click"])
    click = office.hits(message)[-1]
    assert (click.method, click.url, click.agent) == ("GET", f"{office.url}/healthz", READER)
    shown = office.url.removeprefix("http://") + "/healthz"
    page.locator("#reader li").filter(has_text=shown).wait_for()  # the card asked for news by itself
    errors[:] = [one for one in errors if "script" not in one.lower()]  # the mail's own script was refused
    assert_good(page, errors)
    context.close()


def test_the_mail_alone_in_a_tab_runs_nothing_either(office: Office, chromium: Browser) -> None:
    """It has no origin, so nothing of ours is within its reach."""
    number, message = office.mail()
    context = chromium.new_context(base_url=office.url, user_agent=READER)
    page = context.new_page()
    _sign_in(page)
    page.goto(f"/mailbox/{number}/html")
    assert page.locator("h1").inner_text() == "Chào chị"
    assert page.evaluate("self.origin") == "null"
    _until(lambda: [one.kind for one in office.hits(message)] == ["open"])
    context.close()
