"""Made-up leads who read their mail: they open, click, refuse, write back, and some of their companies run a scanner.

They go the way a real lead goes: the mail out of the built-in mailbox, its links over HTTP to the running server. No
redirect is followed, so nothing leaves this machine.
"""

import base64
import heapq
import itertools
import random
import re
import threading
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.utils import parseaddr
from typing import Any

import sqlalchemy as sa

from nurture.delivery.tables import mailbox_mails
from nurture.demo.load import arrive, ask_for_copy, ask_to_agree
from nurture.demo.people import DOMAINS, KEEN, made_up, reserve
from nurture.demo.writers import Coming, coming, is_lost
from nurture.inbound.intake import Mail, take
from nurture.inbound.played import Original, play
from nurture.kernel.clock import LapseClock
from nurture.kernel.context import Context
from nurture.kernel.identity import public_id
from nurture.leads import store as lead_store
from nurture.leads.tables import leads
from nurture.loops import Loop

_LOOKS_AT = 300
_READ = ("id", "rcpt_to", "mail_from", "header_id", "subject", "raw")
_BETWEEN_LEADS = timedelta(hours=5)  # engine time
_MOST_LEADS = 1_000
_ASKS_FOR_COPY = 25  # one newcomer in so many
_AGREES = 0.6  # below this reserve a reader confirms
_WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
_IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
_ANDROID = "Mozilla/5.0 (Linux; Android 15; SM-A556E) AppleWebKit/537.36 (KHTML, like Gecko)"
_HUMANS = (
    f"{_WINDOWS} Chrome/142.0.0.0 Safari/537.36",
    f"{_IPHONE} Version/18.5 Mobile/15E148 Safari/604.1",
    f"{_ANDROID} Chrome/142.0.0.0 Mobile Safari/537.36",
)
_SCANNER = "Mozilla/5.0 (compatible; mail-link-scanner/2.1)"


@dataclass(frozen=True, slots=True, order=True)
class Act:
    """One thing a made-up lead will do, at an instant of the process's own clock."""

    at: float
    number: int
    method: str = field(compare=False)
    url: str = field(compare=False)
    agent: str = field(compare=False)
    body: bytes | None = field(compare=False, default=None)


@dataclass(frozen=True, slots=True, order=True)
class Answer:
    """One mail that will come back, at an instant of the process's own clock."""

    at: float
    number: int
    about: Original = field(compare=False)
    mail: Coming = field(compare=False)


class _Stay(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer, not an order."""

    def redirect_request(self, *_: Any) -> None:
        return None


def intentions(raw: bytes, base_url: str, now: float, hours: float) -> list[tuple[float, str, str, str, bytes | None]]:
    """What the reader of this mail will do: (when, method, URL, agent, body). `hours`: real seconds an hour takes."""
    mail = message_from_bytes(raw, policy=policy.default)
    html = mail.get_body(("html",))
    text = str(html.get_content()) if html is not None else ""
    base = re.escape(base_url)
    pixel = re.search(rf'{base}/o/[^"\s]+', text)
    links = list(dict.fromkeys(re.findall(rf'{base}/c/[^"\s]+', text)))
    seen = [link for link in links if f'"{link}" style="display:none' not in text]  # no person follows a hidden link
    refusal = re.search(rf'{base}/u/[^"\s>]+', str(mail.get("List-Unsubscribe", "")))
    address = parseaddr(str(mail["To"]))[1]
    if is_lost(address, str(mail["Subject"])):
        return []
    shyness, agent = reserve(address), random.Random(address).choice(_HUMANS)  # noqa: S311 - a demo, not a secret
    dice = random.Random(raw)  # noqa: S311
    priced = next((link for link in links if _leads_to_prices(link)), "")
    plans: list[tuple[float, str, str, str, bytes | None]] = []
    question = re.search(rf'{base}/y/[^"\s]+', text)
    if question and shyness < _AGREES:
        plans.append((now + dice.uniform(1, 30) * hours, "POST", question.group(), agent, b"tracking=yes"))
    if 0.90 < shyness < 0.96:
        plans += [(now + 1.0 + number * 0.2, "HEAD", link, _SCANNER, None) for number, link in enumerate(links)]
    if dice.random() > 0.95 - 0.6 * shyness or pixel is None:
        return plans
    opened = now + 1.5 + dice.uniform(0.3, 9) * hours
    plans.append((opened, "GET", pixel.group(), agent, None))
    if shyness < 0.35 and seen and dice.random() < 0.95 - shyness:
        plans.append(
            (
                opened + 4.5 + dice.random(),
                "GET",
                priced or seen[0] if shyness < KEEN else dice.choice(seen),
                agent,
                None,
            )
        )
    elif shyness > 0.97 and refusal and dice.random() < 0.5:
        plans.append((opened + 5.0, "POST", refusal.group(), agent, b"List-Unsubscribe=One-Click"))
    return plans


def _leads_to_prices(link: str) -> bool:
    """Whether the address a tracked link carries is a price page; the token is signed, not hidden."""
    token = link.rsplit("/", 1)[1]
    try:
        target = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except ValueError:
        return False
    return b"/bang-gia" in target or b"/pricing" in target


class Readers:
    """The part of a demo's process that plays the leads."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._acts: list[Act] = []
        self._answers: list[Answer] = []
        self._numbers = itertools.count()
        self._seen: set[int] = set()
        self._opener = urllib.request.build_opener(_Stay)
        self._next_lead = context.clock.engine() + _BETWEEN_LEADS
        self._loop = Loop("demo-readers", self._step, threading.Event(), 0.5)

    def start(self) -> None:
        """Begin; mail that is there already has been read."""
        with self._context.database.read() as conn:
            self._seen = set(conn.execute(sa.select(mailbox_mails.c.id)).scalars())
        self._loop.start()

    def stop(self) -> None:
        """End."""
        self._loop.stop()

    def _step(self) -> int:
        engine = self._context.clock.engine()
        if engine >= self._next_lead:
            self._next_lead = engine + _BETWEEN_LEADS
            self._bring_in(engine)
        for row in self._new_mail():
            self._plan(row.raw)
            self._plan_answer(row)
        now = self._context.clock.monotonic()
        while self._acts and self._acts[0].at <= now:
            self._do(heapq.heappop(self._acts))
        while self._answers and self._answers[0].at <= now:
            self._write_back(heapq.heappop(self._answers))
        return 0

    def _bring_in(self, now: datetime) -> None:
        """One more lead, as long as the demo has not grown too large."""
        with self._context.database.read() as conn:
            count = conn.execute(sa.select(sa.func.count()).select_from(leads)).scalar_one()
        if count >= _MOST_LEADS:
            return
        one = made_up(count + 1)[-1]
        with self._context.database.write() as conn:
            if lead_store.by_email(conn, one.email) is not None:
                return
            arrive(self._context, conn, one, now, now, self._context.clock.real())
            ask_to_agree(self._context, conn, [one.email])
            if count % _ASKS_FOR_COPY == 0:
                ask_for_copy(self._context, conn, one.email)
        self._context.wake.reactions.set()
        self._context.wake.messages.set()

    def _new_mail(self) -> list[sa.Row[Any]]:
        recent = sa.select(*(mailbox_mails.c[name] for name in _READ))
        with self._context.database.read() as conn:
            rows = conn.execute(recent.order_by(mailbox_mails.c.id.desc()).limit(_LOOKS_AT)).all()
        fresh = [row for row in rows if row.id not in self._seen]
        self._seen.update(row.id for row in fresh)
        return [row for row in fresh if row.rcpt_to.partition("@")[2] in DOMAINS]

    def _plan(self, raw: bytes) -> None:
        clock = self._context.clock
        for act in intentions(raw, self._context.settings.base_url, clock.monotonic(), self._hour):
            at, method, url, agent, body = act
            heapq.heappush(self._acts, Act(at, next(self._numbers), method, url, agent, body))

    def _plan_answer(self, row: sa.Row[Any]) -> None:
        found = coming(row.rcpt_to, row.subject)
        if found is None:
            return
        at = self._context.clock.monotonic() + 2.0 + found.hours * self._hour
        about = Original(row.rcpt_to, row.mail_from, row.header_id, row.subject)
        heapq.heappush(self._answers, Answer(at, next(self._numbers), about, found))

    @property
    def _hour(self) -> float:
        """The real seconds that an hour takes."""
        clock = self._context.clock
        return 3600 / max(clock.speed if isinstance(clock, LapseClock) else 1.0, 1.0)

    def _write_back(self, answer: Answer) -> None:
        raw = play(answer.mail.what, answer.about, answer.mail.text, public_id(), self._context.clock.real())
        take(self._context, [Mail("", raw)])

    def _do(self, act: Act) -> None:
        headers = {"User-Agent": act.agent, "Accept-Language": "vi-VN,vi;q=0.9"}
        request = urllib.request.Request(act.url, data=act.body, headers=headers, method=act.method)  # noqa: S310 - our own server
        try:
            self._opener.open(request, timeout=5).close()
        except urllib.error.HTTPError as answer:
            answer.close()  # the redirect that is not followed, or a refusal: either way it is done
        except urllib.error.URLError:
            heapq.heappush(self._acts, Act(act.at + 10, act.number, act.method, act.url, act.agent, act.body))
