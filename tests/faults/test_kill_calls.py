"""A worker is killed while it talks: a webhook goes again under its id, a text message does not."""

import os
import signal
import subprocess
import sys
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from nurture.engine.calling import judge
from nurture.kernel.clock import SystemClock
from nurture.kernel.context import Context
from nurture.kernel.database import Database
from nurture.kernel.settings import read_settings
from nurture.kernel.signing import new_ring
from nurture.leads.tables import leads
from nurture.outbound import service
from nurture.outbound.dispatch import Outbox
from nurture.outbound.model import CallKind, NewCall
from nurture.outbound.tables import outbox
from nurture.schema import metadata
from tests.storage.outbound.calling import calls
from tests.storage.outbound.receiver import receiving

ROOT = Path(__file__).resolve().parents[2]
PHONE = "+84901234567"
WORK = "from tests.faults.test_kill_calls import context; import sys; context(*sys.argv[1:3]).work()"


def _context(folder: str, url: str) -> Context:
    settings = read_settings(
        {
            "NURTURE_DATA_DIR": folder,
            "NURTURE_WEBHOOK_ALLOW": "127.0.0.1",
            "NURTURE_SMS_URL": url,
            "NURTURE_SMS_BODY": '{"phone": "{phone}", "text": "{text}"}',
        }
    )
    return Context(settings, Database(settings.database_url), SystemClock(), new_ring())


def context(folder: str, url: str) -> Outbox:
    """A worker, in a process of its own."""
    return Outbox(_context(folder, url), judge)


def test_killed_in_the_middle_of_both(tmp_path: Path) -> None:
    """Each was handed over once when the worker died; after its lease only the webhook is handed over again."""
    both, go_on = threading.Event(), threading.Event()
    with receiving() as receiver:

        def hang(handler: BaseHTTPRequestHandler) -> None:
            if len(receiver.got) >= 2:
                both.set()
            go_on.wait(20)

        receiver.reply = hang
        ctx = _context(str(tmp_path), receiver.url)
        metadata.create_all(ctx.database.engine)
        _two(ctx, receiver.url)
        command = [sys.executable, "-c", WORK, str(tmp_path), receiver.url]
        worker = subprocess.Popen(command, cwd=ROOT, start_new_session=True)
        assert both.wait(20)
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait(10)
        go_on.set()
        receiver.reply = None
        assert calls(ctx, "state") == [("sending",), ("sending",)]
        with ctx.database.write() as conn:
            conn.execute(outbox.update().values(lease_until=ctx.clock.real() - timedelta(minutes=1)))
        other = Outbox(ctx, judge)
        while other.work():
            pass
    assert calls(ctx, "kind", "state") == [("webhook", "sent"), ("sms", "unknown")]
    ids = [got.headers["webhook-id"] for got in receiver.got if "webhook-id" in got.headers]
    assert len(ids) == 2
    assert len(set(ids)) == 1
    assert sum(PHONE in got.body for got in receiver.got) == 1
    ctx.database.close()


def _two(ctx: Context, url: str) -> None:
    now = ctx.clock.engine()
    row = {"public_id": "x", "phone": PHONE, "fields": {}, "created_at": now, "updated_at": now}
    with ctx.database.write() as conn:
        lead = int(conn.execute(leads.insert().values(row).returning(leads.c.id)).scalar_one())
        hook = NewCall(CallKind.WEBHOOK, "t:1", now, lead, None, None, "crm", 1, "crm", url, "{}")
        text = NewCall(CallKind.SMS, "t:2", now, lead, None, None, "hi", 1, "", PHONE, "Hi", "transactional")
        service.write(conn, [hook, text], now=now, real=now)
