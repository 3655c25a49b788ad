"""Rules in words, in both languages."""

from datetime import timedelta
from typing import Any

import pytest

from nurture.rules.describe import describe, sentence
from nurture.rules.evaluate import evaluate
from nurture.rules.facts import Happening, View
from nurture.rules.parse import parse
from tests.unit.rules.ask import FACTS, NOW


@pytest.mark.parametrize(
    ("data", "english", "vietnamese"),
    [
        pytest.param(
            {"all": [{"field": "created_at", "in_last": "7 days"}, {"none": [{"lifecycle": "customer"}]}]},
            "Arrived in the last 7 days and is not a customer",
            "Ngày vào trong 7 ngày qua và chưa là khách hàng",
            id="none of one is said as a no",
        ),
        pytest.param(
            {"none": [{"all": [{"temperature": "hot"}, {"tag": "vip"}]}]},
            "Is not hot or does not have the tag “vip”",
            "Không nóng hoặc không có thẻ “vip”",
            id="not both is one of them not",
        ),
        pytest.param(
            {"any": [{"temperature": "hot"}, {"none": [{"any": [{"called": {}}, {"noted": {}}]}]}]},
            "Is hot or (was not called and has no note)",
            "Đang nóng hoặc (chưa được gọi và chưa có ghi chú)",
            id="a group of one disappears, its no does not",
        ),
        pytest.param(
            {"all": [{"temperature": ["warm", "hot"]}, {"any": [{"called": {}}, {"fit": {"at_least": 1500}}]}]},
            "Temperature is warm or hot and (was called or fit is at least 1,500)",
            "Nhiệt độ là ấm hoặc nóng và (đã được gọi hoặc mức độ phù hợp từ 1.500 trở lên)",
            id="another join stands in brackets",
        ),
        pytest.param(
            {"clicked": {"email": "hello", "link": "/bang-gia", "times": 2, "within": "36 hours"}},
            "Clicked a link (email hello, link /bang-gia) at least 2 times in the last 36 hours",
            "Đã bấm vào liên kết (email hello, liên kết /bang-gia) ít nhất 2 lần trong 36 giờ qua",
            id="an activity with all its parts",
        ),
        pytest.param(
            {"none": [{"opened": {"times": 3}}]},
            "Opened an email fewer than 3 times",
            "Đã mở email ít hơn 3 lần",
            id="not so often is less often",
        ),
        pytest.param(
            {"none": [{"field": "city", "empty": False}]},
            "City is empty",
            "Thành phố còn trống",
            id="not known is empty",
        ),
        pytest.param(
            {"field": "ends", "before": "2026-11-22"},
            "Ngày hết hạn before 22 Nov 2026",
            "Ngày hết hạn trước 22/11/2026",
            id="a field of one's own under its label",
        ),
        pytest.param(
            {"none": [{"field": "created_at", "before": "30 days ago"}]},
            "Arrived less than 30 days ago",
            "Ngày vào cách đây chưa đến 30 ngày",
            id="not before is later",
        ),
    ],
)
def test_a_rule_reads_as_a_sentence(data: Any, english: str, vietnamese: str) -> None:
    """Negations stand where they belong."""
    rule = parse(data, FACTS)
    assert describe(rule, "en") == english
    assert describe(rule, "vi") == vietnamese


@pytest.mark.parametrize(
    ("data", "said"),
    [
        pytest.param({"temperature": "hot"}, "Đang nóng (thực tế: lạnh)", id="a word"),
        pytest.param({"field": "city", "is": "Huế"}, "Thành phố là Huế (thực tế: chưa có giá trị)", id="nothing"),
        pytest.param({"clicked": {}}, "Đã bấm vào liên kết (thực tế: 1 lần, gần nhất 31/10/2026, 09:00)", id="times"),
        pytest.param({"opened": {}}, "Đã mở email (thực tế: chưa lần nào)", id="never"),
        pytest.param({"tag": "b"}, "Có thẻ “b” (thực tế: a, z)", id="names"),
        pytest.param({"field": "trade", "is": "x"}, "Ngành nghề là x (thực tế: 100% <b>)", id="text as it is"),
    ],
)
def test_an_answer_shows_what_was_seen(data: Any, said: str) -> None:
    """The condition and the lead's own value, times in the zone."""
    lead = View(
        1,
        {"temperature": "cold", "trade": "100% <b>"},
        {"tag": frozenset({"z", "a"})},
        {"clicked": (Happening(NOW - timedelta(days=2)),)},
    )
    assert sentence(evaluate(parse(data, FACTS), lead, NOW, FACTS), "vi") == said
