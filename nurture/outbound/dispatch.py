"""Hands calls over: recover, let go, talk, settle (opens its own transactions; talks through transports).

No transaction is open while it talks. A host that does not answer is left alone for a while, so that
a thousand calls to one that is down cost few tries; what each worker knows of that is its own.
"""

import random
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from sqlalchemy.engine import Connection

from nurture.kernel import installation
from nurture.kernel.context import Context
from nurture.kernel.identity import public_id
from nurture.kernel.settings import Settings
from nurture.outbound import backoff, service, store
from nurture.outbound.address import allowed
from nurture.outbound.conversation import Line
from nurture.outbound.model import Answer, Call, CallKind, CallState, Judge, Stage, Transport
from nurture.outbound.secrets import load_secrets
from nurture.outbound.target import TargetError, read_target
from nurture.outbound.transports.file import FileTransport
from nurture.outbound.transports.gateway import GatewayTransport
from nurture.outbound.transports.webhook import WebhookTransport

_log = structlog.get_logger(__name__)
MOST = 16
_THREADS = 8


def transports(settings: Settings, line: Line | None = None) -> dict[CallKind, Transport]:
    """The transport of each kind, as the settings have it."""
    line = line or Line(allowed(settings.webhook_allow))
    return {CallKind.WEBHOOK: WebhookTransport(line, load_secrets(settings)), CallKind.SMS: _sms(settings, line)}


def _sms(settings: Settings, line: Line) -> Transport:
    if not settings.sms_url:
        return FileTransport(settings.data_dir / "sms.jsonl")
    return GatewayTransport(
        settings.sms_url, settings.sms_body, settings.sms_header, settings.sms_token, line,
        is_form=settings.sms_format == "form", phone=settings.sms_phone, good=settings.sms_good,
        reference=settings.sms_reference, repeats=settings.sms_repeats,
    )  # fmt: skip


@dataclass(slots=True)
class _Rests:
    """Hosts that did not answer: how often in a row, and until when they are left alone (real time)."""

    hosts: dict[str, tuple[int, datetime]] = field(default_factory=dict)

    def now(self, real: datetime) -> list[str]:
        """Those to be left alone."""
        return [host for host, (_, until) in self.hosts.items() if until > real]

    def heard(self, host: str, real: datetime, *, down: bool) -> None:
        """Whether it answered."""
        if down:
            if host in self.now(real):
                return  # others of the same batch
            failures = self.hosts.get(host, (0, real))[0] + 1
            self.hosts[host] = (failures, real + backoff.rest(failures))
        else:
            self.hosts.pop(host, None)


class Outbox:
    """The worker's side of the outbox. `judge` takes the last look at calls before they leave."""

    def __init__(
        self,
        ctx: Context,
        judge: Callable[[Context], Judge],
        carriers: Mapping[CallKind, Transport] | None = None,
    ) -> None:
        self._ctx = ctx
        self._judge = judge
        self._carriers = carriers
        self._holder = public_id()
        self._rests = _Rests()

    def work(self) -> int:
        """Hand over at most 16 calls; gives how many left or were put aside, 0 when nothing is due."""
        ctx = self._ctx
        now, real = ctx.clock.engine(), ctx.clock.real()
        with ctx.database.read() as conn:
            at, resting = ctx.database.now(conn), self._rests.now(real)
            if not store.is_any_due(conn, now=now, real=real, at=at, resting=resting) or _is_stopped(conn):
                return 0
        carriers = self._carriers = self._carriers or transports(ctx.settings)
        with ctx.database.write() as conn:
            at = ctx.database.now(conn)
            repeats = {kind: one.repeats for kind, one in carriers.items()}
            found = service.recover(conn, repeats=repeats, now=now, real=real, at=at)
            looked, calls = service.let_go(
                conn, self._judge(ctx), self._holder, now=now, real=real, at=at, limit=MOST, resting=resting
            )
        if calls:
            self._talk(carriers, calls)
        return found + looked

    def _talk(self, carriers: Mapping[CallKind, Transport], calls: list[Call]) -> None:
        with ThreadPoolExecutor(min(_THREADS, len(calls)), "calls") as pool:
            asked = {pool.submit(self._one, carriers[call.kind], call): call for call in calls}
            for done in as_completed(asked):
                self._settle(asked[done], done.result(), repeats=carriers[asked[done].kind].repeats)

    def _one(self, transport: Transport, call: Call) -> Answer:
        try:
            return transport.hand_over(call, self._ctx.clock.real())
        except Exception as error:  # noqa: BLE001 - one call must not hold up the others
            _log.error("call_failed", call=call.public_id, error=f"{type(error).__name__}: {error}")
            return Answer(Stage.SENT, text=type(error).__name__)

    def _settle(self, call: Call, answer: Answer, *, repeats: bool) -> None:
        ctx = self._ctx
        now, real = ctx.clock.engine(), ctx.clock.real()
        with ctx.database.write() as conn:
            # Jitter spreads the load, it keeps no secret.
            jitter = random.random()  # noqa: S311
            verdict = service.settle(conn, call, answer, repeats=repeats, now=now, real=real, jitter=jitter)
        if verdict is None:
            return
        if call.kind is CallKind.WEBHOOK:
            self._rests.heard(_host(call), real, down=verdict.host_down)
        if verdict.state is not CallState.QUEUED:
            ctx.wake.reactions.set()


def _host(call: Call) -> str:
    try:
        return read_target(call.target).shown_host
    except TargetError:
        return ""


def _is_stopped(conn: Connection) -> bool:
    """A copied database sends nothing until it is claimed."""
    row = installation.load(conn)
    return row is not None and row.stopped_sending is not None
