"""Tasks in the browser: one tap on a phone, two with a note; with script and without."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Desk, Site
from tests.browser.good import assert_good

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("path", ["/tasks", "/today"])
@pytest.mark.parametrize("width", [1280, 360])
def test_the_pages_of_who_has_tasks_are_good(desk: Desk, path: str, width: int) -> None:
    """With cards of every kind; where all of it is in sight, with a menu open."""
    page, errors = desk.page("sales", width=width)
    page.goto(path)
    expect(page.locator(".task-card").first).to_be_visible()
    assert_good(page, errors)
    if width == 1280:
        page.locator(".task-card .menu > summary").first.click()
        assert_good(page, errors)


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without"])
def test_a_task_is_given_and_done_on_a_phone(desk: Desk, site: Site, script: bool) -> None:
    """Thought of on the lead's page, done with one tap on the list."""
    title = f"Ring {'with' if script else 'without'} script"
    page, errors = desk.page("sales", width=360, lang="en", script=script)
    page.goto(f"/leads/{site.house.leads['of_sales']}")
    panel = page.locator("#tasks")
    panel.locator("summary").filter(has_text="New task").click()
    panel.get_by_label("What is to be done").select_option("call")
    panel.get_by_label("In your words").fill(title)
    panel.get_by_role("button", name="Keep the task").click()
    expect(page.locator("#tasks")).to_contain_text(title)
    page.goto("/tasks")
    page.locator("article").filter(has_text=title).get_by_role("button", name="No answer").click()
    expect(page.locator("#toasts")).to_contain_text(f"“{title}” is done: no answer")
    expect(page.locator("article").filter(has_text=title)).to_have_count(0)
    if script:
        assert_good(page, errors)
