"""`assert_good`: what every page must be. Called at the end of every browser test."""

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import ConsoleMessage, Page, Response

AXE = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]},
}
# Another theme of a page already looked at changes its colors, and nothing else.
COLORS = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
LARGEST_SHIFT = 0.02
CLS = """
window.__shift = 0;
window.__shifted = [];
new PerformanceObserver((list) => {
  for (const one of list.getEntries()) {
    if (one.hadRecentInput) continue;
    window.__shift += one.value;
    for (const {node, previousRect: was, currentRect: is} of one.sources) {
      const what = (node?.outerHTML ?? node?.textContent ?? '').slice(0, 90);
      window.__shifted.push(what + JSON.stringify([was, is]));
    }
  }
}).observe({type: 'layout-shift', buffered: true});
"""


class Errors(list[str]):
    """Gathers what goes wrong on a page: console errors (CSP reports are), exceptions, answers of 500 and more."""

    def __init__(self, page: Page) -> None:
        super().__init__()
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.append(f"exception: {error}"))
        page.on("response", self._answered)

    def _said(self, message: ConsoleMessage) -> None:
        if message.type == "error" and "the server responded with a status of 4" not in message.text:
            self.append(f"console: {message.text}")

    def _answered(self, response: Response) -> None:
        if response.status >= 500:
            self.append(f"{response.status}: {response.url}")


def violations(page: Page, asked: dict[str, Any] = AXE) -> list[dict[str, Any]]:
    """What axe finds; it is brought into a page once.

    It looks from the top: what the bar covers further down can be scrolled out from under it.
    """
    page.evaluate("scrollTo(0, 0)")
    axe = Axe()
    if page.evaluate("typeof axe === 'undefined'"):
        page.evaluate(axe.axe_script)
    found: list[dict[str, Any]] = page.evaluate("(options) => axe.run(options).then((all) => all.violations)", asked)
    return found


def assert_good(page: Page, errors: Errors, asked: dict[str, Any] = AXE) -> None:
    """No axe violation, no sideways scroll, no shift of the layout, no error, control borders that can be seen."""
    found = violations(page, asked)
    told = [
        f"{one['id']}: {[node['html'][:160] + ' / ' + node['failureSummary'][:220] for node in one['nodes']]}"
        for one in found
    ]
    assert not found, "\n".join(told)
    wide = page.evaluate(
        "[...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1)"
        ".map(e => e.outerHTML.slice(0, 90)).slice(0, 5)"
    )
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), wide
    assert page.evaluate("window.__shift ?? 0") <= LARGEST_SHIFT, page.evaluate("window.__shifted")
    assert page.locator("[style]").count() == 0
    assert not faint_controls(page)
    assert not errors, errors


def faint_controls(page: Page) -> list[str]:
    """Controls whose border has less than 3:1 against what is behind them (WCAG 1.4.11; axe does not look)."""
    found: list[str] = page.evaluate(
        """() => {
          const level = (c) => { c /= 255; return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; };
          const light = (rgb) => 0.2126 * level(rgb[0]) + 0.7152 * level(rgb[1]) + 0.0722 * level(rgb[2]);
          const parse = (text) => text.match(/[\\d.]+/g).map(Number);
          const behind = (e) => {
            for (let n = e; n; n = n.parentElement) {
              const c = parse(getComputedStyle(n).backgroundColor);
              if (c.length < 4 || c[3] > 0) return c;
            }
            return parse(getComputedStyle(document.body).backgroundColor);
          };
          const bad = [];
          for (const e of document.querySelectorAll('input.form-control, select.form-select, textarea.form-control')) {
            if (!e.checkVisibility()) continue;
            const a = light(parse(getComputedStyle(e).borderTopColor)), b = light(behind(e.parentElement));
            const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
            if (ratio < 3) bad.push(`${ratio.toFixed(2)} ${e.outerHTML.slice(0, 90)}`);
          }
          return bad;
        }"""
    )
    return found
