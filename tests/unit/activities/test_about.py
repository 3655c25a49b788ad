"""What an activity is about, as rules compare it."""

import pytest

from nurture.activities.about import about, path_of
from nurture.activities.model import Kind


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("https://a.example/bang-gia?x=1#y", "/bang-gia"),
        ("https://a.example", "/"),
        ("https://a.example/B%E1%BA%A3ng-Gi%C3%A1", "/bang-gia"),
        ("/bang-gia", "/bang-gia"),
        ("https://[bad", ""),
        ("", ""),
        ("https://a.example/x\U0010ffffy", "/xy"),
    ],
)
def test_a_path_is_folded(url: str, path: str) -> None:
    """As people read it: decoded, small, without accents."""
    assert path_of(url) == path


def test_each_kind_has_its_detail() -> None:
    """Other kinds are about nothing that is asked for."""
    assert about(Kind.PAGE_VISITED, {}, "https://a.example/x") == "/x"
    assert about(Kind.CALLED, {"outcome": "no_answer"}, None) == "no_answer"
    assert about(Kind.TAGGED, {"tag": "vip"}, None) == "vip"
    assert about(Kind.CLICKED, {"outcome": "x"}, "https://a.example/x") is None
    assert about(Kind.CALLED, {}, None) is None
