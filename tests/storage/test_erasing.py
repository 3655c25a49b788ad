"""Erasing a lead: nothing that names the person stays anywhere, what counts stays, and the address stays closed."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.capture import store as capture
from nurture.capture.tables import import_batches
from nurture.consents import store as consent_store
from nurture.consents.model import Channel
from nurture.delivery.bounce import BounceReason
from nurture.engine import erasing
from nurture.engine.erasing import Erasure, erase, look
from nurture.engine.merging import merge
from nurture.engine.tick import tick
from nurture.inbound.model import What
from nurture.inbound.tables import returns
from nurture.kernel.context import Context
from nurture.kernel.database import Instant
from nurture.kernel.errors import ConflictError, NotFoundError
from nurture.leads import service as lead_service
from nurture.leads import store as lead_store
from nurture.leads.model import NewLead
from nurture.leads.tables import leads, tags
from nurture.messages import links
from nurture.messages.model import MessageState
from nurture.messages.tables import messages
from nurture.outbound.tables import outbox
from nurture.schema import metadata
from nurture.tracking.edge import Tracker
from nurture.tracking.service import ingest
from tests.storage import selling
from tests.storage.inbound.ground import sent, tell, told
from tests.storage.ticking import HELLO, add_leads, apply, mails, publish_emails, rows

MARK = "zqxsecret"
ADDRESS = f"{MARK}@khach.example"
PHONE = "+84901234567"
# Of staff, and of nobody.
STAFF = {"users", "sessions", "login_failures"}


def _new(context: Context) -> int:
    new = NewLead(email=ADDRESS, phone=PHONE, name=f"Nguyễn {MARK}", city=f"Huế {MARK}", source="form")
    now, real = context.clock.engine(), context.clock.real()
    with context.database.write() as conn:
        return lead_service.add(conn, new, now=now, real=real, actor="cli", cause="cli").id


def _erase(context: Context, lead_id: int) -> Erasure:
    now, real = context.clock.engine(), context.clock.real()
    with context.database.write() as conn:
        return erase(conn, context.keys, lead_id, now=now, real=real, actor="cli", why="request:x")


def _value(column: sa.Column[Any], context: Context) -> Any:
    """A value that this column takes; marked where it is personal."""
    kind = column.type.impl_instance if isinstance(column.type, sa.TypeDecorator) else column.type
    if isinstance(column.type, Instant):
        return context.clock.real()
    if isinstance(kind, sa.JSON):
        return {"said": MARK if column.info["personal"] else ""}
    if isinstance(kind, sa.LargeBinary):
        return MARK.encode()
    if isinstance(kind, sa.Boolean):
        return False
    if isinstance(kind, sa.Integer):
        return 1
    return f"{MARK} {ADDRESS}" if column.info["personal"] else f"{column.name}"


def _fill(conn: Connection, table: sa.Table, context: Context, **given: Any) -> int:
    """A row of this table in which every personal column is marked."""
    wanted = [c for c in table.c if c.name != "id" and (c.info["personal"] or not c.nullable)]
    values = {c.key: given.get(c.key, _value(c, context)) for c in wanted}
    made = conn.execute(table.insert().values({**values, **given})).inserted_primary_key
    return int(made[0]) if made else 0


def _fill_all(context: Context, lead_id: int) -> None:
    """Marked rows of this lead in every table that an erasure looks after."""
    names = {c.name for table in (*erasing.OF_LEAD, *erasing.GONE) for c in table.c}
    assert "lead_id" in names
    with context.database.write() as conn:
        message = _fill(conn, messages, context, lead_id=lead_id, state=MessageState.SENT.value, unique_key="one")
        conn.execute(tags.insert().values(key="tag", label="Tag"))
        happened = _fill(conn, erasing.activities, context, lead_id=lead_id, message_id=message)
        for table in (*erasing.OF_LEAD, *erasing.GONE):
            if table not in {messages, erasing.activities}:
                more = {"message_id": message} if "message_id" in table.c else {}
                if "activity_id" in table.c:
                    more["activity_id"] = happened
                _fill(conn, table, context, lead_id=lead_id, **more)
        for table in (*erasing.OF_MESSAGE, *erasing.UNDER_WAY):
            _fill(conn, table, context, message_id=message)
        batch = _fill(conn, import_batches, context)
        _fill(conn, erasing.import_refusals, context, batch_id=batch)
        _fill(conn, erasing.mailbox_mails, context, rcpt_to=ADDRESS)
        public_id = conn.execute(sa.select(leads.c.public_id).where(leads.c.id == lead_id)).scalar_one()
        _fill(conn, erasing.audit, context, subject=f"lead:{public_id}", user_id=None)


def _marked(context: Context) -> list[str]:
    """Tables in which the mark still stands."""
    with context.database.read() as conn:
        return [
            table.name
            for table in metadata.sorted_tables
            if any(MARK in str(value) for row in conn.execute(sa.select(table)) for value in row)
        ]


def test_every_table_with_personal_data_of_leads_is_looked_after() -> None:
    """Whoever adds a table that tells of leads says here what becomes of it."""
    looked_after = {
        table.name
        for table in (*erasing.OF_LEAD, *erasing.OF_MESSAGE, *erasing.UNDER_WAY, *erasing.GONE, *erasing.APART)
    }
    personal = {t.name for t in metadata.sorted_tables if any(c.info["personal"] for c in t.c)}
    assert personal - STAFF <= looked_after


def test_nothing_that_names_the_person_stays_and_the_address_stays_closed(context: Context) -> None:
    """Every marked value is gone from every table; the rows are there, and the hashes are suppressed."""
    lead_id = _new(context)
    _fill_all(context, lead_id)
    assert set(_marked(context)) >= {
        table.name for table in (*erasing.OF_LEAD, *erasing.OF_MESSAGE, *erasing.UNDER_WAY, *erasing.APART)
    }

    _erase(context, lead_id)

    assert _marked(context) == []
    assert len(rows(context, sa.select(messages).where(messages.c.lead_id == lead_id))) == 1
    with context.database.read() as conn:
        for said, channel in ((ADDRESS, Channel.EMAIL), (PHONE, Channel.SMS), (PHONE, Channel.CALL)):
            assert consent_store.suppressed(conn, [context.keys.address_hash(said)], channel)
        assert lead_store.holder(conn, ADDRESS) is None


def test_an_erased_lead_is_no_lead_any_more(context: Context) -> None:
    """Its page is not there, and it cannot be erased twice or merged."""
    lead_id, other = _new(context), add_leads(context, 1)[0]
    (public_id,) = rows(context, sa.select(leads.c.public_id).where(leads.c.id == lead_id))[0]
    _erase(context, lead_id)

    with context.database.read() as conn, pytest.raises(NotFoundError):
        lead_store.by_public_id(conn, public_id)
    with pytest.raises(NotFoundError):
        _erase(context, lead_id)
    now, real = context.clock.engine(), context.clock.real()
    with context.database.write() as conn, pytest.raises(ConflictError):
        merge(conn, context.keys, lead_id, other, now=now, real=real, actor="cli")


def test_those_merged_into_it_are_forgotten_with_it(context: Context) -> None:
    """The addresses that led to it go, and are closed too."""
    winner, loser = _new(context), add_leads(context, 1)[0]
    (address,) = rows(context, sa.select(leads.c.email).where(leads.c.id == loser))[0]
    now, real = context.clock.engine(), context.clock.real()
    with context.database.write() as conn:
        merge(conn, context.keys, loser, winner, now=now, real=real, actor="cli")

    assert _erase(context, winner).also == 1

    assert rows(context, sa.select(leads.c.email).where(leads.c.email.is_not(None))) == []
    with context.database.read() as conn:
        assert consent_store.suppressed(conn, [context.keys.address_hash(address)], Channel.EMAIL)


def test_what_is_under_way_ends_first(context: Context) -> None:
    """Its campaign is left and its waiting mail canceled; a mail that is just leaving is waited for."""
    publish_emails(context, "hello", "again")
    lead_id = add_leads(context, 1)[0]
    apply(context, HELLO)
    tick(context)
    with context.database.read() as conn:
        (lead,) = lead_store.by_ids(conn, [lead_id]).values()
        found = look(conn, lead)
    assert (found.campaigns, found.mails) == (1, 1)
    with context.database.write() as conn:
        conn.execute(messages.update().values(state=MessageState.SENDING.value))
    with pytest.raises(ConflictError):
        _erase(context, lead_id)
    with context.database.write() as conn:
        conn.execute(messages.update().values(state=MessageState.QUEUED.value))

    _erase(context, lead_id)

    assert mails(context, "state", "reason", "address", "values_") == [("canceled", "erased", None, None)]
    tick(context)
    with context.database.read() as conn:
        after = look(conn, lead)
    assert (after.campaigns, after.mails) == (0, 0)


def test_a_mail_that_told_staff_of_the_lead_is_blanked(context: Context) -> None:
    """Staff mail names the lead by its page; that of others stays."""
    lead_id = _new(context)
    (public_id,) = rows(context, sa.select(leads.c.public_id).where(leads.c.id == lead_id))[0]
    user = selling.person(context).id
    with context.database.write() as conn:
        for key, of in (("a", public_id), ("b", "somebody")):
            values = {"alert": {"url": f"https://n.example/leads/{of}", "name": f"{MARK} {key}"}}
            _fill(conn, messages, context, lead_id=None, user_id=user, unique_key=key, values_=values,
                  state=MessageState.QUEUED.value, detail=None, address=None)  # fmt: skip

    _erase(context, lead_id)

    about, other = rows(context, sa.select(messages.c.state, messages.c.values_).order_by(messages.c.unique_key))
    assert about == (MessageState.CANCELED.value, None)
    assert other.values_["alert"]["name"] == f"{MARK} b"


def test_what_arrives_later_brings_nothing_back(context: Context) -> None:
    """A click still leads on, a bounce still counts: without browser, network, address or words."""
    sent(context)
    _erase(context, 1)
    tracker = Tracker(context, patience=2.0)
    tracker.start()
    path = links.CLICK_PATH + links.click_token(context.keys, 1, 0, f"https://anphat.example/?to={MARK}")
    environ = {"PATH_INFO": path, "REQUEST_METHOD": "GET", "REMOTE_ADDR": "203.0.113.7", "HTTP_USER_AGENT": MARK}
    said: list[str] = []
    tracker.wsgi(environ, lambda status, _headers: said.append(status))  # type: ignore[arg-type]
    tracker.stop()
    ingest(context)
    gone = {"address": ADDRESS, "diagnostic": f"<{ADDRESS}> unknown", "reason": BounceReason.NO_SUCH_USER}
    quoted = rows(context, sa.select(messages.c.header_id))[0][0]
    tell(
        context,
        told(context, What.BOUNCED, "signed", message_id=1, **gone),
        told(context, What.BOUNCED, "quoted", header_id=quoted, **gone),
        told(context, What.COMPLAINED, "spam", message_id=1, address=ADDRESS),
        told(context, What.AUTO_REPLY, "away", message_id=1, sender=ADDRESS, subject=MARK, text=MARK),
    )

    assert said == ["302 Found"]
    assert mails(context, "state") == [("bounced",)]
    assert _marked(context) == []
    with context.database.write() as conn:
        conn.execute(returns.delete())
    tell(context, told(context, What.REPLIED, "new", message_id=1, sender=ADDRESS, text=f"Xin chào {MARK}"))
    assert _marked(context) == ["returns"]  # what a person writes to us now, a person reads; it is no lead's
    assert rows(context, sa.select(returns.c.lead_id, returns.c.state)) == [(None, "waiting")]


def test_what_came_as_nobodys_and_calls_that_wait_go_too(context: Context) -> None:
    """Mail of theirs from before they were a lead is blanked; nothing about them is called out any more."""
    tell(
        context,
        told(context, What.REPLIED, "sender", sender=ADDRESS, text=MARK),
        told(context, What.BOUNCED, "about", address=ADDRESS, diagnostic=MARK),
    )
    lead_id = _new(context)
    with context.database.write() as conn:
        _fill(conn, outbox, context, lead_id=lead_id, kind="webhook", state="queued")

    _erase(context, lead_id)

    assert _marked(context) == []
    assert rows(context, sa.select(outbox.c.state, outbox.c.reason)) == [("canceled", "erased")]


def test_an_import_that_waits_for_the_erasure_does_not_fill_the_lead_again(context: Context) -> None:
    """Whoever held its number before the erasure finds nobody behind it afterwards."""
    if context.database.is_sqlite:
        return  # one writer: nobody waits between looking and writing
    lead_id = _new(context)
    began = threading.Event()

    def look_for_it() -> dict[str, Any]:
        with context.database.write() as conn:
            began.set()
            return capture.leads_with(conn, [ADDRESS], [])

    now, real = context.clock.engine(), context.clock.real()
    with ThreadPoolExecutor(1) as pool:
        with context.database.write() as conn:
            lead_store.hold(conn, [lead_id])
            waits = pool.submit(look_for_it)
            assert began.wait(5)
            time.sleep(0.3)
            erase(conn, context.keys, lead_id, now=now, real=real, actor="cli", why="request:x")
        assert waits.result(5) == {}
