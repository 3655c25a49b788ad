"""The name of a browser, out of what it says of itself."""

import pytest

from nurture.users.devices import device

_WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
_WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)"
_IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("agent", "expected"),
    [
        (f"{_WINDOWS} {_WEBKIT} Chrome/131.0.0.0 Safari/537.36", "Chrome, Windows"),
        (f"{_WINDOWS} {_WEBKIT} Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0", "Edge, Windows"),
        (f"{_WINDOWS} {_WEBKIT} coc_coc_browser/130.0 Chrome/124.0.0.0 Safari/537.36", "Cốc Cốc, Windows"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0", "Firefox, Linux"),
        ("Mozilla/5.0 (Linux; Android 14; SM-S918B) SamsungBrowser/26.0 Chrome/122.0", "Samsung Internet, Android"),
        (f"{_IPHONE} Version/18.1 Mobile/15E148 Safari/604.1", "Safari, iPhone"),
        (f"{_IPHONE} CriOS/131.0 Mobile/15E148 Safari/604.1", "Chrome, iPhone"),
        (f"{_IPHONE} Mobile/15E148 Zalo iOS/621 ZaloTheme/light", "Zalo, iPhone"),
        (f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {_WEBKIT} Version/18.1 Safari/605.1.15", "Safari, macOS"),
        ("curl/8.5.0", ""),
        ("", ""),
        ("<script>alert(1)</script> Windows", "Windows"),
    ],
)  # fmt: skip
def test_a_browser_is_named_by_what_sets_it_apart(agent: str, expected: str) -> None:
    """Most carry the names of others, too; what is not known has no name, and nothing of the header is shown."""
    assert device(agent) == expected


def test_a_header_without_end_is_not_read_to_its_end() -> None:
    """Only its beginning counts."""
    assert device("x" * 5_000 + "Firefox/1 Windows") == ""
