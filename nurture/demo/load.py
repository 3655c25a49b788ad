"""Fill the demo at its first start: staff, the gallery made live, made-up leads with a consent and a short past."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.activities.model import Kind
from nurture.activities.service import Activity, record
from nurture.bootstrap import gallery
from nurture.capture.store import keep_definitions
from nurture.consents import service as consents
from nurture.consents.model import Method
from nurture.consents.requests import RequestKind
from nurture.consents.service import Said
from nurture.demo.people import KEEN, STAFF, MadeUp, made_up, occasions, reserve
from nurture.engine import definitions, requests
from nurture.kernel.context import Context
from nurture.kernel.errors import ConflictError
from nurture.leads import service as leads
from nurture.leads import store as lead_store
from nurture.leads.model import FieldDefinition, FieldType, Lead, Lifecycle, NewLead
from nurture.leads.normalize import phone_of
from nurture.leads.tables import leads as leads_table
from nurture.policy.laws import profile
from nurture.tracking import agreeing
from nurture.users import service as accounts
from nurture.users import store as account_store

LEADS = 300
FIELDS = (
    FieldDefinition("occupation", "Nghề nghiệp", FieldType.TEXT),
    FieldDefinition("interest", "Quan tâm", FieldType.TEXT),
)
_PER_TRANSACTION = 25
_CAUSE = "demo"
_ASKED = 60  # of the last so many, those without a consent are asked at the start
_ASKS = 40  # this one asks for a copy of their data
_COPY = "Cho tôi xin bản sao những thông tin mà trung tâm đang lưu về tôi, và cho biết lấy từ đâu."
_PRICES = "https://www.nurture.example/vi/bang-gia"
_PROOF = "Tôi đồng ý nhận thông tin ưu đãi qua email, tối đa 3 thư mỗi tuần, và có thể từ chối bất cứ lúc nào."


@dataclass(frozen=True, slots=True)
class _Times:
    now: datetime
    real: datetime


def is_loaded(conn: Connection) -> bool:
    """Whether every made-up lead is in."""
    return conn.execute(sa.select(sa.func.count()).select_from(leads_table)).scalar_one() >= LEADS


def load_demo(context: Context, password: str) -> None:
    """Staff with this password, definitions, leads. What is there already stays, so that a start may be cut short."""
    times = _Times(context.clock.engine(), context.clock.real())
    with context.database.write() as conn:
        _staff(conn, password, times)
        keep_definitions(conn, FIELDS, times.now)
    campaigns_at, templates_at = gallery(context.settings)
    with context.database.read() as conn:
        found = definitions.read(campaigns_at, templates_at, definitions.facts_of(conn))
    with context.database.write() as conn:
        definitions.apply(conn, found, now=times.now, real=times.real, actor="demo")
    people = made_up(LEADS)
    for start in range(0, len(people), _PER_TRANSACTION):
        with context.database.write() as conn:
            for number, one in enumerate(people[start : start + _PER_TRANSACTION], start):
                if lead_store.by_email(conn, one.email) is None:
                    came = times.now - _age(number, random.Random(f"age {one.email}"))  # noqa: S311 - a demo
                    arrive(context, conn, one, came, times.now, times.real)
    with context.database.write() as conn:
        ask_to_agree(context, conn, [one.email for one in people[-_ASKED:]])
        ask_for_copy(context, conn, people[_ASKS % len(people)].email)


def ask_to_agree(context: Context, conn: Connection, emails: Sequence[str]) -> None:
    """Ask those of these who have agreed to nothing yet by mail, once."""
    now, real = context.clock.engine(), context.clock.real()
    for lead in filter(None, (lead_store.by_email(conn, email) for email in emails)):
        try:
            agreeing.ask(conn, context, lead, now=now, real=real, actor=_CAUSE)
        except ConflictError:
            continue  # has agreed, or was asked


def ask_for_copy(context: Context, conn: Connection, email: str) -> None:
    """A lead wants to know what is kept of them."""
    lead = lead_store.by_email(conn, email)
    if lead is None:
        return
    settings = context.settings
    requests.ask(
        conn, lead.id, RequestKind.EXPORT, Method.REPLY, _COPY, law=profile(settings.law), zone=settings.local_zone,
        asked_at=context.clock.engine(), real=context.clock.real(), origin=_CAUSE, actor=_CAUSE,
    )  # fmt: skip


def _staff(conn: Connection, password: str, times: _Times) -> None:
    for name, email, role, phone in STAFF:
        if account_store.by_email(conn, email) is not None:
            continue
        accounts.add(
            conn, email=email, name=name, role=role, password=password, phone=phone_of(phone),
            real=times.real, actor="demo",
        )  # fmt: skip


def _age(number: int, dice: random.Random) -> timedelta:
    """How long ago this one came: a third in the last days, the others over the last half year."""
    if number % 3 == 0:
        return timedelta(hours=dice.uniform(1, 6 * 24))
    return timedelta(days=dice.uniform(8, 180))


def arrive(context: Context, conn: Connection, one: MadeUp, came: datetime, now: datetime, real: datetime) -> None:
    """Take a made-up lead in that came at this instant, with consent and what it did between then and now.

    A demo that an earlier version began lacks the fields of later campaigns; nobody has them in it.
    """
    times = _Times(now, real)
    dice = random.Random(one.email)  # noqa: S311 - a demo, not a secret
    fields, tags = occasions(one.email, now.astimezone(context.settings.local_zone).date())
    known = lead_store.field_definitions_of(conn)
    lead = leads.add(
        conn,
        NewLead(
            email=one.email, phone=one.phone, name=one.name, honorific=one.honorific, company=one.company,
            city=one.city, source=one.source, language=one.language,
            fields={key: value for key, value in {**one.fields, **fields}.items() if key in known},
            lifecycle=Lifecycle.CUSTOMER if dice.random() < 0.08 else Lifecycle.LEAD,
        ),
        now=came, real=times.real, actor="engine", cause=_CAUSE,
    )  # fmt: skip
    if dice.random() < 0.9:
        said = Said(Method.FORM, _CAUSE, "lead", _CAUSE, came, times.real, proof=_PROOF)
        consents.give(conn, context.keys, lead.id, lead.email, said)
    _past(conn, lead, dice, came, times)
    for tag in tags:  # now, however long ago the lead came
        leads.tag(
            conn, lead.id, tag, now=context.clock.engine(), real=times.real, actor="engine", cause=_CAUSE
        )  # fmt: skip


def _past(conn: Connection, lead: Lead, dice: random.Random, came: datetime, times: _Times) -> None:
    """What some did before the demo began: a form, a look at the prices, a call."""
    span = times.now - came
    happened: list[tuple[Kind, str | None, dict[str, str]]] = []
    if lead.email and reserve(lead.email) < KEEN:  # warm: a look at the prices is all that is missing
        happened += [
            (Kind.FORM_SUBMITTED, None, {"form": "bao_gia"}),
            (Kind.PAGE_VISITED, _PRICES, {}),
            (Kind.CALLED, None, {"outcome": "call_back"}),
        ]
    elif dice.random() < 0.3:
        happened.append((Kind.FORM_SUBMITTED, None, {"form": "tai_lieu"}))
    elif dice.random() < 0.2:
        happened.append((Kind.PAGE_VISITED, _PRICES, {}))
    elif dice.random() < 0.1:
        happened.append((Kind.CALLED, None, {"outcome": "no_answer"}))
    for kind, url, detail in happened:
        at = came + span * dice.uniform(0.5, 0.99)
        record(conn, Activity(lead.id, kind, at, "lead", _CAUSE, url=url, detail=detail), real=times.real)
