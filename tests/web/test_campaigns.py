"""Campaigns: every number equals the list behind it, who steers them, what their emails look like."""

import html
import re

import pytest
import sqlalchemy as sa

from nurture.campaigns.tables import campaigns
from nurture.engine.tick import tick
from nurture.enrollments.tables import enrollments
from nurture.kernel.context import Context
from nurture.users.tables import audit
from tests.web.client import Client
from tests.web.filled import Filled

PAGE = "/campaigns/welcome_series"
_COUNTED = re.compile(r'<a\b[^>]*href="(/(?:campaigns/\w+/enrollments|sends)(?:\?[^"]*)?)"[^>]*>(.*?)</a>', re.DOTALL)
_ROW = re.compile(r'<a class="break" href="/(?:leads|messages)/\w+"')


def counted(text: str) -> dict[str, int]:
    """Each link to a list with the number it bears."""
    found: dict[str, int] = {}
    for path, inner in _COUNTED.findall(text):
        number = re.search(r"\d[\d.]*", re.sub(r"<[^>]*>", " ", inner))
        if number is not None:
            found[html.unescape(path)] = int(number[0].replace(".", ""))
    return found


def length(client: Client, path: str) -> int:
    """How many rows a list has, over all its pages."""
    rows, following = 0, path
    while following:
        text = client.get(following).text
        rows += len(_ROW.findall(text))
        more = re.search(r'rel="next" href="([^"]+)"', text)
        following = html.unescape(more[1]) if more else ""
    return rows


def _state(ctx: Context, key: str = "welcome_series") -> str:
    with ctx.database.read() as conn:
        return str(conn.execute(sa.select(campaigns.c.state).where(campaigns.c.key == key)).scalar_one())


def _audited(ctx: Context) -> list[tuple[str, str]]:
    with ctx.database.read() as conn:
        query = sa.select(audit.c.actor, audit.c.action).where(audit.c.subject == "campaign:welcome_series")
        return [(actor, action) for actor, action in conn.execute(query.order_by(audit.c.id))]


def test_every_number_of_the_page_is_that_of_its_list(marketer: Client) -> None:
    """States of leads and of emails, counts at each step and on each way: all lead to as many rows."""
    numbers = counted(marketer.get(PAGE).text)
    assert len(numbers) > 15
    assert any(numbers.values())
    told = {path: (number, length(marketer, path)) for path, number in numbers.items()}
    assert {path: pair for path, pair in told.items() if pair[0] != pair[1]} == {}


def test_every_number_of_the_overview_is_that_of_its_list(marketer: Client) -> None:
    """For each campaign those under way, those at the goal, and what was sent."""
    numbers = counted(marketer.get("/campaigns").text)
    assert len(numbers) >= 4 * 3 - 1
    for path, number in numbers.items():
        assert length(marketer, path) == number, path


def test_the_states_add_up_to_all_who_entered(marketer: Client) -> None:
    """Four states and their sum."""
    numbers = counted(marketer.get(PAGE).text)
    states = [numbers[f"{PAGE}/enrollments?state={one}"] for one in ("active", "completed", "exited", "failed")]
    assert sum(states) == numbers[f"{PAGE}/enrollments"] > 0


def test_pausing_and_going_on_is_audited(marketer: Client, ctx: Context, house: Filled) -> None:
    """303, the other way as undo, and a line for each."""
    page = marketer.follow(marketer.post(f"{PAGE}/steer", {"do": "pause"}))
    assert _state(ctx) == "paused"
    assert re.search(r'name="do" value="resume"', page.text)
    marketer.follow(marketer.post(f"{PAGE}/steer", {"do": "resume"}))
    assert _state(ctx) == "live"
    actor = f"user:{house.people['marketer']}"
    assert _audited(ctx)[-2:] == [(actor, "campaign.pause"), (actor, "campaign.resume")]


@pytest.mark.parametrize("verb", ["pause", "resume", "archive"])
def test_who_does_not_define_does_not_steer(sales: Client, viewer: Client, ctx: Context, verb: str) -> None:
    """403, no button, nothing changed, nothing audited."""
    before = _audited(ctx)
    for one in (sales, viewer):
        assert "/steer" not in one.get(PAGE).text
        assert one.post(f"{PAGE}/steer", {"do": verb}).status_code == 403
    assert _state(ctx) == "live"
    assert _audited(ctx) == before


def test_archiving_takes_everybody_out(marketer: Client, ctx: Context) -> None:
    """Those under way leave at the next tick, and what waits is taken back; nothing can be done with it any more."""
    assert marketer.post(f"{PAGE}/steer", {"do": "archive"}).status_code == 303
    assert _state(ctx) == "archived"
    tick(ctx)
    page = marketer.get(PAGE)
    assert not counted(page.text).get("/sends?campaign=welcome_series&state=queued")
    assert counted(page.text)[f"{PAGE}/enrollments?state=active"] == 0
    assert "/steer" not in page.text.partition("<main")[2]


def test_a_choice_that_there_is_not_is_refused(marketer: Client, ctx: Context) -> None:
    """As is a campaign that there is not."""
    assert marketer.post(f"{PAGE}/steer", {"do": "delete"}).status_code == 422
    assert marketer.post("/campaigns/nothing/steer", {"do": "pause"}).status_code == 404
    assert marketer.get("/campaigns/nothing").status_code == 404
    assert marketer.get("/campaigns/nothing/enrollments").status_code == 404
    assert _state(ctx) == "live"


def test_steps_that_are_due_are_due_now(marketer: Client, ctx: Context) -> None:
    """A time that is past is no next time."""
    with ctx.database.write() as conn:
        mine = sa.select(campaigns.c.id).where(campaigns.c.key == "welcome_series").scalar_subquery()
        at = ctx.clock.engine().replace(year=2026, month=1)
        conn.execute(enrollments.update().where(enrollments.c.campaign_id == mine).values(due_at=at))
    for path in ("/campaigns", PAGE, f"{PAGE}/enrollments?state=active", "/today"):
        text = marketer.get(path).text
        assert "đang đến hạn" in text, path
        assert "tháng trước" not in text, path


def test_emails_of_the_tree_go_by_their_subject(marketer: Client) -> None:
    """The key stands small beside it."""
    text = marketer.get(PAGE).text
    assert "“welcome_series_hello”" not in text
    assert "<code>welcome_series_hello</code>" in text
    assert "ảm ơn đã quan tâm" in text


def test_a_salesperson_finds_their_own_among_those_in_it(sales: Client, house: Filled) -> None:
    """A colleague's lead is not listed, and the page says why the counts differ."""
    text = sales.get(f"{PAGE}/enrollments").text
    assert house.leads["of_other"] not in text
    assert "chỉ" in text.lower()
    assert 0 < length(sales, f"{PAGE}/enrollments") < counted(sales.get(PAGE).text)[f"{PAGE}/enrollments"]


def test_hostile_names_are_text(marketer: Client, house: Filled) -> None:
    """In the list of those in it and in the preview of an email."""
    lead = house.leads["hostile"]
    for path in (f"{PAGE}/enrollments", f"/emails/welcome_series_hello?lead={lead}"):
        text = marketer.get(path).text
        assert "<script>alert" not in text
        assert "&lt;script&gt;alert" in text, path
    frame = marketer.get(f"/emails/welcome_series_hello/preview.html?lead={lead}").text
    assert "<script" not in frame
    assert "</script>49" not in html.unescape(frame)


def test_a_preview_runs_nothing_and_counts_nothing(marketer: Client, house: Filled) -> None:
    """Its frame has a policy of its own, shut tighter than that of a mail that came; its links lead to no tracker."""
    path = f"/emails/welcome_series_hello/preview.html?lead={house.leads['of_sales']}"
    frame = marketer.get(path)
    policy = frame.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "form-action 'none'" in policy
    assert policy.endswith("sandbox")
    assert not re.search(r"/[oc]/[\w.-]{20}", frame.text)
    page = marketer.get("/emails/welcome_series_hello")
    assert re.search(r'<iframe[^>]*sandbox=""', page.text)


def test_a_preview_reads_as_leads_that_one_sees(sales: Client, house: Filled) -> None:
    """A colleague's lead is none."""
    for path in ("/emails/welcome_series_hello", "/emails/welcome_series_hello/preview.html"):
        assert sales.get(f"{path}?lead={house.leads['of_sales']}").status_code == 200
        assert sales.get(f"{path}?lead={house.leads['of_other']}").status_code == 404
    assert sales.get("/emails/nothing").status_code == 404


def test_without_its_token_nothing_is_steered(marketer: Client, ctx: Context) -> None:
    """400, and the campaign goes on."""
    assert marketer.flask.post(f"{PAGE}/steer", data={"do": "pause"}).status_code == 400
    assert _state(ctx) == "live"


def test_a_lead_with_an_open_opportunity_leads_to_it(sales: Client, house: Filled) -> None:
    """Another one is not the next thing to do."""
    text = sales.get(f"/leads/{house.leads['of_sales']}").text
    assert re.search(rf'<a class="btn" href="/opportunities/{house.opportunity}"', text)
    assert f'/leads/{house.leads["of_sales"]}/opportunity"' not in text
    assert f'/leads/{house.leads["free"]}/opportunity"' in sales.get(f"/leads/{house.leads['free']}").text
