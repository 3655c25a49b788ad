"""Every page is good: both languages, both themes, wide and narrow, with and without script."""

import pytest

from tests.browser.conftest import Desk, Site
from tests.browser.good import COLORS, assert_good, violations
from tests.browser.visits import OTHER, WITHOUT_ACCOUNT, all_visits

pytestmark = pytest.mark.browser

VISITS = all_visits()
FAULTS = """<!doctype html><html><head><title>x</title></head><body><main>
<button></button><p style="color:#ccc;background:#fff">pale</p><input type="text"></main></body></html>"""

# Every page is looked at in four ways; CI, whose time is short, takes one of the first two, by turns.
WAYS = [(360, "vi"), (1280, "en"), (1280, "vi"), (360, "en")]
SIGHTS = [
    pytest.param(endpoint, *way, marks=[] if turn == number % 2 else [pytest.mark.long])
    for number, endpoint in enumerate(VISITS)
    for turn, way in enumerate(WAYS)
]


def _who(endpoint: str) -> str | None:
    return None if endpoint.partition("#")[0] in WITHOUT_ACCOUNT else "admin"


def test_axe_sees_planted_faults(desk: Desk) -> None:
    """A silent checker cannot pass: four faults are planted, four are found."""
    page, errors = desk.page(None)
    page.set_content(FAULTS)
    found = {one["id"] for one in violations(page)}
    assert {"button-name", "color-contrast", "html-has-lang", "label"} <= found
    assert {one["id"] for one in violations(page, COLORS)} == {"color-contrast"}
    with pytest.raises(AssertionError, match="button-name"):
        assert_good(page, errors)


def test_every_get_route_has_an_example(site: Site) -> None:
    """A new page without an example here would go unchecked."""
    gets = {rule.endpoint for rule in site.app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    assert gets - OTHER == {endpoint.partition("#")[0] for endpoint in VISITS}


@pytest.mark.parametrize(("endpoint", "width", "lang"), SIGHTS)
def test_page_is_good_in_both_themes(desk: Desk, site: Site, endpoint: str, width: int, lang: str) -> None:
    """No axe violation, no sideways scroll (320 px included), no shift, no error."""
    page, errors = desk.kept(_who(endpoint), width=width, lang=lang)
    answer = page.goto(VISITS[endpoint](site.house))
    assert answer is not None
    assert answer.status == 200
    assert page.locator("html").get_attribute("lang") == lang or endpoint in {"public.leave", "agree.show"}
    _assert_title(page.title())
    assert_good(page, errors)
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 24, 29)"
    assert_good(page, errors, COLORS)
    if width == 360:
        page.set_viewport_size({"width": 320, "height": 640})
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize(("endpoint", "width"), [("leads.index", 1280), ("sends.index", 1280), ("lead.show", 360)])
def test_nothing_shifts_while_a_slow_line_brings_the_page(desk: Desk, site: Site, endpoint: str, width: int) -> None:
    """The style sheet is there already, the page comes in parts: tables and menus are shown once they are whole."""
    page, errors = desk.page("admin", width=width)
    page.goto(VISITS["leads.new"](site.house))
    line = page.context.new_cdp_session(page)
    line.send("Network.enable")
    slow = {"offline": False, "latency": 10, "downloadThroughput": 25_000, "uploadThroughput": 1_000_000}
    line.send("Network.emulateNetworkConditions", slow)
    page.goto(VISITS[endpoint](site.house))
    assert_good(page, errors)


def _assert_title(title: str) -> None:
    assert title.endswith("An Phát")
    assert len(title) > len("An Phát")


@pytest.mark.parametrize("endpoint", VISITS)
def test_page_is_good_without_script_in_forced_colors_and_large_text(desk: Desk, site: Site, endpoint: str) -> None:
    """Everything stays readable and in its place."""
    page, errors = desk.kept(_who(endpoint), width=360, script=False)
    page.emulate_media(forced_colors="active")
    page.goto(VISITS[endpoint](site.house))
    assert page.locator("h1").count() == 1
    assert not errors
    big, _ = desk.kept(_who(endpoint), width=1280)
    big.goto(VISITS[endpoint](site.house))
    big.evaluate("document.documentElement.style.fontSize = '32px'")
    assert big.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_error_page_is_good(desk: Desk) -> None:
    """Somebody who went astray finds the way back."""
    page, errors = desk.page("admin", width=360)
    answer = page.goto("/leads/nobody")
    assert answer is not None
    assert answer.status == 404
    assert_good(page, errors)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_chosen_theme_comes_with_the_page(desk: Desk, theme: str) -> None:
    """The server renders it: the other theme never flashes."""
    page, errors = desk.page(None, theme="dark" if theme == "light" else "light")
    page.goto("/login")
    page.locator(f"button[value={theme}]").click()
    assert page.locator("html").get_attribute("data-bs-theme") == theme
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 24, 29)"
    assert dark == (theme == "dark")
    assert_good(page, errors)


def test_errors_of_a_page_are_seen(desk: Desk) -> None:
    """An inline script breaks the content policy, and that is an error."""
    page, errors = desk.page(None)
    page.goto("/login")
    with page.expect_console_message():
        page.evaluate("document.body.append(Object.assign(document.createElement('script'), {textContent: '1'}))")
    assert any("Content Security Policy" in one for one in errors)
