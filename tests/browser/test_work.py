"""Selling in the browser: a card moved by keyboard alone, two people at one opportunity."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Desk, Site
from tests.browser.good import assert_good
from tests.web.client import Client

pytestmark = pytest.mark.browser


def _to(page: Page, name: str) -> None:
    """Walk by Tab to the control of this accessible name."""
    for _ in range(80):
        page.keyboard.press("Tab")
        at = page.evaluate(
            "(document.activeElement.getAttribute('aria-label') ?? document.activeElement.innerText).trim()"
        )
        if at.startswith(name):
            return
    raise AssertionError(name)


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without"])
def test_a_card_moves_by_keyboard(desk: Desk, script: bool) -> None:
    """Open the menu, choose the stage, read what happened."""
    page, errors = desk.page("sales", script=script, lang="en")
    page.goto("/opportunities")
    origin = page.locator("section.lane").filter(has=page.locator("article")).first
    here = origin.get_by_role("heading", level=2).inner_text()
    to = "New" if here == "Quoted" else "Quoted"
    if script:
        _to(page, "Move “")
        page.keyboard.press("Enter")
        _to(page, to)
        page.keyboard.press("Enter")
    else:
        origin.locator("summary").first.click()
        origin.get_by_role("button", name=to, exact=True).first.click()
    lane = page.locator("section.lane").filter(has=page.get_by_role("heading", name=to, exact=True))
    expect(lane.locator("article")).to_have_count(1)
    expect(page.locator("#toasts")).to_contain_text(f"is at “{to}” now")
    if script:
        assert_good(page, errors)


def test_two_at_one_opportunity_lose_nothing(desk: Desk, site: Site) -> None:
    """The second sees both values without a reload, and keeps theirs with one press."""
    path = f"/opportunities/{site.house.opportunity}"
    page, errors = desk.page("sales", lang="en")
    page.goto(path)
    page.locator("#change summary").filter(has_text="Value").click()
    field = page.locator("#f-value-value")
    field.fill("7.000.000")
    other = Client(site.app).sign_in("marketer")
    text = other.get(path).text
    version = text.split('name="version" value="', 1)[1].split('"', 1)[0]
    assert other.post(f"{path}/value", {"version": version, "value": "9.000.000"}).status_code == 303
    field.press("Enter")
    conflict = page.locator("#conflict")
    expect(conflict).to_contain_text("7.000.000 VND")
    expect(conflict).to_contain_text("9.000.000 VND")
    expect(conflict).to_be_focused()
    assert_good(page, errors)
    conflict.get_by_role("button", name="Keep mine").click()
    expect(page.locator(".deal-head")).to_contain_text("7,000,000")
    expect(conflict).to_have_count(0)
    assert_good(page, errors)
