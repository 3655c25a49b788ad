"""One-time emails: a draft through its form, the look before, launching by the number, steering, what came of it."""

import html
import re

import pytest

from nurture.broadcasts import store
from nurture.broadcasts.model import BroadcastState as State
from nurture.broadcasts.progress import progress
from nurture.broadcasts.store import Stored
from nurture.kernel.context import Context
from tests.web.client import Client
from tests.web.filled import HOSTILE

DRAFT, GONE = "/broadcasts/uu_dai_tet", "/broadcasts/ban_tin"
FORM = {
    "name": "Thư mời hội thảo", "segment": "new_leads", "email": "cold_low_risk_offer_guide", "when": "now",
    "class": "advertising", "from": "house", "drop": "20",
}  # fmt: skip
_ROW = re.compile(r'<a class="break" href="/(?:leads|messages)/\w+"')


def _stored(ctx: Context, key: str) -> Stored:
    with ctx.database.read() as conn:
        found = store.get(conn, key)
    assert found is not None
    return found


def _length(client: Client, path: str) -> int:
    rows, following = 0, path
    while following:
        text = client.get(following).text
        rows += len(_ROW.findall(text))
        more = re.search(r'rel="next" href="([^"]+)"', text)
        following = html.unescape(more[1]) if more else ""
    return rows


def _hidden(text: str) -> dict[str, str]:
    """What the form of the look sends along."""
    return dict(re.findall(r'name="(audience|will)" value="(\d+)"', text))


def _number(text: str) -> int:
    found = re.search(r"\d[\d.]*", re.sub(r"<[^>]*>", " ", text))
    assert found is not None, text
    return int(found[0].replace(".", ""))


def test_a_draft_goes_through_its_form_and_back(marketer: Client, ctx: Context) -> None:
    """Kept as data, read into the form again, changed there; a stale form is told so."""
    page = marketer.post("/broadcasts/new", FORM)
    assert page.status_code == 303
    assert page.headers["Location"] == "/broadcasts/thu_moi_hoi_thao/check"
    assert _stored(ctx, "thu_moi_hoi_thao").definition["email"] == "cold_low_risk_offer_guide"
    form = marketer.get("/broadcasts/thu_moi_hoi_thao/edit").text
    assert 'value="Thư mời hội thảo"' in form
    change = {**FORM, "when": "local", "day": "2026-12-01", "hour": "08:00", "past": "now", "version": "1",
              "start": "08:00", "end": "20:00"}  # fmt: skip
    assert marketer.post("/broadcasts/thu_moi_hoi_thao/edit", change).status_code == 303
    kept = _stored(ctx, "thu_moi_hoi_thao").definition
    assert kept["when"] == {"local": "2026-12-01 08:00", "past": "now"}
    assert kept["sending"]["window"]["from"] == "08:00"
    assert marketer.post("/broadcasts/thu_moi_hoi_thao/edit", change).status_code == 409


def test_a_test_of_texts_goes_through_the_form(marketer: Client, ctx: Context) -> None:
    """A variant is another email, or another subject of the same."""
    more = {"email_b": "cold_low_risk_offer_trial", "subject_c_vi": "Chỉ hôm nay", "share": "30", "after": "6",
            "otherwise": "first"}  # fmt: skip
    assert marketer.post("/broadcasts/new", {**FORM, **more}).status_code == 303
    kept = _stored(ctx, "thu_moi_hoi_thao").definition
    assert [one["email"] for one in kept["variants"]] == [
        "cold_low_risk_offer_guide", "cold_low_risk_offer_trial", "cold_low_risk_offer_guide",
    ]  # fmt: skip
    assert kept["variants"][2]["subject"] == {"vi": "Chỉ hôm nay"}
    assert (kept["test"]["share"], kept["test"]["after"], kept["test"]["otherwise"]) == ("30%", "6 hours", "first")
    again = marketer.get("/broadcasts/thu_moi_hoi_thao/edit").text
    assert 'value="Chỉ hôm nay"' in again


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"segment": "nothing"}, "segment"),
        ({"email": ""}, "email"),
        ({"when": "at"}, "day"),
        ({"when": "at", "day": "2026-13-01", "hour": "08:00"}, "day"),
        ({"drop": "500"}, "drop"),
        ({"class": "spam"}, "class"),
        ({"start": "20:00", "end": "20:00"}, "start"),
        ({"subject_b_vi": "x", "share": "99"}, "share"),
        ({"email_b": "cold_low_risk_offer_guide"}, "email"),
    ],
)
def test_a_finding_stands_at_its_field(marketer: Client, ctx: Context, change: dict[str, str], field: str) -> None:
    """422 with what was typed, and nothing is kept."""
    with ctx.database.read() as conn:
        before = len(store.every(conn))
    page = marketer.post("/broadcasts/new", {**FORM, **change})
    assert page.status_code == 422
    assert re.search(rf'id="f-{field}"[^>]*aria-invalid="true"', page.text), field
    with ctx.database.read() as conn:
        assert len(store.every(conn)) == before


def test_the_numbers_of_the_look_open_lists_of_that_length(marketer: Client) -> None:
    """Who will get it, and for each reason who will not; they add up."""
    text = marketer.get(f"{DRAFT}/check").text
    found = {
        html.unescape(path): _number(inner)
        for path, inner in re.findall(rf'<a[^>]*href="({DRAFT}/audience[^"]*)"[^>]*>(.*?)</a>', text)
    }
    assert len(found) >= 3
    assert sum(found.values()) == int(_hidden(text)["audience"])
    assert {path: _length(marketer, path) for path in found} == found


def test_it_is_launched_by_its_number_only(marketer: Client, ctx: Context) -> None:
    """A large drop: nothing typed, a wrong number, then the right one; the tick begins it."""
    look = marketer.get(f"{DRAFT}/check").text
    seen = _hidden(look)
    assert 'name="confirm"' in look
    for typed in ("", "1"):
        page = marketer.post(f"{DRAFT}/launch", {**seen, "confirm": typed})
        assert page.status_code == 422
        assert _stored(ctx, "uu_dai_tet").state is State.DRAFT
    page = marketer.follow(marketer.post(f"{DRAFT}/launch", {**seen, "confirm": seen["will"]}))
    assert _stored(ctx, "uu_dai_tet").state is State.SCHEDULED
    progress(ctx)
    page = marketer.get(DRAFT)
    assert _stored(ctx, "uu_dai_tet").state is State.SENDING
    account = re.findall(r'href="/sends\?broadcast=uu_dai_tet(?:&amp;state=\w+)?"><b>([\d.]+)</b>', page.text)
    numbers = [int(one.replace(".", "")) for one in account]
    assert sum(numbers[:-1]) == numbers[-1] == int(seen["audience"])


def test_other_numbers_than_those_looked_at_are_not_launched(marketer: Client, ctx: Context) -> None:
    """409, whether they changed or were made up."""
    seen = _hidden(marketer.get(f"{DRAFT}/check").text)
    for forged in ({"audience": "9999", "will": seen["will"]}, {"audience": "x"}, {}):
        assert marketer.post(f"{DRAFT}/launch", {**forged, "confirm": seen["will"]}).status_code == 409
    assert _stored(ctx, "uu_dai_tet").state is State.DRAFT


@pytest.mark.parametrize(
    "path", ["/broadcasts/new", f"{DRAFT}/edit", f"{DRAFT}/launch", f"{DRAFT}/steer", f"{GONE}/choose", f"{GONE}/again"]
)
def test_who_does_not_define_does_nothing(sales: Client, viewer: Client, ctx: Context, path: str) -> None:
    """403 for each act and for the look; the page is there without its buttons."""
    for one in (sales, viewer):
        assert one.post(path, {**FORM, "do": "archive", "variant": "a", "audience": "1"}).status_code == 403
        assert one.get(f"{DRAFT}/check").status_code == 403
        assert one.get(f"{DRAFT}/audience").status_code == 403
        text = one.get(GONE).text
        assert "/steer" not in text
        assert "/choose" not in text
    assert _stored(ctx, "uu_dai_tet").state is State.DRAFT


def test_pausing_stopping_and_choosing(marketer: Client, ctx: Context) -> None:
    """Each shows on the page; what the state does not allow is a conflict."""
    page = marketer.follow(marketer.post(f"{GONE}/steer", {"do": "pause"}))
    assert _stored(ctx, "ban_tin").state is State.PAUSED
    assert re.search(r'name="do" value="resume"', page.text)
    assert marketer.post(f"{GONE}/choose", {"variant": "z"}).status_code == 422
    marketer.follow(marketer.post(f"{GONE}/choose", {"variant": "b"}))
    assert _stored(ctx, "ban_tin").winner == "b"
    assert marketer.post(f"{GONE}/choose", {"variant": "a"}).status_code == 409
    marketer.follow(marketer.post(f"{GONE}/steer", {"do": "stop"}))
    progress(ctx)
    assert _stored(ctx, "ban_tin").ended_at is not None
    assert marketer.post(f"{GONE}/steer", {"do": "resume"}).status_code == 409
    assert marketer.post(f"{GONE}/steer", {"do": "delete"}).status_code == 422
    assert marketer.post("/broadcasts/nothing/steer", {"do": "stop"}).status_code == 404


def test_those_who_did_not_get_it_get_a_draft_of_their_own(marketer: Client, ctx: Context) -> None:
    """From the account, once it has ended."""
    assert marketer.post(f"{GONE}/again").status_code == 409
    marketer.post(f"{GONE}/steer", {"do": "stop"})
    progress(ctx)
    page = marketer.get(GONE)
    assert f'action="{GONE}/again"' in page.text
    following = marketer.post(f"{GONE}/again")
    assert following.headers["Location"] == "/broadcasts/ban_tin_again/check"
    look = marketer.get("/broadcasts/ban_tin_again/check")
    assert look.status_code == 200
    with ctx.database.read() as conn:
        first, second = store.get(conn, "ban_tin"), store.get(conn, "ban_tin_again")
        assert first is not None
        assert second is not None
        canceled = {state: count for state, _, count in store.tally(conn, first.id)}.get("canceled", 0)
    assert second.root_id == first.id
    assert int(_hidden(look.text).get("audience", 0)) >= canceled > 0


def test_the_result_says_that_there_is_not_enough_data(marketer: Client) -> None:
    """Three clicks decide nothing; the figures stand beside."""
    text = marketer.get(GONE).text
    assert "Chưa đủ dữ liệu" in text
    assert "https://www.nurture.example/vi/bang-gia" in text


def test_each_number_of_the_account_opens_its_list(marketer: Client) -> None:
    """On the page, and in the sends account narrowed to it."""
    text = marketer.get(GONE).text
    found = re.findall(r'<a class="nums" href="(/sends\?broadcast=ban_tin[^"]*)">([\d.]+)</a>', text)
    assert len(found) >= 3
    for path, number in found:
        assert _length(marketer, html.unescape(path)) == int(number.replace(".", "")), path


def test_hostile_texts_are_text(marketer: Client) -> None:
    """A subject of a variant, a name."""
    marketer.post("/broadcasts/new", {**FORM, "name": HOSTILE[:100]})
    for path in (GONE, "/broadcasts", f"{DRAFT}/audience"):
        text = marketer.get(path).text
        assert "<script>alert" not in text
        assert "</script>49" not in text
    assert "&lt;script&gt;" in marketer.get(GONE).text


def test_what_is_no_draft_is_neither_edited_nor_looked_at(marketer: Client) -> None:
    """Conflict; and what is not there is not found."""
    for tail in ("edit", "check", "audience"):
        assert marketer.get(f"{GONE}/{tail}").status_code == 409
        assert marketer.get(f"/broadcasts/nothing/{tail}").status_code == 404
    assert marketer.post(f"{GONE}/edit", FORM).status_code == 409
    assert marketer.get("/broadcasts/nothing").status_code == 404


def test_the_list_shows_what_needs_a_look(marketer: Client, sales: Client) -> None:
    """A test that waits for a person; the button for who may."""
    text = marketer.get("/broadcasts").text
    assert "Bản tin tháng Mười" in text
    assert 'href="/broadcasts/new"' in text
    assert 'href="/broadcasts/new"' not in sales.get("/broadcasts").text
    assert 'href="/broadcasts"' in marketer.get("/campaigns").text
