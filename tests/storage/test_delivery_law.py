"""What the law says at the go: so many advertising emails an address in 24 hours, and what the lead asked for."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from nurture.campaigns.house import publish
from nurture.consents import service
from nurture.consents.model import Channel, Method, Purpose, SuppressionReason, topic_scope
from nurture.consents.service import Said
from nurture.consents.tables import consents
from nurture.delivery import store
from nurture.delivery.go import go
from nurture.delivery.letter import Letterhead, Mail, write
from nurture.kernel.clock import ManualClock
from nurture.kernel.context import Context
from nurture.messages.personalize import Personalizer
from nurture.messages.tables import messages
from tests.faults.ground import email, fill, frozen

HOUR, DAY = timedelta(hours=1), timedelta(hours=24)


def _set(ctx: Context, number: int | None = None, **values: Any) -> None:
    with ctx.database.write() as conn:
        change = messages.update().values(**values)
        conn.execute(change if number is None else change.where(messages.c.id == number))


def _send(ctx: Context, sender: str = "s1", limit: int = 64) -> list[int]:
    with ctx.database.write() as conn:
        at = ctx.database.now(conn)
        times = {"now": ctx.clock.engine(), "real": ctx.clock.real(), "at": at}
        ids = store.reserve(conn, sender, limit, lease=timedelta(seconds=60), **times)
    with ctx.database.write() as conn:
        return [one.message_id for one in go(conn, ctx, sender, ids, at=ctx.database.now(conn))]


def _row(ctx: Context, number: int) -> Any:
    with ctx.database.read() as conn:
        return conn.execute(sa.select(messages).where(messages.c.id == number)).one()


def _said(ctx: Context) -> Said:
    now = ctx.clock.engine()
    return Said(Method.PAGE, "test", "lead", "test", now, now, "the words")


def _under(ctx: Context, law: str) -> Context:
    return replace(ctx, settings=replace(ctx.settings, law=law))


def test_of_five_launches_to_one_lead_three_go_and_two_are_left_out(context: Context, clock: ManualClock) -> None:
    """Over all broadcasts, and the reason names the law; a campaign's mail waits until the first is a day old."""
    fill(context, 6)
    _set(context, lead_id=1, purpose="broadcast")
    _set(context, 6, purpose="campaign")
    assert _send(context) == [1, 2, 3]
    assert [(_row(context, n).state, _row(context, n).reason) for n in (4, 5, 6)] == [
        ("skipped", "capped"), ("skipped", "capped"), ("queued", "capped"),
    ]  # fmt: skip
    assert _row(context, 4).detail == {"count": 3, "days": "1", "limit": 3, "law": "vn"}
    assert _row(context, 6).not_before == clock.engine() + DAY
    clock.advance(DAY)
    assert _send(context) == [6]


def test_two_leads_with_one_address_count_together(context: Context) -> None:
    """What was written to the address of another before counts for it, whosever it is now."""
    fill(context, 4)
    _set(context, address="lead4@example.com")
    assert _send(context) == [1, 2, 3]
    assert (_row(context, 4).state, _row(context, 4).reason) == ("queued", "capped")


@pytest.mark.parametrize("law", ["eu", "us", "none"])
def test_other_laws_name_no_figure(context: Context, law: str) -> None:
    """All go."""
    fill(context, 5)
    _set(context, lead_id=1)
    assert len(_send(_under(context, law))) == 5


def test_care_and_what_answers_the_lead_neither_count_nor_wait(context: Context) -> None:
    """The cap is one of advertising."""
    fill(context, 6)
    _set(context, lead_id=1)
    for number, kind in ((1, "care"), (2, "transactional")):
        _set(context, number, class_=kind)
    assert _send(context) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(("figure", "count"), [(1, 1), (5, 5)], ids=["fewer", "more"])
def test_the_figure_a_lead_agreed_to_counts(context: Context, figure: int, count: int) -> None:
    """Unless agreed otherwise: the latest yes names it."""
    fill(context, 6)
    _set(context, lead_id=1)
    with context.database.write() as conn:
        conn.execute(consents.update().where(consents.c.purpose == "advertising").values(per_day=figure))
    assert len(_send(context)) == count
    assert _row(context, 6).detail["agreed"] is True


def test_mail_of_before_the_hash_was_kept_counts_for_its_lead(context: Context) -> None:
    """The day of an upgrade is no day without a cap."""
    fill(context, 4)
    _set(context, lead_id=1)
    gone = {"state": "sent", "gone_at": context.clock.engine() - HOUR, "address": "lead1@example.com"}
    for number in (1, 2, 3):
        _set(context, number, **gone)
    assert _send(context) == []
    assert _row(context, 4).reason == "capped"


def test_a_refused_topic_is_left_out_and_others_go(context: Context) -> None:
    """And the reason names it as people know it."""
    fill(context, 2)
    with context.database.write() as conn:
        publish(conn, "topics: {news: {vi: Tin tức, en: News}}", context.clock.engine())
        for number in (1, 2):
            hers = f"lead{number}@example.com"
            service.suppress(
                conn, context.keys, hers, SuppressionReason.UNSUBSCRIBED, said=_said(context),
                scope=topic_scope("news"),
            )  # fmt: skip
    _set(context, 1, policy={"topic": "news"})
    assert _send(context) == [2]
    row = _row(context, 1)
    assert (row.state, row.reason, row.detail["topic"]) == ("skipped", "topic_refused", {"vi": "Tin tức", "en": "News"})


def test_a_pause_holds_campaigns_until_its_day_and_leaves_out_broadcasts(context: Context, clock: ManualClock) -> None:
    """What the lead asked for; what answers them goes on."""
    fill(context, 3)
    _set(context, lead_id=1)
    _set(context, 2, purpose="broadcast")
    _set(context, 3, class_="transactional")
    until = clock.engine() + 30 * DAY
    with context.database.write() as conn:
        service.suppress(
            conn, context.keys, "lead1@example.com", SuppressionReason.PAUSED, said=_said(context), until=until
        )
    assert _send(context) == [3]
    assert [(_row(context, n).state, _row(context, n).reason) for n in (1, 2)] == [
        ("queued", "paused_by_lead"), ("skipped", "paused_by_lead"),
    ]  # fmt: skip
    assert _row(context, 1).not_before == until
    clock.advance(30 * DAY)
    assert _send(context) == [1]


def test_a_refusal_of_everything_outweighs_a_topic_and_a_pause(context: Context) -> None:
    """The strongest no is the one that is named."""
    fill(context, 1)
    with context.database.write() as conn:
        said = _said(context)
        for scope in (topic_scope("news"), "all"):
            service.suppress(
                conn, context.keys, "lead1@example.com", SuppressionReason.UNSUBSCRIBED, said=said, scope=scope
            )
        service.withdraw(conn, 1, said, (Purpose.ADVERTISING,), Channel.EMAIL)
    _set(context, 1, policy={"topic": "news"})
    assert _send(context) == []
    assert _row(context, 1).reason == "unsubscribed"


@pytest.mark.postgres
def test_three_workers_that_race_let_three_of_five_go(postgres_url: str, clock: ManualClock, tmp_path: Path) -> None:
    """Twelve leads, five launches each at once: exactly three arrive, two are left out, whoever takes which."""
    from nurture.kernel.database import Database
    from nurture.kernel.settings import read_settings
    from nurture.kernel.signing import new_ring

    database = Database(postgres_url)
    settings = read_settings({"NURTURE_DATA_DIR": str(tmp_path), "NURTURE_DATABASE_URL": postgres_url})
    ctx = Context(settings, database, clock, new_ring())
    fill(ctx, 60)
    with database.write() as conn:
        for number in range(1, 61):
            to = {"lead_id": (number - 1) // 5 + 1, "purpose": "broadcast"}
            conn.execute(messages.update().where(messages.c.id == number).values(**to))
    start = threading.Barrier(3)

    def work(sender: str) -> int:
        start.wait(10)
        return sum(len(_send(ctx, sender, 4)) for _ in range(20))

    with ThreadPoolExecutor(3) as pool:
        gone = sum(pool.map(work, ["s1", "s2", "s3"]))
    with database.read() as conn:
        each = sa.select(messages.c.lead_id, messages.c.state, sa.func.count()).group_by(
            messages.c.lead_id, messages.c.state
        )
        counts = {(lead, state): count for lead, state, count in conn.execute(each)}
    database.close()
    assert gone == 36
    assert counts == {(lead, state): n for lead in range(1, 13) for state, n in (("sending", 3), ("skipped", 2))}


def test_the_mail_that_confirms_a_refusal_goes_though_everything_is_refused(context: Context) -> None:
    """A bounce and a complaint still close the address."""
    fill(context, 2)
    _set(context, purpose="notice", class_="transactional")
    with context.database.write() as conn:
        for number, reason in ((1, SuppressionReason.UNSUBSCRIBED), (2, SuppressionReason.COMPLAINED)):
            service.suppress(conn, context.keys, f"lead{number}@example.com", reason, said=_said(context))
    assert _send(context) == [1]
    assert (_row(context, 2).state, _row(context, 2).reason) == ("skipped", "complained")


def test_a_mail_says_at_its_foot_why_it_comes(context: Context) -> None:
    """Frozen with the other values at the go."""
    fill(context, 1)
    with context.database.write() as conn:
        conn.execute(consents.update().values(method="form"))
    assert _send(context) == [1]
    day = context.clock.engine().astimezone(context.settings.local_zone)
    said = f"Anh/chị nhận thư này vì đã đồng ý nhận tin trên biểu mẫu của chúng tôi ngày {day:%d/%m/%Y}."
    assert frozen(context, 1)["reason_line"] == said


@pytest.mark.parametrize("agreed", [True, False])
def test_who_did_not_agree_to_tracking_is_not_tracked(context: Context, *, agreed: bool) -> None:
    """Plain links and no pixel in the mail's very bytes; the way out and the label are there in any case."""
    fill(context, 1)
    if not agreed:
        with context.database.write() as conn:
            service.withdraw(conn, 1, _said(context), (Purpose.TRACKING,))
    mail = _written(context)
    body = mail.get_body(("html",))
    assert body is not None
    html = body.get_content()
    assert ("/c/" in html, "/o/" in html) == (agreed, agreed)
    assert ("https://anphat.example/bang-gia" in html) is not agreed
    assert "/u/" in html
    assert str(mail["Subject"]).startswith("[QC] Chào ")


def _written(ctx: Context) -> EmailMessage:
    with ctx.database.write() as conn:
        at = ctx.database.now(conn)
        times = {"now": ctx.clock.engine(), "real": ctx.clock.real(), "at": at}
        ids = store.reserve(conn, "s1", 64, lease=timedelta(seconds=60), **times)
        (letter,) = go(conn, ctx, "s1", ids, at=at)
    made = write(letter, Personalizer(email()), Letterhead(ctx.keys, "https://m.example"))
    assert isinstance(made, Mail)
    parsed = message_from_bytes(made.data, policy=SMTP)
    assert isinstance(parsed, EmailMessage)
    return parsed
