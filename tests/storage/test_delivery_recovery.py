"""Recovery: what a dead sender's journal tells, and what nobody can tell."""

import socket
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from nurture.delivery import journal, store
from nurture.delivery.go import LEASE, go
from nurture.delivery.journal import RECORD, Journal, Mark
from nurture.delivery.recovery import recover
from nurture.delivery.tables import senders
from nurture.kernel.context import Context
from nurture.messages.tables import messages
from tests.faults.ground import fill


def _sender(ctx: Context, path: Path, *, host: str = "", boot: str = "") -> None:
    """Four messages under way with a sender, and two more reserved."""
    fill(ctx, 6)
    with ctx.database.write() as conn:
        at = ctx.database.now(conn)
        row = {"id": "s1", "pid": 1, "journal": str(path)}
        row |= {"host": host or socket.gethostname(), "boot": boot or journal.boot_id()}
        store.add_sender(conn, row, at)
        times = {"now": ctx.clock.engine(), "real": ctx.clock.real(), "at": at}
        ids = store.reserve(conn, "s1", 6, lease=timedelta(seconds=60), **times)
        go(conn, ctx, "s1", ids[:4], at=at)


def _journal(path: Path, boot: str = "") -> Journal:
    one = Journal(path, boot or journal.boot_id())
    one.write(Mark.ENVELOPE, 1, 1)
    one.write(Mark.DOT, 2, 1)
    one.write(Mark.DOT, 3, 1)
    one.write(Mark.ANSWER, 3, 1, 250, "2.0.0")
    return one


def _states(ctx: Context) -> list[str]:
    with ctx.database.read() as conn:
        return list(conn.execute(sa.select(messages.c.state).order_by(messages.c.id)).scalars())


def _leased(ctx: Context) -> int:
    with ctx.database.read() as conn:
        held = messages.c.lease_holder.is_not(None)
        return int(conn.execute(sa.select(sa.func.count()).select_from(messages).where(held)).scalar_one())


def _later(ctx: Context, span: timedelta) -> None:
    """So much time goes by for leases and for what was seen."""
    with ctx.database.write() as conn:
        at = ctx.database.now(conn)
        conn.execute(messages.update().where(messages.c.lease_until.is_not(None)).values(lease_until=at + LEASE - span))
        conn.execute(senders.update().values(seen_at=at - span))


def test_a_dead_senders_journal_is_believed(context: Context, tmp_path: Path) -> None:
    """Not begun and envelope: again. Dot: unknown. Answer: as answered. What was reserved is free."""
    path = tmp_path / "s1.journal"
    _sender(context, path)
    _journal(path).close()
    assert recover(context) == 4
    assert _states(context) == ["queued", "unknown", "sent", "queued", "queued", "queued"]
    assert _leased(context) == 0
    assert not path.exists()
    assert recover(context) == 0


@pytest.mark.parametrize("under_way", [4, 0])
def test_only_what_was_recovered_is_told(context: Context, tmp_path: Path, under_way: int) -> None:
    """A sender that ended in order leaves nothing to say."""
    path = tmp_path / "s1.journal"
    _sender(context, path)
    _journal(path).close()
    if not under_way:
        with context.database.write() as conn:
            conn.execute(messages.update().values(state="sent", lease_holder=None, lease_until=None))
    with capture_logs() as told:
        assert recover(context) == under_way
    assert [one["event"] for one in told] == ["sender_recovered"][: bool(under_way)]


def test_a_living_sender_is_left_alone(context: Context, tmp_path: Path) -> None:
    """As long as it holds its journal, even when its lease is over."""
    path = tmp_path / "s1.journal"
    _sender(context, path)
    one = _journal(path)
    _later(context, timedelta(hours=1))
    assert recover(context) == 0
    one.close()
    assert recover(context) == 4


def test_after_a_reboot_what_was_under_way_is_unknown(context: Context, tmp_path: Path) -> None:
    """The journal may have lost its end; what was only reserved goes again."""
    path = tmp_path / "s1.journal"
    _sender(context, path, boot="the-boot-before")
    _journal(path, "the-boot-before").close()
    _later(context, timedelta(minutes=2))
    assert recover(context) == 4
    assert _states(context) == ["unknown"] * 4 + ["queued"] * 2


def test_a_container_that_was_replaced_is_recovered_by_its_journal(context: Context, tmp_path: Path) -> None:
    """It had another name, but the same kernel, and its journal lies in the folder that both have."""
    path = tmp_path / "s1.journal"
    _sender(context, path, host="a-container-that-is-gone")
    one = _journal(path)
    assert recover(context) == 0
    one.close()
    assert recover(context) == 4
    assert _states(context) == ["queued", "unknown", "sent", "queued", "queued", "queued"]


def test_a_damaged_journal_is_not_believed(context: Context, tmp_path: Path) -> None:
    """Better not to know than to send twice."""
    path = tmp_path / "s1.journal"
    _sender(context, path)
    _journal(path).close()
    data = bytearray(path.read_bytes())
    data[-2 * RECORD] ^= 1
    path.write_bytes(data)
    assert recover(context) == 4
    assert _states(context)[:4] == ["unknown"] * 4


def test_a_sender_of_another_machine_is_asked_by_its_lease(context: Context, tmp_path: Path) -> None:
    """Nothing happens before; then what was under way is unknown, and only what was queued goes again."""
    _sender(context, tmp_path / "elsewhere", host="another.example")
    assert recover(context) == 0
    assert _states(context)[:4] == ["sending"] * 4
    _later(context, LEASE + timedelta(seconds=1))
    assert recover(context) == 4
    assert _states(context) == ["unknown"] * 4 + ["queued"] * 2
    with context.database.write() as conn:
        times = {"now": context.clock.engine(), "real": context.clock.real(), "at": context.database.now(conn)}
        assert store.reserve(conn, "s2", 9, lease=LEASE, **times) == [5, 6]


def test_a_sender_not_seen_for_long_is_forgotten(context: Context, tmp_path: Path) -> None:
    """Its row is closed."""
    _sender(context, tmp_path / "elsewhere", host="another.example")
    _later(context, timedelta(hours=3))
    recover(context)
    with context.database.read() as conn:
        assert store.living_senders(conn) == []
