"""What a salesperson does, by hand and by keyboard, with script and without."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Desk, Site
from tests.browser.good import assert_good
from tests.web.client import Client

pytestmark = pytest.mark.browser


def _lead(site: Site, which: str) -> str:
    return f"/leads/{site.house.leads[which]}"


def test_a_call_is_logged_without_leaving_the_page(desk: Desk, site: Site) -> None:
    """Three clicks; the toast says so, the timeline has it."""
    page, errors = desk.page("sales", width=360)
    page.goto(_lead(site, "lead4"))
    page.evaluate("window.stays = true")
    page.get_by_text("hẹn gọi lại", exact=True).click()
    page.get_by_role("button", name="Ghi cuộc gọi").click()
    expect(page.locator("#toasts")).to_contain_text("Đã ghi cuộc gọi")
    expect(page.locator(".timeline")).to_contain_text("Đã gọi: hẹn gọi lại")
    assert page.evaluate("window.stays")
    assert_good(page, errors)


def test_what_is_missing_gets_the_focus(desk: Desk, site: Site) -> None:
    """The summary is focused, and leads to the field."""
    page, errors = desk.page("sales")
    page.goto(_lead(site, "lead4"))
    page.get_by_role("button", name="Ghi cuộc gọi").click()
    expect(page.locator("#alert [data-focus]")).to_be_focused()
    expect(page.locator("#alert a")).to_have_attribute("href", "#f-call-outcome")
    assert_good(page, errors)


def test_a_form_sent_empty_keeps_the_page_and_says_why(desk: Desk) -> None:
    """Adding a lead without address or phone."""
    page, errors = desk.page("sales", width=360)
    page.goto("/leads/new")
    page.get_by_label("Họ tên").fill("Vũ Lan")
    page.get_by_role("button", name="Thêm khách").click()
    expect(page.locator("#alert [data-focus]")).to_be_focused()
    expect(page.get_by_label("Họ tên")).to_have_value("Vũ Lan")
    assert_good(page, errors)


def test_an_explanation_opens_as_a_sheet_and_gives_the_focus_back(desk: Desk, site: Site) -> None:
    """By keyboard alone."""
    page, errors = desk.page("sales")
    page.goto(_lead(site, "of_sales"))
    link = page.get_by_role("link", name="Vì sao chưa có cơ hội")
    link.focus()
    page.keyboard.press("Enter")
    expect(page.locator("dialog[open]")).to_contain_text("Mức độ phù hợp ít nhất")
    assert_good(page, errors)
    page.keyboard.press("Escape")
    expect(page.locator("dialog[open]")).to_have_count(0)
    expect(link).to_be_focused()


def test_single_keys_go_places_but_not_while_writing(desk: Desk) -> None:
    """And they can be switched off (WCAG 2.1.4)."""
    page, errors = desk.page("sales")
    page.goto("/today")
    page.keyboard.press("g")
    page.keyboard.press("l")
    page.wait_for_url("**/leads")
    page.keyboard.press("/")
    expect(page.locator("[data-search]")).to_be_focused()
    page.keyboard.type("cgl?")
    expect(page.locator("[data-search]")).to_have_value("cgl?")
    page.locator("h1").click()
    page.keyboard.press("j")
    expect(page.locator("[data-row] td.name a").first).to_be_focused()
    page.keyboard.press("x")
    expect(page.locator("[data-picked]")).to_have_text("1")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    page.locator("#keys-on").uncheck()
    page.keyboard.press("Escape")
    page.locator("h1").click()
    page.keyboard.press("c")
    assert page.url.endswith("/leads")
    assert_good(page, errors)


def test_the_focus_is_seen_at_every_stop(desk: Desk) -> None:
    """A ring of two pixels and more, and nothing lies over it."""
    page, errors = desk.page("sales")
    page.goto("/leads/new")
    seen: list[str] = []
    for _ in range(40):
        page.keyboard.press("Tab")
        stop = page.evaluate(_STOP)
        if stop is None or stop["path"] in seen:
            break
        seen.append(stop["path"])
        assert stop["outline"] >= 2, stop
        assert stop["free"], stop
    assert len(seen) >= 15
    assert_good(page, errors)


_STOP = """() => {
  const e = document.activeElement;
  if (!e || e === document.body) return null;
  const style = getComputedStyle(e), box = e.getBoundingClientRect();
  const on = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
  const path = [e.tagName, e.id, e.name ?? '', e.href ?? '', e.textContent.trim().slice(0, 30)].join('|');
  return {path, outline: style.outlineStyle === 'none' ? 0 : parseFloat(style.outlineWidth),
    free: on === null || e.contains(on) || on.contains(e)};
}"""


def test_the_page_follows_what_happens_elsewhere(desk: Desk, site: Site) -> None:
    """A colleague's note appears by itself, with no script error and no shift."""
    page, errors = desk.page("sales")
    page.goto(_lead(site, "lead7"))
    page.mouse.move(5, 5)
    colleague = Client(site.app).sign_in("marketer")
    colleague.post(f"{_lead(site, 'lead7')}/record", {"kind": "note", "note": "Viết từ nơi khác"})
    expect(page.locator(".timeline")).to_contain_text("Viết từ nơi khác", timeout=15_000)
    assert_good(page, errors)


def test_a_tag_is_put_on_and_taken_back(desk: Desk, site: Site) -> None:
    """Undo stands in the toast."""
    page, errors = desk.page("sales", theme="dark")
    page.goto(_lead(site, "lead10"))
    page.get_by_label("Thẻ mới").fill("Hội chợ")
    page.get_by_role("button", name="Gắn thẻ").click()
    tags = page.locator("section[aria-labelledby=tags-title]")
    expect(tags).to_contain_text("Hội chợ")
    page.get_by_role("button", name="Hoàn tác").click()
    expect(tags.get_by_role("link", name="Hội chợ")).to_have_count(0)
    assert_good(page, errors)


def test_everything_works_without_script(desk: Desk, site: Site) -> None:
    """Search, filter, tag many, log a call, explain."""
    page, _ = desk.page("sales", width=360, script=False, leaves=True)
    page.goto("/leads")
    page.locator("[data-search]").fill("nguyen")
    page.get_by_role("button", name="Tìm", exact=True).click()
    assert "q=nguyen" in page.url
    page.locator("[data-row] input[type=checkbox]").first.check()
    page.get_by_label("Thẻ cho các khách đã chọn").fill("Không script")
    page.get_by_role("button", name="Gắn thẻ", exact=True).click()
    expect(page.locator("#toasts")).to_contain_text("Không script")
    page.locator("[data-row] td.name a").first.click()
    page.get_by_text("máy bận", exact=True).click()
    page.get_by_role("button", name="Ghi cuộc gọi").click()
    expect(page.locator(".timeline")).to_contain_text("Đã gọi: máy bận")
    page.get_by_role("link", name="Vì sao chưa có cơ hội").click()
    assert re.search(r"/leads/\w+/why$", page.url)
    _menu(page)


def _menu(page: Page) -> None:
    page.locator("details.menu summary").click()
    page.get_by_role("button", name="Đăng xuất").click()
    assert page.url.endswith("/login")
