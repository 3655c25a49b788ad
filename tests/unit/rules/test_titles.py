"""What a rule names goes by its title, where there is one."""

import pytest

from nurture.rules.describe import describe, sentence
from nurture.rules.evaluate import evaluate
from nurture.rules.facts import View
from nurture.rules.parse import parse
from nurture.rules.titles import Titles, met, named
from tests.unit.rules.ask import FACTS, NOW

KNOWN = Titles(
    {
        ("email", "welcome_series_hello"): "Cảm ơn đã ghé",
        ("campaign", "welcome_series"): "Chào mừng",
        ("segment", "new_leads"): "Khách mới",
        ("tag", "khach_quy"): "Khách quý",
        ("owner", "ha@anphat.example"): "Trần Thu Hà",
    }
)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        pytest.param(
            {"clicked": {"email": "welcome_series_hello"}},
            "Đã bấm vào liên kết (email “Cảm ơn đã ghé”)",
            id="an email",
        ),
        pytest.param(
            {"enrolled": {"campaign": "welcome_series"}},
            "Đã vào chiến dịch (chiến dịch “Chào mừng”)",
            id="a campaign",
        ),
        pytest.param({"segment": "new_leads"}, "Thuộc phân khúc “Khách mới”", id="a segment"),
        pytest.param({"tag": ["Khách quý", "vip"]}, "Có thẻ “Khách quý” hoặc “vip”", id="a tag and an unknown one"),
        pytest.param({"tag": ["vip", "VIP", "khach quy"]}, "Có thẻ “vip” hoặc “Khách quý”", id="a tag written twice"),
        pytest.param({"owner": "Ha@anphat.example"}, "Người phụ trách là Trần Thu Hà", id="staff"),
        pytest.param({"clicked": {"email": "gone"}}, "Đã bấm vào liên kết (email gone)", id="unknown: its key"),
    ],
)  # fmt: skip
def test_things_go_by_their_titles(data: object, said: str) -> None:
    """In quotes; by key where no title is known."""
    assert describe(parse(data, FACTS), "vi", titles=KNOWN) == said


def test_what_was_seen_goes_by_its_title_too() -> None:
    """The lead's own names beside the condition."""
    lead = View(1, {"owner": "ha@anphat.example"}, {"segment": frozenset({"new_leads", "x"})})
    held = evaluate(parse({"segment": "y"}, FACTS), lead, NOW, FACTS)
    assert sentence(held, "vi", titles=KNOWN) == "Thuộc phân khúc “y” (thực tế: Khách mới, x)"
    owned = evaluate(parse({"owner": "minh@anphat.example"}, FACTS), lead, NOW, FACTS)
    assert sentence(owned, "vi", titles=KNOWN).endswith("(thực tế: Trần Thu Hà)")


def test_a_trace_tells_everything_it_names() -> None:
    """Of rule and lead, however deep, so that one query can ask for all titles."""
    data = {
        "all": [{"segment": "a"}, {"none": [{"opened": {"email": "e", "campaign": "c"}}, {"owner": "X@Y.example"}]}]
    }
    rule = parse(data, FACTS)
    asked = {("segment", "a"), ("email", "e"), ("campaign", "c"), ("owner", "x@y.example")}
    assert named([rule]) == asked
    lead = View(1, {"owner": "z@y.example"}, {"segment": frozenset({"b"})})
    assert met([evaluate(rule, lead, NOW, FACTS)]) == asked | {("segment", "b"), ("owner", "z@y.example")}
