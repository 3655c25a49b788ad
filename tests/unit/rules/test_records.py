"""Conditions on records, counts and details: what they mean, and how they are said."""

from typing import Any

import pytest

from nurture.kernel.errors import DefinitionError
from nurture.rules.describe import describe, sentence
from nurture.rules.evaluate import evaluate
from nurture.rules.facts import Happening, View
from nurture.rules.model import names, reads
from nurture.rules.parse import parse
from nurture.rules.titles import Titles
from tests.unit.rules.ask import FACTS, NOW

TITLES = Titles({("campaign", "welcome"): "Chào mừng", ("tag", "vip"): "Khách quý"})
SAID = [
    ({"opportunity": "open"}, "Has an open opportunity", "Đang có cơ hội mở"),
    ({"opportunity": "none"}, "Has no opportunity", "Không có cơ hội"),
    (
        {"opportunity": {"state": "won", "value": {"at_least": 5_000_000}, "within": "30 days"}},
        "Has an opportunity that was won (value is at least 5,000,000, closed in the last 30 days)",
        "Có cơ hội đã thắng (giá trị từ 5.000.000 trở lên, kết thúc trong 30 ngày qua)",
    ),
    (
        {"campaign": {"key": "welcome", "state": "completed"}},
        "Completed the campaign “Chào mừng”",
        "Đã hoàn tất chiến dịch “Chào mừng”",
    ),
    (
        {"campaign": {"key": "welcome", "state": "never"}},
        "Has never been in the campaign “Chào mừng”",
        "Chưa từng tham gia chiến dịch “Chào mừng”",
    ),
    (
        {"never": {"opened": {"within": "90 days"}}},
        "Opened no email in the last 90 days",
        "Không mở email nào trong 90 ngày qua",
    ),
    (
        {"page_visited": {"path": "/bang-gia"}},
        "Visited a page (path starting with /bang-gia)",
        "Đã xem trang (đường dẫn bắt đầu bằng /bang-gia)",
    ),
    ({"called": {"outcome": "no_answer"}}, "Was called (outcome: no answer)", "Đã được gọi (kết quả: không nghe máy)"),
    ({"tagged": {"tag": "VIP"}}, "Was given a tag (tag “Khách quý”)", "Được gắn thẻ (thẻ “Khách quý”)"),
    ({"clicked": {"exactly": 2}}, "Clicked a link exactly 2 times", "Đã bấm vào liên kết đúng 2 lần"),
    ({"clicked": {"at_most": 2}}, "Clicked a link at most 2 times", "Đã bấm vào liên kết nhiều nhất 2 lần"),
    ({"clicked": {"exactly": 0}}, "Clicked no link", "Không bấm liên kết nào"),
    ({"field": "ends", "anniversary": "today"}, "The day of Ngày hết hạn is today", "Hôm nay là ngày của Ngày hết hạn"),
    ({"field": "likes", "has_all": ["a", "b"]}, "Sở thích has a and b", "Sở thích có đủ a và b"),
    ({"field": "staff", "between": [1, 5]}, "Số nhân viên is between 1 and 5", "Số nhân viên từ 1 đến 5"),
]


@pytest.mark.parametrize(("when", "english", "vietnamese"), SAID, ids=[str(one[0]) for one in SAID])
def test_a_condition_is_said(when: dict[str, Any], english: str, vietnamese: str) -> None:
    """As one natural sentence in both languages."""
    rule = parse(when, FACTS)
    assert describe(rule, "en", titles=TITLES) == english
    assert describe(rule, "vi", titles=TITLES) == vietnamese


def test_a_record_meets_all_comparisons_or_none() -> None:
    """One opportunity that is open and another that is large are not one open and large."""
    rule = parse({"opportunity": {"state": "open", "value": {"at_least": 100}}}, FACTS)
    small, closed = {"state": "open", "value": 5}, {"state": "won", "value": 500}
    assert not evaluate(rule, View(1, records={"opportunity": (small, closed)}), NOW, FACTS).holds
    trace = evaluate(rule, View(1, records={"opportunity": ({"state": "open", "value": 500},)}), NOW, FACTS)
    assert trace.holds
    assert sentence(trace, "en").endswith("(here: open, 500)")


def test_counts_have_a_least_and_a_most() -> None:
    """`at_most` alone takes those who never did it, too."""
    twice = View(1, happenings={"clicked": (Happening(NOW), Happening(NOW))})
    answers = {
        "at_least": (2, True), "at_most": (1, False), "exactly": (2, True),
    }  # fmt: skip
    for word, (count, expected) in answers.items():
        assert evaluate(parse({"clicked": {word: count}}, FACTS), twice, NOW, FACTS).holds is expected
    assert evaluate(parse({"clicked": {"at_most": 1}}, FACTS), View(1), NOW, FACTS).holds


def test_what_a_rule_reads_and_names_is_known() -> None:
    """So that only the segments concerned are looked at, and what is missing is found."""
    rule = parse({"all": [{"campaign": "welcome"}, {"opportunity": "open"}, {"tagged": {"tag": "vip"}}]}, FACTS)
    assert reads(rule) == {"campaign", "opportunity", "tagged"}
    assert names(rule) == {("campaign", "welcome"), ("tag", "vip")}
    with pytest.raises(DefinitionError, match="There is no campaign"):
        parse({"campaign": {"key": "gone"}}, FACTS.knowing(campaign=["welcome"]))


@pytest.mark.parametrize(
    ("when", "place"),
    [
        ({"clicked": {"exactly": 1, "at_least": 1}}, "when.clicked.at_least"),
        ({"clicked": {"times": 1, "at_least": 1}}, "when.clicked.times"),
        ({"clicked": {"at_least": 3, "at_most": 2}}, "when.clicked.at_most"),
        ({"opportunity": {"color": "red"}}, "when.opportunity.color"),
        ({"opportunity": {"state": "shut"}}, "when.opportunity.state"),
        ({"campaign": {"key": "welcome", "within": "soon"}}, "when.campaign.within"),
        ({"company": {}}, "when.company"),
        ({"tag": {"has_some": "vip"}}, "when.tag.has_some"),
        ({"called": {"outcome": "asleep"}}, "when.called.outcome"),
        ({"never": {"tag": "vip"}}, "when.never"),
    ],
)
def test_each_finding_has_its_place(when: dict[str, Any], place: str) -> None:
    """With what is wrong there."""
    with pytest.raises(DefinitionError) as caught:
        parse(when, FACTS)
    assert [problem.path for problem in caught.value.problems] == [place]
