"""The real application on a free port with a filled house, and the system's Chromium."""

import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, sync_playwright
from werkzeug.serving import make_server

from nurture.kernel.clock import ManualClock
from nurture.kernel.context import Context
from nurture.kernel.database import Database
from nurture.kernel.settings import read_settings
from nurture.kernel.signing import new_ring
from nurture.schema import metadata
from nurture.web.app import create_app
from tests.browser.chromium import ARGUMENTS, find_chromium
from tests.browser.good import CLS, Errors
from tests.conftest import START
from tests.web.client import Client
from tests.web.filled import Filled, fill


def sign_in(app: Flask, who: str) -> str:
    """The cookie of a new session."""
    found = Client(app).sign_in(who).flask.get_cookie("nurture")
    assert found is not None
    return found.value


@dataclass(frozen=True, slots=True)
class Site:
    """The running application."""

    url: str
    app: Flask
    house: Filled
    cookies: dict[str, str]  # session cookie by member of staff


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One server for all browser tests; what a test changes stays changed."""
    folder = tmp_path_factory.mktemp("site")
    settings = read_settings(
        {"NURTURE_DATA_DIR": str(folder), "NURTURE_SECRET_KEY": "for tests only", "NURTURE_HOUSE_NAME": "An Phát"}
    )
    database = Database(settings.database_url)
    metadata.create_all(database.engine)
    clock = ManualClock(START)
    ctx = Context(settings, database, clock, new_ring())
    house = fill(ctx, clock)
    app = create_app(ctx)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    cookies = {}
    for who in ("admin", "sales"):
        cookies[who] = sign_in(app, who)
    yield Site(f"http://127.0.0.1:{server.server_port}", app, house, cookies)
    server.shutdown()
    thread.join()
    server.server_close()
    database.close()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for all tests."""
    path = find_chromium()
    assert path is not None, "no Chromium: leave these tests out with -m 'not browser', or name one in CHROMIUM"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield browser
        browser.close()


Kept: TypeAlias = dict[tuple[str | None, int, str, bool], tuple[Page, Errors]]


@pytest.fixture(scope="session")
def kept_pages(chromium: Browser) -> Iterator[Kept]:
    """Pages that many tests look through."""
    found: Kept = {}
    yield found
    for page, _ in found.values():
        page.context.close()


class Desk:
    """Opens pages: as whom, how wide, in which theme and language."""

    def __init__(self, chromium: Browser, site: Site, kept: Kept) -> None:
        self.chromium = chromium
        self.site = site
        self.open_ones: list[Page] = []
        self._kept = kept

    def kept(self, who: str | None, *, width: int, lang: str = "vi", script: bool = True) -> tuple[Page, Errors]:
        """A page that other tests have used before and will use again: to look at, not to change anything with.

        Another context is another process of Chromium, which takes longer than most looks do.
        """
        key = (who, width, lang, script)
        if key not in self._kept:
            self._kept[key] = self.page(who, width=width, lang=lang, script=script)
            self.open_ones.pop()
        page, errors = self._kept[key]
        page.goto("about:blank")  # what the page before still had to say came before this
        errors.clear()
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme="light", forced_colors="none", reduced_motion="reduce")
        return page, errors

    def page(
        self,
        who: str | None = "admin",
        *,
        width: int = 1280,
        theme: str = "light",
        lang: str = "vi",
        script: bool = True,
        leaves: bool = False,
    ) -> tuple[Page, Errors]:
        """A fresh page, and the list that its errors gather in. Who `leaves` has a session of their own to end."""
        context = self.chromium.new_context(
            viewport={"width": width, "height": 800}, color_scheme=theme, locale=lang, base_url=self.site.url,  # type: ignore[arg-type]
            java_script_enabled=script, reduced_motion="reduce",
        )  # fmt: skip
        if who is not None:
            session = sign_in(self.site.app, who) if leaves else self.site.cookies[who]
            cookies = {"nurture": session, "language": lang}
            context.add_cookies(
                [{"name": name, "value": value, "url": self.site.url} for name, value in cookies.items()]
            )
        context.add_init_script(CLS)
        page = context.new_page()
        self.open_ones.append(page)
        return page, Errors(page)

    def close(self) -> None:
        """Close what was opened."""
        for page in self.open_ones:
            page.context.close()


@pytest.fixture
def desk(chromium: Browser, site: Site, kept_pages: Kept) -> Iterator[Desk]:
    """Opens pages for one test."""
    one = Desk(chromium, site, kept_pages)
    yield one
    one.close()
