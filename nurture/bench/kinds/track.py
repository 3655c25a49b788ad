"""Tracking: clicks on links of real mail at the real server, each answered when its hit is safe.

By themselves, beside a send at full rate, and what judging them costs; the time from `nurture up` to its first page.
All that was answered has to be in the table, once. The naive way is a Flask route with a commit for each hit.
"""

import os
import random
import socket
import sys
import time
from collections.abc import Sequence
from contextlib import closing

import sqlalchemy as sa

from nurture.bench import clicks, mails, naive_clicks
from nurture.bench.clicks import Clicked, readers
from nurture.bench.failures import certain
from nurture.bench.model import Figure, Part, Size
from nurture.bench.place import Place, figured
from nurture.bench.processes import Watch
from nurture.bench.served import Served, running, served
from nurture.bench.sink import Running
from nurture.bench.sink import running as relay
from nurture.engine.react import react
from nurture.kernel.context import Context
from nurture.kernel.i18n import N_
from nurture.messages import links
from nurture.messages.model import MessageState
from nurture.messages.tables import messages
from nurture.tracking.model import Verdict
from nurture.tracking.service import ingest
from nurture.tracking.tables import hits

TITLE = N_("Tracking: clicks answered after their commit, by themselves and beside a send")
CLICKS, SENDING_CLICKS, MAILS, JUDGED, NAIVE = 80_000, 40_000, 60_000, 5_000, 400
AIM, SENDING_AIM, START_AIM = 10_000.0, 5_000.0, 2.0
_WARM = 0.05  # of the clicks, before those that count
_TARGET = "https://www.nurture.example/vi/khoa-hoc?utm_source=email&utm_campaign=bench&l={number}"
_LONGEST = 90.0  # seconds until what was spooled is in the table
_LOOK = 0.1


def run(place: Place, size: Size) -> list[Figure]:
    """Clicks alone, judging them, clicks beside a send, the start."""
    alone, beside, mailed = size.of(CLICKS, 60), size.of(SENDING_CLICKS, 60), size.of(MAILS, 50)
    with relay() as sink:
        settings = {"SMTP_URL": f"smtp://127.0.0.1:{sink.port}", "BASE_URL": "https://m.anphat.example", "SENDERS": "2"}
        with place.context(None, **settings) as ctx:
            paths = _links(ctx, max(alone, beside, mailed))
            first = _alone(ctx, place, paths[:alone], _naive(ctx, place, paths[: size.of(NAIVE, 20)]))
            judged = _judged(ctx, size.of(JUDGED, 40))
            mails.queue(ctx, mailed, "sent")
            figured(ctx.database)
            second, start = _beside(ctx, place, paths[:beside], sink, settings)
    return [first, second, judged, start]


def _links(ctx: Context, count: int) -> list[bytes]:
    """The path of a link of so many mails that went to as many leads, in the order of no list."""
    mails.publish(ctx)
    mails.audience(ctx, count)
    mails.queue(ctx, count, "read")
    sent = {"state": MessageState.SENT.value, "ended_at": ctx.clock.engine()}
    with ctx.database.write() as conn:
        conn.execute(messages.update().values(sent))
        ids = list(conn.execute(sa.select(messages.c.id).order_by(messages.c.id)).scalars())
    certain("mails", len(ids), count)
    random.Random(count).shuffle(ids)  # noqa: S311 - no secret
    return [
        (links.CLICK_PATH + links.click_token(ctx.keys, one, 2, _TARGET.format(number=one))).encode("ascii")
        for one in ids
    ]


def _alone(ctx: Context, place: Place, paths: Sequence[bytes], naive: float) -> Figure:
    with served(place, "web") as server:
        clicked, parts = _measured(ctx, server, paths)
    return _figure("track", clicked, parts, AIM, naive, {})


def _beside(
    ctx: Context, place: Place, paths: Sequence[bytes], sink: Running, settings: dict[str, str]
) -> tuple[Figure, Figure]:  # fmt: skip
    """Everything in one process: sending, judging what is clicked, the clock."""
    with served(place, "up", **settings) as server:
        until = time.perf_counter() + _LONGEST
        while not sink.counts().mails and time.perf_counter() < until:
            time.sleep(_LOOK)
        before, began = sink.counts().mails, time.perf_counter()
        clicked, parts = _measured(ctx, server, paths)
        accepted = sink.counts().mails - before
        seconds = time.perf_counter() - began
    notes = {"mails_meanwhile": accepted, "mails_a_second": round(accepted / seconds)}
    start = Figure("start", round(server.seconds, 2), "s", "nurture up to its first page", aim=START_AIM)
    return _figure("track.sending", clicked, parts, SENDING_AIM, None, notes), start


def _measured(ctx: Context, server: Served, paths: Sequence[bytes]) -> tuple[Clicked, tuple[Part, ...]]:
    """Click, and see that the table holds exactly what was answered."""
    before = _kept(ctx)
    warm = paths[: max(1, round(len(paths) * _WARM))]
    with readers(server.port, warm) as crowd:
        certain("answered at first", crowd.done().redirected, len(warm))
    with readers(server.port, paths) as crowd:
        watch = Watch(server.processes())
        clicked = crowd.done()
        parts = (*watch.parts(), Part("readers", clicked.cpu, clicked.peak))
    certain("answered", (clicked.redirected, clicked.others), (len(paths), 0))
    wanted, until = before + len(warm) + len(paths), time.perf_counter() + _LONGEST
    while (kept := _kept(ctx)) != wanted and time.perf_counter() < until:
        time.sleep(_LOOK)
    certain("hits", kept, wanted)
    with ctx.database.read() as conn:
        different = conn.execute(sa.select(sa.func.count(hits.c.message_id.distinct()))).scalar_one()
    certain("mails with hits", min(different, len(paths)), len(paths))
    return clicked, parts


def _kept(ctx: Context) -> int:
    with ctx.database.read() as conn:
        return int(conn.execute(sa.select(sa.func.count()).select_from(hits)).scalar_one())


def _figure(
    what: str, clicked: Clicked, parts: tuple[Part, ...], aim: float, naive: float | None, notes: dict[str, int]
) -> Figure:  # fmt: skip
    each = {one.name: round(one.cpu / clicked.redirected * 1e6) for one in parts if one.cpu}
    return Figure(
        what, clicked.rate, "/s", f"{clicked.redirected:,} clicks on {clicks.CONNECTIONS} connections", aim=aim,
        naive=naive, p50=clicked.p50, p99=clicked.p99, parts=tuple(one for one in parts if one.cpu),
        notes={"us_per_click": each, **notes},
    )  # fmt: skip


def _judged(ctx: Context, count: int) -> Figure:
    """Microseconds of CPU for a verdict, its activity and what follows; the naive way one hit at a time."""
    with ctx.database.write() as conn:  # but for these nobody asks again
        last = conn.execute(sa.select(hits.c.id).order_by(hits.c.id.desc()).limit(1).offset(2 * count)).scalar()
        done = hits.update().where(hits.c.id <= (last or 0))
        conn.execute(done.values(verdict=Verdict.MACHINE.value, settled=True))
    at_once = _cpu(ctx, count, 500)
    naive = _cpu(ctx, max(5, count // 20), 1)
    with ctx.database.write() as conn:
        conn.execute(hits.update().values(verdict=Verdict.MACHINE.value, settled=True))
    return Figure("track.judge", at_once, "us", f"CPU of a hit: verdict, activity, reaction; {count:,}", naive=naive)


def _cpu(ctx: Context, count: int, limit: int) -> float:
    """Of this process, for each hit."""
    began, done = time.process_time(), 0
    while done < count and (some := ingest(ctx, limit)):
        done += some
        while react(ctx, max(limit, 1)) and limit > 1:
            pass
    while react(ctx, limit):
        pass
    return round((time.process_time() - began) / max(done, 1) * 1e6, 1)


def _naive(ctx: Context, place: Place, paths: Sequence[bytes]) -> float:
    """Clicks a second of the naive server."""
    url = f"sqlite:///{place.folder / 'naive.db'}" if place.is_sqlite else place.url
    naive_clicks.prepare(url)
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    keys = str(ctx.settings.keys_file)
    command = [sys.executable, "-P", "-m", "nurture.bench.naive_clicks", str(port), url, keys]
    with running(command, dict(os.environ), place, port) as server, readers(server.port, paths) as crowd:
        clicked = crowd.done()
    certain("answered the naive way", clicked.redirected, len(paths))
    certain("rows of the naive way", naive_clicks.count(url), len(paths))
    return clicked.rate
