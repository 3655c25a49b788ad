"""Sending: messages queued in the ledger, the real dispatcher and its sender processes, a relay on the same machine.

The rate is from the first to the last mail that the relay accepted; the account has to add up. The naive way takes one
message at a time: its CSS inlined for each lead, a connection for each mail, a row changed and one written.
"""

import os
import smtplib
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any

import jinja2
import premailer
import sqlalchemy as sa

from nurture.bench import mails
from nurture.bench.failures import WrongWorkError, certain
from nurture.bench.model import Figure, Part, Size
from nurture.bench.place import Place, figured
from nurture.bench.processes import Watch
from nurture.bench.sink import Counts, Running, running
from nurture.delivery.dkim_keys import new_key
from nurture.delivery.service import Dispatcher
from nurture.delivery.tables import senders
from nurture.kernel.context import Context
from nurture.kernel.i18n import N_
from nurture.leads.tables import leads
from nurture.messages.flatten import flatten
from nurture.messages.model import MessageState
from nurture.messages.tables import messages

TITLE = N_("Sending: a personal mail of 23 KB with nine tracked links, two senders, the relay on the same machine")
MAILS, SIGNED, NAIVE = 100_000, 40_000, 150
PLAIN_AIM, SIGNED_AIM, MEMORY_AIM = 6_500.0, 3_500.0, 80.0
SENDERS = 2
_DOMAIN = "anphat.example"
_LOOK = 0.02  # seconds between looks at what was accepted
_STALL = 60.0  # seconds without any mail after which nothing more is expected


def run(place: Place, size: Size) -> list[Figure]:
    """Unsigned, signed with RSA-2048, and the memory of a sender."""
    count, signed = size.of(MAILS, 100), size.of(SIGNED, 60)
    with _relay(place) as (ctx, sink):
        mails.publish(ctx)
        mails.audience(ctx, max(count, signed))
        plain = _sent(ctx, sink, count, "plain")
    with _relay(place) as (ctx, sink):
        naive = _naive(ctx, sink, size.of(NAIVE, 10))
        new_key(ctx.settings, _DOMAIN, "bench", "rsa")
    with _relay(place) as (ctx, sink):
        rsa = _sent(ctx, sink, signed, "signed")
    peak = max((one.peak for one in (*plain.parts, *rsa.parts) if one.name.startswith("sender")), default=0.0)
    return [
        plain.figure("send", PLAIN_AIM, naive),
        rsa.figure("send.dkim", SIGNED_AIM, None),
        Figure("send.memory", peak, "MB", "a sender process", aim=MEMORY_AIM),
    ]


@contextmanager
def _relay(place: Place) -> Iterator[tuple[Context, Running]]:
    """A relay, and an installation that sends by it."""
    with running() as sink:
        way, house = f"smtp://127.0.0.1:{sink.port}", f"https://m.{_DOMAIN}"
        with place.context(
            SMTP_URL=way, BASE_URL=house, BOUNCE_ADDRESS=f"bounces@{_DOMAIN}", SENDERS=str(SENDERS)
        ) as ctx:
            yield ctx, sink


@dataclass(frozen=True, slots=True)
class _Sent:
    """What sending came to: `count` mails of which `timed` came in so many seconds."""

    count: int
    timed: int
    seconds: float
    octets: int
    parts: tuple[Part, ...]

    def figure(self, what: str, aim: float, naive: float | None) -> Figure:
        """With what each mail took of each process beside it."""
        each = {one.name: round(one.cpu / self.timed * 1e6) for one in self.parts}
        notes: Mapping[str, Any] = {"us_per_mail": each, "us_per_mail_all": sum(each.values())}
        of = f"{self.count:,} mails of {self.octets / self.count / 1000:.1f} KB"
        rate = round(self.timed / self.seconds, 1)
        return Figure(what, rate, "/s", of, aim=aim, naive=naive, parts=self.parts, notes=notes)


def _sent(ctx: Context, sink: Running, count: int, name: str) -> _Sent:
    """Queue so many, send them, and see that the account adds up."""
    mails.queue(ctx, count, name)
    figured(ctx.database)
    with _dispatching(ctx):
        began = time.perf_counter()
        first = _after(sink, 1).mails
        watch = Watch({"parent": os.getpid(), "sink": sink.pid} | _senders(ctx))
        if first * 2 > count:  # so few that they went at once
            first = 0
        else:
            first, began = sink.counts().mails, time.perf_counter()
        _after(sink, count)
        seconds = time.perf_counter() - began
        parts = watch.parts()
        _settled(ctx, name, count)
    took = sink.counts()
    certain("accepted", took.mails, count)
    certain("addresses", took.addresses, count)
    return _Sent(count, count - first, seconds, took.octets, parts)


@contextmanager
def _dispatching(ctx: Context) -> Iterator[None]:
    dispatcher = Dispatcher(ctx)
    dispatcher.start()
    try:
        yield
    finally:
        dispatcher.stop()


def _senders(ctx: Context) -> dict[str, int]:
    """The process numbers of the senders, when all have begun."""
    living = sa.select(senders.c.pid).where(senders.c.ended_at.is_(None)).order_by(senders.c.pid)
    last = time.perf_counter() + _STALL
    while True:
        with ctx.database.read() as conn:
            found = list(conn.execute(living).scalars())
        if len(found) >= SENDERS or time.perf_counter() > last:
            return {f"sender {number}": pid for number, pid in enumerate(found, 1)}
        time.sleep(_LOOK)


def _after(sink: Running, count: int) -> Counts:
    """What the sink had taken when so many had come. WrongWorkError when no more come."""
    seen, since = -1, time.perf_counter()
    while (now := sink.counts()).mails < count:
        if now.mails != seen:
            seen, since = now.mails, time.perf_counter()
        elif time.perf_counter() - since > _STALL:
            raise WrongWorkError(N_("Nothing was sent any more"))
        time.sleep(_LOOK)
    return now


def _settled(ctx: Context, name: str, count: int) -> None:
    """Until the ledger knows what the senders know, and it is what was asked for."""
    states = sa.select(messages.c.state, sa.func.count()).where(messages.c.unique_key.startswith(f"bench:{name}:"))
    found: dict[str, int] = {}
    last = time.perf_counter() + _STALL
    while found != {MessageState.SENT.value: count} and time.perf_counter() < last:
        time.sleep(5 * _LOOK)
        with ctx.database.read() as conn:
            found = {row[0]: row[1] for row in conn.execute(states.group_by(messages.c.state))}
    certain("sent", found, {MessageState.SENT.value: count})


def _naive(ctx: Context, sink: Running, count: int) -> float:
    """Mails a second when each is made, handed over and noted by itself."""
    flat = flatten(mails.source(), mails.shared(ctx))
    environment = jinja2.Environment(autoescape=True)
    environment.filters["greeting"] = lambda lead: f"Chào {lead['honorific']} {lead['given_name']}"
    makers = [environment.from_string(text) for text in (mails.source().subject, flat.html)]
    metadata = sa.MetaData()
    log = sa.Table("bench_log", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("word", sa.Text))
    metadata.create_all(ctx.database.engine)
    mails.queue(ctx, count, "naive")
    with ctx.database.read() as conn:
        mine = sa.select(messages.c.id, leads).join(leads, leads.c.id == messages.c.lead_id)
        rows = conn.execute(mine.where(messages.c.unique_key.startswith("bench:naive:"))).mappings().all()
    before, began = sink.counts().mails, time.perf_counter()
    for row in rows:
        _one(makers, row, sink.port)
        with ctx.database.write() as conn:
            conn.execute(messages.update().where(messages.c.id == row["id"]).values(state=MessageState.SENT.value))
        with ctx.database.write() as conn:
            conn.execute(log.insert().values(word=f"sent {row['id']}"))
    seconds = time.perf_counter() - began
    certain("sent one by one", sink.counts().mails - before, count)
    with ctx.database.write() as conn:
        log.drop(conn)
    return round(count / seconds, 1)


def _one(makers: Sequence[jinja2.Template], row: Mapping[Any, Any], port: int) -> None:
    lead = {name: row[name] for name in ("name", "given_name", "honorific", "email")} | {"company": ""}
    seen = {"lead": lead, "house": {"name": "Trung tâm An Phát"}, "owner": {}, "unsubscribe_url": "https://x.example/u"}
    subject, html = (maker.render(seen) for maker in makers)
    inlined = premailer.Premailer(html, allow_network=False, cssutils_logging_level="CRITICAL").transform()
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = subject, f"chao@{_DOMAIN}", row["email"]
    mail.set_content(subject)
    mail.add_alternative(inlined, subtype="html")
    with smtplib.SMTP("127.0.0.1", port) as relay:
        relay.send_message(mail)
