"""One odd recipient, name, email or relay changes nothing for the others."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from nurture.delivery.conversation import Timeouts
from nurture.delivery.service import Dispatcher
from nurture.kernel.clock import SystemClock
from nurture.kernel.context import Context
from nurture.leads.tables import leads
from nurture.messages.model import Compiled
from nurture.messages.tables import attempts, messages
from tests.faults import ground, runner
from tests.faults.sink import Fault, Script, Sink

QUICK = Timeouts(connect=2, greeting=1, command=1, data=1, body=1, dot=0.5, patience=0.05)
_monotonic = SystemClock().monotonic

# What the relay does to one recipient each, and what becomes of that message.
FAULTS = {
    11: (Fault("rcpt", "450 4.2.0 greylisted"), "deferred"),
    22: (Fault("rcpt", "550 5.1.1 user unknown"), "bounced"),
    33: (Fault("rcpt", "552 5.2.2 mailbox full"), "bounced"),
    44: (Fault("data", "451 4.3.0 later"), "deferred"),
    55: (Fault("data", "554 5.6.0 no"), "rejected"),
    66: (Fault("rcpt", "421 4.3.2 going down"), "deferred"),
    77: (Fault("rcpt", "close"), "deferred"),
    88: (Fault("data", "reset"), "deferred"),
    99: (Fault("dot", "451 4.3.0 later"), "deferred"),
    111: (Fault("dot", "421 4.3.2 going down"), "deferred"),
    122: (Fault("dot", "554 5.6.0 refused"), "rejected"),
    133: (Fault("dot", "550 5.1.1 unknown after all"), "bounced"),
    144: (Fault("dot", "552 5.3.4 too large"), "rejected"),
    155: (Fault("dot", "close"), "unknown"),
    166: (Fault("dot", "reset"), "unknown"),
    177: (Fault("dot", "hang"), "unknown"),
    188: (Fault("dot", "garbage"), "unknown"),
    199: (Fault("answered", "reset"), "sent"),
    211: (Fault("answered", "close"), "sent"),
}
# Addresses that no mail can go to, and that must not reach the relay in any form.
ADDRESSES = {
    301: "no-at-sign",
    302: "two words@example.com",
    303: "a@b@example.com",
    304: "x@example.com>\r\nRCPT TO:<victim@example.com",
    305: "x@" + "b" * 300 + ".example",
    306: "ä" * 80 + "@example.com",
    307: "<x@example.com>",
}
SLOW = {66: "lead66@slow.example", 111: "lead111@slower.example"}  # where a 421 asks for slower mail, which it gets
NAMES = {
    401: "Minh\r\nBcc: victim@example.com",
    402: "Minh\n\n<script>",
    403: "M" * 20_000,
    404: '"; DROP TABLE leads; --',
    405: "\u202egnp.exe",
    406: "=?utf-8?q?=0D=0ABcc:_victim=40example.com?=",
    407: "{{ 7 * 7 }}",
    408: "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"),
}
BROKEN = {501: "missing", 502: "failing", 503: "nowhere"}


@contextmanager
def _handed_over(ctx: Context, sink: Sink, seconds: float = 30) -> Iterator[Context]:
    """Hand over until nothing waits but for later."""
    dispatcher = Dispatcher(ctx, timeouts=QUICK)
    dispatcher.start()
    last = _monotonic() + seconds
    while (ground.states(ctx) & Counter(queued=1, sending=1)) and _monotonic() < last:
        ctx.wake.hits.wait(0.02)
    dispatcher.stop()
    try:
        yield ctx
    finally:
        ctx.database.close()


def _odd_emails(ctx: Context) -> None:
    """Emails that fail for whoever gets them: a field that nobody has, a division by zero, none at all."""
    now = ctx.clock.engine()
    whole = ground.email().to_json()
    bodies = {"missing": "<p>{{ lead.fields.budget }}</p>", "failing": "<p>{{ 1 // (lead.name | length * 0) }}</p>"}
    with ctx.database.write() as conn:
        for key, html in bodies.items():
            ground.publish(conn, Compiled.from_json({**whole, "key": key, "hash": key, "html": html, "links": []}), now)
        for number, key in BROKEN.items():
            conn.execute(messages.update().where(messages.c.lead_id == number).values(template_key=key))
        for number, name in NAMES.items():
            conn.execute(leads.update().where(leads.c.id == number).values(name=name, given_name=name[:80]))


def _by_lead(ctx: Context) -> Mapping[int, Any]:
    with ctx.database.read() as conn:
        return {row.lead_id: row for row in conn.execute(sa.select(messages)).all()}


def test_of_a_thousand_each_odd_one_gets_its_own_end_and_the_others_arrive_once(
    sqlite_url: str, tmp_path: Path
) -> None:
    """Every row of the table that strikes one recipient, beside odd addresses, names and emails."""
    for number, (fault, _) in FAULTS.items():
        fault.match = f"lead{number}@"
    with Sink(Script([fault for fault, _ in FAULTS.values()])) as sink:
        ctx = runner.context(sqlite_url, tmp_path, sink.port)
        ground.fill(ctx, 1_000, odd=ADDRESSES | SLOW)
        _odd_emails(ctx)
        with _handed_over(ctx, sink):
            found = _by_lead(ctx)
    assert {number: found[number].state for number in FAULTS} == {n: state for n, (_, state) in FAULTS.items()}
    assert {found[number].state for number in ADDRESSES} == {"skipped"}
    assert {number: found[number].reason for number in BROKEN} == {
        501: "missing_field", 502: "template_error", 503: "no_template",
    }  # fmt: skip
    odd = FAULTS.keys() | ADDRESSES.keys() | BROKEN.keys()
    assert {row.state for number, row in found.items() if number not in odd} == {"sent"}
    times = Counter(sink.accepted)
    assert set(times.values()) == {1}
    expected = {row.address for row in found.values() if row.state in {"sent", "unknown"}}
    assert times.keys() == expected - {"lead188@example.com"} | ({"lead188@example.com"} & times.keys())
    assert not [line for line in sink.commands if b"victim" in line]
    assert not [mail for mail in sink.mails if b"\nbcc:" in mail.partition(b"\r\n\r\n")[0].lower()]


def test_a_relay_that_forgets_what_comes_in_one_go_is_told_one_thing_after_the_other(
    sqlite_url: str, tmp_path: Path
) -> None:
    """It offers PIPELINING and does not mean it: found out once on each line, and nothing is lost."""
    with Sink(Script(forgets=True)) as sink:
        ctx = runner.context(sqlite_url, tmp_path, sink.port, NURTURE_SENDERS="1")
        ground.fill(ctx, 40)
        with _handed_over(ctx, sink, 20):
            assert ground.states(ctx) == {"sent": 40}
            with ctx.database.read() as conn:
                assert conn.execute(sa.select(sa.func.count()).select_from(attempts)).scalar_one() == 40
    assert Counter(sink.accepted) == Counter({f"lead{n}@example.com": 1 for n in range(1, 41)})


@pytest.mark.parametrize("pipelining", [("PIPELINING",), ()], ids=["pipelined", "step by step"])
def test_what_is_larger_than_the_relay_takes_is_never_offered(
    sqlite_url: str, tmp_path: Path, pipelining: tuple[str, ...]
) -> None:
    """It said so when it greeted (RFC 1870): rejected before a word, and the route goes on."""
    with Sink(Script(features=(*pipelining, "SIZE 9000"))) as sink:
        ctx = runner.context(sqlite_url, tmp_path, sink.port)
        ground.fill(ctx, 6)
        _odd_emails(ctx)
        long = Compiled.from_json({**ground.email(30_000).to_json(), "key": "long", "hash": "long"})
        with ctx.database.write() as conn:
            ground.publish(conn, long, ctx.clock.engine())
            conn.execute(messages.update().where(messages.c.lead_id == 3).values(template_key="long"))
        with _handed_over(ctx, sink):
            found = _by_lead(ctx)
    assert (found[3].state, found[3].reason, found[3].detail["limit"]) == ("rejected", "too_large", 9000)
    assert {row.state for number, row in found.items() if number != 3} == {"sent"}
    assert b"lead3@" not in b"".join(sink.commands)


def test_a_letter_that_waited_too_long_goes_back_as_it_was(sqlite_url: str, tmp_path: Path) -> None:
    """A relay that takes its time with everything holds nobody for ever: what was not begun is not an attempt."""
    slow = Timeouts(connect=2, greeting=1, command=1, data=1, body=1, dot=1)
    with Sink(Script([Fault("mail", "hang")])) as sink:
        ctx = runner.context(sqlite_url, tmp_path, sink.port, NURTURE_SENDERS="1")
        ground.fill(ctx, 30)
        dispatcher = Dispatcher(ctx, timeouts=slow)
        dispatcher.start()
        last = _monotonic() + 15
        while not ground.states(ctx)["deferred"] and _monotonic() < last:
            ctx.wake.hits.wait(0.02)
        dispatcher.stop()
        states = ground.states(ctx)
        ctx.database.close()
    assert states.keys() == {"deferred", "queued"}
    assert 1 <= states["deferred"] <= 8
    assert sink.accepted == []
