"""Tasks on their own page, on Today, beside a lead and an opportunity: given, done in a tap, put off, handed over."""

import re
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from nurture.activities.tables import activities
from nurture.kernel.context import Context
from nurture.leads.tables import leads
from nurture.tasks.tables import tasks
from tests.web.client import Client
from tests.web.filled import Filled

ENGLISH = {"Accept_Language": "en"}


def _row(ctx: Context, task_id: int) -> Any:
    with ctx.database.read() as conn:
        return conn.execute(sa.select(tasks).where(tasks.c.id == task_id)).one()


def _of(ctx: Context, title: str) -> int:
    with ctx.database.read() as conn:
        rows = conn.execute(sa.select(tasks.c.id, tasks.c.title).order_by(tasks.c.id))
        return next(row.id for row in rows if row.title.get("en", row.title.get("vi", "")) == title)


def _free(ctx: Context, house: Filled) -> int:
    with ctx.database.read() as conn:
        lead = sa.select(leads.c.id).where(leads.c.public_id == house.leads["free"]).scalar_subquery()
        return int(conn.execute(sa.select(tasks.c.id).where(tasks.c.lead_id == lead)).scalar_one())


def _groups(text: str) -> dict[str, int]:
    parts = re.split(r'<section class="task-group" aria-labelledby="group-(\w+)"', text)[1:]
    return {key: part.count("<article") for key, part in zip(parts[::2], parts[1::2], strict=True)}


# looking


def test_tasks_stand_by_when_they_are_due(sales: Client) -> None:
    """Overdue, today, later; the tab says how many in all."""
    text = sales.get("/tasks", **ENGLISH).text
    assert _groups(text) == {"overdue": 1, "today": 1, "later": 1}
    assert 'Mine <span class="muted nums">3</span>' in text


def test_a_card_says_whom_it_is_about_and_where_it_comes_from(sales: Client, house: Filled) -> None:
    """The campaign, or the person; the phone is one tap away."""
    text = sales.get("/tasks", **ENGLISH).text
    assert "Call to ask" in text
    assert '/campaigns/welcome_series#s-call"' in text
    assert "from Phạm Văn Bán" in text
    assert f'href="/leads/{house.leads["of_sales"]}"' in text
    assert 'href="tel:+84901234001"' in text
    assert "the campaign waits for it" in text


def test_a_colleagues_tasks_are_not_there(app: Any, house: Filled) -> None:
    """Neither in the list nor by their address."""
    other = Client(app).sign_in("other_sales")
    assert f"/tasks/{house.task}" not in other.get("/tasks").text
    assert other.get(f"/tasks/{house.task}").status_code == 404
    other.get("/me")
    assert other.post(f"/tasks/{house.task}/finish", {"said": "busy"}).status_code == 404


def test_a_viewer_sees_every_task_and_no_button(viewer: Client, house: Filled) -> None:
    """And is told no when trying."""
    text = viewer.get("/tasks?of=all").text
    assert f"/tasks/{house.task}" in text
    assert "/finish" not in text
    assert "/finish" not in viewer.get(f"/tasks/{house.task}").text
    viewer.get("/me")
    assert viewer.post(f"/tasks/{house.task}/finish", {"said": "busy"}).status_code == 403


def test_hostile_words_stay_text(sales: Client, house: Filled) -> None:
    """In the list, on the page, beside the lead, on Today."""
    for path in ("/tasks", f"/tasks/{house.task}", f"/leads/{house.leads['of_sales']}", "/today"):
        text = sales.get(path).text
        assert "<script>alert" not in text, path
        assert "&lt;script&gt;alert" in text, path
        assert "&lt;/script&gt;49" not in text, path


def test_today_says_what_is_due(sales: Client, marketer: Client) -> None:
    """Of sales with its cards; of marketers that a task has nobody."""
    text = sales.get("/today", **ENGLISH).text
    assert "1 overdue" in text
    assert "1 more today" in text
    assert "Call to ask" in text
    assert "1 task has nobody to do it" in marketer.get("/today", **ENGLISH).text


def test_the_menu_has_them_under_the_persons_name(sales: Client) -> None:
    """On every page."""
    assert re.search(r'<a class="item" href="/tasks"', sales.get("/leads").text)


# doing


def test_a_call_is_done_in_one_tap_with_its_outcome(sales: Client, ctx: Context, house: Filled) -> None:
    """It stands in the lead's timeline as a call, too."""
    sales.get("/tasks")
    answer = sales.post(f"/tasks/{house.task}/finish", {"said": "no_answer", "next": "/tasks"}, **ENGLISH)
    assert answer.headers["Location"] == "/tasks"
    assert "no answer" in sales.get("/tasks", **ENGLISH).text
    row = _row(ctx, house.task)
    assert (row.state, row.outcome) == ("done", "no_answer")
    text = sales.get(f"/leads/{house.leads['of_sales']}", **ENGLISH).text
    assert "Called: no answer" in text
    assert re.search(r"Task “.*”: no answer", text)


def test_the_words_of_the_campaign_may_be_said(sales: Client, ctx: Context) -> None:
    """They stand first, in the reader's language."""
    task = _of(ctx, "Call to ask")
    assert re.search(r'value="demo">\s*Demo booked', sales.get(f"/tasks/{task}", **ENGLISH).text) or (
        "Demo booked" in sales.get(f"/tasks/{task}", **ENGLISH).text
    )
    sales.post(f"/tasks/{task}/finish", {"said": "demo"})
    assert _row(ctx, task).outcome == "demo"
    assert "Đã hẹn demo" in sales.get("/tasks?as=done", Accept_Language="vi").text


def test_a_note_and_the_next_task_go_with_it(sales: Client, ctx: Context, house: Filled) -> None:
    """In one form, without script."""
    sales.get(f"/tasks/{house.task}")
    form = {"said": "interested", "note": "Gửi hợp đồng", "next_kind": "email", "next_title": "Gửi hợp đồng",
            "next_when": "tomorrow", "next_due": ""}  # fmt: skip
    assert sales.post(f"/tasks/{house.task}/finish", form).status_code == 303
    assert _row(ctx, house.task).ended_note == "Gửi hợp đồng"
    assert "Gửi hợp đồng" in sales.get("/tasks").text


@pytest.mark.parametrize(
    ("verb", "fields", "says"),
    [
        pytest.param("finish", {"said": "", "note": "Xong"}, "Choose what came of it", id="no outcome"),
        pytest.param("finish", {"said": "busy", "next_kind": "call"}, "Choose when", id="a next task at no time"),
        pytest.param("finish", {"said": "busy", "next_kind": "x"}, "Choose what is to be done", id="of no kind"),
        pytest.param("later", {}, "Choose when", id="later, but when"),
        pytest.param("later", {"due": "soon"}, "Choose day and time", id="no day"),
        pytest.param("later", {"due": "2020-01-01T08:00"}, "Choose a day that is not over", id="a day that is over"),
        pytest.param("owner", {"owner": "999"}, "This person cannot be given tasks", id="nobody"),
    ],
)
def test_what_is_missing_is_said_and_nothing_is_lost(
    sales: Client, ctx: Context, house: Filled, verb: str, fields: dict[str, str], says: str
) -> None:
    """422 with the form as it was sent."""
    sales.get(f"/tasks/{house.task}")
    before = _row(ctx, house.task)
    answer = sales.post(f"/tasks/{house.task}/{verb}", fields, **ENGLISH)
    assert answer.status_code == 422
    assert says in answer.text
    assert fields.get("note", "") in answer.text
    assert _row(ctx, house.task) == before


def test_who_was_second_is_told(sales: Client, ctx: Context, house: Filled) -> None:
    """409, and the first answer stands."""
    sales.get("/tasks")
    sales.post(f"/tasks/{house.task}/finish", {"said": "busy"})
    answer = sales.post(f"/tasks/{house.task}/finish", {"said": "interested"}, **ENGLISH)
    assert answer.status_code == 409
    assert "ended already" in answer.text
    assert _row(ctx, house.task).said == "busy"


def test_later_moves_it_out_of_overdue(sales: Client, ctx: Context, house: Filled) -> None:
    """To the instant the word stands for."""
    sales.get("/tasks")
    sales.post(f"/tasks/{house.task}/later", {"when": "tomorrow"})
    assert _row(ctx, house.task).due_at > ctx.clock.engine() + timedelta(hours=1)
    assert "overdue" not in _groups(sales.get("/tasks").text)


def test_what_nothing_followed_from_is_undone_from_the_toast(sales: Client, ctx: Context) -> None:
    """A visit, not a call."""
    with ctx.database.read() as conn:
        visit = conn.execute(sa.select(tasks.c.id).where(tasks.c.kind == "visit")).scalar_one()
    sales.get("/tasks")
    shown = sales.follow(sales.post(f"/tasks/{visit}/finish", {"said": "done", "next": "/tasks"})).text
    assert f'action="/tasks/{visit}/reopen"' in shown
    sales.post(f"/tasks/{visit}/reopen", {})
    assert _row(ctx, visit).state == "open"
    with ctx.database.read() as conn:
        query = sa.select(activities.c.withdrawn_at).where(activities.c.cause == f"task:{visit}")
        assert conn.execute(query).scalar_one() is not None


def test_a_task_of_nobody_is_taken_on(sales: Client, ctx: Context, house: Filled) -> None:
    """By whoever may see the lead."""
    task = _free(ctx, house)
    assert f"/tasks/{task}" in sales.get("/tasks?of=nobody").text
    sales.post(f"/tasks/{task}/owner", {"owner": "me"})
    assert _row(ctx, task).owner_id == house.people["sales"]
    assert f"/tasks/{task}" in sales.get("/tasks").text


def test_canceling_says_why(sales: Client, ctx: Context, house: Filled) -> None:
    """On the task's page and among what has ended."""
    sales.get(f"/tasks/{house.task}")
    sales.post(f"/tasks/{house.task}/cancel", {"reason": "Khách đã mua"})
    assert _row(ctx, house.task).reason == "canceled_by_hand"
    text = sales.get(f"/tasks/{house.task}", **ENGLISH).text
    assert "A person canceled it" in text
    assert "Khách đã mua" in text


# beside a lead and an opportunity


@pytest.mark.parametrize("page", ["lead", "deal"])
def test_a_task_is_made_where_it_is_thought_of(sales: Client, ctx: Context, house: Filled, page: str) -> None:
    """And leads back there."""
    lead = house.leads["of_sales"]
    path = f"/leads/{lead}" if page == "lead" else f"/opportunities/{house.opportunity}"
    form = sales.get(path, **ENGLISH).text
    assert f'action="/leads/{lead}/tasks"' in form
    fields = {"kind": "visit", "title": "Mang mẫu", "when": "week", "due": "", "owner": "", "note": "Tầng 3"}
    fields |= {"opportunity": house.opportunity} if page == "deal" else {}
    answer = sales.post(f"/leads/{lead}/tasks", {**fields, "next": path})
    assert answer.headers["Location"] == path
    assert "Mang mẫu" in sales.get(path).text
    with ctx.database.read() as conn:
        newest = conn.execute(sa.select(tasks).order_by(tasks.c.id.desc()).limit(1)).one()
    assert (newest.for_owner, newest.opportunity) == (True, house.opportunity if page == "deal" else None)


@pytest.mark.parametrize("made_up", ["../me", "x" * 100_000, "abc"])
def test_an_opportunity_that_can_be_none_is_not_kept(sales: Client, ctx: Context, house: Filled, made_up: str) -> None:
    """Neither as a way to somewhere else nor as a place to store things."""
    sales.get("/me")
    form = {"kind": "visit", "title": "x", "when": "week", "opportunity": made_up}
    assert sales.post(f"/leads/{house.leads['of_sales']}/tasks", form).status_code == 303
    with ctx.database.read() as conn:
        assert conn.execute(sa.select(tasks.c.opportunity).order_by(tasks.c.id.desc()).limit(1)).scalar_one() is None


def test_a_task_without_a_time_is_refused_beside_the_lead(sales: Client, house: Filled) -> None:
    """The form stays open, with the finding."""
    lead = house.leads["of_sales"]
    sales.get(f"/leads/{lead}")
    answer = sales.post(f"/leads/{lead}/tasks", {"kind": "call", "when": ""}, **ENGLISH)
    assert answer.status_code == 422
    assert "Choose when" in answer.text


def test_a_colleagues_lead_is_given_no_task(sales: Client, house: Filled) -> None:
    """It is not there."""
    sales.get("/me")
    answer = sales.post(f"/leads/{house.leads['of_other']}/tasks", {"kind": "call", "when": "hour"})
    assert answer.status_code == 404
