"""The account of sends: states that add up, lists that equal their counts, one message's story, and who sees which."""

import re
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from nurture.kernel.context import Context
from nurture.kernel.tables import installation
from nurture.leads.tables import leads
from nurture.messages.store import account, reasons
from nurture.messages.tables import attempts, messages
from nurture.tracking.tables import hits
from nurture.users.model import Person, Role
from tests.web.client import Client
from tests.web.filled import HOSTILE, Filled

ENGLISH = {"Accept_Language": "en"}


def _all(client: Client, path: str) -> list[int]:
    """Ids of the messages over all pages of the list."""
    found: list[int] = []
    while True:
        text = client.get(path).text
        found += [int(number) for number in re.findall(r'class="name"><a class="break" href="/messages/(\d+)"', text)]
        more = re.search(r'rel="next" href="([^"]+)"', text)
        if not more:
            return found
        path = more[1].replace("&amp;", "&")


def _shown(text: str) -> dict[str, int]:
    """The figure of each state on the page."""
    found = re.findall(r'state=(\w+)"[^>]*>\s*<b class="nums">([\d.,]+)</b>', text)
    return {state: int(re.sub(r"\D", "", number)) for state, number in found}


def _change(ctx: Context, message: int, **values: Any) -> None:
    with ctx.database.write() as conn:
        conn.execute(messages.update().where(messages.c.id == message).values(**values))


def test_the_nine_states_add_up_to_the_audience(marketer: Client, ctx: Context) -> None:
    """And the page shows the sum."""
    with ctx.database.read() as conn:
        expected = account(conn)
    text = marketer.get("/sends", **ENGLISH).text
    assert _shown(text) == expected["states"]
    assert len(expected["states"]) == 9
    assert sum(_shown(text).values()) == expected["audience"] > 0
    assert f"Together {expected['audience']} emails" in text


def test_each_state_and_reason_leads_to_as_many_messages(marketer: Client, ctx: Context) -> None:
    """Page by page, none twice."""
    with ctx.database.read() as conn:
        states, why = account(conn)["states"], reasons(conn)
    for state, count in states.items():
        found = _all(marketer, f"/sends?state={state}")
        assert len(found) == len(set(found)) == count
    for state, reason, count in why:
        assert len(_all(marketer, f"/sends?state={state}&reason={reason}")) == count


def test_a_campaigns_account_is_its_own(marketer: Client, ctx: Context) -> None:
    """The filter holds for the figures and for the list."""
    with ctx.database.read() as conn:
        expected = account(conn, "welcome_series")
    assert _shown(marketer.get("/sends?campaign=welcome_series").text) == expected["states"]
    assert len(_all(marketer, "/sends?campaign=welcome_series")) == expected["audience"]


def test_a_day_narrows_the_list_to_what_ended_on_it(marketer: Client, ctx: Context, house: Filled) -> None:
    """Where the reader is."""
    day = (ctx.clock.engine() + timedelta(hours=7)).date()
    _change(ctx, house.messages[0], state="sent", ended_at=ctx.clock.engine())
    _change(ctx, house.messages[1], state="sent", ended_at=ctx.clock.engine() - timedelta(days=3))
    found = _all(marketer, f"/sends?state=sent&day={day.isoformat()}")
    assert house.messages[0] in found
    assert house.messages[1] not in found


def test_a_salesperson_sees_mail_to_their_leads_and_counts_that_agree(
    sales: Client, ctx: Context, house: Filled
) -> None:
    """A colleague's is not counted, not listed, and has no page."""
    person = Person(house.people["sales"], "", "", Role.SALES)
    with ctx.database.read() as conn:
        expected = account(conn, None, person)
        query = sa.select(messages.c.id).join(leads).where(leads.c.public_id == house.leads["of_other"])
        foreign = set(conn.execute(query).scalars())
        everything = account(conn)["audience"]
    assert 0 < expected["audience"] < everything
    assert _shown(sales.get("/sends").text) == expected["states"]
    listed = set(_all(sales, "/sends"))
    assert len(listed) == expected["audience"]
    assert foreign
    assert not foreign & listed
    assert all(sales.get(f"/messages/{one}").status_code == 404 for one in foreign)


def test_mail_to_staff_is_its_readers_and_the_administrators(
    client: Client, sales: Client, marketer: Client, ctx: Context, house: Filled
) -> None:
    """An alert's email is nobody else's business."""
    _change(ctx, house.messages[3], lead_id=None, user_id=house.people["sales"], purpose="alert", campaign_id=None)
    path = f"/messages/{house.messages[3]}"
    assert sales.get(path).status_code == 200
    assert marketer.get(path).status_code == 404
    assert client.sign_in("admin").get(path).status_code == 200


def test_a_message_tells_its_state_its_reason_and_each_try(marketer: Client, ctx: Context, house: Filled) -> None:
    """In words, with what the server said."""
    message = house.messages[14]
    with ctx.database.write() as conn:
        conn.execute(attempts.insert().values(
            message_id=message, number=1, at=ctx.clock.real(), route="smtp", phase="rcpt", outcome="bounced", code=550,
            enhanced="5.1.1", answer="5.1.1 <b>no</b> such user",
        ))  # fmt: skip
    text = marketer.get(f"/messages/{message}", **ENGLISH).text
    assert "The address does not exist: 550 5.1.1 no such user" in text
    assert "at the recipient&#39;s address" in text
    assert "550 5.1.1 &lt;b&gt;no&lt;/b&gt; such user" in text


def test_unknown_is_explained_and_only_who_may_is_asked(
    marketer: Client, client: Client, ctx: Context, house: Filled
) -> None:
    """A viewer finds no form but those of the layout."""
    _change(ctx, house.messages[16], state="unknown", reason="handover_unsure")
    path = f"/messages/{house.messages[16]}"
    assert 'name="do" value="again"' in marketer.get(path, **ENGLISH).text
    text = client.sign_in("viewer").get(path, **ENGLISH).text
    assert "it is not sent again by itself" in text
    main = text[text.index('<main id="main"') : text.index("</main>")]
    assert "<form" not in main


def _states(ctx: Context, ids: list[int]) -> list[str]:
    with ctx.database.read() as conn:
        query = sa.select(messages.c.state).where(messages.c.id.in_(ids)).order_by(messages.c.id)
        return list(conn.execute(query).scalars())


def test_those_picked_are_resolved_and_the_others_stay(marketer: Client, ctx: Context, house: Filled) -> None:
    """With the reason said; without one nothing happens."""
    ids = house.messages[:3]
    for one in ids:
        _change(ctx, one, state="unknown", reason="handover_unsure", gone_at=ctx.clock.engine())
    text = marketer.get("/sends/unknown", **ENGLISH).text
    assert all(f'name="id" value="{one}"' in text for one in ids)
    refused = marketer.post("/sends/unknown", {"do": "sent", "id": str(ids[0])}, **ENGLISH)
    assert refused.status_code == 422
    assert f'value="{ids[0]}" checked' in refused.text
    assert _states(ctx, ids) == ["unknown"] * 3
    answer = marketer.post("/sends/unknown", {"do": "sent", "id": str(ids[0]), "why": "in its log"}, **ENGLISH)
    assert "1 email counts as sent" in marketer.follow(answer).text
    assert _states(ctx, ids) == ["sent", "unknown", "unknown"]
    marketer.post("/sends/unknown", {"do": "again", "all": "yes", "why": "not in its log"})
    assert _states(ctx, ids) == ["sent", "queued", "queued"]


def test_the_leads_timeline_says_what_was_said_of_an_email(marketer: Client, ctx: Context, house: Filled) -> None:
    """And by which words; a refusal is told with its reason."""
    with ctx.database.write() as conn:
        lead = conn.execute(sa.select(leads.c.id).where(leads.c.public_id == house.leads["of_sales"])).scalar_one()
        values = {"state": "unknown", "reason": "handover_unsure", "lead_id": lead, "user_id": None}
        conn.execute(messages.update().where(messages.c.id == house.messages[0]).values(**values))
    marketer.get("/sends/unknown")
    marketer.post("/sends/unknown", {"do": "again", "id": str(house.messages[0]), "why": "not in its log"})
    text = marketer.get(f"/leads/{house.leads['of_sales']}", **ENGLISH).text
    assert "may have arrived: sent again (not in its log)" in text


def test_a_refusal_is_shown_with_its_reason_in_words(marketer: Client, ctx: Context, house: Filled) -> None:
    """In the state and at the try; what nobody knows is shown as it is."""
    message = house.messages[14]
    told = {"answer": "552 5.2.2 over quota", "hard": False, "reason": "mailbox_full"}
    _change(ctx, message, state="bounced", reason="soft_bounce", detail=told)
    with ctx.database.write() as conn:
        conn.execute(attempts.insert().values(
            message_id=message, number=1, at=ctx.clock.real(), route="smtp", phase="rcpt", outcome="bounced", code=552,
            enhanced="5.2.2", answer="5.2.2 over quota", reason="mailbox_full",
        ))  # fmt: skip
    text = marketer.get(f"/messages/{message}", **ENGLISH).text
    assert "Refused, though the address may exist: 552 5.2.2 over quota (the mailbox is full)" in text
    assert "The mailbox is full." in text


def test_all_of_one_campaign_are_resolved_and_no_other(marketer: Client, ctx: Context, house: Filled) -> None:
    """The page's own question is asked again."""
    ids = house.messages[:2]
    _change(ctx, ids[0], state="unknown", reason="handover_unsure")
    _change(ctx, ids[1], state="unknown", reason="handover_unsure", campaign_id=None)
    marketer.get("/sends/unknown?campaign=welcome_series")
    marketer.post("/sends/unknown", {"do": "sent", "all": "yes", "why": "yes", "campaign": "welcome_series"})
    assert _states(ctx, ids) == ["sent", "unknown"]
    assert marketer.post("/sends/unknown", {"do": "sent", "why": "yes", "campaign": "nowhere"}).status_code == 404
    assert marketer.post("/sends/unknown", {"do": "drop", "why": "yes"}).status_code == 404


@pytest.mark.parametrize("who", ["sales", "viewer"])
def test_others_may_not_say_what_became_of_an_email(client: Client, ctx: Context, house: Filled, who: str) -> None:
    """Neither look at the list nor send the form."""
    _change(ctx, house.messages[0], state="unknown", reason="handover_unsure")
    one = client.sign_in(who)
    assert one.get("/sends/unknown").status_code == 403
    assert one.post("/sends/unknown", {"do": "again", "id": str(house.messages[0]), "why": "x"}).status_code == 403
    assert _states(ctx, [house.messages[0]]) == ["unknown"]


@pytest.mark.parametrize(
    ("verdict", "reason", "words"),
    [
        ("human", "plausible", ("a person", "A reader&#39;s browser or mail app")),
        ("machine", "scanner:Barracuda", ("a machine", "A security scanner (Barracuda)")),
        ("proxy", "image_proxy:Gmail", ("through a proxy", "image proxy fetched it (Gmail)")),
        ("suspect", "too_fast", ("suspect", "Came within a second of sending")),
        ("suspect", "forwarded:iPhone", ("perhaps passed on", "may have been passed on (iPhone)")),
        (None, None, ("not looked at yet",)),
    ],
)
def test_each_hit_stands_with_its_verdict_and_the_reason(
    marketer: Client, ctx: Context, house: Filled, verdict: str | None, reason: str | None, words: tuple[str, ...]
) -> None:
    """Raw values too, as text."""
    with ctx.database.write() as conn:
        conn.execute(hits.insert().values(
            key="k1", kind="click", message_id=house.messages[0], link=0, url="https://example.vn/bang-gia?x=<i>",
            at=ctx.clock.real(), engine_at=ctx.clock.engine(), method="GET", agent=HOSTILE, ip="10.0.0.0", headers={},
            verdict=verdict, reasons=[reason] if reason else None, version=1, settled=verdict is not None,
        ))  # fmt: skip
    text = marketer.get(f"/messages/{house.messages[0]}", **ENGLISH).text
    assert all(word in text for word in words)
    assert "example.vn/bang-gia" in text
    assert HOSTILE[:8] not in text[text.index("<main") :]


def test_words_that_are_no_state_narrow_nothing(marketer: Client) -> None:
    """An old or mistyped address still shows the account."""
    for query in ("state=flying", "reason=because", "campaign=none", "day=yesterday", "before=x", "before=" + "9" * 40):
        assert marketer.get(f"/sends?{query}").status_code == 200
    assert marketer.get("/messages/0").status_code == 404
    assert marketer.get("/messages/99999999999999999999").status_code == 404


def test_the_journal_says_that_its_time_is_real_where_there_are_two(marketer: Client, ctx: Context) -> None:
    """On an ordinary installation there is one time, and nothing is said of it."""
    with ctx.database.write() as conn:
        tried = conn.execute(sa.select(sa.func.max(attempts.c.message_id))).scalar_one_or_none()
        if tried is None:
            tried = conn.execute(sa.select(sa.func.min(messages.c.id))).scalar_one()
            row = {"number": 1, "at": ctx.clock.real(), "route": "mailbox", "phase": "answered", "outcome": "sent"}
            conn.execute(attempts.insert().values(message_id=tried, **row))
    seen = {}
    for mode in ("lapse", "real"):
        with ctx.database.write() as conn:
            conn.execute(installation.update().values(mode=mode))
        seen[mode] = "(real time)" in marketer.get(f"/messages/{tried}", **ENGLISH).text
    assert seen == {"lapse": True, "real": False}
