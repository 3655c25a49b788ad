"""The entry tag takes in who gets one."""

import pytest

from nurture.activities.model import Kind
from nurture.campaigns.entries import tag
from nurture.campaigns.signals import Signal
from tests.unit.campaigns.ground import NOW, reading


@pytest.mark.parametrize(
    ("kind", "detail", "answer"),
    [
        pytest.param(Kind.TAGGED, {"tag": "khach_vip"}, True, id="tagged"),
        pytest.param(Kind.TAGGED, {"tag": "vip"}, False, id="another tag"),
        pytest.param(Kind.CREATED, {"tags": ["a", "khach_vip"]}, True, id="came with an import"),
        pytest.param(Kind.UPDATED, {"tags": ["khach_vip"]}, True, id="got it by an import"),
        pytest.param(Kind.UPDATED, {"fields": {}}, False, id="an import without tags"),
    ],
)
def test_it_asks_for_its_tag_by_the_key(kind: Kind, detail: dict[str, object], answer: bool) -> None:
    """However it is written, and whoever gave it."""
    config = tag.read(reading(), "Khách VIP", "entry.tag")
    assert kind in tag.hears(config)
    assert tag.asks(config, Signal(1, kind, NOW, "activity:1", detail)) is answer


def test_what_makes_no_key_is_a_finding() -> None:
    """Empty, and signs only."""
    one = reading()
    for value in ("", "!!!"):
        tag.read(one, value, "entry.tag")
    assert [problem.code for problem in one.problems] == ["not_text", "bad_tag"]


def test_it_says_so() -> None:
    """In both languages."""
    config = tag.read(reading(), "vip", "entry.tag")
    assert tag.describe(config, "en") == "Leads who get the tag “vip”."
    assert tag.describe(config, "vi") == "Khách được gắn thẻ “vip”."
