"""Where a sign-in may lead to, and which language a page speaks."""

import pytest

from nurture.web.language import chosen
from nurture.web.session import safe_path


@pytest.mark.parametrize("path", ["/leads", "/leads?q=a&after=b", "/"])
def test_a_path_of_ours_is_kept(path: str) -> None:
    """It goes on where somebody wanted to."""
    assert safe_path(path) == path


@pytest.mark.parametrize(
    "text", ["", None, "//evil.test", "https://evil.test", "/\\evil.test", "javascript:alert(1)", "/a\r\nSet-Cookie: x"]
)
def test_another_host_is_never_a_path(text: str | None) -> None:
    """No open redirect, no header of somebody else's."""
    assert safe_path(text) is None


@pytest.mark.parametrize(
    ("known", "accepted", "expected"),
    [
        (("en", "vi"), ["vi"], "en"),
        ((None, "vi"), ["en"], "vi"),
        ((None, None), ["fr", "en-GB"], "en"),
        ((None, "xx"), ["fr"], "vi"),
    ],
)
def test_language_is_the_persons_then_the_cookies_then_the_browsers(
    known: tuple[str | None, ...], accepted: list[str], expected: str
) -> None:
    """And the house's at last."""
    assert chosen(known, accepted, "vi") == expected
