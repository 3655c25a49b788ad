"""What a provider's webhook tells is taken in: authentic first, then read, then acted on in one transaction.

Uses the database and, for Amazon's certificate, the network. Never raises for what is sent: it answers with a status.
2xx only after the commit, so that whoever tells it tells it again until we have it; each event counts once.
"""

from dataclasses import dataclass, field
from types import ModuleType

import structlog

from nurture.inbound.service import apply
from nurture.inbound.webhooks._post import LARGEST, Fetch, Here, NotJsonError, Post, UnsureError
from nurture.kernel.context import Context
from nurture.kernel.plugins import modules
from nurture.outbound.address import allowed
from nurture.outbound.conversation import Line, get
from nurture.outbound.target import TargetError, read_target

WEBHOOKS = "nurture.inbound.webhooks"
_LARGEST_ANSWER = 20_000  # bytes of a certificate
_MOST_KEPT = 8
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Heard:
    """What the provider gets."""

    status: int
    asks: str = ""  # of a 401: the scheme that would do
    new: int = 0


@dataclass(slots=True)
class Fetcher:
    """Fetches from the open internet only; what it got stays for a while, so that a batch costs no look outside."""

    line: Line
    kept: dict[str, bytes] = field(default_factory=dict)

    def __call__(self, url: str) -> bytes | None:
        """What stands there, or None."""
        if url in self.kept:
            return self.kept[url]
        try:
            found = get(self.line, read_target(url), _LARGEST_ANSWER)
        except TargetError:
            return None
        if found is not None and url.endswith(".pem"):
            while len(self.kept) >= _MOST_KEPT:
                self.kept.pop(next(iter(self.kept)))
            self.kept[url] = found
        return found


def fetcher(ctx: Context) -> Fetcher:
    """One for a process."""
    return Fetcher(Line(allowed(ctx.settings.webhook_allow)))


def hear(ctx: Context, provider: str, post: Post, fetch: Fetch) -> Heard:
    """Take in what this provider tells. A provider without a secret and one that is none get the same answer."""
    told_by = modules(WEBHOOKS).get(provider)
    if told_by is None or not told_by.is_set(ctx.settings):
        return Heard(404)
    if len(post.body) > LARGEST:
        return Heard(413)
    here = Here(ctx.settings, ctx.keys, ctx.clock.real(), fetch)
    try:
        authentic = told_by.is_authentic(here, post)
    except UnsureError:
        return Heard(503)
    if not authentic:
        _log.warning("webhook_refused", provider=provider, bytes=len(post.body))
        return Heard(401, told_by.ASKS)
    return _act(ctx, told_by, here, provider, post)


def _act(ctx: Context, told_by: ModuleType, here: Here, provider: str, post: Post) -> Heard:
    try:
        returns = told_by.returns(here, post)
    except NotJsonError:
        return Heard(400)
    if not returns:
        return Heard(200)
    with ctx.database.write() as conn:
        applied = apply(conn, ctx, returns)
    if applied.reacts:
        ctx.wake.reactions.set()
    _log.info("webhook_heard", provider=provider, told=len(returns), new=applied.new)
    return Heard(200, new=applied.new)
