"""The campaign's page shows every kind of way with its counts, what came of each, and lets those choose who may."""

import re

import pytest
import sqlalchemy as sa

from nurture.activities.tables import decisions
from nurture.campaigns import service
from nurture.campaigns.load import Folder, load
from nurture.engine import definitions
from nurture.engine.tick import tick
from nurture.enrollments.tables import experiments
from nurture.kernel.context import Context
from tests.web.client import Client
from tests.web.test_campaigns import counted, length

PAGE = "/campaigns/every_way"
CAMPAIGN = """
key: every_way
name: {vi: Mọi nhánh, en: Every way}
entry: {segment: new_leads, existing: enroll}
goal: {opportunity: opened}
steps:
  - {id: control, holdout: 20%}
  - id: ab
    split:
      ways:
        short: {weight: 50, steps: [{id: one, send_email: {email: welcome_series_hello, if_held: skip}}]}
        long: {weight: 50, steps: [{id: other, send_email: {email: welcome_series_guide, if_held: skip}}]}
      winner: {by: clicks, after: 7 days, least: 20}
  - {id: cd, split: {ways: {c: {weight: 1}, d: {weight: 3}}}}
  - id: many
    branch:
      ways:
        - {when: {temperature: hot}, then: [{id: leave, exit: {vi: Đã nóng, en: Is hot}}]}
        - {when: {tag: khach_hoi_thao}}
      else: [{id: tag, add_tag: thường}]
  - id: date
    wait_until: {field: created_at, offset: -1 day, time: "09:00", past: [{id: late, add_tag: muộn}]}
  - id: look
    wait_for: {when: {clicked: {}}, within: 3 days, then: [{id: hot, add_tag: đã bấm}]}
  - {id: back, jump: {to: look, at_most: 2}}
"""


@pytest.fixture
def comparing(ctx: Context) -> Context:
    """The house with one more campaign, whose leads have gone their ways."""
    with ctx.database.write() as conn:
        found = load(Folder({"every_way.yaml": CAMPAIGN}, {}), definitions.facts_of(conn))
        assert found.errors == ()
        service.apply(conn, found, now=ctx.clock.engine(), real=ctx.clock.real(), actor="cli")
    for _ in range(6):
        tick(ctx)
    return ctx


@pytest.mark.usefixtures("comparing")
def test_every_way_has_its_name_and_its_list(marketer: Client) -> None:
    """The number of each is that of its list, whose heading names the way."""
    text = marketer.get(PAGE).text
    for said in ("Nhánh short, 50 %", "Nhánh d, 75 %", "Không đúng điều kiện nào", "Ngày đó đã qua", "Ngay khi xảy ra"):
        assert said in text
    numbers = counted(text)
    assert numbers[f"{PAGE}/enrollments?passed=date&outcome=past"] > 0
    assert {path: (n, length(marketer, path)) for path, n in numbers.items() if n != length(marketer, path)} == {}
    heading = marketer.get(f"{PAGE}/enrollments?passed=ab&outcome=short").text
    assert "đã đi nhánh “Nhánh short, 50 %”" in heading


@pytest.mark.usefixtures("comparing")
def test_what_may_be_said_of_a_comparison_is_said(marketer: Client) -> None:
    """Too few leads say nothing; when the winner is looked for is told."""
    text = marketer.get(PAGE).text
    assert "Nhánh thắng được xét sau khách đầu tiên 1 tuần, khi mỗi nhánh đã có 20 khách." in text
    assert "Chưa đủ dữ liệu để nói nhánh nào tốt hơn." in text
    assert "Chưa đủ dữ liệu để nói thư mang lại gì." in text


def test_a_marketer_chooses_and_lets_all_ways_be_gone_again(comparing: Context, marketer: Client) -> None:
    """It is kept, said on the page, and can be taken back there."""
    page = marketer.follow(marketer.post(f"{PAGE}/way", {"step": "ab", "way": "long"}))
    assert "Nhánh “long” do người phụ trách chọn" in page.text
    assert _winners(comparing) == [("ab", "long")]
    page = marketer.follow(marketer.post(f"{PAGE}/way", {"step": "ab", "way": ""}))
    assert "Người phụ trách cho khách đi lại mọi nhánh" in page.text
    assert _winners(comparing) == [("ab", None)]
    with comparing.database.read() as conn:
        kept = conn.execute(sa.select(decisions.c.reason).where(decisions.c.kind == "compare").order_by(decisions.c.id))
        assert list(kept.scalars()) == ["chosen_by_hand", "split_again"]


def test_who_does_not_define_does_not_choose(comparing: Context, sales: Client) -> None:
    """No button, and 403; what there is not is refused."""
    assert "/way" not in re.findall(r'action="([^"]*)"', sales.get(PAGE).text)
    assert sales.post(f"{PAGE}/way", {"step": "ab", "way": "long"}).status_code == 403
    assert _winners(comparing) == []


@pytest.mark.parametrize(("step", "way", "status"), [("ab", "x", 422), ("look", "then", 404), ("", "", 404)])
def test_a_way_that_there_is_not_is_refused(
    comparing: Context, marketer: Client, step: str, way: str, status: int
) -> None:
    """Nothing is written."""
    assert marketer.post(f"{PAGE}/way", {"step": step, "way": way}).status_code == status
    assert _winners(comparing) == []


@pytest.mark.usefixtures("comparing")
def test_a_lead_that_a_step_let_leave_shows_why(marketer: Client) -> None:
    """In the words of the campaign's author."""
    assert "Đã nóng" in marketer.get(f"{PAGE}/enrollments?state=exited").text


@pytest.mark.usefixtures("comparing")
def test_the_page_keeps_its_budget(marketer: Client) -> None:
    """At most twelve queries with comparisons on it."""
    marketer.get(PAGE)
    (count,) = re.findall(r"(\d+) queries", marketer.get(PAGE).headers["Server-Timing"])
    assert int(count) <= 12


def _winners(ctx: Context) -> list[tuple[str, str | None]]:
    with ctx.database.read() as conn:
        return [(row.step, row.winner) for row in conn.execute(sa.select(experiments))]
