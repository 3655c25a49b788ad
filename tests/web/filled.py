"""A small house with everything in it: staff of each role, the gallery made live, leads with a past."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.activities.model import CallOutcome, Decided, Kind
from nurture.activities.service import Activity, Decision, decide_many, record, record_set
from nurture.activities.tables import reactions
from nurture.broadcasts import preflight, store
from nurture.broadcasts import service as broadcasts
from nurture.broadcasts.progress import progress
from nurture.campaigns.tables import campaigns
from nurture.consents import service as consents
from nurture.consents.model import Method
from nurture.consents.requests import RequestKind
from nurture.consents.service import Said
from nurture.delivery.tables import mailbox_mails
from nurture.engine import definitions
from nurture.engine.react import react
from nurture.engine.requests import ask
from nurture.engine.tick import tick
from nurture.enrollments.tables import enrollments
from nurture.inbound.model import Return, What
from nurture.inbound.service import apply as apply_returns
from nurture.inbound.tables import returns
from nurture.kernel.clock import ManualClock
from nurture.kernel.context import Context
from nurture.kernel.reasons import Reason
from nurture.kernel.tables import installation
from nurture.kernel.yamlfile import Source
from nurture.leads import desk
from nurture.leads import service as leads
from nurture.leads.model import NewLead, Temperature
from nurture.leads.tables import leads as leads_table
from nurture.messages import service as message_service
from nurture.messages.links import agree_token, click_token, unsubscribe_token
from nurture.messages.mime import Envelope, write
from nurture.messages.model import MessageState
from nurture.messages.personalize import Rendered
from nurture.messages.tables import messages
from nurture.opportunities.tables import opportunities
from nurture.outbound import service as outbound
from nurture.outbound.model import CallKind, CallState, NewCall
from nurture.outbound.tables import outbox
from nurture.policy.laws import profile
from nurture.scoring import published
from nurture.scoring import service as scoring
from nurture.segments import store as segments
from nurture.tasks import service as tasks
from nurture.tasks.model import Given, NewTask, TaskKind
from nurture.tracking.agreeing import ask as ask_by_mail
from nurture.users import service as users
from nurture.users import store as accounts
from tests.web.rehearsed import rehearse

ROOT = Path(__file__).parents[2]
PASSWORD = "mot cau that dai"
STAFF = {
    "admin": "Trần Thị Quản",
    "marketer": "Lê Minh Thư",
    "sales": "Phạm Văn Bán",
    "other_sales": "Đỗ Hoài Nam",
    "viewer": "Ngô Xem",
}
FAMILY = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Võ", "Đặng", "Bùi", "Đỗ", "Hồ")
GIVEN = ("Thị Mai", "Văn Hùng", "Minh Châu", "Quốc Đạt", "Ngọc Ánh", "Thu Hà", "Đức Anh", "Bảo Ngọc", "Thanh Tùng")
COMPANIES = ("An Phát", "Bình Minh", "Sao Việt", "", "Hoa Sen", "Đông Á", "")
SOURCES = ("google", "zalo", "giới thiệu", "website")
HOSTILE = '<script>alert("x")</script>{{ 7*7 }}'


@dataclass(slots=True)
class Filled:
    """Ids of what is there, by a name that tests use."""

    people: dict[str, int] = field(default_factory=dict)
    leads: dict[str, str] = field(default_factory=dict)  # public ids
    messages: list[int] = field(default_factory=list)
    opportunity: str = ""
    unsubscribe: str = ""
    invite: str = ""
    reset: str = ""
    mail: int = 0  # in the built-in mailbox
    task: int = 0  # of the salesperson, by hand, overdue
    call: str = ""  # a webhook about the salesperson's lead that failed
    request: str = ""  # of the salesperson's lead, for a copy of its data
    forget: str = ""  # of another lead, to be forgotten
    agree: str = ""  # the token of the mail that asks
    reply: int = 0  # a letter of a lead of nobody, with a refusal in it
    stray: int = 0  # mail of which nobody knows whose it is
    click: str = ""  # the token of a link of a mail, to an example address


def fill(ctx: Context, clock: ManualClock, leads_in_all: int = 60) -> Filled:
    """Fill an empty database; the clock ends where the house stands now."""
    house = Filled()
    _staff(ctx, house)
    _definitions(ctx)
    _leads(ctx, house, leads_in_all)
    _campaigns(ctx, clock, house)
    _sales(ctx, clock, house)
    _ask(ctx, house)
    tick(ctx)
    _broadcasts(ctx)
    _requests(ctx, house)
    _returns(ctx, house)
    rehearse(ctx)
    _mailbox(ctx, house)
    house.click = click_token(
        ctx.keys, house.messages[0], 0, "https://www.nurture.example/vi/bang-gia?utm_source=email"
    )
    with ctx.database.read() as conn:
        house.opportunity = conn.execute(sa.select(opportunities.c.public_id)).scalars().first() or ""
    return house


def _requests(ctx: Context, house: Filled) -> None:
    """One for a copy, one to be forgotten."""
    now, real = ctx.clock.engine(), ctx.clock.real()
    law, zone = profile("vn"), ctx.settings.local_zone
    with ctx.database.write() as conn:
        for lead, kind in (("of_sales", RequestKind.EXPORT), ("lead9", RequestKind.ERASE)):
            lead_id = conn.execute(
                sa.select(leads_table.c.id).where(leads_table.c.public_id == house.leads[lead])
            ).scalar_one()
            kept = ask(
                conn, lead_id, kind, Method.PHONE, f"Xin dữ liệu {HOSTILE}", law=law, zone=zone, asked_at=now,
                real=real, origin="cli", actor="cli",
            )  # fmt: skip
            if kind is RequestKind.EXPORT:
                house.request = kept.public_id
            else:
                house.forget = kept.public_id


def _ask(ctx: Context, house: Filled) -> None:
    """A lead that was asked by mail to agree."""
    now, real = ctx.clock.engine(), ctx.clock.real()
    with ctx.database.write() as conn:
        new = NewLead(email="duochoi@example.net", name=HOSTILE, owner_id=house.people["sales"])
        lead = leads.add(conn, new, now=now, real=real, actor="cli", cause="cli")
        ask_by_mail(conn, ctx, lead, now=now, real=real, actor="cli")
    house.agree = agree_token(ctx.keys, lead.id, ctx.keys.address_hash("duochoi@example.net"))


def _returns(ctx: Context, house: Filled) -> None:
    """A letter that nobody has looked at, and one of a stranger."""
    with ctx.database.write() as conn:
        lead = conn.execute(sa.select(leads_table).where(leads_table.c.public_id == house.leads["lead7"])).one()
        real = ctx.clock.real()
        text = f"Chị bận quá.\nĐừng gửi email nữa nhé. {HOSTILE}"
        known = Return(What.REPLIED, "mail", "reply", real, sender=lead.email, subject=f"Re: {HOSTILE}", text=text)
        stray = Return(What.REPLIED, "mail", "stray", real, sender="la@example.org", subject=HOSTILE, text="Alo")
        apply_returns(conn, ctx, [known, stray], raws={"stray": b"From: la@example.org\r\n\r\nAlo"})
        conn.execute(reactions.delete().where(reactions.c.lead_id == lead.id))
        house.reply, house.stray = conn.execute(sa.select(returns.c.id).order_by(returns.c.id)).scalars()


def _broadcasts(ctx: Context) -> None:
    """A draft, and one that has gone to some leads, its test without a winner."""
    draft = {"key": "uu_dai_tet", "name": "Ưu đãi Tết", "segment": "new_leads", "email": "cold_low_risk_offer_guide"}
    variants = [{"email": "welcome_series_guide"}, {"email": "welcome_series_guide", "subject": {"vi": HOSTILE}}]
    trial = {"share": "60%", "after": "4 hours"}
    gone = {"key": "ban_tin", "name": "Bản tin tháng Mười", "segment": "new_leads", "variants": variants, "test": trial}
    now, real = ctx.clock.engine(), ctx.clock.real()
    with ctx.database.write() as conn:
        for data in (draft, gone):
            stored = broadcasts.save(conn, Source("", "", data, {}), by=None, now=now, real=real)
        chosen = broadcasts.definition(stored)
        seen = preflight.look(conn, stored, chosen, settings=ctx.settings, keys=ctx.keys, now=now)
        house = ctx.settings.local_zone
        broadcasts.launch(conn, stored.key, seen, by=None, house=house, now=now, real=real, confirmed=seen.will)
    progress(ctx)
    with ctx.database.write() as conn:
        mine = (messages.c.broadcast_id == stored.id, messages.c.step.is_not(None), messages.c.state == "queued")
        found = conn.execute(sa.select(messages.c.id, messages.c.lead_id).where(*mine)).all()
        long_ago = now - timedelta(days=1)
        conn.execute(messages.update().where(*mine).values(gone_at=long_ago))
        message_service.set_state(conn, [row.id for row in found], MessageState.SENT, now=now)
        clicked = [
            Activity(
                row.lead_id,
                Kind.CLICKED,
                now,
                "lead",
                "hit:1",
                message_id=row.id,
                email_key="welcome_series_guide",
                url="https://www.nurture.example/vi/bang-gia",
            )
            for row in found[:3]
        ]
        record_set(conn, clicked, real=real, react=False)
    progress(ctx)
    with ctx.database.read() as conn:
        assert store.every(conn)[0].result is not None


def _mailbox(ctx: Context, house: Filled) -> None:
    """One mail as a sender child would have written it, with a tracked link and the pixel."""
    rendered = Rendered(
        "Chào chị Mai",
        "",
        '<html lang="vi"><head><title>Chào</title></head><body><h1>Chào chị Mai</h1>'
        f'<p><a href="{ctx.settings.base_url}/c/x">Bảng giá</a></p></body></html>',
        "Chào chị Mai",
    )
    envelope = Envelope(
        from_address="tin@anphat.example", from_name="An Phát", to_address="khach1@example.net",
        to_name="Trần Văn Hùng", header_id="mail-1@anphat.example", date=ctx.clock.real(),
        unsubscribe_url=f"{ctx.settings.base_url}/u/{house.unsubscribe}",
    )  # fmt: skip
    row = {
        "received_at": ctx.clock.engine(), "mail_from": "tin@anphat.example", "rcpt_to": "khach1@example.net",
        "header_id": envelope.header_id, "subject": rendered.subject, "raw": write(envelope, rendered),
    }  # fmt: skip
    with ctx.database.write() as conn:
        insert = mailbox_mails.insert().values(row).returning(mailbox_mails.c.id)
        house.mail = int(conn.execute(insert).scalar_one())


def _staff(ctx: Context, house: Filled) -> None:
    real = ctx.clock.real()
    with ctx.database.write() as conn:
        conn.execute(
            installation.insert().values(
                id=1,
                instance="test",
                place="here",
                created_at=real,
                mode="lapse",
                demo=True,
                engine_at=real,
                speed=4320.0,
            )
        )
        for key, name in STAFF.items():
            role = "sales" if key == "other_sales" else key
            house.people[key] = users.add(
                conn, email=f"{key}@example.com", name=name, role=role, real=real, actor="cli", password=PASSWORD
            )
        _, house.invite = users.invite(
            conn, email="moi@example.com", name="Người Mới", role="sales", real=real, actor="cli"
        )


def _definitions(ctx: Context) -> None:
    with ctx.database.read() as conn:
        found = definitions.read(ROOT / "campaigns", ROOT / "templates_email", definitions.facts_of(conn))
    with ctx.database.write() as conn:
        definitions.apply(conn, found, now=ctx.clock.engine(), real=ctx.clock.real(), actor="cli")


def _leads(ctx: Context, house: Filled, number: int) -> None:
    stamps = {"now": ctx.clock.engine(), "real": ctx.clock.real(), "actor": "cli", "cause": "cli"}
    owners = [None, house.people["sales"], house.people["other_sales"]]
    with ctx.database.write() as conn:
        for index in range(number):
            name = f"{FAMILY[index % 10]} {GIVEN[index % 9]}"
            new = NewLead(
                email=f"khach{index}@example.net", phone=f"0901 234 {index:03}", name=name, source=SOURCES[index % 4],
                company=COMPANIES[index % 7], owner_id=owners[index % 3], honorific=("anh", "chị", "")[index % 3],
                city="Đà Nẵng", tags=("Khách hội thảo",) if index % 5 == 0 else (),
            )  # fmt: skip
            lead = leads.add(conn, new, **stamps)
            house.leads[f"lead{index}"] = lead.public_id
            if index % 4:
                said = Said(
                    Method.FORM, "form:bao-gia", "lead", "form:bao-gia", stamps["now"], stamps["real"], "Tôi đồng ý"
                )
                consents.give(conn, ctx.keys, lead.id, lead.email, said)
        hostile = leads.add(conn, NewLead(email="la@example.net", name=HOSTILE + "Ễ😀" * 70, company=HOSTILE), **stamps)
        house.leads["hostile"] = hostile.public_id
        bare = leads.add(conn, NewLead(phone="0912345678"), **stamps)
        house.leads["bare"] = bare.public_id
    house.leads |= {"of_sales": house.leads["lead1"], "of_other": house.leads["lead2"], "free": house.leads["lead3"]}


def _campaigns(ctx: Context, clock: ManualClock, house: Filled) -> None:
    clock.advance(timedelta(hours=2))
    tick(ctx)
    with ctx.database.read() as conn:
        house.messages = list(conn.execute(sa.select(messages.c.id).order_by(messages.c.id)).scalars())
    queued = house.messages[:20]
    with ctx.database.write() as conn:
        now = clock.engine()
        message_service.set_state(conn, queued[:14], MessageState.SENT, now=now)
        answer = {"answer": "550 5.1.1 no such user"}
        message_service.set_state(
            conn, queued[14:16], MessageState.BOUNCED, now=now, reason=Reason.HARD_BOUNCE, detail=answer
        )
        message_service.set_state(conn, queued[16:17], MessageState.UNKNOWN, now=now, reason=Reason.HANDOVER_UNSURE)
    clock.advance(timedelta(hours=20))


def _sales(ctx: Context, clock: ManualClock, house: Filled) -> None:
    """One lead becomes hot by clicks, is called, and becomes an opportunity; others have a bit of everything."""
    now, real = clock.engine(), clock.real()
    with ctx.database.write() as conn:
        mine = accounts.by_id(conn, house.people["sales"])
        assert mine is not None
        hand = desk.Hand(mine.person("vi", "Asia/Ho_Chi_Minh"), now, real)
        lead = desk.see(conn, hand.person, house.leads["of_sales"])
        message = next(iter(house.messages), None)
        for minute, url in enumerate(("https://example.vn/bang-gia", "https://example.vn/tai-lieu")):
            record(
                conn,
                Activity(
                    lead.id, Kind.CLICKED, now + timedelta(minutes=minute), "lead", f"hit:{minute}", message_id=message,
                    campaign_key="welcome_series", email_key="welcome_series_hello", url=url,
                ),
                real=real,
            )  # fmt: skip
        no = Decision(
            Decided.SCORE, f"message:{message}", "no", Reason.MACHINE_HIT, now, lead.id, "hit:9", {"reasons": []}
        )
        decide_many(conn, [no])
        desk.log_call(
            conn, hand, lead.public_id, CallOutcome.INTERESTED, "Hỏi giá gói 12 tháng,\nhẹn gửi báo giá thứ Ba."
        )
        desk.note(conn, hand, lead.public_id, "Thích gọi buổi sáng.")
        rules = published.live(conn, segments.facts(conn))
        assert rules is not None
        scoring.set_temperature(
            conn, hand.person.actor, lead.id, Temperature.HOT, "Đã hẹn ký hợp đồng", rules, now=now, real=real
        )
        house.task = _tasks(conn, hand, house, lead.id)
        house.call = _calls(conn, ctx, lead.id)
        desk.stop_mail(conn, hand, house.leads["free"], "Khách nhờ đừng gửi tuần này")
        house.unsubscribe = unsubscribe_token(
            ctx.keys, message or 1, lead.id, ctx.keys.address_hash(lead.email or "")
        )  # fmt: skip
    clock.advance(timedelta(minutes=5))
    while react(ctx):
        pass
    clock.advance(timedelta(minutes=10))
    with ctx.database.write() as conn:
        _, house.reset = users.reset(conn, email="viewer@example.com", real=clock.real(), actor="cli")


def _tasks(conn: Connection, hand: desk.Hand, house: Filled, lead_id: int) -> int:
    """Tasks of the salesperson: by hand and by a campaign; soon overdue, later, and done. Gives the first."""
    hour, mine = timedelta(hours=1), house.leads["of_sales"]
    first = tasks.give(conn, hand, mine, NewTask(TaskKind.CALL, hand.now + hour / 6, HOSTILE, "Hỏi về gói 12 tháng"))
    tasks.give(conn, hand, mine, NewTask(TaskKind.VISIT, hand.now + 72 * hour, "Mang hợp đồng mẫu"))
    done = tasks.give(conn, hand, mine, NewTask(TaskKind.EMAIL, hand.now + hour))
    tasks.finish(conn, hand, done.id, "done", "Đã gửi báo giá")
    enrollment = conn.execute(sa.select(sa.func.min(enrollments.c.id))).scalar_one()
    words = {"done": {}, "demo": {"vi": "Đã hẹn demo", "en": "Demo booked"}}
    given = Given(
        lead_id, enrollment, "call", 1, "welcome_series", TaskKind.CALL, {"vi": "Gọi hỏi thăm", "en": "Call to ask"},
        {}, hand.now + 5 * hour, words=words, waits=True,
    )  # fmt: skip
    tasks.give_many(conn, [given], now=hand.now)
    free = conn.execute(sa.select(leads_table.c.id).where(leads_table.c.public_id == house.leads["free"])).scalar_one()
    tasks.give_many(conn, [replace(given, lead_id=free, step="nobody")], now=hand.now)
    return first.id


def _calls(conn: Connection, ctx: Context, lead_id: int) -> str:
    """Webhooks and text messages about a lead, in every state; gives one that failed."""
    now, real = ctx.clock.engine(), ctx.clock.real()
    campaign = conn.execute(sa.select(campaigns.c.id).where(campaigns.c.key == "welcome_series")).scalar_one()
    hook = NewCall(
        CallKind.WEBHOOK, "", now, lead_id, campaign, None, "crm", 1, "crm", "https://crm.example.vn/hooks", "{}"
    )
    text = replace(hook, kind=CallKind.SMS, name="", target="+84901234001", body=f"[QC] Chào {HOSTILE}", parts=1)
    batch = [replace(hook if n % 2 else text, cause=f"test:{n}") for n in range(len(CallState) * 2)]
    outbound.write(conn, batch, now=now, real=real)
    answered = {"status": 200, "answer": HOSTILE, "ended_at": now}
    refused = {"reason": Reason.CALL_REFUSED.value, "detail": {"answer": f"410 {HOSTILE}"}, "status": 410}
    more: dict[CallState, dict[str, object]] = {
        CallState.QUEUED: {"attempts": 2, "retry_at": real + timedelta(hours=1)},
        CallState.SENT: {"attempts": 1, **answered},
        CallState.FAILED: {"attempts": 1, **answered, **refused},
        CallState.CANCELED: {"reason": Reason.CAMPAIGN_STOPPED.value, "ended_at": now},
        CallState.SKIPPED: {"reason": Reason.NO_PHONE.value, "ended_at": now},
        CallState.UNKNOWN: {"attempts": 1, "reason": Reason.GATEWAY_UNSURE.value, "ended_at": now},
    }
    for number, state in enumerate(CallState):
        mine = outbox.c.cause.in_([f"test:{number * 2}", f"test:{number * 2 + 1}"])
        conn.execute(outbox.update().where(mine).values(state=state.value, **more.get(state, {})))
    found = sa.select(outbox.c.public_id).where(outbox.c.state == CallState.FAILED.value, outbox.c.kind == "webhook")
    return str(conn.execute(found).scalar_one())
